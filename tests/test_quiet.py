"""The linter says nothing about code that is no Linen code: whole libraries, real look-alikes of every idiom.

Left out are the files that import flax.linen themselves, by their import statements alone.
"""
import warnings

import pytest
from corpus import corpus, imports_linen, installed, python_files

from flake8_nnx.lint import lint_source

pytestmark = pytest.mark.corpus

# Library -> the least number of Python files (builds of torch vary), and those of them that import flax.linen.
DOWNLOADED = {
    "optax": (129, {"linear_algebra_test.py", "_accumulation_test.py"}),
    "chex": (23, set()),
    "orbax-checkpoint": (324, {"checkpointer_test_utils.py"}),
    "distrax": (138, set()),
    "dm-haiku": (
        149,
        {"flax_module.py", "flax_module_test.py", "transform_flax.py", "transform_flax_test.py", "doctest_test.py"},
    ),
    "equinox": (72, set()),
    "torch": (2300, set()),
}


# Deprecated spellings of NNX that these libraries do use.
TRUE = ("model_helpers.py:56: NNX822", "flax/nnx/nn/attention.py:421: NNX822", "flax/nnx/nn/attention.py:422: NNX822")


def findings(paths):
    """(files read, names of the files left out, names of those that are no Python here, findings)."""
    read, linen, broken, found = 0, set(), set(), []
    for path in paths:
        source = path.read_text(encoding="utf-8", errors="replace")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in other people's strings
            try:
                if "linen" in source and imports_linen(source):
                    linen.add(path.name)
                    continue
                found += [f"{path}:{f.line}: {f.code} {f.message}" for f in lint_source(source, str(path))]
            except SyntaxError:
                broken.add(path.name)
                continue
        read += 1
    return read, linen, broken, found


@pytest.mark.parametrize("name", DOWNLOADED)
def test_downloaded_libraries(name):
    read, linen, broken, found = findings(python_files(corpus(name)))
    assert [one for one in found if not any(true in one for true in TRUE)] == []
    assert broken <= {"py312_intrinsics.py"}  # torch: the syntax of Python 3.12
    least, expected = DOWNLOADED[name]
    assert read + len(linen) + len(broken) >= least and linen == expected


@pytest.mark.jax
@pytest.mark.parametrize("name, least", [("jax", 500), ("numpy", 400), ("scipy", 800)])
def test_installed_libraries(name, least):
    read, linen, broken, found = findings(installed(name))
    assert read >= least and (linen, broken, found) == (set(), set(), [])


@pytest.mark.jax
def test_nnx_itself():
    paths = [path for path in installed("flax") if "flax/nnx/" in path.as_posix() and "/bridge/" not in path.as_posix()]
    read, linen, broken, found = findings(paths)
    others = [one for one in found if not any(true in one for true in TRUE)]
    assert read >= 30 and linen <= {"__init__.py", "dtypes.py"} and (broken, others) == (set(), [])


def test_the_check_can_fail(monkeypatch):
    vae = corpus("flax") / "flax-0.12.8" / "examples" / "vae"
    read, linen, broken, found = findings(python_files(vae))
    assert read >= 1 and "models.py" in linen and (broken, found) == (set(), [])
    monkeypatch.setitem(globals(), "imports_linen", lambda source: False)
    assert {line.split()[1] for line in findings([vae / "models.py"])[3]} >= {"NNX101", "NNX103", "NNX104", "NNX110"}


@pytest.mark.parametrize(
    "source, expected",
    [
        ("import flax.linen as nn", True),
        ("import flax.linen.partitioning", True),
        ("from flax import nnx, linen as nn", True),
        ("from flax.linen import Module", True),
        ("from flax.linen.dtypes import promote_dtype", True),
        ("def f():\n    from flax import linen", True),
        ("import flax\nclass A(flax.linen.Module): pass", True),
        ("import flax\n'''Wraps a flax.linen.Module.'''", False),
        ("import flax\nflax.struct.dataclass", False),
        ("from flax import nnx", False),
        ("import flax.linen_like", False),
        ("from flax.linen_like import Module", False),
        ("from .flax.linen import Module", False),
        ("import linen", False),
        ("# import flax.linen as nn", False),
    ],
)
def test_what_imports_linen(source, expected):
    assert imports_linen(source) is expected
