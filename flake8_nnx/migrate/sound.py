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
    error = _error(new)
    if error is not None:
        before = _error(old)
        return BROKEN if before is None else f"the file does not compile: {before}"
    here = _stores(new, {"nnx"})
    if here and (more := here - _stores(old, {"nnx"})):
        return BROKEN if more - _stores(old, names) else SETS
    return None


def _error(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<new>", "exec", dont_inherit=True)  # the parser alone lets `f(a=1, a=2)` pass
    except (SyntaxError, ValueError) as error:
        return str(error)
    return None


def _stores(text: str, owners: Set[str]) -> Counter[str]:
    """How often attributes of some names get another value: one of `nnx` gets it for the whole process."""
    tree = parse(text, "<new>")
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)]
    return Counter(node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id in owners)
