"""Functions under a transform: `@jax.jit`, `@partial(jax.jit, …)` and `jax.jit(f, …)`, with the options given.

Shared by the rules on traps of jax transforms over NNX modules.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Union

from flake8_nnx.source import nnx
from flake8_nnx.source.linen import PARTIAL, Facts

JITS = ("jax.jit", "jax.pmap")
NNX_JITS = ("flax.nnx.jit", "flax.nnx.pmap")
GRADS = ("jax.grad", "jax.value_and_grad")
NNX_GRADS = ("flax.nnx.grad", "flax.nnx.value_and_grad")


@dataclass(frozen=True)
class Wrapper:
    """A transform that is put around a function, with the keywords it was given."""

    origin: str
    options: Mapping[str, ast.expr]

    def is_static(self, position: int, name: str) -> bool:
        """Whether the parameter at this position, of this name, is static for certain."""
        numbers = self.options.get("static_broadcasted_argnums" if self.origin == "jax.pmap" else "static_argnums")
        return position in _constants(numbers) or name in _constants(self.options.get("static_argnames"))


def wrapper(node: ast.AST, facts: Facts, *origins: str) -> Wrapper | None:
    """The transform of a decorator: `jax.jit`, `jax.jit(…)` without a function, or `partial(jax.jit, …)`."""
    if not isinstance(node, ast.Call):
        origin = facts.origin(node)
        return Wrapper(origin, {}) if origin in origins and origin else None
    options = {k.arg: k.value for k in node.keywords if k.arg}
    origin = facts.origin(node.func)
    if origin in PARTIAL and len(node.args) == 1:
        inner = wrapper(node.args[0], facts, *origins)
        return Wrapper(inner.origin, {**inner.options, **options}) if inner else None
    return Wrapper(origin, options) if origin in origins and origin and not node.args else None


def _constants(node: ast.expr | None) -> list[object]:
    """The literals of `0`, `"self"`, `(0, 1)` or `["self"]`."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return [part.value for part in parts if isinstance(part, ast.Constant)]


@dataclass(frozen=True)
class Wrapped:
    """A function of this file under a transform; `place` is the decorator or the name of the transform in the call."""

    function: ast.FunctionDef | ast.Lambda
    wrapper: Wrapper
    place: ast.AST


def wrapped(node: ast.AST, facts: Facts, *origins: str) -> Iterator[Wrapped]:
    """The functions that a `def` with decorators, or a call such as `jax.jit(step)`, puts under a transform."""
    if isinstance(node, ast.FunctionDef):
        for decorator in node.decorator_list:
            found = wrapper(decorator, facts, *origins)
            if found is not None:
                yield Wrapped(node, found, decorator)
    elif isinstance(node, ast.Call) and node.args and facts.origin(node.func) in origins:
        given = node.args[0]
        binding = facts.names.binding(given) if isinstance(given, ast.Name) else None
        function = binding.node if binding is not None and binding.kind == "def" else given
        if isinstance(function, (ast.FunctionDef, ast.Lambda)):
            options = {k.arg: k.value for k in node.keywords if k.arg}
            yield Wrapped(function, Wrapper(str(facts.origin(node.func)), options), node)


Function = Union[ast.FunctionDef, ast.Lambda]


def parameters(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def parameter(node: ast.AST | None, function: Function, facts: Facts) -> ast.arg | None:
    """The parameter of the function that a name still is."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    given = binding.node if binding is not None and binding.kind == "param" else None
    return next((arg for arg in parameters(function) if arg is given), None)


def is_kind(node: ast.AST | None, facts: Facts, *kinds: str) -> bool:
    """Whether an expression is an NNX object of one of these kinds."""
    ref = nnx.instance(node, facts)
    return ref is not None and ref.kind in kinds
