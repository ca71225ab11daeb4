"""Names the first submodule whose inputs agree and whose outputs do not, from one eager run of both sides."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import flax.linen as nn
import jax
import numpy as np
from flax import nnx

from flake8_nnx.verify.compare import Mode, merge, prepared
from flake8_nnx.verify.keys import numbered_draws
from flake8_nnx.verify.sides import LinenSide, NnxSide, Weights, spell


@dataclass(frozen=True)
class Call:
    """One call of a submodule: its path, inputs and output."""

    path: str
    inputs: list[Any]
    output: list[Any]


def locate(linen: LinenSide, new: NnxSide, weights: Weights, mode: Mode, scale: float) -> str | None:
    """`submodule Dense_1 (dense_1): same inputs, outputs differ by 0.03`, None when no submodule tells."""
    params, floats, rest, others, key, order = prepared(weights, mode.arguments, scale)
    arrays = merge(floats, others, order)
    try:
        with numbered_draws(key), linen_calls() as old_calls:
            linen.call({**rest, **params}, key, mode.arguments, arrays)
        with numbered_draws(key), nnx_calls() as new_calls:
            new.call({**rest, **params}, mode.arguments, arrays)
    except Exception:  # the verdict stands without a place
        return None
    pairs = module_pairs(linen, new)
    for call in old_calls:
        other = next((c for c in new_calls if c.path == pairs.get(call.path)), None)
        if other is None:
            continue
        new_calls.remove(other)
        if _distance(call.inputs, other.inputs) < 1e-5 <= (distance := _distance(call.output, other.output)):
            return f"submodule {call.path} ({other.path}): same inputs, outputs differ by {distance:.3g}"
    return None


def module_pairs(linen: LinenSide, new: NnxSide) -> Mapping[str, str]:
    """Linen module path to NNX module path, for modules that hold variables directly."""
    pairs: dict[str, str] = {}
    for path, old in new.linen_paths.items():
        pairs["/".join(old.split("/")[1:-1])] = spell(path[:-1])
    return {old: target for old, target in pairs.items() if old}


@contextlib.contextmanager
def linen_calls() -> Iterator[list[Call]]:
    calls: list[Call] = []

    def record(function: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        output = function(*args, **kwargs)
        if context.method_name == "__call__":
            calls.append(Call("/".join(context.module.path), _arrays((args, kwargs)), _arrays(output)))
        return output

    with nn.intercept_methods(record):
        yield calls


@contextlib.contextmanager
def nnx_calls() -> Iterator[list[Call]]:
    """Record the calls of built-in NNX layers below the model that `NnxSide.call` merges."""
    calls: list[Call] = []
    paths: dict[int, str] = {}
    real_merge = nnx.merge
    modules = [cls for cls in vars(nnx).values() if isinstance(cls, type) and issubclass(cls, nnx.Module)]
    layers = [cls for cls in modules if "__call__" in vars(cls)]

    def merged(*args: Any, **kwargs: Any) -> Any:
        model = real_merge(*args, **kwargs)
        paths.update({id(module): spell(path) for path, module in nnx.iter_modules(model)})
        return model

    def wrapped(cls: type) -> Any:
        call = cls.__call__  # type: ignore[operator]

        def record(self: Any, *args: Any, **kwargs: Any) -> Any:
            output = call(self, *args, **kwargs)
            calls.append(Call(paths.get(id(self), "?"), _arrays((args, kwargs)), _arrays(output)))
            return output

        return record

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(nnx, "merge", merged))
        for cls in set(layers):
            stack.enter_context(mock.patch.object(cls, "__call__", wrapped(cls)))
        yield calls


def _arrays(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array) and leaf.dtype.kind == "f"]


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
