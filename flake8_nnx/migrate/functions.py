"""Functions of flax.linen inside the methods of a class, in their NNX spelling."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.moved import MOVED
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.rules._text import nnx_function
from flake8_nnx.source.linen import LINEN, Facts

PROMOTE = LINEN + "promote_dtype"


def rewrite(plan: ClassPlan, node: ast.Name | ast.Attribute, facts: Facts) -> str:
    """Writes the NNX spelling of a function of flax.linen into the plan; why there is none, if so."""
    call = facts.names.parent(node)
    if facts.origin(node) == PROMOTE and isinstance(call, ast.Call) and call.func is node:
        plan.expressions[node] = "nnx.nn.dtypes.promote_dtype"
        plan.tupled.add(call)
        return ""
    new = nnx_function(node, facts) or _shared(node, facts) or _asked_class(node, facts)
    if new is None:
        return f"`{ast.unparse(node)}` has no NNX spelling that this version writes"
    plan.expressions[node] = new
    return ""


def _shared(node: ast.expr, facts: Facts) -> str | None:
    """A function of Linen that NNX keeps further down, where the call gives only what both take."""
    name, call = facts.linen_name(node), facts.names.parent(node)
    moved = MOVED.get(name or "")
    if moved is None or not moved.args or not moved.nnx.startswith("flax.nnx.") or not isinstance(call, ast.Call):
        return None
    both = [argument for argument in moved.args if argument not in moved.dropped]
    plain = all(keyword.arg in both for keyword in call.keywords) and len(call.args) <= len(both)
    if call.func is not node or not plain or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    return moved.nnx.removeprefix("flax.")


def _asked_class(node: ast.expr, facts: Facts) -> str | None:
    """The class in `isinstance(layer, nn.Dropout)`, where NNX has one for exactly the same layers."""
    above = facts.names.parent(node)
    above = facts.names.parent(above) if isinstance(above, ast.Tuple) else above
    asked = isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id == "isinstance"
    name = facts.linen_name(node) or ""
    if not asked or node is above.args[0]:  # type: ignore[union-attr]
        return None
    if name == "Module":
        return "nnx.Module"
    twin = LAYERS[name].nnx if name in LAYERS and not LAYERS[name].refuse else ""
    return f"nnx.{twin}" if twin and [layer.nnx for layer in LAYERS.values()].count(twin) == 1 else None
