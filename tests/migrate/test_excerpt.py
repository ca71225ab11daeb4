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
CHANGES = {
    "nothing": (),
    "a class": ("First",),
    "both": ("First", "Last"),
    "a method": ("First", "long"),
    "much": ("function", "Last"),
}


def cut(source, changed):
    tree = ast.parse(source)
    return excerpt(source, tree, lambda statement: getattr(statement, "name", "") in changed)


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
