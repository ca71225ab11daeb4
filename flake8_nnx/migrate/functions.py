"""Functions of flax.linen inside the methods of a class, in their NNX spelling."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.moved import MOVED
from flake8_nnx.migrate import logical, mapped
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.rules._text import nnx_function
from flake8_nnx.source import normalized
from flake8_nnx.source.linen import LINEN, Facts

NORMALIZATION = "nnx.nn.normalization."
PROMOTE = LINEN + "promote_dtype"


def rewrite(plan: ClassPlan, node: ast.Name | ast.Attribute, facts: Facts) -> str:
    """Writes the NNX spelling of a function of flax.linen into the plan; why there is none, if so."""
    call = facts.names.parent(node)
    if facts.origin(node) == PROMOTE and isinstance(call, ast.Call) and call.func is node:
        plan.expressions[node] = "nnx.nn.dtypes.promote_dtype"
        plan.tupled.add(call)
        return ""
    if facts.origin(node) == normalized.NORMALIZE and isinstance(call, ast.Call) and call.func is node:
        return _normalize(plan, call, facts)
    if facts.origin(node) == logical.CONSTRAINT:
        return logical.constrained(plan, node, facts)
    new = nnx_function(node, facts) or _shared(node, facts) or _asked_class(node, facts)
    if new is None:
        return f"`{ast.unparse(node)}` has no NNX spelling that this version writes"
    plan.expressions[node] = new
    return ""


def _normalize(plan: ClassPlan, call: ast.Call, facts: Facts) -> str:
    """`_normalize(self, x, …)` makes scale and bias in Linen and takes them in NNX; why it cannot be written, if so."""
    if facts.text.has_comment(call.lineno, call.end_lineno or call.lineno):
        return "a comment inside a call of `_normalize` would be lost: put it before"
    texts = {}
    for name, argument in [*zip(normalized.ARGUMENTS, call.args), *((k.arg or "", k.value) for k in call.keywords)]:
        if not isinstance(argument, (ast.Name, ast.Attribute, ast.Constant)):
            return f"`{ast.unparse(argument)[:60]}` in a call of `_normalize`: give it a name before"
        texts[name] = ast.unparse(argument)
    for name in ("scale", "bias"):
        test = texts[f"use_{name}"]
        own = f"self.{name}[...]"
        texts[name] = {"True": own, "False": "None"}.get(test, f"{own} if {test} else None")
    order = ("x", "mean", "var", "scale", "bias", "reduction_axes", "feature_axes", "dtype", "epsilon")
    statement = facts.names.enclosing(call, ast.stmt)
    assert isinstance(statement, ast.stmt)
    parts = [", ".join(texts[name] for name in row) for row in (order[:3], ("scale",), ("bias",), order[5:])]
    room, margin = mapped.WIDTH - call.col_offset, statement.col_offset
    plan.expressions[call] = mapped.fitted(NORMALIZATION + "_normalize", parts, room, margin)
    return ""


def _shared(node: ast.expr, facts: Facts) -> str | None:
    """A function of Linen that NNX keeps further down, where the call gives only what both take."""
    name, call = facts.linen_name(node), facts.names.parent(node)
    if facts.origin(node) in (normalized.AXES, normalized.STATS):
        more = isinstance(call, ast.Call) and any(keyword.arg == "force_float32_reductions" for keyword in call.keywords)
        return None if more else f"{NORMALIZATION}{facts.linen_name(node)}"
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
