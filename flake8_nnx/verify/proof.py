"""Hands both sides to the proof engine, as pure functions `(weights, keys, inputs) -> (outputs, state)` with the same leaves.

A proof only ever raises MATCHED to PROVED: the sides have been run and compared before.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from flake8_nnx.verify.compare import Mode, linen_keys, prepared
from flake8_nnx.verify.sides import LinenSide, NnxSide, Weights, spell

Side = Callable[[Mapping[str, Any], Mapping[str, Any], Any], "tuple[Any, Weights]"]


def attempt(linen: LinenSide, new: NnxSide, weights: Weights, modes: Sequence[Mode]) -> tuple[bool, dict[str, str]]:
    """Whether every mode and its gradients are proved equal, and what the engine said about each.

    The engine is optional: without it nothing is proved and nothing said.
    """
    try:
        from flake8_nnx.verify.prove import prove_equal
    except ImportError:
        return False, {}
    said: dict[str, str] = {}
    proved = True
    for mode in modes:
        old_side, new_side, old_keys, new_keys = as_functions(linen, new, mode)
        arrays = prepared(weights, mode.arguments, 1.0).arrays
        for gradients in (False, True):
            name = f"proof of {mode.name} {'gradients' if gradients else 'outputs and state'}"
            try:
                found = prove_equal(
                    old_side, new_side, weights, arrays, old_keys=old_keys, new_keys=new_keys, gradients=gradients
                )
            except Exception as error:  # it traces user code at sizes for which that may not be made
                return False, {**said, name: f"not proved: {type(error).__name__}: {' '.join(str(error).split())[:200]}"}
            said[name] = found.reason
            proved = proved and found.proved
            if not proved:
                return False, said
    return proved, said


def as_functions(linen: LinenSide, new: NnxSide, mode: Mode) -> tuple[Side, Side, dict[str, Any], dict[str, Any]]:
    """Both sides in one mode, the Linen keys by stream name, and the NNX keys and counts by path."""
    names = {path: spell(path) for path in new.stream_paths}

    def old_side(weights: Mapping[str, Any], keys: Mapping[str, Any], arrays: Any) -> tuple[Any, Weights]:
        return linen.call(dict(weights), dict(keys), mode.arguments, arrays)

    def new_side(weights: Mapping[str, Any], keys: Mapping[str, Any], arrays: Any) -> tuple[Any, Weights]:
        out, after = new.with_streams([keys[name] for name in names.values()]).run(dict(weights), mode.arguments, arrays)
        state = {linen_path: after[path].get_value() for path, linen_path in new.linen_paths.items()}
        return out, {**state, **{name: after[path].get_value() for path, name in names.items()}}

    abstract = jax.eval_shape(lambda: (linen_keys(linen, 0), dict(zip(names.values(), new.streams[0]))))
    return old_side, new_side, abstract[0], abstract[1]
