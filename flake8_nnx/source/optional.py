"""What is known of tuples whose elements may be `None`: `tuple(v for v in (x, masks) if v is not None)` begins with `x`."""
from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

from flake8_nnx.source.values import Array, AtLeast, Items, Static, Unknown, elements

DATA = (Array, AtLeast, Items, Static, Unknown)  # no layers and no classes of layers


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
    items = value.items if isinstance(value, AtLeast) else elements(value) or ()
    found = tuple(itertools.takewhile(lambda item: isinstance(item, (Array, Items)), items))
    if not found:
        return Unknown()
    return Items(found) if len(found) == len(items) and not isinstance(value, AtLeast) else AtLeast(found)


def unless_given(node: ast.IfExp, body: Any, orelse: Any) -> Any:
    """What stands for a value that is None, in `other if value is None else value` or the other way round."""
    test = ast.unparse(node.test)
    absent, given = test == f"{ast.unparse(node.orelse)} is None", test == f"{ast.unparse(node.body)} is not None"
    return body if absent else orelse if given else None


def either_tuple(a: Any, b: Any, join: Callable[[Any, Any], Any]) -> AtLeast | Items | None:
    """What is known of one of two tuples of data, at least one of which is known only in the call."""
    one, other = (value.items if isinstance(value, AtLeast) else elements(value) for value in (a, b))
    if one is None or other is None or isinstance(a, Static) and isinstance(b, Static):
        return None
    if not all(isinstance(item, DATA) for item in (*one, *other)):
        return None
    both = tuple(map(join, one, other))
    return Items(both) if len(one) == len(other) and not isinstance(a, AtLeast) and not isinstance(b, AtLeast) else AtLeast(both)
