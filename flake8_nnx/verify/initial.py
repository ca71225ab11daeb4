"""Initial values: given the same random key for each parameter, both sides start from the same numbers.

Linen derives keys from module paths and NNX from counters, so the keys of each parameter are renamed before that.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax.interpreters import partial_eval

from flake8_nnx.verify.inputs import is_key
from flake8_nnx.verify.interpret import LOOPS, QUICKLY, bind, bodies, evaluate, opened, operations
from flake8_nnx.verify.keys import DRAWS, consumed_by_each, draws, renamed, tables, without_dead_code
from flake8_nnx.verify.measure import as_floats, same_bits
from flake8_nnx.verify.sides import LinenSide, NnxSide, flat_state
from flake8_nnx.verify.verdict import Different, Unverifiable

MOST_NUMBERS = 2**24  # of all parameters together; drawing more takes longer than everything else
ROUNDINGS = 8.0  # two compilations of one formula may round differently


@dataclass
class Initial:
    """What is known about the initial value of each variable, by Linen path."""

    equal: list[str] = field(default_factory=list)
    differs: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"equal": len(self.equal), "differs": self.differs, "not compared": self.unknown}


def compare_initial(linen: LinenSide, new: NnxSide) -> Initial:
    """Initial values of every mapped variable; whatever user code raises is a reason for not comparing."""
    paths = sorted(set(new.linen_paths.values()) & set(linen.shapes))
    numbers = sum(int(np.prod(linen.shapes[path].shape)) for path in paths)
    if numbers > MOST_NUMBERS:
        return Initial(unknown=dict.fromkeys(paths, f"the model has {numbers:,} numbers; give a smaller case"))
    try:
        return _compared(paths, linen, new)
    except Exception as error:
        return Initial(unknown=dict.fromkeys(paths, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"))


def _compared(paths: Sequence[str], linen: LinenSide, new: NnxSide) -> Initial:
    arrays = linen.first.arrays()
    streams = ("params", *linen.case.rngs)
    nnx_path = {name: path for path, name in new.linen_paths.items()}

    def old(keys: Mapping[str, Any]) -> list[Any]:
        found = linen.init(keys, arrays)
        return [found[path] for path in paths]

    def other(key: Any) -> list[Any]:
        found = flat_state(new.make(key))
        return [found[nnx_path[path]].get_value() for path in paths]

    seeds = [jax.random.key(seed) for seed in (0, 1)]
    keys = [{name: jax.random.fold_in(seed, i) for i, name in enumerate(streams)} for seed in seeds]
    sides = [(_programs(old, keys[0]), keys), (_programs(other, seeds[0]), seeds)]
    drawn = [consumed_by_each(programs, *map(jax.tree.leaves, runs)) for programs, runs in sides]
    found = Initial()
    pairs: dict[bytes, bytes] = {}
    chosen: list[tuple[int, np.ndarray, np.ndarray]] = []
    for number, path in enumerate(paths):
        try:
            old_table, new_table = tables(drawn[0][number], drawn[1][number], "init")
            _check_sharing(pairs, old_table, new_table)
            chosen.append((number, old_table, new_table))
        except (Different, Unverifiable) as error:
            found.differs[path] = str(error).removeprefix("init: ")
    args = [jax.tree.leaves(runs[0]) for _, runs in sides]
    alike = {n for n, _, _ in chosen if _spelled(sides[0][0][n], args[0]) == _spelled(sides[1][0][n], args[1])}
    found.equal += [paths[number] for number in sorted(alike)]
    chosen = [choice for choice in chosen if choice[0] not in alike]
    values = [
        _values([renamed(programs[n], leaves, table) for n, table in which], leaves)
        for (programs, _), leaves, which in zip(sides, args, ([(n, a) for n, a, _ in chosen], [(n, b) for n, _, b in chosen]))
    ]
    for (number, _, _), a, b in zip(chosen, *values):
        problem = _difference(a, b)
        if problem:
            found.differs[paths[number]] = problem
        else:
            found.equal.append(paths[number])
    return found


def _programs(function: Any, argument: Any) -> list[Any]:
    """For each output of a function the program that computes just it."""
    traced = jax.make_jaxpr(function)(argument)
    jaxpr, consts = opened(traced)
    programs = []
    for number in range(len(jaxpr.outvars)):
        used = [position == number for position in range(len(jaxpr.outvars))]
        live, _ = partial_eval.dce_jaxpr(jaxpr, used, instantiate=True)
        programs.append(jax.extend.core.ClosedJaxpr(live, consts) if not isinstance(traced, type(jaxpr)) else live)
    return programs


def _spelled(program: Any, args: Sequence[Any]) -> object:
    """The program from its random keys on, as text with its constants: programs that are spelled alike are one function.

    A text of its own where the keys are drawn from inside a loop.
    """
    if any(eqn.primitive.name in LOOPS and any(map(draws, bodies(eqn))) for eqn in operations(program)):
        return object()
    keys: list[Any] = []

    def from_keys(leaves: Sequence[Any]) -> Any:
        def rule(eqn: Any, inputs: list[Any]) -> list[Any] | None:
            if eqn.primitive.name not in DRAWS:
                return None
            place = next((n for n, key in enumerate(keys) if key is inputs[0]), len(keys))
            if place == len(keys):
                keys.append(inputs[0])
            return bind(eqn, [leaves[place] if leaves else inputs[0], *inputs[1:]])

        keys.clear()
        return evaluate(program, args, rule, draws)[0]

    jax.eval_shape(lambda: from_keys(()))
    traced = jax.make_jaxpr(from_keys)([jax.ShapeDtypeStruct(key.shape, key.dtype) for key in keys])
    jaxpr, consts = opened(without_dead_code(traced))
    return str(jaxpr), [(np.asarray(const).dtype, np.asarray(const).tobytes()) for const in consts if not is_key(const)]


def _values(programs: Sequence[Any], args: Sequence[Any]) -> list[np.ndarray]:
    if not programs:
        return []

    def run(args: Sequence[Any]) -> list[Any]:
        return [evaluate(program, args, lambda eqn, inputs: None, lambda jaxpr: False)[0] for program in programs]

    return list(map(np.asarray, jax.device_get(jax.jit(run, compiler_options=QUICKLY)(list(args)))))


def _check_sharing(pairs: dict[bytes, bytes], old: np.ndarray, new: np.ndarray) -> None:
    """Parameters that have keys of their own on one side have them on the other.

    Raises:
        Different: a key of one side stands for two of the other.
    """
    for a, b in zip(map(bytes, old), map(bytes, new)):
        known = pairs.setdefault(a, b)
        if known != b:
            raise Different("it shares a random key with another variable in Linen and not in NNX")
    if len(set(pairs.values())) < len(pairs):
        for a in map(bytes, old):
            pairs.pop(a)
        raise Different("it is drawn from the same random key as another variable in NNX and not in Linen")


def _difference(old: np.ndarray, new: np.ndarray) -> str | None:
    if same_bits(old, new):
        return None
    if old.shape != new.shape or old.dtype != new.dtype:
        return f"it starts as {old.dtype}{list(old.shape)} in Linen and {new.dtype}{list(new.shape)} in NNX"
    inexact = jax.numpy.issubdtype(old.dtype, jax.numpy.inexact)
    a, b = (as_floats(side) if inexact else side.astype(np.float64) for side in (old, new))
    largest = float(np.max(np.abs(a), initial=0.0))
    eps = float(jax.numpy.finfo(old.dtype).eps) if inexact else 0.0
    if float(np.max(np.abs(a - b), initial=0.0)) <= ROUNDINGS * eps * largest:
        return None
    if a.size == 1 or np.ptp(a) == np.ptp(b) == 0:
        return f"it starts at {a.flat[0]:.6g} in Linen and at {b.flat[0]:.6g} in NNX"
    return (
        f"from the same random key it starts with mean {a.mean():.3g} and deviation {a.std():.3g} in Linen, "
        f"mean {b.mean():.3g} and deviation {b.std():.3g} in NNX"
    )
