"""Signatures and calls that gain parameters: comments stay with the one that they are about."""
import ast

import pytest

from flake8_nnx.migrate.classes import rewrite_classes
from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.migrate.placed import Edits


def with_parameters(source, first, last):
    tree = ast.parse(source)
    function = tree.body[0]
    edits = Edits(source, [], {}, [], CodeEdits(parameters={function: [first, *function.args.args, last]}))
    return rewrite_classes(edits, edits.excerpt(tree))


@pytest.mark.parametrize("end", ["\n", ", **kwargs\n", ",\n"])
def test_comments_stay_with_their_parameter(end):
    new = with_parameters(f"def step(\n    one,  # the first\n    two{end}):\n    pass\n", "model", "rngs")
    assert "one,  # the first\n    two" in new and new.count("#") == 1
    assert [a.arg for a in ast.parse(new).body[0].args.args] == ["model", "one", "two", "rngs"]


def test_without_comments_a_short_signature_is_one_line():
    new = with_parameters("def step(\n    one,\n    two\n):\n    pass\n", "model", "rngs")
    assert new.startswith("def step(model, one, two, rngs):")


CALLS = [
    ("Net(\n    one,  # the first\n    two,\n)", "Net(\n    a,\n    one,  # the first\n    two,\n    rngs=b,\n)"),
    ("Net(\n    one,\n    two,  # the last\n)", "Net(\n    a,\n    one,\n    two,  # the last\n    rngs=b,\n)"),
    ("Net(one,  # the first\n    two)", "Net(a,\n    one,  # the first\n    two,\n    rngs=b)"),
    ("Net(\n    one,\n    two\n)", "Net(a, one, two, rngs=b)"),
    ("Net(one, two)  # both", "Net(a, one, two, rngs=b)  # both"),
]


@pytest.mark.parametrize(("old", "new"), CALLS)
def test_a_call_with_comments_gains_arguments_on_lines_of_their_own(old, new):
    source = f"x = {old}\n"
    tree = ast.parse(source)
    call = tree.body[0].value
    edits = Edits(source, [], {}, [], CodeEdits(arguments={call: ["a", *call.args, "rngs=b"]}))
    assert rewrite_classes(edits, edits.excerpt(tree)) == f"x = {new}\n"
