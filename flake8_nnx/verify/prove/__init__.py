"""Proves that two sides compute the same: the same values in one table, for all weights, keys and sizes.

What cannot be shown is "not proved", which says nothing about the sides being different.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax

from flake8_nnx.verify.prove import rules, symbolic, trace
from flake8_nnx.verify.prove.compare import Found, Leaves, compare
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
        exact: every element comes from the same floating-point operations in the same order; else equal up to the sign of
            zeros or over the reals, as the reason says.
        rules: names of the canonical rules that were used.
        symbolic: names of the axes whose size is arbitrary (at least 1).
        conditions: comparisons of sizes under which the proof holds, such as "b != 2*t"; none if it holds for all sizes.
        first_difference: the first pair of operations that did not agree, with file and line where known.
    """

    proved: bool
    reason: str
    exact: bool = False
    rules: tuple[str, ...] = ()
    symbolic: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    first_difference: str | None = None


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
) -> Proof:
    """Tries to prove that two pure functions are equal, never by running them.

    Both sides are called as `side(weights, keys, inputs) -> (outputs, state)` while being traced:
      - weights: dict of arrays by Linen path (`params/Dense_0/kernel`); both sides get the same, so the variable map has been
        applied by the caller, and a fused NNX weight is a concatenation written by the caller inside `new`.
      - keys: dict. Old: one random key per stream name, as in `old_keys`. New: what its random state holds, keys *and*
        counters, by NNX path, as in `new_keys`.
      - inputs: the pytree of arrays given below; static arguments are closed over.
      - outputs: any pytree of arrays; container types may differ, names and positions may not.
      - state: dict of arrays by Linen path after the call. A missing weight is unchanged. On the new side it should also
        hold the counters after the call by their names in `new_keys`: then a counter that is not advanced is found.

    The sides are traced up to a dozen times at various sizes, so they must not depend on anything but their arguments.
    Keys that the new side's streams hold are taken to be different and independent: the caller checks that no two of a
    concrete model are equal. The old side's streams are given independent keys.

    Args:
        weights: abstract arrays by Linen path, or a function giving them for (possibly symbolic) abstract inputs where some
            depend on the inputs' sizes, such as decode caches.
        inputs: pytree of abstract or concrete arrays of concrete sizes; only shapes and dtypes are used.
        axes: one tuple of axis names per array of `inputs`; None at an axis keeps its size. Default `batch_axes(inputs)`.
            Attempted in turn: all named axes of symbolic size, the first name only, none.
        gradients: compare the vector-Jacobian products too, for every cotangent of the outputs (hence every loss), with
            respect to the trainable weights and the floating inputs. Equal outputs do not imply equal gradients.
        trainable: which weights to differentiate by.

    A proof with symbolic sizes is also done at sizes 1 and 2 of the first axis, and at every size that the code of either side
    compares an axis with; comparisons that cannot be settled so are reported as conditions if both sides make them, and
    are not accepted if only one does.
    """
    attempt = _Attempt(old, new, weights, inputs, dict(old_keys or {}), dict(new_keys or {}), gradients, trainable)
    attempt.axes = batch_axes(inputs) if axes is None else tuple(axes)
    everything = symbolic.names(attempt.axes)
    proof = Proof(False, "")
    for named in dict.fromkeys([everything, everything[:1], ()]):
        proof = attempt.general(named, {})
        if proof.proved:
            return proof
    return proof


@dataclass
class _Attempt:
    old: Side
    new: Side
    weights: Weights | Callable[[Any], Weights]
    inputs: Any
    old_keys: Mapping[str, Any]
    new_keys: Mapping[str, Any]
    gradients: bool
    trainable: Callable[[str], bool]
    axes: symbolic.Axes = ()

    def general(self, named: Sequence[str], sizes: Mapping[str, int]) -> Proof:
        """A proof with these axes symbolic and these of given size, and the special sizes that it needs."""
        proof, decisions = self.at(named, sizes)
        if not proof.proved or not named:
            return proof
        for size in (1, 2):
            special, _ = self.at((), {**sizes, named[0]: size})
            if not special.proved and special.reason != _NEITHER:
                return replace(special, reason=f"with {named[0]} = {size}: {special.reason}")
        conditions: dict[str, None] = {}
        for decision, common in decisions.items():
            solved = _solution(decision, named)
            if solved is None:
                if not common:
                    return Proof(False, f"only one side asks whether {decision.left} == {decision.right} ({decision.place})")
                conditions[str(decision)] = None
                continue
            name, size = solved
            special = self.general([other for other in named if other != name], {**sizes, name: size})
            if not special.proved and special.reason != _NEITHER:
                return replace(special, reason=f"with {name} = {size}: {special.reason}")
            conditions.update(dict.fromkeys(special.conditions))
        reason = proof.reason + (f", if {' and '.join(conditions)}" if conditions else "")
        return replace(proof, reason=reason, conditions=tuple(conditions))

    def at(self, named: Sequence[str], sizes: Mapping[str, int]) -> tuple[Proof, dict[symbolic.Decision, bool]]:
        """One proof, and the decisions taken about symbolic sizes with whether both sides took them."""
        inputs = symbolic.with_sizes(self.inputs, self.axes, {**symbolic.symbols(named), **sizes})
        old, new = self.old, self.new
        errors: list[str] = []
        programs, found = [], []
        weights: Weights = {}
        for side, function, keys in (("old", old, self.old_keys), ("new", new, self.new_keys)):
            with symbolic.decisions() as taken:
                try:
                    if side == "old":
                        weights = self.weights(inputs) if callable(self.weights) else self.weights
                        if self.gradients:
                            inputs = (inputs, trace.cotangents(old, weights, keys, inputs))
                    if self.gradients:
                        function = trace.with_gradients(function, self.trainable)
                    programs.append(trace.trace(function, weights, keys, inputs))
                except Exception as error:  # user code at sizes that it may not be made for
                    errors.append(f"the {side} side cannot be traced: {_one_line(error)}")
                    if side == "old" and self.gradients:
                        break
            found.append(taken)
        if len(errors) == 2:
            return Proof(False, _NEITHER if sizes else errors[0]), {}
        if errors:
            return Proof(False, errors[0]), {}
        decisions = {one: any(one[:2] == other[:2] for other in found[1]) for one in found[0]}
        decisions |= {one: False for one in found[1] if not any(one[:2] == other[:2] for other in found[0])}
        leaves = Leaves(sorted(weights), sorted(self.old_keys), sorted(self.new_keys), trace.input_paths(inputs))
        return _proof(programs[0], programs[1], leaves, tuple(named)), decisions


_NEITHER = "neither side can be traced at this size"


def _proof(old: trace.Program, new: trace.Program, leaves: Leaves, named: tuple[str, ...]) -> Proof:
    """With rules that keep every bit; else, if all rules together do it, with those up to the sign of zeros or all."""
    found, how = _found(old, new, leaves, rules.BITS), "the same operations in the same order"
    if exact := not found.reason:
        pass
    elif (widest := _found(old, new, leaves, rules.REALS)).reason:
        return Proof(False, widest.reason, first_difference=widest.difference)
    else:
        found, how = _found(old, new, leaves, rules.ZEROS), "equal up to the sign of zeros"
        if found.reason:
            found, how = widest, "equal over the reals, though not bit for bit"
    sizes = f" for every {', '.join(named)}" if named else " at these sizes"
    return Proof(True, how + sizes, exact, found.rules, named)


def _found(old: trace.Program, new: trace.Program, leaves: Leaves, available: Sequence[rules.Rule]) -> Found:
    try:
        return compare(old, new, leaves, available)
    except Exception as error:  # a program that the engine cannot digest is not proved, and nothing worse
        return Found(f"not understood by the proof engine: {_one_line(error)}")


def _solution(decision: symbolic.Decision, named: Sequence[str]) -> tuple[str, int] | None:
    """The one size of an axis for which the sides of a comparison are equal, where that is plain to see."""
    for name, number in (decision[:2], decision[1::-1]):
        if name in named and number.isdigit():
            return name, int(number)
    return None


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
