"""Runs both sides, jit-compiled, on every device and compares outputs, gradients and state within derived bounds.

The bound of each array comes from the rounding error of the Linen run itself, measured against a float64 run.
"""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from flake8_nnx.verify import inputs as data
from flake8_nnx.verify.keys import narrow_draws, numbered_draws
from flake8_nnx.verify.sides import Arguments, LinenSide, NnxSide, Weights
from flake8_nnx.verify.verdict import Different, Unverifiable

# Two float32 programs of the same function each stray from the exact value by about the same rounding error.
SLACK = 4.0
# At unit scale and where small constants (an epsilon) matter.
SCALES = (1.0, 1e-2)
FROM_REFERENCE = "4 x the larger of the Linen run's own error against float64 and one rounding of the largest value"
FROM_DTYPE = "64 roundings of the largest value; no float64 run follows the same course"
EXACT = "16-bit, integer and boolean values must agree bit for bit"


@dataclass(frozen=True)
class Mode:
    """One way of calling the module: evaluation or training."""

    name: str
    arguments: Arguments


@dataclass
class Figures:
    """What was measured for one kind of value on one device."""

    max_abs: float = 0.0
    max_rel: float = 0.0
    max_ulp: float = 0.0
    bound: float = 0.0
    bound_from: str = EXACT
    arrays: int = 0

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass
class Comparison:
    """Evidence of a run, and the first difference found."""

    evidence: dict[str, Any] = field(default_factory=dict)
    difference: str | None = None
    exercised: set[str] = field(default_factory=set)
    depends: bool = False
    scale: float = 1.0  # at which the difference showed
    mode: Mode | None = None


Program = Callable[..., tuple[Any, Weights, tuple[Weights, list[Any]]]]


def program(call: Callable[[Weights, Any, list[Any]], tuple[Any, Weights]], streams: list[str]) -> Program:
    """outputs, state and gradients of a random linear function of the outputs, as one jit-compiled function."""

    def loss(params: Weights, floats: list[Any], rest: Weights, others: list[Any], key: Any, order: Any) -> Any:
        arrays = merge(floats, others, order)
        with numbered_draws(key) as draws:
            out, state = call({**rest, **params}, key, arrays)
        streams[:] = draws.streams
        leaves = [leaf for leaf in jax.tree.leaves(out) if data.is_float(leaf)]
        total = sum((jnp.vdot(leaf, _cotangent(i, leaf)) for i, leaf in enumerate(leaves)), jnp.zeros(()))
        return total.astype(jnp.float32 if total.dtype != jnp.float64 else jnp.float64), (out, state)

    def run(params: Weights, floats: list[Any], rest: Weights, others: list[Any], key: Any, order: Any) -> Any:
        gradient = jax.grad(loss, argnums=(0, 1), has_aux=True)
        grads, (out, state) = gradient(params, floats, rest, others, key, order)
        return out, state, grads

    return jax.jit(run, static_argnums=5)


def _cotangent(index: int, leaf: Any) -> Any:
    return jnp.asarray(np.random.default_rng(index).standard_normal(leaf.shape), leaf.dtype)


def merge(floats: list[Any], others: list[Any], order: tuple[bool, ...]) -> list[Any]:
    first, second = iter(floats), iter(others)
    return [next(first) if is_float else next(second) for is_float in order]


def compare(linen: LinenSide, new: NnxSide, weights: Weights, modes: list[Mode]) -> Comparison:
    """Run every mode at every scale on every device.

    Raises:
        Different: the two draw different numbers of keys, or return differently built outputs.
        Unverifiable: the outputs depend on nothing, so equality would say nothing.
    """
    found = Comparison()
    for device in devices():
        with jax.default_device(device), jax.default_matmul_precision("highest"):
            for mode in modes:
                _compare_mode(found, linen, new, weights, mode, device.platform)
                if found.difference:
                    return found
    if not found.depends:
        raise Unverifiable("the outputs depend neither on the weights nor on the inputs of this case, so equality says nothing")
    unexercised = sorted(path for path in linen.shapes if path.startswith("params/") and path not in found.exercised)
    if unexercised:
        found.evidence["no gradient"] = unexercised
    return found


def devices() -> list[Any]:
    """One device of each local platform."""
    every = {device.platform: device for device in reversed([*jax.local_devices(), *jax.local_devices(backend="cpu")])}
    return list(every.values())


def _compare_mode(found: Comparison, linen: LinenSide, new: NnxSide, weights: Weights, mode: Mode, platform: str) -> None:
    old_streams: list[str] = []
    new_streams: list[str] = []
    arguments = mode.arguments
    run_old = program(lambda w, key, arrays: linen.call(w, key, arguments, arrays), old_streams)
    run_new = program(lambda w, key, arrays: new.call(w, arguments, arrays), new_streams)
    reference = Reference(linen, weights, mode)
    for scale in SCALES:
        given = prepared(weights, arguments, scale)
        old = run_old(*given)
        other = run_new(*given)
        if len(old_streams) != len(new_streams):
            raise Different(
                f"{mode.name}: Linen draws {len(old_streams)} random keys ({', '.join(old_streams) or 'none'}), "
                f"NNX {len(new_streams)} ({', '.join(new_streams) or 'none'})"
            )
        exact = reference.at(scale)
        found.scale, found.mode = scale, mode
        _note_dependence(found, old, run_old, given)
        for kind, a, b, c in _parts(old, other, exact):
            key = f"{mode.name} {kind} ({platform})"
            figures = found.evidence.get(key) or Figures()
            problem = _measure(figures, a, b, c, kind)
            found.evidence[key] = figures
            if problem:
                found.difference = f"{mode.name} {kind} on {platform}: {problem}"
                return


def prepared(weights: Weights, arguments: Arguments, scale: float, dtype: Any = None) -> tuple[Any, ...]:
    """Arguments of a `program`: trained weights, float inputs, the rest; floats cast when a dtype is given."""

    def cast(value: Any) -> Any:
        return value.astype(dtype) if dtype is not None and data.is_float(value) else value

    arrays = [cast(a) * scale if data.is_float(a) else a for a in arguments.arrays()]
    params = {path: cast(v) for path, v in weights.items() if path.startswith("params/") and data.is_float(v)}
    rest = {path: cast(v) for path, v in weights.items() if path not in params}
    order = tuple(data.is_float(a) for a in arrays)
    floats = [a for a in arrays if data.is_float(a)]
    others = [a for a in arrays if not data.is_float(a)]
    return params, floats, rest, others, jax.random.key(7), order


class Reference:
    """The Linen run in float64 on the CPU, compiled once."""

    def __init__(self, linen: LinenSide, weights: Weights, mode: Mode) -> None:
        self.weights, self.mode = weights, mode
        self.run = program(lambda w, key, arrays: linen.call(w, key, mode.arguments, arrays), [])

    def at(self, scale: float) -> Any:
        """Outputs, state and gradients, None where the module does not run in float64."""
        try:
            with x64(True), narrow_draws(x64), jax.default_device(jax.local_devices(backend="cpu")[0]):
                return jax.device_get(self.run(*prepared(self.weights, self.mode.arguments, scale, jnp.float64)))
        except Exception:  # a module may insist on float32; the bound then comes from the dtype, and says so
            return None


def x64(enabled: bool) -> contextlib.AbstractContextManager[Any]:
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(enabled)
    from jax.experimental import enable_x64

    return enable_x64(enabled)


def _note_dependence(found: Comparison, result: Any, run: Program, given: tuple[Any, ...]) -> None:
    """Which weights have a gradient, and whether the outputs depend on anything at all."""
    out, _, (weights, floats) = result
    for path, gradient in weights.items():
        if np.any(np.asarray(gradient, np.float64) != 0):
            found.exercised.add(path)
    found.depends |= bool(found.exercised) or any(np.any(np.asarray(g, np.float64) != 0) for g in floats)
    if not found.depends and given[3]:  # integer inputs have no gradient: see whether other ones change the outputs
        others = [jnp.roll(a.reshape(-1), 1).reshape(a.shape) if a.dtype.kind in "iub" else a for a in given[3]]
        moved = run(*given[:3], others, *given[4:])[0]
        found.depends = any(not _same_bits(np.asarray(a), np.asarray(b)) for a, b in zip(*map(jax.tree.leaves, (out, moved))))


def _parts(old: Any, new: Any, reference: Any) -> list[tuple[str, Any, Any, Any]]:
    kinds = ("outputs", "state", "gradients")
    return [(kind, a, b, None if reference is None else c) for kind, a, b, c in zip(kinds, old, new, reference or (0, 0, 0))]


def _measure(figures: Figures, old: Any, new: Any, reference: Any, kind: str) -> str | None:
    """Update the figures with every array of two trees; the first one out of bounds is returned as text."""
    if jax.tree.structure(old) != jax.tree.structure(new) and _plain(old) != _plain(new):
        return f"Linen returns {jax.tree.structure(old)}, NNX {jax.tree.structure(new)}"
    paths = [jax.tree_util.keystr(path) or "the output" for path, _ in jax.tree_util.tree_flatten_with_path(old)[0]]
    references = jax.tree.leaves(reference) if reference is not None else [None] * len(paths)
    if len(references) != len(paths):
        references = [None] * len(paths)
    for path, a, b, c in zip(paths, jax.tree.leaves(old), jax.tree.leaves(new), references):
        problem = _measure_array(figures, a, b, c)
        if problem:
            return f"{path} {problem}"
    del kind
    return None


def _plain(tree: Any) -> Any:
    """Structure without the kind of its containers: a list and a tuple of the same leaves are alike."""
    if isinstance(tree, Mapping):
        return {key: _plain(value) for key, value in tree.items()}
    return [_plain(value) for value in tree] if isinstance(tree, (list, tuple)) else None


def _measure_array(figures: Figures, old: Any, new: Any, reference: Any) -> str | None:
    a, b = np.asarray(old), np.asarray(new)
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"is {a.dtype}{list(a.shape)} in Linen and {b.dtype}{list(b.shape)} in NNX"
    figures.arrays += 1
    if not jnp.issubdtype(a.dtype, jnp.floating) or a.dtype.itemsize < 4:
        return None if np.array_equal(a, b, equal_nan=a.dtype.itemsize == 2 and a.dtype.kind == "f") or _same_bits(a, b) else (
            f"differs by up to {_largest(a, b):.3g}, though {EXACT}"
        )
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return "has NaN or infinities at different places"
    x, y = a[finite].astype(np.float64), b[finite].astype(np.float64)
    if not x.size:
        return None
    error, unit = np.abs(x - y), float(np.finfo(a.dtype).eps)
    scale = float(np.max(np.abs(x)))
    bound, origin = 64 * unit * scale, FROM_DTYPE
    if reference is not None and np.shape(reference) == a.shape:
        own = np.abs(x - np.asarray(reference, np.float64)[finite])
        own_error = float(np.max(own)) if np.all(np.isfinite(own)) else float("inf")
        # A larger error is no rounding of float32: the reference took another course (other draws, another branch).
        if own_error <= 1e-4 * scale:
            bound, origin = SLACK * max(own_error, unit * scale), FROM_REFERENCE
    worst = float(np.max(error))
    spacing = np.spacing(np.maximum(np.abs(a[finite]), np.abs(b[finite]))).astype(np.float64)
    figures.max_abs = max(figures.max_abs, worst)
    figures.max_rel = max(figures.max_rel, worst / scale if scale else 0.0)
    figures.max_ulp = max(figures.max_ulp, float(np.max(error / np.maximum(spacing, np.finfo(a.dtype).tiny))))
    figures.bound, figures.bound_from = max(figures.bound, bound), origin
    if worst > bound:
        return f"differs by up to {worst:.3g} where values reach {scale:.3g} (bound {bound:.3g})"
    return None


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.tobytes() == b.tobytes()


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)))) if a.size and a.dtype != bool else 1.0
