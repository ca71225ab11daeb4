"""Arguments with a star, `x.reshape(*batch_shape, features)`: what follows stands as many places later as it holds values."""
from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flake8_nnx.source.values import Prefix, Start, elements


def spread(nodes: Sequence[ast.expr], values: Sequence[Any]) -> list[Any] | None:
    """The values one by one, where it is known how many there are; a leading part of a shape takes in all that follow it."""
    if not any(isinstance(node, ast.Starred) for node in nodes):
        return [*values]
    found: list[Any] = []
    for node, value in zip(nodes, values):
        if not isinstance(node, ast.Starred):
            found.append(value)
        elif isinstance(value, (Prefix, Start)) and not found:
            rest = spread(nodes[1:], values[1:])
            return None if rest is None else [replace(value, items=(*value.items, *rest))]
        elif (items := elements(value)) is not None:
            found += items
        else:
            return None
    return found
