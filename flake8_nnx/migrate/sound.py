"""Whether a new text may be written: it has to compile where the old one did, and must change nothing of the library.

What fails here is our own mistake, unless the old text has it as well.
"""
from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Set

from flake8_nnx.source.read import parse

BROKEN = "what it would become is no sound Python, which is a bug of flake8-nnx: please report it"
SETS = "the file gives a function of Linen another value, as in `nn.relu = …`, and others may read that one"


def problem(old: str, new: str, names: Set[str]) -> str | None:
    """Why a text must not be written.

    Args:
        old: what is there, which Python can parse.
        new: what it would become.
        names: the names that the old text reads.
    """
    tree = _compiled(new)
    if isinstance(tree, str):
        before = _compiled(old)
        return f"the file does not compile: {before}" if isinstance(before, str) else BROKEN
    here = _stores(tree, {"nnx"})
    if here and (more := here - _stores(was := parse(old, "<old>"), {"nnx"})):
        return BROKEN if more - _stores(was, names) else SETS
    return None


def _compiled(text: str) -> ast.Module | str:
    """The tree of a text that compiles, else why it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            compile(tree, "<new>", "exec", dont_inherit=True)  # the parser alone lets `f(a=1, a=2)` pass
            return tree
    except (SyntaxError, ValueError) as error:
        return str(error)


def _stores(tree: ast.Module, owners: Set[str]) -> Counter[str]:
    """How often attributes of some names get another value: one of `nnx` gets it for the whole process."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)]
    return Counter(node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id in owners)
