"""Hands both sides to the proof engine, as pure functions `(weights, keys, inputs) -> (outputs, state)` with the same leaves.

A proof only ever raises MATCHED to PROVED: the sides have been run and compared before, at the sizes of the case.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from flake8_nnx.verify.compare import Mode, linen_keys
from flake8_nnx.verify.prove import KEY, Proof, batch_axes, prove_equal, symbolic
from flake8_nnx.verify.sides import Arguments, LinenSide, NnxSide, Weights, spell

CLAIMS = {
    "bits": "the same operations in the same order",
    "zeros": "equal up to the sign of zeros",
    "reals": "equal over the reals, though not bit for bit",
}
PROBES = (1, 2)  # where code that looks at the size of a batch most likely branches
FIXED = ("params/", "batch_stats/")  # variables whose sizes do not depend on the call
Side = Callable[[Mapping[str, Any], Mapping[str, Any], Any], "tuple[Any, Weights]"]


@dataclass(frozen=True)
class Attempt:
    """What the engine said about every mode: the claim that holds for all of them, and the evidence behind it."""

    claim: str | None
    evidence: dict[str, Any]
    fails: str | None = None  # a size at which the new code fails and the Linen code runs

    @property
    def first_difference(self) -> str | None:
        """Where the traced programs part, in words."""
        found = [part["first_difference"] for part in self.evidence.values() if part["first_difference"]]
        return f"the traced programs part at {found[-1]}" if found else None


def attempt(linen: LinenSide, new: NnxSide, modes: Sequence[Mode]) -> Attempt:
    """Try to prove outputs, state and gradients of every mode equal; the first that cannot be proved ends it.

    A proof of gradients is one of outputs and state as well; these are tried alone only where gradients fail.
    """
    proofs: list[Proof] = []
    said: dict[str, Any] = {}
    for mode in modes:
        found = proved(linen, new, mode, gradients=True)
        said[f"{mode.name} outputs, state and gradients"] = as_evidence(found)
        if not found.proved:
            said[f"{mode.name} outputs and state"] = as_evidence(proved(linen, new, mode, gradients=False))
            # A cache has the sizes of the call that made it, so a failure at others says nothing.
            fixed = all(path.startswith(FIXED) for path in linen.shapes)
            return Attempt(None, said, found.fails if fixed else None)
        proofs.append(found)
    return Attempt(claim(proofs), said)


def proved(linen: LinenSide, new: NnxSide, mode: Mode, gradients: bool, probes: Sequence[int] = PROBES) -> Proof:
    """The proof of one mode; whatever user code raises is the reason of there being none."""
    old_side, new_side, old_keys, new_keys = as_functions(linen, new, mode)
    axes, arrays = named_axes(mode.arguments), mode.arguments.arrays()
    ran = {size for names, array in zip(axes, arrays) for name, size in zip(names, array.shape) if name == first_name(axes)}
    try:
        return prove_equal(
            old_side,
            new_side,
            abstract_weights(linen, axes),
            arrays,
            old_keys=old_keys,
            new_keys=new_keys,
            axes=axes,
            gradients=gradients,
            probes=[size for size in probes if size not in ran],  # both sides have been run at the size of the case
        )
    except Exception as error:  # it traces user code at sizes for which that may not be made
        return Proof(False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def claim(proofs: Sequence[Proof]) -> str:
    """The weakest of the proofs in words."""
    weakest = max(proofs, key=lambda proof: list(CLAIMS).index(proof.precision or "reals"))
    general = [name for name in proofs[0].symbolic if all(name in proof.symbolic for proof in proofs)]
    sizes = f"for every {', '.join(general)}" if general else "at these sizes only"
    conditions = list(dict.fromkeys(text for proof in proofs for text in proof.conditions))
    return f"{CLAIMS[weakest.precision or 'reals']} {sizes}{', if ' + ' and '.join(conditions) if conditions else ''}"


def as_evidence(proof: Proof) -> dict[str, Any]:
    """A proof as JSON."""
    return {
        "proved": proof.proved,
        "reason": proof.reason,
        "precision": proof.precision,
        "symbolic": list(proof.symbolic),
        "conditions": list(proof.conditions),
        "rules": list(proof.rules),
        "first_difference": proof.first_difference,
    }


def named_axes(arguments: Arguments) -> symbolic.Axes:
    """The axes of any size: those that the case names, else the leading ones that are as long as the first."""
    if any(name for names in arguments.axes for name in names):
        return arguments.axes
    return batch_axes(arguments.arrays())


def first_name(axes: symbolic.Axes) -> str | None:
    """The axis that stays symbolic longest, and that probes give a size."""
    return next(iter(symbolic.names(axes)), None)


def abstract_weights(linen: LinenSide, axes: symbolic.Axes) -> Callable[[Any], Weights]:
    """The variables for inputs of any size: a cache grows with the batch, parameters and statistics do not."""
    if all(path.startswith(FIXED) for path in linen.shapes):
        return lambda arrays: dict(linen.shapes)
    own, keys = linen.first.arrays(), {name: KEY for name in ("params", *linen.case.rngs)}
    first = linen.first.axes if any(name for names in axes for name in names) else ()
    if not any(name for names in first for name in names):
        first = batch_axes(own)

    def variables(arrays: Any) -> Weights:
        sizes = {
            name: size for names, array in zip(axes, jax.tree.leaves(arrays)) for name, size in zip(names, array.shape) if name
        }
        return dict(jax.eval_shape(linen.init, keys, symbolic.with_sizes(own, first, sizes)))

    return variables


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
