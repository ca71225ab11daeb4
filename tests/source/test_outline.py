"""A file without the bodies of its functions and classes: what it binds at its top level stays."""
from __future__ import annotations

import ast

import pytest

from corpus import corpus, python_files
from flake8_nnx.source.names import Names
from flake8_nnx.source.outline import outline


def test_bodies_go_and_bases_stay() -> None:
    text = '''"""Docs
def not_here(): ...
"""
from a import (
    b,
)
@decorated
class Model(b.Base, metaclass=Meta[int]):
    size: int = 3

    def run(self): return 1
if b:
    def inside():
        return 2
async def later(
    x, y,
):
    return x
'''
    assert outline(text) == '''"""Docs
def not_here(): ...
"""
from a import (
    b,
)
@decorated
class Model(b.Base, metaclass=Meta[int]): pass
if b:
    def inside():
        return 2
def later(): pass
'''


@pytest.mark.parametrize(
    "text",
    [
        'def f():\n    """\nfrom flax import linen as nn\n    """\n',  # a string at the margin
        "def f():\n    global nn\n    import flax.linen as nn\n",
        "class A:\n    global B\n    B = 1\n",
        "\fdef f():\n    pass\nx = 1\n",
        "def f():\r    pass\rx = 1\r",
    ],
)
def test_where_indentation_misleads_there_is_none(text: str) -> None:
    assert outline(text) is None


@pytest.mark.parametrize("text", ["", "x = 1", "# only a comment\n", "    \n", "def f(): return 1\n", "class A[T](B): x: T\n"])
def test_little_files_are_outlines_of_themselves(text: str) -> None:
    assert outline(text) is not None


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["flax", "netket", "diffusers"])
def test_names_of_real_files_are_bound_as_in_the_whole_file(name: str) -> None:
    outlined = 0
    for path in python_files(corpus(name)):
        text = path.read_text(encoding="utf-8")
        short = outline(text)
        if short is None:
            continue
        try:
            whole, part = Names(ast.parse(text)), Names(ast.parse(short), statements=True)
        except SyntaxError:
            continue
        outlined += 1
        for bound in {*whole.module.bindings, *part.module.bindings}:
            assert _told(whole, bound) == _told(part, bound), (path, bound)
    assert outlined > 100


def _told(names: Names, name: str) -> object:
    found = names.lookup(name, names.module)
    if found is None:
        return None
    bases = [ast.dump(base) for base in found.node.bases] if isinstance(found.node, ast.ClassDef) else []
    value = ast.dump(found.value) if found.value is not None else None
    return found.kind, found.origin, found.fallback, found.position, value, bases
