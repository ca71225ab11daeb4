"""What is known of tuples whose elements may be `None`: `tuple(v for v in (x, masks) if v is not None)` begins with `x`."""
from __future__ import annotations

import ast
from typing import Any

from flake8_nnx.source.values import Array, AtLeast, Items, Unknown, elements


def filtered(node: ast.expr) -> ast.expr | None:
    """The tuple of a generator that leaves out what is `None`, and does nothing else."""
    if not isinstance(node, ast.GeneratorExp) or len(node.generators) != 1:
        return None
    loop = node.generators[0]
    names = [node.elt, loop.target]
    if not all(isinstance(name, ast.Name) for name in names) or ast.unparse(names[0]) != ast.unparse(names[1]):
        return None
    wanted = f"{ast.unparse(loop.target)} is not None"
    return loop.iter if [ast.unparse(test) for test in loop.ifs] == [wanted] else None


def given_ones(value: Any) -> Any:
    """The elements before the first that may be `None`."""
    found: list[Any] = []
    for item in elements(value) or ():
        if not isinstance(item, (Array, Items)):
            return AtLeast(tuple(found)) if found else Unknown()
        found.append(item)
    return Items(tuple(found)) if found else Unknown()
