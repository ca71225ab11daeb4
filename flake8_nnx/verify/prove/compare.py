"""Two traced sides in one table: are their outputs and their state the same values?"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flake8_nnx.verify.blame import source_of
from flake8_nnx.verify.prove import keys as random_keys
from flake8_nnx.verify.prove.interpret import Interpreter, opened, type_of
from flake8_nnx.verify.prove.loops import CONTROL
from flake8_nnx.verify.prove.match import UNORDERED, propose
from flake8_nnx.verify.prove.rules import Rule
from flake8_nnx.verify.prove.table import Refuse, Table
from flake8_nnx.verify.prove.trace import Program


@dataclass(frozen=True)
class Found:
    """What a comparison found; `reason` is empty where everything is equal."""

    reason: str
    rules: tuple[str, ...] = ()
    difference: str | None = None


@dataclass(frozen=True)
class Leaves:
    """Names of the inputs of both sides, in the order of their jaxprs."""

    weights: Sequence[str]
    old_keys: Sequence[str]
    new_keys: Sequence[str]
    inputs: Sequence[str]


def compare(old: Program, new: Program, leaves: Leaves, rules: Sequence[Rule]) -> Found:
    """Whether the two programs are the same function under these rules."""
    if old.outputs != new.outputs:
        return Found(_structure(old.outputs, new.outputs))
    try:
        return _Comparison(old, new, leaves, rules).run()
    except Refuse as refusal:
        return Found(f"not understood by the proof engine: {refusal}")
    except random_keys.Refused as refusal:
        return Found(str(refusal))


class _Comparison:
    def __init__(self, old: Program, new: Program, leaves: Leaves, rules: Sequence[Rule]) -> None:
        self.old, self.new, self.leaves = old, new, leaves
        self.table = Table(rules)
        self.interpreter = Interpreter(self.table, CONTROL)

    def run(self) -> Found:
        old_inputs, self.old_roots = self._inputs(self.old, "old", self.leaves.old_keys)
        new_inputs, self.new_roots = self._inputs(self.new, "new", self.leaves.new_keys)
        self.weights = dict(zip(self.leaves.weights, old_inputs))
        self.counters = dict(zip(self.leaves.new_keys, new_inputs[len(self.weights) :]))
        before, old_drawn = self._written(self.old, old_inputs, self.old_roots)
        first, tried = self._in_one_go(before, old_drawn, new_inputs) if old_drawn else (Found("not tried"), None)
        if not first.reason:
            return first
        self.interpreter.keys = {}
        after, new_drawn = self._written(self.new, new_inputs, self.new_roots)
        if not old_drawn and not new_drawn:
            return self._verdict(before, after)
        if len(old_drawn) != len(new_drawn):
            return Found(f"the old program draws from {len(old_drawn)} random keys, the new one from {len(new_drawn)}")
        found = first
        by_form = propose(self.table, before, after, frozenset((*old_drawn, *new_drawn)))
        by_order = dict(zip(new_drawn, old_drawn))
        for proposal in [by_form] if by_form == by_order else [by_form, by_order]:
            if proposal == tried:
                continue
            random_keys.check_pairs(self.table, proposal, self.old_roots, self.new_roots)
            self.interpreter.keys = proposal
            renamed, _ = self._written(self.new, new_inputs, self.new_roots)
            found = self._verdict(before, renamed)
            if not found.reason:
                return self._advanced(proposal, after) or found
        return found

    def _in_one_go(
        self, before: Sequence[int], old_drawn: Sequence[int], new_inputs: Sequence[int]
    ) -> tuple[Found, dict[int, int] | None]:
        """The usual case, in which both programs draw in the same order: each new key becomes an old one where it is first used.

        What is then checked is the same as for any proposal: which key is which is known only afterwards, and fixed by then.
        The second result is the proposal.
        """
        pairs = self.interpreter.keys = random_keys.InOrder(self.table, self.new_roots, old_drawn)
        self.interpreter.consumed.clear()
        after = self.interpreter.run(self.new.jaxpr, new_inputs)
        needed = set(self.table.below(*after))
        used = {key: old for key, old in pairs.items() if old in needed}
        if len(used) != len(pairs) or set(used.values()) != set(old_drawn):
            return Found("the programs do not draw in the same order"), None
        try:
            random_keys.check_pairs(self.table, used, self.old_roots, self.new_roots)
        except random_keys.Refused as refusal:
            return Found(str(refusal)), None
        found = self._verdict(before, after)
        return (found if found.reason else self._advanced(used, after) or found), used

    def _inputs(self, program: Program, side: str, keys: Sequence[str]) -> tuple[list[int], frozenset[int]]:
        """The values that a program starts from; weights and inputs are shared, random state is its own."""
        labels = [("weight", n) for n in self.leaves.weights] + [(f"{side} key", n) for n in keys]
        labels += [("input", n) for n in self.leaves.inputs]
        variables = opened(program.jaxpr)[0].invars
        if len(labels) != len(variables):
            raise Refuse("the inputs of the two sides do not match")
        values = [self.table.leaf(label, *type_of(variable.aval)) for label, variable in zip(labels, variables)]
        own = values[len(self.leaves.weights) :][: len(keys)]
        return values, frozenset(value for value in own if self.table.dtype(value).startswith("key<"))

    def _written(self, program: Program, inputs: Sequence[int], roots: frozenset[int]) -> tuple[list[int], list[int]]:
        self.interpreter.consumed.clear()
        results = self.interpreter.run(program.jaxpr, inputs)
        return results, random_keys.drawn(self.table, self.interpreter.consumed, roots, results)

    def _verdict(self, before: Sequence[int], after: Sequence[int]) -> Found:
        count = len(self.old.outputs)
        for path, left, right in zip(self.old.outputs, before, after):
            if left != right:
                return self._different(f"output {path}".rstrip(), left, right)
        old_state = {**self.weights, **dict(zip(self.old.state, before[count:]))}
        new_state = {**self.weights, **dict(zip(self.new.state, after[count:]))}
        for name in sorted({*old_state, *new_state} - set(self.leaves.new_keys)):
            if name not in old_state or name not in new_state:
                return Found(f"the state {name} exists on one side only")
            if old_state[name] != new_state[name]:
                return self._different(f"the new value of {name}", old_state[name], new_state[name])
        return Found("", tuple(sorted(self.table.fired)))

    def _advanced(self, pairs: Mapping[int, int], after: Sequence[int]) -> Found | None:
        """A counter that stays behind the keys drawn from it is a difference: the next call would repeat them."""
        state = dict(zip(self.new.state, after[len(self.new.outputs) :]))
        counters = {self.counters[name]: state[name] for name in self.counters if name in state}
        paths = random_keys.check_independent(self.table, pairs, self.new_roots, "new").values()
        stuck = random_keys.not_advanced(self.table, counters, paths)
        if stuck is None:
            return None
        name = next(name for name, leaf in self.counters.items() if leaf == stuck)
        return Found(f"the random counter {name} is not advanced, so the next call would draw the same numbers")

    # ---- where ---------------------------------------------------------------------------------------------------

    def _different(self, what: str, left: int, right: int) -> Found:
        left_type, right_type = self.table.nodes[left].type, self.table.nodes[right].type
        if left_type != right_type:
            return Found(f"{what} is {_kind(left_type)} on the old side and {_kind(right_type)} on the new one")
        x, y = self._deepest(left, right)
        difference = f"{self._place(x)} became {self._place(y)}"
        return Found(f"{what} could not be shown to be equal", (), difference)

    def _deepest(self, left: int, right: int) -> tuple[int, int]:
        """The first pair below with different operations, or with operands of which one is a different leaf."""
        nodes, seen = self.table.nodes, set()
        stack = [(left, right)]
        while stack:
            pair = stack.pop()
            if pair in seen:
                continue
            seen.add(pair)
            left, right = pair
            x, y = nodes[left], nodes[right]
            if x.op != y.op or x.params != y.params or len(x.operands) != len(y.operands):
                return pair
            before, after = list(x.operands), list(y.operands)
            if x.op in UNORDERED:
                one, two = before
                after.sort(key=lambda value: (value != one, nodes[value].op != nodes[one].op, value == two))
            unequal = [(a, b) for a, b in zip(before, after) if a != b]
            if any(not nodes[value].operands for one in unequal for value in one):
                return pair
            stack.extend(reversed(unequal))
        return left, right

    def _place(self, value: int) -> str:
        text = self.table.spell(value, 2)
        place = source_of(self.table.sources[value])
        return f"{text} ({place})" if place else text


def _kind(kind: Any) -> str:
    return f"{kind.dtype}{list(kind.shape)}".replace("'", "").replace(" ", "")


def _structure(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    if len(old) != len(new):
        return f"the old side has {len(old)} output arrays, the new one {len(new)}"
    left, right = next((a, b) for a, b in zip(old, new) if a != b)
    return f"the outputs are arranged differently: {left} on the old side is {right} on the new one"
