"""Names the first submodule whose inputs agree and whose outputs do not, from a run of both sides with every call observed."""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from flax.core.tracers import current_trace

from flake8_nnx.verify.compare import Failure, calls, prepared
from flake8_nnx.verify.interpret import replay
from flake8_nnx.verify.keys import renamed
from flake8_nnx.verify.sides import LinenSide, NnxSide, Weights, spell

AGREE = 16 * float(np.finfo(np.float32).eps)  # relative to the largest value; only says which place is named


@dataclass(frozen=True)
class Call:
    """One call of a module: its path, class name, inputs and output, and the trace in which it happened."""

    path: str
    kind: str
    inputs: list[Any]
    output: list[Any]
    level: Any


def locate(linen: LinenSide, new: NnxSide, weights: Weights, failure: Failure) -> str | None:
    """`submodule Dense_1 (dense_1): same inputs, outputs differ by 0.03`, None when no submodule tells."""
    given = prepared(weights, failure.mode.arguments, failure.scale)
    try:
        with linen_calls() as seen:
            call_old, call_new = calls(linen, new, failure.mode)
            old_calls = observed(lambda: call_old(given.weights, given.arrays), seen, failure.tables[0])
        with nnx_calls() as seen:
            new_calls = observed(lambda: call_new(given.weights, given.arrays), seen, failure.tables[1])
    except Exception:  # the verdict stands without a place
        return None
    return first_difference(old_calls, new_calls, module_pairs(linen, new))


def observed(run: Callable[[], Any], seen: list[Call], table: np.ndarray) -> list[Call]:
    """The calls that a traced run makes, with their numbers."""

    def trace() -> list[tuple[list[Any], list[Any]]]:
        level = current_trace()
        run()
        seen[:] = [call for call in seen if call.level == level]  # values inside a scan or vmap have no numbers out here
        return [(call.inputs, call.output) for call in seen]

    with jax.default_matmul_precision("highest"):
        traced, shapes = jax.make_jaxpr(trace, return_shape=True)()
        leaves = replay(renamed(traced, [], table))([])
    numbers = jax.tree.unflatten(jax.tree.structure(shapes), leaves)
    return [replace(call, inputs=inputs, output=output) for call, (inputs, output) in zip(seen, numbers)]


def first_difference(old: list[Call], new: list[Call], pairs: Mapping[str, str]) -> str | None:
    """The first pair of calls that tells, in the order in which Linen calls return: inner modules before outer ones."""
    rest, before = list(new), None
    for call in old:
        other = next((c for c in rest if c.path == pairs.get(call.path)), None) or next(
            (c for c in rest if call.path not in pairs and c.path not in pairs.values() and c.kind == call.kind), None
        )
        if other is None:
            continue
        rest.remove(other)
        if not call.path:
            wrong = _distance(call.output, other.output) > AGREE
            return f"after submodule {before}, which agrees" if wrong and before else None
        name = f"{call.path} ({other.path})"
        if _distance(call.inputs, other.inputs) > AGREE:
            return f"the inputs of submodule {name} differ already" + (f", after {before}, which agrees" if before else "")
        if (distance := _distance(call.output, other.output)) > AGREE:
            return f"submodule {name}: same inputs, outputs differ by {distance:.3g}"
        before = name
    return None


def module_pairs(linen: LinenSide, new: NnxSide) -> Mapping[str, str]:
    """Linen module path to NNX module path, for modules that hold variables and the modules around them."""
    found: dict[str, set[str]] = {"": {""}}
    for path, name in new.linen_paths.items():
        old, target = name.split("/")[1:-1], list(map(str, path[:-1]))
        while old and target:
            found.setdefault("/".join(old), set()).add("/".join(target))
            old, target = old[:-1], target[: -2 if target[-1].isdigit() else -1]
    return {old: targets.pop() for old, targets in found.items() if len(targets) == 1}


@contextlib.contextmanager
def linen_calls() -> Iterator[list[Call]]:
    seen: list[Call] = []

    def record(function: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        output = function(*args, **kwargs)
        if context.method_name == "__call__":
            module = context.module
            seen.append(call_of("/".join(module.path), module, args, kwargs, output))
        return output

    with nn.intercept_methods(record):
        yield seen


def call_of(path: str, module: Any, args: Any, kwargs: Any, output: Any) -> Call:
    return Call(path, type(module).__name__, _arrays((args, kwargs)), _arrays(output), current_trace())


@contextlib.contextmanager
def nnx_calls() -> Iterator[list[Call]]:
    """Record the calls of every module of the model that `NnxSide.run` merges."""
    seen: list[Call] = []
    paths: dict[int, str] = {}
    running: set[int] = set()
    real_merge = nnx.merge

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def record(self: Any, *args: Any, **kwargs: Any) -> Any:
            if id(self) in running or id(self) not in paths:  # super().__call__, or a module made on the way
                return call(self, *args, **kwargs)
            running.add(id(self))
            try:
                output = call(self, *args, **kwargs)
            finally:
                running.discard(id(self))
            seen.append(call_of(paths[id(self)], self, args, kwargs, output))
            return output

        return record

    with contextlib.ExitStack() as stack:

        def merged(*args: Any, **kwargs: Any) -> Any:
            model = real_merge(*args, **kwargs)
            modules = list(nnx.iter_modules(model))
            paths.update({id(module): spell(path) for path, module in modules})
            for cls in {type(module) for _, module in modules if issubclass(type(module), Callable)}:  # type: ignore[arg-type]
                stack.enter_context(mock.patch.object(cls, "__call__", wrapped(cls.__call__)))
            return model

        stack.enter_context(mock.patch.object(nnx, "merge", merged))
        yield seen


def _arrays(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)]


def _distance(a: list[Any], b: list[Any]) -> float:
    """Largest relative difference of two lists of arrays; infinite when they are not alike."""
    if [x.shape for x in a] != [y.shape for y in b]:
        return float("inf")
    distances = [0.0]
    for x, y in zip(a, b):
        left, right = np.asarray(x, np.float64), np.asarray(y, np.float64)
        scale = float(np.max(np.abs(left), initial=0.0)) or 1.0
        distances.append(float(np.max(np.abs(left - right), initial=0.0)) / scale)
    return max(distances)
