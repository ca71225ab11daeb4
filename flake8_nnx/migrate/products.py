"""`self.head.apply({"params": {"kernel": k}}, x)` of a dense layer without a bias: the product of `x` and `k`, and no layer.

Linen gives a layer that only runs with weights of others none of its own, so that NNX must not make it.
"""
from __future__ import annotations

import ast
from collections.abc import Collection

from flake8_nnx.migrate.variables import array_module
from flake8_nnx.source.events import Trace
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.values import Module, Site

UNUSED = frozenset({"kernel_init", "bias_init", "param_dtype", "name"})


def product(node: ast.Attribute, found: Trace, facts: Facts, fields: Collection[str]) -> tuple[ast.expr, str, ast.expr] | None:
    """Of `self.head.apply` in such a call the weights, the type as a further argument, and what the layer is called with."""
    call, owner = facts.names.parent(node), node.value
    value = found.attributes.get(owner.attr) if isinstance(owner, ast.Attribute) and isinstance(owner.value, ast.Name) else None
    if node.attr != "apply" or not isinstance(value, Module) or not isinstance(call, ast.Call) or call.func is not node:
        return None
    if array_module(facts) == "jax.numpy":  # nothing by which the file calls it
        return None
    if len(call.args) != 2 or call.keywords or not isinstance(call.args[0], ast.Dict) or not _plain(value.site, fields):
        return None
    params = call.args[0]
    kernel = params.values[0] if [ast.unparse(key) for key in params.keys if key] == ["'params'"] else None
    if not isinstance(kernel, ast.Dict) or [ast.unparse(key) for key in kernel.keys if key] != ["'kernel'"]:
        return None
    dtype = value.site.keywords.get("dtype")
    return kernel.values[0], "" if dtype is None else f", dtype={ast.unparse(dtype)}", call.args[1]


def _plain(site: Site, fields: Collection[str]) -> bool:
    """Whether a layer is a dense one without a bias that computes in a type that a field says, if any."""
    if site.ref is None or site.ref.linen != "Dense" or site.loops or site.lifts or len(site.positional) > 1:
        return False
    given = {name: value for name, value in site.keywords.items() if name not in UNUSED | {"features"}}
    bias, dtype = given.pop("use_bias", None), given.pop("dtype", None)
    of_self = isinstance(dtype, ast.Attribute) and isinstance(dtype.value, ast.Name) and dtype.value.id == "self"
    known = dtype is None or of_self and dtype.attr in fields  # type: ignore[attr-defined]
    return bool(known) and not given and isinstance(bias, ast.Constant) and bias.value is False


def spelled(kernel: str, dtype: str, argument: str, facts: Facts) -> str:
    """The same in NNX."""
    operands = f"nnx.nn.dtypes.promote_dtype(({argument}, {kernel}){dtype})"
    return f"{array_module(facts)}.dot(*{operands})"
