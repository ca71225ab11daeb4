"""Names the first submodule whose inputs agree and whose outputs do not, from a run of both sides with every call observed."""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.ad_checkpoint import checkpoint_name

from flake8_nnx.verify.compare import Failure, calls, prepared
from flake8_nnx.verify.interpret import LOOPS, bind, evaluate, operations
from flake8_nnx.verify.keys import renamed
from flake8_nnx.verify.measure import as_floats
from flake8_nnx.verify.sides import LinenSide, NnxSide, Weights, spell

AGREE = 16 * float(np.finfo(np.float32).eps)  # relative to the largest value; only says which place is named
UNROLLED = 64  # steps of all loops together; more take too long to compile
MARK = "flake8_nnx"
PATH = "_flake8_nnx_path"


@dataclass(frozen=True)
class Call:
    """One call of a module: its path and class name, its inputs and its output."""

    path: str
    kind: str
    inputs: list[Any]
    output: list[Any]


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
    """The calls that a traced run makes, with their numbers, which are those that `call_of` marks in the program.

    Short loops are unrolled and calls inlined, so that what is called in them has numbers too, for all elements of a vmap at
    once. What jax has traced once may run more often: the calls are those of the marks, in their order.
    """

    def trace() -> None:
        run()

    with jax.default_matmul_precision("highest"):
        traced = jax.make_jaxpr(trace)()
        loops = [eqn for eqn in operations(traced) if eqn.primitive.name in ("scan", "while")]
        if sum(eqn.params.get("length", UNROLLED + 1) for eqn in loops) <= UNROLLED:
            with jax.disable_jit():
                traced = jax.make_jaxpr(trace)()
        program = renamed(traced, [], table)
    names: list[str] = []

    def marked() -> list[Any]:
        values: list[Any] = []

        def note(eqn: Any, inputs: list[Any]) -> list[Any] | None:
            if eqn.primitive.name == "name" and eqn.params["name"].startswith(MARK):
                names.append(eqn.params["name"])
                values.append(inputs[0])
            return bind(eqn, inputs) if eqn.primitive.name in LOOPS else None

        evaluate(program, [], note)
        return values

    found: list[Call] = []
    parts: dict[str, list[Any]] = {"input": [], "output": []}
    numbers = jax.jit(marked)()
    for name, value in zip(names, numbers):
        what, number = name.split()[1:3]
        call = seen[int(number)]
        parts[what].append(value)
        if len(parts["output"]) == len(call.output):
            found.append(Call(call.path, call.kind, parts["input"], parts["output"]))
            parts = {"input": [], "output": []}
    return found


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
            how = f"differ by {distance:.3g}" if distance < float("inf") else "have other shapes or are not numbers"
            return f"submodule {name}: same inputs, outputs {how}"
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
    running: set[int] = set()

    def record(function: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        module = context.module
        if context.method_name != "__call__" or id(module) in running:  # super().__call__
            return function(*args, **kwargs)
        running.add(id(module))
        try:
            output = function(*args, **kwargs)
        finally:
            running.discard(id(module))
        seen.append(call_of(len(seen), "/".join(module.path), module, args, kwargs, output))
        return output

    with nn.intercept_methods(record):
        yield seen


def call_of(number: int, path: str, module: Any, args: Any, kwargs: Any, output: Any) -> Call:
    """The call, with a mark in the traced program in the place of each number."""

    def marks(what: str, tree: Any) -> list[str]:
        leaves = _arrays(tree)
        names = [f"{MARK} {what} {number} {k}" for k in range(len(leaves))]
        for name, leaf in zip(names, leaves):
            checkpoint_name(leaf, name)
        return names

    return Call(path, type(module).__name__, marks("input", (args, kwargs)), marks("output", output))


@contextlib.contextmanager
def nnx_calls() -> Iterator[list[Call]]:
    """Record the calls of every module of the model that `NnxSide.run` merges.

    A path is an attribute of its module, because transforms make modules anew.
    """
    seen: list[Call] = []
    running: set[int] = set()
    real_merge = nnx.merge

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def record(self: Any, *args: Any, **kwargs: Any) -> Any:
            if id(self) in running or not hasattr(self, PATH):  # super().__call__, or a module made on the way
                return call(self, *args, **kwargs)
            running.add(id(self))
            try:
                output = call(self, *args, **kwargs)
            finally:
                running.discard(id(self))
            seen.append(call_of(len(seen), getattr(self, PATH), self, args, kwargs, output))
            return output

        return record

    with contextlib.ExitStack() as stack:

        def merged(*args: Any, **kwargs: Any) -> Any:
            model = real_merge(*args, **kwargs)
            modules = list(nnx.iter_modules(model))
            for path, module in modules:
                setattr(module, PATH, spell(path))
            for cls in {type(module) for _, module in modules if issubclass(type(module), Callable)}:  # type: ignore[arg-type]
                stack.enter_context(mock.patch.object(cls, "__call__", wrapped(cls.__call__)))
            return model

        stack.enter_context(mock.patch.object(nnx, "merge", merged))
        yield seen


def _arrays(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.inexact)]


def _distance(a: list[Any], b: list[Any]) -> float:
    """Largest relative difference of two lists of arrays; infinite when they are not alike."""
    if [x.shape for x in a] != [y.shape for y in b]:
        return float("inf")
    distances = [0.0]
    for x, y in zip(a, b):
        left, right = as_floats(x), as_floats(y)
        finite = np.isfinite(left)
        if (finite != np.isfinite(right)).any():
            return float("inf")
        left, right = left[finite], right[finite]
        scale = float(np.max(np.abs(left), initial=0.0)) or 1.0
        distances.append(float(np.max(np.abs(left - right), initial=0.0)) / scale)
    return max(distances)
