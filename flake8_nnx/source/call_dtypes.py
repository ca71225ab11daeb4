"""Dtypes of layers that only the call knows, `nn.Dense(3, dtype=x.dtype)(x)`, and what the call casts so that NNX does the same.

Layers that multiply can follow the dtype of their input, which is cast where another is asked for; what a norm returns is cast.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass

from flake8_nnx.catalog.known_differences import ATTENTION, KEEP, NORMS, PROMOTING
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.names import COMPREHENSIONS
from flake8_nnx.source.values import Dtype, Site

LOOPS = (ast.For, ast.AsyncFor, ast.While, *COMPREHENSIONS)
FOLLOWING = (*(name for name in PROMOTING if name != "Embed"), *ATTENTION)  # they can compute in the dtype of their input
# With these an attention does more than to project and to multiply.
BESIDES = ("normalize_qk", "decode", "force_fp32_for_softmax")


@dataclass(frozen=True)
class CallDtype:
    """A dtype that the call goes on to know, and the arrays that it casts to it: inputs, or what a layer returns."""

    dtype: ast.expr
    arrays: tuple[ast.expr, ...]

    linen: str

    @property
    def of_result(self) -> bool:
        """Whether it is the result that has this dtype, not what the layer computes with."""
        return self.linen in NORMS

    def instead(self, following: str) -> dict[str, str]:
        """What NNX takes for the dtype, by keyword; `following` is a function that casts to that of the input."""
        if self.of_result:
            return {"promote_dtype": KEEP.partition("=")[2]}
        names = ("qkv_promote_dtype", "out_promote_dtype") if self.linen in ATTENTION else ("promote_dtype",)
        return dict.fromkeys(names, following)

    @property
    def kept(self) -> tuple[ast.expr, ...]:
        """What the call reads of the arguments with which the layer was made."""
        return (self.dtype,) if self.arrays else ()


def call_dtype(site: Site, facts: Facts) -> CallDtype | None:
    """The dtype of a layer, where only the call knows it and can say it."""
    linen, dtype = site.ref.linen or "" if site.ref is not None else "", written(site)
    calls = _calls(site, facts)
    inputs = [array for call in calls for array in _inputs(call, linen)]
    if dtype is None or id(dtype) in site.texts or not inputs or "promote_dtype" in site.fields:
        return None
    if site.lifts or site.via is not None:
        return None
    at_once = calls[0].func is site.call
    others = tuple(array for array in inputs if not _own(dtype, array, facts, at_once))
    if site.through and (others or linen in NORMS):
        return None  # the function that makes the layer is written out, without casts
    if linen in NORMS:
        return None if others else CallDtype(dtype, tuple(calls), linen)
    if linen in ATTENTION and (others or any(name in site.fields for name in BESIDES)):
        return None  # Linen casts keys and values one by one, whose gradients are added after that
    if linen in FOLLOWING and not others:
        return CallDtype(dtype, (), linen)
    known = at_once and isinstance(site.fields.get("dtype"), Dtype)
    return CallDtype(dtype, others, linen) if known and linen in FOLLOWING else None


def written(site: Site) -> ast.expr | None:
    """The argument `dtype` of a built-in layer, where the call that makes it says it, by keyword or last by position."""
    layer = LAYERS.get(site.ref.linen or "") if site.ref is not None else None
    names = layer.linen_args if layer is not None else ()
    last = names[len(site.call.args) - 1 : len(site.call.args)] if len(site.positional) == len(site.call.args) else ()
    named = [keyword.value for keyword in site.call.keywords if keyword.arg == "dtype"]
    return named[0] if named else site.call.args[-1] if last == ("dtype",) else None


def _calls(site: Site, facts: Facts) -> list[ast.Call]:
    """The calls of a layer that is called where it is made, or that a name is given: all of them, or none."""
    above = facts.names.parent(site.call)
    if isinstance(above, ast.Call) and above.func is site.call:
        return [above]
    method = facts.names.enclosing(site.call, ast.FunctionDef)
    targets = above.targets if isinstance(above, ast.Assign) else []
    if method is None or not targets or not all(_given_once(target, facts) for target in targets):
        return []
    calls = {node.func: node for node, name, _ in site.inputs if name == "__call__"}
    reads = {node for node in ast.walk(method) if isinstance(node, ast.Name) and _made(node, facts) is site.call}
    return list(calls.values()) if calls.keys() == reads - {*targets} else []


def _given_once(node: ast.expr, facts: Facts) -> bool:
    """Whether this is a name that nothing else gives a value."""
    return isinstance(node, ast.Name) and len(facts.names.scope(node).bindings.get(node.id, ())) == 1


def _made(name: ast.Name, facts: Facts) -> ast.expr | None:
    binding = facts.names.binding(name)
    return binding.value if binding is not None else None


def _inputs(call: ast.Call, linen: str) -> list[ast.expr]:
    """The arrays that a layer runs on; none where the call does not tell them."""
    takes = LAYERS[linen].call_args if linen in LAYERS else ()
    names = ("inputs_q", "inputs_k", "inputs_v", "inputs_kv") if linen in ATTENTION else takes[:1]
    arguments = [*zip(takes, call.args), *((keyword.arg or "**", keyword.value) for keyword in call.keywords)]
    # A name that an argument is given has another value by the time at which the dtype is read.
    unclear = (ast.Starred, ast.NamedExpr)
    if any(isinstance(node, unclear) for node in ast.walk(call)) or "**" in dict(arguments):
        return []
    return [array for name, array in arguments if name in names and not is_none(array)]


def _own(dtype: ast.expr, array: ast.expr, facts: Facts, at_once: bool) -> bool:
    """Whether this is the dtype of that array: `x.dtype`, or a name that is given it and nothing else."""
    names = facts.names
    if isinstance(dtype, ast.Name):
        value = _made(dtype, facts) if _given_once(dtype, facts) else None
        return value is not None and _own(value, array, facts, False)
    read = dtype.value if isinstance(dtype, ast.Attribute) and dtype.attr == "dtype" else None
    if not isinstance(read, ast.Name) or not isinstance(array, ast.Name):
        plain = isinstance(array, ast.Attribute) and isinstance(array.value, ast.Name)
        return at_once and plain and read is not None and ast.unparse(read) == ast.unparse(array)
    together = names.enclosing(read, *LOOPS) is names.enclosing(array, *LOOPS) and names.scope(read) is names.scope(array)
    changes = [_given_at(binding.node) for binding in names.scope(array).bindings.get(array.id, ())]
    return read.id == array.id and together and not any(_place(read) < change <= _place(array) for change in changes)


def _place(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _given_at(node: ast.AST) -> tuple[int, int]:
    """Where a name has the value that this gives it: after an assignment, but inside of what has a body."""
    after = isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr))
    return (node.end_lineno, node.end_col_offset) if after else _place(node)  # type: ignore[attr-defined, return-value]
