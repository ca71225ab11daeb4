"""Axes of an array that a field names, as copies of older norms of flax spell them: `tuple(… if dim < 0 else dim for …)`.

What `normalized` knows of `_canonicalize_axes` is known of the same written out, and of the sizes that are picked by it.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import normalized
from flake8_nnx.source.inittext import static
from flake8_nnx.source.values import Items, Rank, Shape, Static, TheAxis, elements

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer


def as_tuple(tracer: Tracer, node: ast.IfExp, env: Env) -> Any:
    """`axis if isinstance(axis, tuple) else (axis,)` of a field that holds one number; None for anything else."""
    test, single = node.test, node.orelse
    asks = isinstance(test, ast.Call) and ast.unparse(test.func) == "isinstance" and len(test.args) == 2
    if not asks or not isinstance(single, (ast.Tuple, ast.List)) or len(single.elts) != 1:
        return None
    same = {ast.unparse(part) for part in (node.body, test.args[0], single.elts[0])}  # type: ignore[attr-defined]
    sequence = ast.unparse(test.args[1]) in ("tuple", "list", "(tuple, list)", "(list, tuple)")  # type: ignore[attr-defined]
    if len(same) > 1 or not sequence:
        return None
    value = tracer.evaluator.value(node.body, env)
    return tracer.evaluator.value(single, env) if normalized.is_number(tracer, value) else None


def picked(tracer: Tracer, node: ast.ListComp | ast.GeneratorExp, env: Env) -> Any:
    """The axes, or the sizes at them, that a comprehension makes; None for anything else."""
    generator = node.generators[0]
    if len(node.generators) != 1:
        return None
    if isinstance(generator.target, ast.Name) and not generator.ifs:
        return _counted_from_start(tracer, node.elt, generator, env)
    return _sizes(tracer, node.elt, generator, env)


def _counted_from_start(tracer: Tracer, made: ast.expr, generator: ast.comprehension, env: Env) -> Any:
    """`[rank + dim if dim < 0 else dim for dim in axes]`."""
    name = ast.unparse(generator.target)
    if not isinstance(made, ast.IfExp) or (ast.unparse(made.test), ast.unparse(made.orelse)) != (f"{name} < 0", name):
        return None
    total = made.body
    if not isinstance(total, ast.BinOp) or not isinstance(total.op, ast.Add):
        return None
    sides = {ast.unparse(side): side for side in (total.left, total.right)}
    rank = next((tracer.evaluator.value(side, env) for text, side in sides.items() if text != name), None)
    if name not in sides or not isinstance(rank, Rank) or not isinstance(generator.iter, ast.Name):
        return None
    items = elements(env.get(generator.iter.id)) or ()
    return normalized.axes(tracer, rank, items[0]) if len(items) == 1 else None


def _sizes(tracer: Tracer, made: ast.expr, generator: ast.comprehension, env: Env) -> Any:
    """`(size for place, size in enumerate(x.shape) if place in axes)`."""
    target, source = generator.target, generator.iter
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2 or len(generator.ifs) != 1:
        return None
    place, size = map(ast.unparse, target.elts)
    test = generator.ifs[0]
    within = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In) and len(test.ops) == 1
    counted = isinstance(source, ast.Call) and ast.unparse(source.func) == "enumerate" and len(source.args) == 1
    if not within or not counted or ast.unparse(made) != size or ast.unparse(test.left) != place:  # type: ignore[attr-defined]
        return None
    shape = tracer.evaluator.value(source.args[0], env)  # type: ignore[attr-defined]
    items = elements(tracer.evaluator.value(test.comparators[0], env)) or ()  # type: ignore[attr-defined]
    if len(items) != 1 or not isinstance(items[0], TheAxis) or not isinstance(shape, Shape) or items[0].array != shape.array:
        return None
    found = static(shape.array.size_at(items[0].axis))
    return Static(f"({found.text},)", (found,)) if isinstance(found, Static) else None


def tupled(node: ast.Call, positional: list[Any]) -> Any:
    """`tuple(items)`; None for anything else."""
    known = isinstance(node.func, ast.Name) and node.func.id == "tuple" and len(positional) == 1 and not node.keywords
    value = positional[0] if known else None
    if isinstance(value, Items):
        return value
    return value if isinstance(value, Static) and value.items and value.text.startswith("(") else None
