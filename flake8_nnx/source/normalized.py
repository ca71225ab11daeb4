"""Copies of flax's own BatchNorm: the axis of the features is a field, and `_normalize(self, …)` makes scale and bias.

`_canonicalize_axes(x.ndim, self.axis)` of a field that holds one number is an axis whose size `in_features` tells.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.events import Branch
from flake8_nnx.source.linen import LINEN
from flake8_nnx.source.values import Array, Items, Rank, Site, Static, TheAxis, Unknown, elements, size_of

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer

AXES, STATS, NORMALIZE = LINEN + "_canonicalize_axes", LINEN + "_compute_stats", LINEN + "_normalize"
ARGUMENTS = (
    "mdl", "x", "mean", "var", "reduction_axes", "feature_axes", "dtype", "param_dtype", "epsilon", "use_bias", "use_scale",
    "bias_init", "scale_init",
)  # fmt: skip


def axes(tracer: Tracer, rank: Any, axis: Any) -> Any:
    """The axes that `_canonicalize_axes(rank, axis)` returns."""
    numbers = [size_of(item) for item in elements(axis) or (axis,)]
    if not isinstance(rank, Rank):
        return Unknown()
    if isinstance(numbers[0], int):
        return Items((TheAxis(rank.array, numbers[0]),)) if len(numbers) == 1 else Unknown()
    single = is_number(tracer, axis) and rank.array.like == (rank.array.base, 0)
    return Items((TheAxis(rank.array, axis.text.removeprefix("self.")),)) if single else Unknown()


def is_number(tracer: Tracer, value: Any) -> bool:
    """Whether this is one number, or a field that holds one."""
    name = value.text.removeprefix("self.") if isinstance(value, Static) else ""  # so spelt where a variable has its name
    field = tracer.facts.fields_of(tracer.cls).get(name)
    return isinstance(size_of(value), int) or field is not None and ast.unparse(field.annotation) == "int"


def sizes(tracer: Tracer, node: ast.ListComp, env: Env) -> Any:
    """`[x.shape[axis] for axis in feature_axes]`; None for anything else."""
    generator = node.generators[0]
    plain = len(node.generators) == 1 and not generator.ifs and isinstance(generator.target, ast.Name)
    items = elements(tracer.evaluator.value(generator.iter, env)) if plain and isinstance(generator.iter, ast.Name) else None
    if not items or not isinstance(items[0], TheAxis):
        return None
    found = tracer.evaluator.value(node.elt, {**env, generator.target.id: items[0]})  # type: ignore[attr-defined]
    return Static(f"[{found.text}]", (found,)) if isinstance(found, Static) else Unknown()


def normalize(tracer: Tracer, node: ast.Call, env: Env, positional: list[Any], keywords: dict[str, Any]) -> Any:
    """`_normalize(self, x, …)` of flax.linen: parameters as by `self.param`, each where it is asked for."""
    given = {**dict(zip(ARGUMENTS, node.args)), **{k.arg or "**": k.value for k in node.keywords}}
    values = {**dict(zip(ARGUMENTS, positional)), **keywords}
    own = isinstance(given.get("mdl"), ast.Name) and given["mdl"].id == "self"  # type: ignore[attr-defined]
    if not own or given.keys() != set(ARGUMENTS):
        tracer.problem(node, "is not called as flax does")
        return values.get("x", Unknown())
    items = elements(values["feature_axes"])
    sizes = [item.array.size_at(item.axis) if isinstance(item, TheAxis) else None for item in items or (None,)]
    if None in sizes:
        tracer.problem(node, "makes parameters as large as axes that only the call knows")
        return values["x"]
    shape = ast.copy_location(ast.Tuple([], ast.Load()), node)
    for name in ("scale", "bias"):
        test = tracer.evaluator.text(given[f"use_{name}"], env)
        if test is None:
            tracer.problem(node, f"makes `{name}` only if the call says so")
            continue
        arguments = [ast.Constant(name), given[f"{name}_init"], shape, given["param_dtype"]]
        func = ast.Attribute(ast.Name("self", ast.Load()), "param", ast.Load())
        call = ast.Call(func, arguments, [])
        for part in ast.walk(call):
            if not hasattr(part, "lineno"):
                ast.copy_location(part, node)
        texts = {id(part): text for part in arguments[1:] if (text := tracer.evaluator.text(part, env)) is not None}
        texts[id(shape)] = f"({sizes[0]},)"
        site = Site(call, None, arguments, {}, texts, tracer.method, tracer.loops, silent=True)
        tracer.trace.sites.append(site)
        tracer.events.append(Branch(ast.copy_location(ast.If(given[f"use_{name}"], [], []), node), test, [site], []))
    return values["x"] if isinstance(values["x"], Array) else Unknown()
