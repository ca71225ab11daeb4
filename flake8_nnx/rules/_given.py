"""What a function of this file takes: by its annotations, or by what every call of it in the file gives.

And which functions a transform calls, whether written in the call or defined above it.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rules._jit import Function, parameter, parameters
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts


@functools.lru_cache(maxsize=4)
def _calls(facts: Facts) -> dict[int, list[ast.Call]]:
    """The calls of each function of the file by its name, also through `jax.grad(f)(…)`, by the id of the function."""
    found: dict[int, list[ast.Call]] = {}
    for call in facts.names.nodes:
        if not isinstance(call, ast.Call):
            continue
        func = call.func
        if isinstance(func, ast.Call) and func.args:  # of a transform, called at once
            func = func.args[0]
        called = function(func, facts)
        if called is not None:
            found.setdefault(id(called), []).append(call)
    return found


def function(node: ast.AST | None, facts: Facts) -> Function | None:
    """The function that an expression is: a lambda, or the name of a `def` of this file."""
    if isinstance(node, ast.Lambda):
        return node
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    return binding.node if binding is not None and isinstance(binding.node, ast.FunctionDef) else None


def taken(node: ast.AST, of: Function, facts: Facts) -> nnx.Ref | None:
    """The NNX object that a parameter of a function is, by its annotation or by all calls of the function."""
    given = parameter(node, of, facts)
    if given is None:
        return None
    known = nnx.annotated(given.annotation, facts)
    if known is not None or given.annotation is not None:
        return known
    places = [arg.arg for arg in parameters(of)]
    refs = [_argument(call, places.index(given.arg), given.arg, facts) for call in _calls(facts).get(id(of), ())]
    first = refs[0] if refs else None
    return first if all(ref == first for ref in refs) else None


def _argument(call: ast.Call, place: int, name: str, facts: Facts) -> nnx.Ref | None:
    if any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    if place < len(call.args):
        return nnx.instance(call.args[place], facts)
    return next((nnx.instance(k.value, facts) for k in call.keywords if k.arg == name), None)


def model_calls(of: Function, facts: Facts) -> Iterator[tuple[ast.Call, nnx.Ref]]:
    """The calls `model(x)` in a function of what it takes, with the NNX module that this is."""
    for call in ast.walk(of):
        ref = taken(call.func, of, facts) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
        if isinstance(call, ast.Call) and ref is not None and ref.kind == "module":
            yield call, ref


def is_called(of: Function, facts: Facts) -> bool:
    """Whether this file calls a function by its name."""
    return id(of) in _calls(facts)
