"""Proves that two sides compute the same: the same values in one table, for all weights, keys and sizes.

What cannot be shown is "not proved", which says nothing about the sides being different.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax

from flake8_nnx.verify.blame import blame
from flake8_nnx.verify.prove import rules, symbolic, trace
from flake8_nnx.verify.prove.compare import Found, Leaves, compare
from flake8_nnx.verify.prove.rules import Precision
from flake8_nnx.verify.prove.symbolic import batch_axes
from flake8_nnx.verify.prove.trace import Side, Weights

__all__ = ["KEY", "Proof", "batch_axes", "prove_equal"]

KEY = jax.eval_shape(lambda: jax.random.key(0))
"""An abstract scalar random key, for `old_keys`."""


@dataclass(frozen=True)
class Proof:
    """The result of an attempt.

    Attributes:
        proved: both sides are the same function.
        reason: one line: what was proved, or what stood in the way.
        precision: "bits": every element comes from the same floating-point operations in the same order (compiled by
            XLA, fusion may still round differently); "zeros": the same up to the sign of zeros; "reals": over the
            reals only.
        rules: names of the canonical rules that were used.
        symbolic: names of the axes whose size is arbitrary (at least 1).
        conditions: comparisons of sizes under which the proof holds, such as "b != 2*t", and what a rule asks of values;
            none if it holds for all.
        first_difference: the first pair of operations that did not agree, with file and line where known.
        fails: a size at which the new side cannot even be traced, though the old one can, and the error: a difference.
    """

    proved: bool
    reason: str
    precision: Precision | None = None
    rules: tuple[str, ...] = ()
    symbolic: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    first_difference: str | None = None
    fails: str | None = None

    @property
    def exact(self) -> bool:
        return self.precision == "bits"


def prove_equal(
    old: Side,
    new: Side,
    weights: Weights | Callable[[Any], Weights],
    inputs: Any,
    *,
    old_keys: Mapping[str, Any] | None = None,
    new_keys: Mapping[str, Any] | None = None,
    axes: symbolic.Axes | None = None,
    gradients: bool = False,
    trainable: Callable[[str], bool] = lambda name: name.startswith("params/"),
    probes: Sequence[int] = (1, 2),
) -> Proof:
    """Tries to prove that two pure functions are equal, never by running them.

    Both sides are called as `side(weights, keys, inputs) -> (outputs, state)` while being traced:
      - weights: dict of arrays by Linen path (`params/Dense_0/kernel`); both sides get the same, so the variable map
      has been
        applied by the caller, and a fused NNX weight is a concatenation written by the caller inside `new`.
      - keys: dict. Old: one random key per stream name, as in `old_keys`. New: what its random state holds, keys *and*
        counters, by NNX path, as in `new_keys`.
      - inputs: the pytree of arrays given below; static arguments are closed over.
      - outputs: any pytree of arrays; container types may differ, names and positions may not.
      - state: dict of arrays by Linen path after the call. A missing weight is unchanged. On the new side it should
      also
        hold the counters after the call by their names in `new_keys`: then a counter that is not advanced is found.

    The sides are traced up to a dozen times at various sizes, so they must not depend on anything but their arguments.
    Keys that the new side's streams hold are taken to be different and independent: the caller checks that no two of a
    concrete model are equal. The old side's streams are given independent keys.

    Args:
        weights: abstract arrays by Linen path, or a function giving them for (possibly symbolic) abstract inputs
            where some depend on the inputs' sizes, such as decode caches.
        inputs: pytree of abstract or concrete arrays of concrete sizes; only shapes and dtypes are used.
        axes: one tuple of axis names per array of `inputs`; None at an axis keeps its size. Default
            `batch_axes(inputs)`.
            Attempted in turn: all named axes of symbolic size, the first name only, none.
        gradients: compare the vector-Jacobian products too, for every cotangent of the outputs (hence every loss), with
            respect to the trainable weights and the floating inputs. Equal outputs do not imply equal gradients.
        trainable: which weights to differentiate by.
        probes: sizes of the first axis at which a proof of outputs and state with symbolic sizes is done once more.
            Tracing is most of the cost, so leave out sizes at which both sides have been run.

    A proof with symbolic sizes is also done at every size that the code of either side compares an axis with. Where
    that or a probe fails nothing is proved, even if the given sizes could be. Comparisons that cannot be settled so
    are reported as conditions if both sides make them; if only one does, nothing is proved. Code that asks for the
    *type* of a size is not noticed.
    """
    named = batch_axes(inputs) if axes is None else tuple(axes)
    attempt = _Attempt(old, new, weights, inputs, named, old_keys or {}, new_keys or {}, gradients, trainable, probes)
    everything = symbolic.names(named)
    proof = Proof(False, "")
    for rung in dict.fromkeys([everything, everything[:1], ()]):
        try:
            proof = attempt.general(rung, {})
        except _Doubt as doubt:
            return doubt.proof
        if proof.proved:
            sizes = f" for every {', '.join(rung)}" if rung else " at these sizes"
            conditions = f", if {' and '.join(proof.conditions)}" if proof.conditions else ""
            return replace(proof, reason=_CLAIMS[proof.precision or "reals"] + sizes + conditions)
    return proof


_CLAIMS: dict[Precision, str] = {
    "bits": "the same operations in the same order",
    "zeros": "equal up to the sign of zeros",
    "reals": "equal over the reals, though not bit for bit",
}
_MANY = 16
_NEITHER = "neither side can be traced at this size"


class _Doubt(Exception):
    """A size at which the sides may differ: the sizes at hand may be proved, but that would not be worth much."""

    def __init__(self, proof: Proof) -> None:
        super().__init__(proof)
        self.proof = proof


@dataclass(frozen=True)
class _Attempt:
    old: Side
    new: Side
    weights: Weights | Callable[[Any], Weights]
    inputs: Any
    axes: symbolic.Axes
    old_keys: Mapping[str, Any]
    new_keys: Mapping[str, Any]
    gradients: bool
    trainable: Callable[[str], bool]
    probes: Sequence[int]

    def general(self, named: Sequence[str], sizes: Mapping[str, int]) -> Proof:
        """A proof with these axes symbolic and these of given size, and the proofs at special sizes that it needs.

        Raises:
            _Doubt: one of those fails, or one side alone makes a comparison that cannot be settled.
        """
        proof, decisions = self.at(named, sizes)
        if not proof.proved or not named:
            return proof
        parts, conditions = [proof], []
        for size in self.probes:
            # Code that branches on a size shows in the outputs and the state; gradients are traced at any size already.
            special, _ = replace(self, gradients=False).at((), {**sizes, named[0]: size}, roughly=True)
            _settle(special, named[0], size)
        if len(decisions) > _MANY:
            raise _Doubt(Proof(False, f"the sides compare sizes in {len(decisions)} ways, too many to look into each"))
        for decision, common in decisions.items():
            solved = _solution(decision, named)
            if solved:
                name, size = solved
                special = self.general([other for other in named if other != name], {**sizes, name: size})
                _settle(special, name, size)
                parts.append(special)
            elif common:
                conditions.append(str(decision))
            else:
                question = f"{decision.left} is {decision.right} ({decision.place})"
                raise _Doubt(Proof(False, f"only one side asks whether {question}"))
        return replace(
            proof,
            precision=next(one for one in reversed(_CLAIMS) if any(part.precision == one for part in parts)),
            rules=tuple(sorted({name for part in parts for name in part.rules})),
            conditions=tuple(dict.fromkeys([*conditions, *(c for part in parts for c in part.conditions)])),
        )

    def at(
        self, named: Sequence[str], sizes: Mapping[str, int], roughly: bool = False
    ) -> tuple[Proof, dict[symbolic.Decision, bool]]:
        """One proof, and the decisions taken about symbolic sizes with whether both sides took them."""
        inputs = symbolic.with_sizes(self.inputs, self.axes, {**symbolic.symbols(named), **sizes})
        errors: list[str] = []
        programs, found = [], []
        weights: Weights = {}
        for side, function, keys in (("old", self.old, self.old_keys), ("new", self.new, self.new_keys)):
            with symbolic.decisions() as taken:
                try:
                    if side == "old":
                        weights = self.weights(inputs) if callable(self.weights) else self.weights
                        if self.gradients:
                            inputs = (inputs, trace.cotangents(self.old, weights, keys, inputs))
                    if self.gradients and not errors:
                        function = trace.with_gradients(function, self.trainable)
                    programs.append(trace.trace(function, weights, keys, inputs))
                except Exception as error:  # user code at sizes that it may not be made for
                    errors.append(f"the {side} side cannot be traced: {blame(error)}")
            found.append(taken)
        if len(errors) == 2:
            return Proof(False, _NEITHER if sizes else errors[0]), {}
        if errors:
            only_new = sizes and not named and len(programs) == 1  # of symbolic size, jax itself may be what gives up
            return Proof(False, errors[0], fails=errors[0] if only_new and errors[0].startswith("the new") else None), {}
        decisions = {one: any(one[:2] == other[:2] for other in found[1]) for one in found[0]}
        decisions |= {one: False for one in found[1] if not any(one[:2] == other[:2] for other in found[0])}
        leaves = Leaves(sorted(weights), sorted(self.old_keys), sorted(self.new_keys), trace.input_paths(inputs))
        return _proof(programs[0], programs[1], leaves, tuple(named), roughly), decisions


def _proof(old: trace.Program, new: trace.Program, leaves: Leaves, named: tuple[str, ...], roughly: bool) -> Proof:
    """The most precise proof there is; `roughly`: any, at once."""
    found = Found("")
    for precision in list(_CLAIMS)[-1:] if roughly else _CLAIMS:
        found = _found(old, new, leaves, rules.keeping(precision))
        if not found.reason:
            needed = tuple(rule.condition for rule in rules.RULES if rule.condition and rule.name in found.rules)
            return Proof(True, "", precision, found.rules, named, needed)
    return Proof(False, found.reason, first_difference=found.difference)


def _settle(special: Proof, name: str, size: int) -> None:
    """A size that neither side accepts needs no proof."""
    if not special.proved and special.reason != _NEITHER:
        fails = special.fails and f"with {name} = {size}: {special.fails}"
        raise _Doubt(replace(special, reason=f"with {name} = {size}: {special.reason}", fails=fails))


def _found(old: trace.Program, new: trace.Program, leaves: Leaves, available: Sequence[rules.Rule]) -> Found:
    try:
        return compare(old, new, leaves, available)
    except Exception as error:  # a program that the engine cannot digest is not proved, and nothing worse
        return Found(f"not understood by the proof engine: {blame(error)}")


def _solution(decision: symbolic.Decision, named: Sequence[str]) -> tuple[str, int] | None:
    """The one size of an axis for which the sides of a comparison are equal, where that is plain to see."""
    for name, number in (decision[:2], decision[1::-1]):
        if name in named and number.isdigit():
            return name, int(number)
    return None
