"""Broken and odd text: the migrator gives one clear error or text that compiles, and never half of a file."""
import ast
import random
import warnings
from pathlib import Path

import pytest

from flake8_nnx.lint import lint_source
from flake8_nnx.migrate.file import plan_file, rewrite
from flake8_nnx.migrate.run import migrate_paths
from flake8_nnx.migrate.sound import BROKEN, SETS, problem
from flake8_nnx.source.read import SourceError

HERE = Path(__file__).parent
GOLDENS = sorted(path.parent.name for path in HERE.glob("*/linen.py"))
ODD = '''from flax import linen as nn
import jax.numpy as jnp


class Odd(nn.Module):
    size: int = 3

    @nn.compact
    def __call__(self, x):
        if (n := x.shape[0]) > 1:
            x = x / n
        match self.size:
            case 1:
                x = x + 1
            case _:
                x = x - 1
        x = nn.Dense(self.size)(x)
        return x
'''


def outcome(text: str) -> str:
    """`error`, `same` or `rewritten`; anything else than a SourceError fails the test."""
    try:
        new = rewrite(plan_file(text, "hostile.py"))
    except SourceError as error:
        assert "\n" not in str(error)
        return "error"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a backslash that an accident put into a string
        ast.parse(new)
    return "same" if new == text else "rewritten"


def changed(text: str, rng: random.Random) -> str:
    """The text with one accident of an editor or a network."""
    lines = text.splitlines(keepends=True)
    at, line, other = rng.randrange(len(text)), rng.randrange(len(lines)), rng.randrange(len(lines))
    swapped = list(lines)
    swapped[line], swapped[other] = swapped[other], swapped[line]
    return rng.choice([
        text[:at],
        "".join(lines[:line]),
        "".join(lines[:line] + lines[line + 1:]),
        "".join(swapped),
        text[:at] + rng.choice("()[]{}:,'\"\\#@=\t é") + text[at + 1:],
    ])  # fmt: skip


@pytest.mark.parametrize("name", GOLDENS)
def test_accidents(name):
    text, rng = (HERE / name / "linen.py").read_text(), random.Random(name)
    found = [outcome(changed(text, rng)) for _ in range(25)]
    assert "error" in found


@pytest.mark.parametrize("name", ["cnn", "setup", "lifted"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("    ", "\t"),
        lambda text: text.rstrip("\n"),
        lambda text: "# -*- coding: latin-1 -*-\n# caf\xe9\n" + text,
    ],
    ids=["crlf", "bom", "tabs", "no last newline", "latin-1"],
)
def test_odd_layout_is_kept(tmp_path, name, change):
    """Encoding, line endings and indentation of the file survive, and a second run changes nothing."""
    text = change((HERE / name / "linen.py").read_text())
    encoding = "latin-1" if "latin-1" in text else "utf-8"
    path = tmp_path / "model.py"
    path.write_bytes(text.encode(encoding))
    run = migrate_paths([path], unverified=True)
    assert not run.errors and any(record.written for record in run.classes)
    run.write(None)
    new = path.read_bytes().decode(encoding)
    ast.parse(new.removeprefix("\ufeff"))
    assert new.startswith("\ufeff") == text.startswith("\ufeff")
    assert new.count("\r\n") == new.count("\n") if "\r\n" in text else "\r" not in new
    assert "\n    " not in new.replace("\r", "") if "\t" in text else "\n\t" not in new
    before = path.read_bytes()
    migrate_paths([path], unverified=True).write(None)
    assert path.read_bytes() == before


def test_form_feeds_are_refused():
    text = (HERE / "cnn" / "linen.py").read_text().replace("\nclass ", "\n\x0cclass ")
    planned = plan_file(text, "cnn.py")
    assert outcome(text) == "same"
    assert all("form feed" in plan.refusals[0].reason for plan in planned.plans)


def test_walrus_and_match_do_not_stop_it():
    assert outcome(ODD) == "rewritten"


def test_long_functions_and_deep_nesting():
    calls = "        x = nn.Dense(3)(x)\n" * 5000
    assert outcome(ODD.replace("        x = nn.Dense(self.size)(x)\n", calls)) == "rewritten"
    deep = "(" * 90 + "x" + ")" * 90
    assert outcome(ODD.replace("return x", f"return {deep}")) == "rewritten"


@pytest.mark.parametrize("depth", [200, 700, 1500, 3000])
def test_nesting_too_deep_for_the_parser_is_one_error_or_works(depth):
    assert outcome(ODD.replace("return x", f"return {'-' * depth}x")) in ("rewritten", "error")


def test_a_field_that_dataclasses_refuse():
    text = ODD.replace("    size: int = 3\n", "    rate: float = 0.1\n    size: int\n")
    plan = plan_file(text, "m.py").plans[0]
    assert any("follows `rate`" in refusal.reason for refusal in plan.refusals)


def test_a_class_inside_of_a_class_is_refused():
    inner = ["class Inner(nn.Module):", "    @nn.compact", "    def __call__(self, x):", "        return nn.Dense(2)(x)"]
    lines = "".join(f"        {line}\n" for line in inner)
    text = ODD.replace("        return x\n", f"{lines}        return Inner()(x)\n")
    planned = plan_file(text, "m.py")
    assert {plan.name: bool(plan.refusals) for plan in planned.plans}["Inner"] and rewrite(planned) == text


@pytest.mark.parametrize("value", ["0 .real", "(1 + self.size).real", "(-self.size).real"])
def test_attributes_of_numbers_stay_python(value):
    text = ODD.replace("nn.Dense(self.size)(x)", f"nn.Dense(self.size, use_bias={value})(x)")
    planned = plan_file(text, "m.py")
    new = rewrite(planned)
    assert BROKEN not in str(planned.plans[0].refusals)
    assert new == text or ast.unparse(ast.parse(value, mode="eval")).replace("self.", "") in ast.unparse(ast.parse(new))


def test_slices_of_tables():
    text = ODD.replace("nn.Dense(self.size)(x)", "nn.Dense((self.table[:, :, None] - self.table[:, None, :]).T.size)(x)")
    text = text.replace("    size: int = 3\n", "    size: int = 3\n    table: object = None\n")
    assert any("table[:, :, None] - " in found.message for found in lint_source(text))
    assert outcome(text) == "rewritten"


@pytest.mark.parametrize("line", ["return 1", "f(a=1, a=2)", "break"])
def test_what_the_parser_alone_lets_pass_is_the_file_s_own_mistake(line):
    text = ODD.replace("\n\n\n", f"\n{line}\n\n\n", 1)
    planned = plan_file(text, "m.py")
    assert rewrite(planned) == text and "the file does not compile" in str(planned.plans[0].refusals)


def test_a_new_text_that_the_parser_alone_lets_pass():
    assert problem(ODD, ODD.replace("nn.Dense(self.size)", "nn.Dense(features=1, features=2)"), set()) == BROKEN
    assert problem(ODD, ODD.replace("self.size", "3"), set()) is None


def test_a_class_that_is_given_streams_which_linen_does_not_take():
    text = ODD + "\n\nclass Outer(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return Odd(rngs=3)(x)\n"
    planned = plan_file(text, "m.py")
    assert "`Odd` has no field `rngs`" in str(planned.plans[1].refusals)
    assert "class Outer(nn.Module)" in rewrite(planned)


def test_a_field_of_the_name_self():
    text = ODD.replace("    size: int = 3\n", "    size: int = 3\n    self: int = 3\n")
    assert outcome(text) == "same" and "the field `self`" in str(plan_file(text, "m.py").plans[0].refusals)


def test_names_that_a_file_exports_are_no_list():
    text = f"__all__ = -1\n{ODD}\n\ndef make():\n    return nn.Dense(3)\n"
    assert outcome(text) == "rewritten"


def test_functions_of_the_library_that_a_file_replaces():
    text = ODD.replace("jnp\n", "jnp\nnn.gelu = abs\n", 1)
    planned = plan_file(text, "m.py")
    assert rewrite(planned) == text and SETS in str(planned.plans[0].refusals)
    text = f"from flax import nnx\nnnx.gelu = abs\n{ODD}"  # as it was: theirs
    new = rewrite(plan_file(text, "m.py"))
    assert new != text and "nnx.gelu = abs" in new


@pytest.mark.parametrize("stream", ["'a b'", "'class'", "3", "''"])
def test_streams_that_are_no_names_are_refused(stream):
    head = "import flax.linen as nn\n\n\nclass Noise(nn.Module):\n    def __call__(self, x):\n"
    text = f"{head}        return x + self.make_rng({stream})[0]\n"
    assert outcome(text) == "same" and "the stream" in str(plan_file(text, "m.py").plans[0].refusals)
    assert outcome(text.replace(stream, "'noise'")) == "rewritten"


@pytest.mark.parametrize("before", ["import jax\n# above\n", "# above\n", ""])
@pytest.mark.parametrize("then", ["from flax import nnx\n", "from flax import nnx\nimport jax\n", ""])
def test_comments_of_imports_that_go(before, then):
    text = f"{before}import flax.linen as nn  # beside\n{then}" + ODD.partition("\n")[2]
    new = rewrite(plan_file(text, "m.py"))
    assert new != text and "# beside" in new and new.count("# above") == text.count("# above")
    assert "\npass\n" not in new and "linen" not in new


def test_comments_beside_the_heads_of_methods():
    setup = "    def setup(self):  # setup\n        # inside\n        self.dense = nn.Dense(3)  # dense\n        # below\n"
    call = "    # between\n    def __call__(self, x):  # call\n"
    text = f"import flax.linen as nn\n\n\nclass A(nn.Module):  # class\n{setup}{call}"
    text += "        # first\n        return self.dense(x)  # returned\n        # last\n"
    new = rewrite(plan_file(text, "m.py"))
    assert "class A(nnx.Module)" in new and [word for word in text.split("#")[1:] if f"# {word.split()[0]}" not in new] == []


def test_a_method_of_which_nothing_is_left_keeps_its_comments():
    setup = "    def setup(self):\n        self.size = 1\n\n"
    call = "    def __call__(self):  # call\n        self.size = 2\n        # last\n"
    text = f"import flax.linen as nn\n\n\nclass A(nn.Module):\n{setup}{call}"
    new = rewrite(plan_file(text, "m.py"))
    assert "class A(nnx.Module)" in new and "# call" in new and "# last" in new


def test_comments_of_fields_and_decorators_that_go():
    head = "import flax.linen as nn\n\n\nclass A(nn.Module):\n"
    fields = "    # above\n    inner: nn.Dense  # beside\n\n"
    call = "    @nn.compact\n    def __call__(self, x):\n"
    made = "self.param('kernel', self.inner.kernel_init, (x.shape[-1], self.inner.features))"
    new = rewrite(plan_file(f"{head}{fields}{call}        return x @ {made}\n", "m.py"))
    assert "class A(nnx.Module)" in new and "inner:" not in new and "# above" in new and "# beside" in new
    setup = "    @nn.nowrap  # decorator\n    # between\n    def setup(self):\n        self.dense = nn.Dense(3)\n\n"
    new = rewrite(plan_file(f"{head}{setup}    def __call__(self, x):\n        return self.dense(x)\n", "m.py"))
    assert "class A(nnx.Module)" in new and "# decorator" in new and "# between" in new
