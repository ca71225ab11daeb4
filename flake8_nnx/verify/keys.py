"""Random keys: which ones each side draws from, and the same ones put in their place.

Linen derives keys from module paths and NNX from counters, so masks never agree by themselves. The n-th distinct key that
each program draws from becomes the same one on both sides, also inside scan and vmap; a key used twice stays used twice.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import partial_eval

from flake8_nnx.verify.blame import source_of
from flake8_nnx.verify.inputs import is_key
from flake8_nnx.verify.interpret import INLINED, LOOPS, Rule, bind, bodies, evaluate, opened, operations, scan
from flake8_nnx.verify.verdict import Different, Unverifiable

DRAWS = {"random_bits", "random_gamma"}
RAW = {"rng_bit_generator", "threefry2x32", "rng_uniform"}  # draws from something else than a key


def draws(program: Any) -> bool:
    """Whether a jaxpr, or a body in it, draws random numbers."""
    return any(eqn.primitive.name in DRAWS | RAW for eqn in operations(program))


def drawn_at(program: Any) -> list[str]:
    """File and line of the user's code that draws, in order; what is traced once for many calls is asked last."""
    found: list[str] = []
    for eqn in opened(program)[0].eqns:
        if eqn.primitive.name in DRAWS or any(map(draws, bodies(eqn))):
            place = source_of(eqn.source_info, anyone=False)
            found += [place] if place else [inner for body in bodies(eqn) for inner in drawn_at(body)]
    return list(dict.fromkeys(found))


def consumed(program: Any, *runs: Sequence[Any]) -> list[np.ndarray]:
    """Key data of every draw on which the outputs depend, uint32[draws, words] in order, for each list of arguments.

    Raises:
        Unverifiable: draws whose number depends on values, or that bypass `jax.random` keys.
    """
    return consumed_by_each([program], *runs)[0]


def consumed_by_each(programs: Sequence[Any], *runs: Sequence[Any]) -> list[list[np.ndarray]]:
    """The same for several programs of the same arguments.

    Raises:
        Unverifiable: as above.
    """
    live = [without_dead_code(program) for program in programs]
    drawing = [program for program in live if draws(program)]
    found: list[Iterator[np.ndarray]] = [iter(())] * len(runs)
    if drawing:
        traced = jax.make_jaxpr(lambda args: [collected(program, args) for program in drawing])(list(runs[0]))
        program = without_dead_code(traced)
        # What derives keys are few and always the same operations: run one by one, none has to be compiled twice.
        found = [iter(map(np.asarray, evaluate(program, args, lambda eqn, inputs: None))) for args in runs]
    return [[next(keys) if draws(program) else np.zeros((0, 2), np.uint32) for keys in found] for program in live]


def collected(program: Any, args: Sequence[Any]) -> Any:
    """Key data of every draw, uint32[draws, words] in order, as part of the trace that this is called in."""
    found: list[Any] = []
    evaluate(program, args, lambda eqn, inputs: _collect(eqn, inputs, found), draws)
    if len({keys.shape[-1] for keys in found}) > 1:
        raise Unverifiable("the keys of this module have different implementations (jax.random.key(…, impl=…))")
    return jnp.concatenate(found)


def without_dead_code(program: Any) -> Any:
    """The jaxpr without what its outputs do not need."""
    jaxpr, consts = opened(program)
    live, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars), instantiate=True)
    closed = jax.extend.core.ClosedJaxpr
    return closed(live, consts) if not isinstance(program, type(jaxpr)) else live


def _collect(eqn: Any, inputs: list[Any], found: list[Any]) -> list[Any] | None:
    name = eqn.primitive.name
    if name in RAW:
        raise Unverifiable(f"random numbers are drawn by {name}, past the keys of jax.random")
    if name in DRAWS:
        data = jax.random.key_data(inputs[0])
        found.append(data.reshape(-1, data.shape[-1]))
    elif name == "scan" and draws(eqn.params["jaxpr"]):

        def body(args: list[Any]) -> tuple[list[Any], Any]:
            inner: list[Any] = []
            outputs = evaluate(eqn.params["jaxpr"], args, lambda eqn, inputs: _collect(eqn, inputs, inner), draws)
            return outputs, jnp.concatenate(inner)

        outputs, keys = scan(eqn, inputs, body)
        keys = keys[::-1] if eqn.params["reverse"] else keys
        found.append(keys.reshape(-1, keys.shape[-1]))
        return outputs
    elif name == "cond" and any(map(draws, bodies(eqn))):
        for body in bodies(eqn):  # of every branch, whichever is taken
            evaluate(body, inputs[1:], lambda eqn, inputs: _collect(eqn, inputs, found), draws)
        return bind(eqn, inputs)
    elif name in LOOPS or name not in INLINED:
        if any(map(draws, bodies(eqn))):
            raise Unverifiable(f"random keys are drawn inside {name}; verify a case without draws there, or its body alone")
    return None


def renamed(program: Any, args: Sequence[Any], table: np.ndarray) -> Any:
    """The program in which key n of the table (uint32[keys, words]) is replaced by a key that only depends on n."""
    if not len(table):
        return program

    def canonical(impl: Any) -> Any:
        with jax.ensure_compile_time_eval():
            return jax.random.key_data(jax.random.split(jax.random.key(7, impl=impl), len(table)))

    return jax.make_jaxpr(lambda *args: evaluate(program, args, _replacing(table, canonical), draws))(*args)


def renamed_by(program: Any, args: Sequence[Any], table: np.ndarray) -> Any:
    """The same as a program with one more argument, a seed on which the replacements depend (uint32 scalar, the last one)."""

    def run(*args: Any) -> list[Any]:
        *own, seed = args

        def canonical(impl: Any) -> Any:
            return jax.random.key_data(jax.random.split(jax.random.key(seed, impl=impl), len(table)))

        return evaluate(program, own, _replacing(table, canonical), draws)

    return jax.make_jaxpr(run)(*args, np.uint32(0))


def _replacing(table: np.ndarray, canonical: Callable[[Any], Any]) -> Rule:
    """Draws from key n of the table from the n-th canonical one (of the key's implementation) instead."""

    def replace(eqn: Any, inputs: list[Any]) -> list[Any] | None:
        if eqn.primitive.name not in DRAWS:
            return None
        key, impl = inputs[0], jax.random.key_impl(inputs[0])
        data = jax.random.key_data(key)
        same = (data[..., None, :] == table).all(-1)
        chosen = jnp.where(same.any(-1)[..., None], canonical(impl)[jnp.argmax(same, -1)], data)
        return bind(eqn, [jax.random.wrap_key_data(chosen, impl=impl), *inputs[1:]])

    return replace


def numbers_drawn(program: Any) -> int:
    """How many random numbers one run draws at least; those of a loop count once."""
    shapes = (eqn.outvars[0].aval.shape for eqn in operations(program) if eqn.primitive.name in DRAWS)
    return sum(math.prod(shape) for shape in shapes)


def tables(linen: Sequence[np.ndarray], nnx: Sequence[np.ndarray], mode: str) -> tuple[np.ndarray, np.ndarray]:
    """The keys to rename on each side: those that depend on the random streams, in order of first use.

    Args:
        linen, nnx: keys consumed under one seed and under another; for NNX also in the next call under the first seed.

    Raises:
        Different: the keys are not used in the same pattern, so that the random numbers cannot be alike.
    """
    (old, old_fixed), (new, new_fixed) = _split(linen), _split(nnx)
    a, b = list(dict.fromkeys(old)), list(dict.fromkeys(new))
    # What setup draws from a key of its own, `__init__` has drawn before: whether that is the same, the outputs tell.
    if new_fixed - old_fixed or (old_fixed != new_fixed and len(a) != len(b)):
        side = "NNX" if new_fixed - old_fixed else "Linen"
        raise Different(f"{mode}: the {side} module draws from a key that no random stream gives it and the other does not use")
    if len(a) != len(b):
        raise Different(f"{mode}: Linen draws from {len(a)} random keys in {len(old)} draws, NNX from {len(b)} in {len(new)}")
    if len(old) == len(new) and [a.index(key) for key in old] != [b.index(key) for key in new]:
        raise Different(f"{mode}: the two modules share random keys between draws in different ways")
    if len(nnx) > 2 and len(nnx[2]) and (set(map(bytes, nnx[2])) - new_fixed) & set(new):
        raise Different(f"{mode}: the NNX module draws from the same random keys again in its next call")
    return _table(a), _table(b)


def _split(keys: Sequence[np.ndarray]) -> tuple[list[bytes], set[bytes]]:
    """Keys that change with the seed in order, and those that do not."""
    if keys[0].shape != keys[1].shape:
        raise Unverifiable("the number of random draws depends on the seed")
    fixed = {bytes(row) for row, other in zip(keys[0], keys[1]) if bytes(row) == bytes(other)}
    return [bytes(row) for row in keys[0] if bytes(row) not in fixed], fixed


def _table(keys: Sequence[bytes]) -> np.ndarray:
    return np.stack([np.frombuffer(key, np.uint32) for key in keys]) if keys else np.zeros((0, 2), np.uint32)


def check_streams(streams: Mapping[str, tuple[Any, ...]]) -> None:
    """Two streams (count and key) of a model that hold the same draw the same numbers.

    Raises:
        Different: such a pair exists.
    """
    seen: dict[bytes, str] = {}
    for place, values in streams.items():
        data = b"".join(np.asarray(jax.random.key_data(v) if is_key(v) else v).tobytes() for v in values)
        if data in seen:
            raise Different(f"the random streams {seen[data]} and {place} hold the same key, so they draw the same numbers")
        seen[data] = place
