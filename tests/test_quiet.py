"""The linter says nothing about code that is no Linen code: whole libraries, real look-alikes of every idiom."""
import warnings

import pytest
from corpus import corpus, imports_linen, installed, python_files

from flake8_nnx.lint import lint_source

pytestmark = pytest.mark.corpus


def findings(paths):
    """(files read, findings) over files that are Python and do not import flax.linen themselves."""
    read, found = 0, []
    for path in paths:
        source = path.read_text(encoding="utf-8", errors="replace")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in other people's strings
            try:
                if "linen" in source and imports_linen(source):
                    continue
                found += [f"{path}:{f.line}: {f.code} {f.message}" for f in lint_source(source, str(path))]
            except SyntaxError:
                continue
        read += 1
    return read, found


@pytest.mark.parametrize("name", ["optax", "chex", "orbax-checkpoint", "distrax", "dm-haiku", "equinox", "torch"])
def test_downloaded_libraries(name):
    read, found = findings(python_files(corpus(name)))
    assert read >= 15 and found == []


@pytest.mark.jax
@pytest.mark.parametrize("name, least", [("jax", 300), ("numpy", 200), ("scipy", 300)])
def test_installed_libraries(name, least):
    read, found = findings(installed(name))
    assert read >= least and found == []


@pytest.mark.jax
def test_nnx_itself():
    paths = [path for path in installed("flax") if "flax/nnx/" in path.as_posix() and "/bridge/" not in path.as_posix()]
    read, found = findings(paths)
    assert read >= 30 and found == []


def test_the_check_can_fail():
    read, found = findings(python_files(corpus("flax") / "flax-0.12.8" / "examples" / "vae"))
    assert read >= 1 and found == []  # models.py imports linen and is left out
    models = corpus("flax") / "flax-0.12.8" / "examples" / "vae" / "models.py"
    assert imports_linen(models.read_text()) and lint_source(models.read_text())
