"""What libcst is shown of a file: every place stays the same, and the rest comes back byte for byte."""
import ast

import libcst as cst
import pytest
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from flake8_nnx.migrate.excerpt import excerpt

SOURCE = '''\
"""Ünïcode before the blocks; kept_ is a name of the file."""
import os

@decorated(1)
class First(Base):  # ünder
    width: int = 3

    def short(self): return "ü"

    @property
    def long(self) -> int:
        # above
        """Says kept_0_."""
        if self.width:
            return 1  # kept_1_, ü
        # at the end

    def last(self):
        @jit
        def inner(x): return x
        return inner  # trailing

# between
if os:
    x = 1
    # indented, after the block

    # and another
# not indented
def function(ä, b=(1,
  2)):
    return """
no indentation
"""; pass
async def other():
    pass
x = 2
class Last:
    def one(self):
        return 3
    y = 4'''
MOVING = ("First", "Last", "long", "function")
CHANGES = {
    "nothing": (),
    "a class": ("First",),
    "both": ("First", "Last"),
    "a method": ("First", "long"),
    "much": ("function", "Last"),
}


def cut(source, changed):
    tree = ast.parse(source)
    return excerpt(source, tree, lambda statement: named(statement) in changed, lambda statement: named(statement) in MOVING)


def named(statement):
    """The name of a definition, and of a statement of one name."""
    return getattr(statement, "name", None) or getattr(getattr(statement, "value", None), "id", "")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_places_and_text_stay(changed, newline):
    source = SOURCE.replace("\n", newline)
    part = cut(source, changed)
    assert part.blocks and len(part.text) < len(source)
    assert part.whole(part.text) == source
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    known = {(type(node), at.start, at.start + at.length) for node, at in wrapper.resolve(ByteSpanPositionProvider).items()}
    module = cst.parse_module(part.text)
    spans = part.spans(module)
    code = (cst.ClassDef, cst.FunctionDef, cst.BaseSmallStatement, cst.Name, cst.Decorator)
    nodes = [node for node in spans if isinstance(node, code) and module.code_for_node(node) not in part.blocks]
    assert nodes and {(type(node), *spans[node]) for node in nodes} <= known


def test_what_changes_stays():
    text = cut(SOURCE, ("First", "long")).text
    assert "if self.width:" in text and 'def short(self): return "ü"' in text
    assert "return inner" not in text and "# trailing" in text and "def function" not in text


@pytest.mark.parametrize("source", ["", "x = 1\n", "class A:\n    x = 1\n", "class A:\n    def f(self): return 1\n"])
def test_nothing_to_leave_out(source):
    part = cut(source, ("A",))
    assert part.text == source and not part.blocks


BETWEEN = """\
def f(x):
    'says'
    @jit
    # about g
    def g(): pass
    # before
    change
    y = 1; z = 2
    # of the loop
    for i in x:
        if i:
            y += i  # plus
            # in the branch
        else:
            change  # here
            # in the else
        # at the end of the loop
    while x:
        with y: change
        a = 1; change
        b = (
            2)  # two
            # deeper
    try:
        # first
        pass
    except E: change
    finally:
        match x:
            case 1:
                change
                y = 1; \

            case _: pass
"""
LEFT = """\
def f(x):
    kept_0_
    # before
    change
    kept_1_
    # of the loop
    for i in x:
        if i:
            kept_2_  # plus
            # in the branch
        else:
            change  # here
            # in the else
        # at the end of the loop
    while x:
        with y: change
        a = 1; change
        kept_3_  # two
            # deeper
    try:
        # first
        kept_4_
    except E: change
    finally:
        match x:
            case 1:
                change
                y = 1; \

            case _: pass
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_between_what_changes(newline):
    """Whole lines go; those of the statement that changes stay, and so do those where others stand beside it."""
    source = BETWEEN.replace("\n", newline)
    part = excerpt(source, ast.parse(source), changes_inside, lambda statement: False)
    assert part.text == LEFT.replace("\n", newline)
    assert part.whole(part.text) == source


def test_what_moves_takes_all_along():
    part = excerpt(BETWEEN, ast.parse(BETWEEN), changes_inside, lambda statement: isinstance(statement, (ast.For, ast.Try)))
    assert BETWEEN[BETWEEN.index("    for"):BETWEEN.index("    while")] in part.text
    assert BETWEEN[BETWEEN.index("    try"):] in part.text
    whole = excerpt(BETWEEN, ast.parse(BETWEEN), changes_inside, lambda statement: isinstance(statement, ast.FunctionDef))
    assert whole.text == BETWEEN and not whole.blocks


def changes_inside(statement):
    return any(isinstance(node, ast.Name) and node.id == "change" for node in ast.walk(statement))


def test_new_blocks():
    source = "class A:\n    def f(self):\n        return 1\n"
    part = cut(source, ())
    assert part.whole(f"{part.name(1)}\n{part.text}", {part.name(1): "kept_0_"}) == f"kept_0_\n{source}"
