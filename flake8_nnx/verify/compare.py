"""Runs both sides, jit-compiled, on every device and compares outputs, gradients and state within derived bounds.

The bound of each array comes from the rounding errors of the Linen run itself, measured against the same run in float64.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from flake8_nnx.verify import inputs as data
from flake8_nnx.verify.cost import compared, cost
from flake8_nnx.verify.interpret import replay
from flake8_nnx.verify.keys import consumed, drawn_at, draws, numbers_drawn, renamed, renamed_by, tables
from flake8_nnx.verify.measure import Figures, as_floats, equal_bits, measure, same_bits
from flake8_nnx.verify.reference import Reference
from flake8_nnx.verify.sides import Arguments, LinenSide, NnxSide, Weights
from flake8_nnx.verify.step import Step, linen_step, nnx_step
from flake8_nnx.verify.verdict import Different, Unverifiable

KINDS = ("outputs", "state", "gradients", "step")
# At unit scale and where small constants (an epsilon) matter.
SCALES = (1.0, 1e-2)
# Rates that differ by a hundredth give another mask of this many numbers with probability 1 - 1e-9.
ENOUGH_DRAWS, MOST_KEYS = 2048, 128


CONSTANT = "the outputs depend neither on the weights nor on the inputs of this case, so equality says nothing"


@dataclass(frozen=True)
class Mode:
    """One way of calling the module: evaluation or training."""

    name: str
    arguments: Arguments


@dataclass
class Comparison:
    """Evidence of a run, and the first difference found."""

    evidence: dict[str, Any] = field(default_factory=dict)
    difference: str | None = None
    exercised: set[str] = field(default_factory=set)
    depends: bool = False
    without_numbers: set[str] = field(default_factory=set)  # modes whose outputs are NaN or infinite everywhere
    failure: Failure | None = None


@dataclass(frozen=True)
class Failure:
    """Where the difference showed: mode, scale of the inputs, and the random keys of both sides."""

    mode: Mode
    scale: float
    tables: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Program:
    """A traced side: outputs, state, gradients and the weights after an optimiser step.

    All from trained weights, float inputs, the rest of the weights, and the other inputs.
    """

    traced: Any
    structure: Any

    def lowered(self, args: list[Any]) -> Any:
        """The program to be compiled for where these arguments are; it gives the leaves of the result."""
        return replay(self.traced).lower(args)

    def built(self, leaves: Sequence[Any]) -> Any:
        return jax.tree.unflatten(self.structure, leaves)

    def with_keys(self, rename: Rename, given: Given, table: np.ndarray) -> Program:
        """The program that draws from the keys of the table."""
        return replace(self, traced=rename(self.traced, given.leaves, table))


Call = Callable[[Weights, list[Any]], tuple[Any, Weights]]
Rename = Callable[[Any, Sequence[Any], np.ndarray], Any]


def program(call: Call, step: Step, given: Given) -> Program:
    """The program of a side; the loss is a random linear function of the outputs."""

    def loss(params: Weights, floats: list[Any], rest: Weights, others: list[Any]) -> Any:
        out, state = call({**rest, **params}, merge(floats, others, given.order))
        leaves = [leaf for leaf in jax.tree.leaves(out) if data.is_inexact(leaf)]
        factors = [data.random_like(leaf.shape, leaf.dtype, seed) for seed, leaf in enumerate(leaves, -1)]
        parts = (jnp.vdot(factor, leaf).real.astype(jnp.float32) for factor, leaf in zip(factors, leaves))
        total = sum(parts, jnp.zeros(()))
        return total, (out, state)

    leaves, tree = jax.tree.flatten(given.args)
    structures: list[Any] = []

    def run(*leaves: Any) -> list[Any]:
        args = jax.tree.unflatten(tree, leaves)
        grads, (out, state) = jax.grad(loss, argnums=(0, 1), has_aux=True)(*args)
        results, structure = jax.tree.flatten((out, state, grads, step(state, grads[0])))
        structures.append(structure)  # not of shapes: an output of a class, as a distribution, may be made of arrays only
        return results

    return Program(jax.make_jaxpr(run)(*leaves), structures[-1])


@dataclass(frozen=True)
class Given:
    """Arguments of a program: trained weights, float inputs, other variables, other inputs; and which inputs are floats."""

    args: tuple[Weights, list[Any], Weights, list[Any]]
    order: tuple[bool, ...]

    @property
    def leaves(self) -> list[Any]:
        return jax.tree.leaves(self.args)

    @property
    def weights(self) -> Weights:
        return {**self.args[2], **self.args[0]}

    @property
    def arrays(self) -> list[Any]:
        return merge(self.args[1], self.args[3], self.order)


def merge(floats: list[Any], others: list[Any], order: tuple[bool, ...]) -> list[Any]:
    first, second = iter(floats), iter(others)
    return [next(first) if inexact else next(second) for inexact in order]


def compare(
    linen: LinenSide, new: NnxSide, weights: Weights, modes: list[Mode], where: Mapping[str, Any]
) -> Comparison:
    """Run every mode at every scale on every one of these devices (see `devices`).

    Raises:
        Different: the two use random keys in different ways.
        Unverifiable: the outputs depend on nothing, though there are inputs, or are no numbers, so equality would say nothing.
    """
    found = Comparison()
    with jax.default_matmul_precision("highest"):
        for mode in modes:
            _compare_mode(found, linen, new, weights, mode, where)
            if found.difference:
                return found
    if found.without_numbers:
        modes_hit = " and ".join(sorted(found.without_numbers))
        raise Unverifiable(f"the {modes_hit} outputs are NaN or infinite everywhere for this case, so equality says nothing")
    if not found.depends and any(mode.arguments.arrays() for mode in modes):
        raise Unverifiable(CONSTANT)
    unexercised = sorted(path for path in linen.shapes if path.startswith("params/") and path not in found.exercised)
    if unexercised:
        found.evidence["no gradient"] = unexercised
    return found


def devices(wanted: str | None = None) -> dict[str, Any]:
    """Every local device by name, the CPU included; or those of one platform (`gpu`), or one of them (`gpu:1`).

    Raises:
        Unverifiable: there is no such device.
    """
    every = list(dict.fromkeys([*jax.local_devices(), jax.local_devices(backend="cpu")[0]]))
    many = {device.platform for device in every if sum(other.platform == device.platform for other in every) > 1}
    named = {f"{d.platform}:{d.id}" if d.platform in many else d.platform: d for d in every}
    kinds = {"gpu": ("gpu", "cuda", "rocm"), "cuda": ("gpu", "cuda")}.get(wanted or "", (wanted,))
    chosen = {name: d for name, d in named.items() if wanted in (None, name, f"{d.platform}:{d.id}") or d.platform in kinds}
    if not chosen:
        raise Unverifiable(f"there is no device {wanted} here; jax finds {', '.join(named)}")
    return chosen


def _compare_mode(
    found: Comparison, linen: LinenSide, new: NnxSide, weights: Weights, mode: Mode, where: Mapping[str, Any]
) -> None:
    given = prepared(weights, mode.arguments, 1.0)
    call_old, call_new = calls(linen, new, mode)
    try:
        old, other = program(call_old, linen_step, given), program(call_new, nnx_step(new), given)
    except Exception:
        aligned_keys(linen, new, given, mode)  # where random keys stand in the way, this says so
        raise
    old_table = new_table = np.zeros((0, 2), np.uint32)
    if draws(old.traced) or draws(other.traced):
        old_table, new_table = aligned_keys(linen, new, given, mode)
        old, other = old.with_keys(renamed, given, old_table), other.with_keys(renamed, given, new_table)
    reference = Reference(old.traced)
    for name, device in where.items():
        given_there = jax.device_put(given.leaves, device)
        run_old, run_new = _compiled(old.lowered(given_there), other.lowered(given_there))
        found.evidence[f"{mode.name} cost ({name})"] = compared(cost(run_old), cost(run_new))
        for scale in SCALES:
            leaves = prepared(weights, mode.arguments, scale).leaves
            a, b = _run(old, run_old, device, leaves), _run(other, run_new, device, leaves)
            _note_dependence(found, mode, a, partial(_run, old, run_old, device), given)
            # Where all bits agree no bound is needed, which saves the compilation of the float64 run.
            truth = None if equal_bits(a, b) else reference.at(scale, leaves)
            runs = [old.built(run) for run in truth] if truth is not None else []
            for number, kind in enumerate(KINDS):
                scaled = "" if scale == 1 else f", {'inputs' if given.args[1] else 'weights'} x {scale:g}"
                figures = found.evidence.setdefault(f"{mode.name} {kind}{scaled} ({name})", Figures())
                problem = measure(figures, a[number], b[number], [run[number] for run in runs], reference.terms, scale == 1)
                if problem:
                    found.difference = f"{mode.name} {kind} on {name}: {problem}"
                    found.failure = Failure(mode, scale, (old_table, new_table))
                    return


def compare_keys(
    found: Comparison, linen: LinenSide, new: NnxSide, weights: Weights, modes: list[Mode], where: Mapping[str, Any]
) -> int:
    """Run modes that draw random numbers under more keys, on one device; the result is how many.

    Two dropout rates may give the same mask of a few numbers, so that one run says little where nothing is proved.
    """
    most = 0
    name, device = next(iter(where.items()))
    with jax.default_matmul_precision("highest"):
        for mode in modes:
            given = prepared(weights, mode.arguments, 1.0)
            drawn = aligned_keys(linen, new, given, mode)
            if not len(drawn[0]):
                continue
            call_old, call_new = calls(linen, new, mode)
            old = program(call_old, linen_step, given).with_keys(renamed_by, given, drawn[0])
            other = program(call_new, nnx_step(new), given).with_keys(renamed_by, given, drawn[1])
            reference = Reference(old.traced)
            start = jax.device_put([*given.leaves, np.uint32(0)], device)
            run_old, run_new = _compiled(old.lowered(start), other.lowered(start))
            seeds = min(MOST_KEYS, 1 + ENOUGH_DRAWS // max(1, numbers_drawn(old.traced)))
            most = max(most, seeds)
            for seed in range(seeds):
                leaves = [*given.leaves, np.uint32(seed)]
                a, b = _run(old, run_old, device, leaves), _run(other, run_new, device, leaves)
                truth = None if equal_bits(a, b) else reference.at(seed, leaves)
                runs = [old.built(run) for run in truth] if truth is not None else []
                for number, kind in enumerate(KINDS):
                    figures = found.evidence.setdefault(f"{mode.name} {kind}, {seeds} random keys ({name})", Figures())
                    problem = measure(figures, a[number], b[number], [run[number] for run in runs], reference.terms, False)
                    if problem:
                        found.difference = f"{mode.name} {kind} on {name}: {problem} (random key {seed} of {seeds})"
                        return most
    return most


def _compiled(old: Any, new: Any) -> tuple[Any, Any]:
    """Both lowered programs compiled, side by side; what XLA is given in the very same text is compiled once."""
    if _is_all_text(old) and _is_all_text(new) and old.as_text() == new.as_text():
        return (old.compile(),) * 2
    with ThreadPoolExecutor(2) as threads:  # XLA compiles without the interpreter's lock
        first, second = threads.map(lambda one: one.compile(), (old, new))
    return first, second


def _is_all_text(lowered: Any) -> bool:
    """Whether the text says everything: jax may pass large constants as arguments, which it does not show."""
    return getattr(getattr(lowered, "_lowering", None), "const_args", None) in ([], ())


def _run(program: Program, compiled: Any, device: Any, args: list[Any]) -> Any:
    return program.built(jax.device_get(compiled(jax.device_put(args, device))))


def calls(linen: LinenSide, new: NnxSide, mode: Mode) -> tuple[Call, Call]:
    """Both sides as functions of weights and inputs, with the random streams of seed 0."""
    keys = linen_keys(linen, 0)
    seeded = new.with_streams(new.streams[0])
    return (
        lambda weights, arrays: linen.call(weights, keys, mode.arguments, arrays),
        lambda weights, arrays: seeded.call(weights, mode.arguments, arrays),
    )


def linen_keys(linen: LinenSide, seed: int) -> dict[str, Any]:
    """One key for every stream of the case."""
    return {name: jax.random.fold_in(jax.random.key(seed), i) for i, name in enumerate(linen.case.rngs)}


def aligned_keys(linen: LinenSide, new: NnxSide, given: Given, mode: Mode) -> tuple[np.ndarray, np.ndarray]:
    """The keys that each side draws from, in order of first use (see `flake8_nnx.verify.keys.tables`)."""
    weights, arrays = given.weights, given.arrays

    def linen_run(keys: dict[str, Any]) -> Any:
        return linen.call(weights, keys, mode.arguments, arrays)

    def nnx_run(streams: list[Any]) -> Any:
        """Everything that the call computes, and the streams it leaves behind."""
        out, after = new.with_streams(streams).run(weights, mode.arguments, arrays)
        return [after[path].get_value() for path in new.stream_paths], out, list(after.values())

    keys = [linen_keys(linen, seed) for seed in (0, 1)]
    program = jax.make_jaxpr(linen_run)(keys[0])
    old = consumed(program, *map(jax.tree.leaves, keys))
    streams = list(new.streams)
    traced = jax.make_jaxpr(nnx_run)(streams[0])
    if draws(traced):
        streams.append(jax.jit(lambda values: nnx_run(values)[0])(streams[0]))
    try:
        return tables(old, consumed(traced, *streams), mode.name)
    except Different as error:
        sides = (("Linen", drawn_at(program)), ("NNX", drawn_at(traced)))
        where = (f"{side} draws at {', '.join(places)}" for side, places in sides if places)
        raise Different("; ".join([str(error), *where])) from None


def prepared(weights: Weights, arguments: Arguments, scale: float) -> Given:
    """Arguments of a `program`, the float inputs scaled, or the trained weights where there are no such inputs.

    Counters and positions that the module keeps start at 0, and at another scale at 1: adding to 0 could as well be replacing.
    """
    arrays = [a * jnp.asarray(scale, a.dtype) if data.is_inexact(a) else a for a in arguments.arrays()]
    params = {path: v for path, v in weights.items() if path.startswith("params/") and data.is_inexact(v)}
    if scale != 1 and not any(map(data.is_inexact, arrays)):
        params = {path: v * jnp.asarray(scale, v.dtype) for path, v in params.items()}
    rest = {path: v for path, v in weights.items() if path not in params}
    if scale != 1:
        rest = {path: jnp.ones_like(v) if jnp.issubdtype(v.dtype, jnp.integer) else v for path, v in rest.items()}
    order = tuple(data.is_inexact(a) for a in arrays)
    floats = [a for a in arrays if data.is_inexact(a)]
    others = [a for a in arrays if not data.is_inexact(a)]
    return Given((params, floats, rest, others), order)


def _note_dependence(found: Comparison, mode: Mode, result: Any, run: Callable[[list[Any]], Any], given: Given) -> None:
    """Which weights have a gradient, whether the outputs depend on anything, and whether they are numbers at all."""
    out, _, (weights, floats), _ = result
    numbers = [as_floats(leaf) for leaf in jax.tree.leaves(out) if data.is_inexact(leaf)]
    if numbers and not any(np.isfinite(leaf).any() for leaf in numbers):
        found.without_numbers.add(mode.name)
    found.exercised |= {path for path, gradient in weights.items() if _moves(gradient)}
    found.depends |= bool(found.exercised) or any(map(_moves, floats))
    if not found.depends and given.args[3]:  # integer inputs have no gradient: see whether other ones change the outputs
        others = [jnp.roll(a.reshape(-1), 1).reshape(a.shape) if not data.is_key(a) else a for a in given.args[3]]
        moved = run(jax.tree.leaves((*given.args[:3], others)))[0]
        found.depends = any(not same_bits(np.asarray(a), np.asarray(b)) for a, b in zip(*map(jax.tree.leaves, (out, moved))))


def _moves(gradient: Any) -> bool:
    values = as_floats(gradient)
    return bool(np.any(np.isfinite(values) & (values != 0)))
