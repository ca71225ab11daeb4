"""Reads of what was: in Linen every train state is a value of its own, in NNX there is one model, which changes in place.

A name that still holds variables from before an update would hold those after it, so the program is refused, but for trees
that choose between both leaf by leaf: for them the update keeps a copy.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from flake8_nnx.migrate.around import Plan, Stop, own_nodes
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.lent import lends
from flake8_nnx.migrate.replaced import tree_of
from flake8_nnx.migrate.roles import Callee, Field, Frame, Method, OptState, Slot, State, Variables, slot_of, slots_in
from flake8_nnx.migrate.scaled import slot_apart
from flake8_nnx.source.linen import PARTIAL
from flake8_nnx.source.names import FUNCTIONS, Names

ADVICE = "keep a copy with nnx.clone before the update"
UNCHANGED = frozenset({"apply_fn", "tx"})


def check_stale(plan: Plan, frames: Sequence[Frame]) -> None:
    """Refuse functions that read variables or train states after an update that they do not come from.

    Raises:
        Stop: at the first such read.
    """
    updating = updated_slots(plan)
    for frame in frames:
        node = frame.node
        if not isinstance(node, ast.Lambda):
            Versions(plan, frame, updating).block(node.body)  # type: ignore[attr-defined]


def updated_slots(plan: Plan) -> set[tuple[Frame, Slot]]:
    """The functions that update a model which they are given, or one of a function around them."""
    program = plan.program
    found: set[tuple[Frame, Slot]] = set()
    frames = program.all_frames()
    for frame in frames:
        returned = frame.returned.frame.node if isinstance(frame.returned, Callee) else None
        for node in own_nodes(frame.node, nested=True):
            if returned is not None and returned in parents(frame.file.facts.names, node):
                continue  # which whoever calls it runs
            value = program.values.get(node.func) if isinstance(node, ast.Call) else None
            if isinstance(value, Method) and updates(node, value, plan):
                found.add((frame, value.slot.root))
            if isinstance(node, ast.Call):
                found.update((frame, slot) for slot in updated_by_hand(program, node))
    changed = True
    while changed:
        before = len(found)
        for frame in frames:
            for site in frame.sites:
                for name, argument in site.arguments.items():
                    own, value = site.callee.frame.given.get(name), program.values.get(argument)
                    if slots_in(own) and slots_in(value) and (site.callee.frame, slot_of(own)) in found:
                        found.add((frame, slot_of(value)))
        changed = len(found) > before
    return found


def updates(node: ast.AST, value: Method, plan: Plan) -> bool:
    """Whether a call gives a train state other variables: `apply_gradients`, and `replace` with those of something else."""
    if value.name == "apply_gradients":
        return True
    if value.name != "replace" or not isinstance(node, ast.Call):
        return False
    given = [plan.program.values.get(k.value) for k in node.keywords]
    return any(not isinstance(each, (Method, Variables)) or (isinstance(each, Variables) and each.updated) for each in given)


def parents(names: Names, node: ast.AST) -> Iterator[ast.AST]:
    above = names.parent(node)
    while above is not None:
        yield above
        above = names.parent(above)


def updated_by_hand(program: Program, node: ast.Call) -> list[Slot]:
    """The models and the states of optax that a call of `tx.update` changes, or a tree that replaces variables."""
    known = program.by_hand
    kept = [program.renewed[k.value].slot.root for k in node.keywords if k.value in program.renewed]
    if kept:
        return kept
    if node in program.renewed:
        return [program.renewed[node].slot.root]
    return [*known.models(node), known.updated[node][1].root] if node in known.updated else []


class Versions:
    """Which names of a function hold variables from before an update of their model."""

    def __init__(self, plan: Plan, frame: Frame, updating: set[tuple[Frame, Slot]]) -> None:
        self.plan, self.frame, self.updating = plan, frame, updating
        self.values = plan.program.values
        self.stale: dict[str, ast.Call | None] = {}  # and the update that made them so, where it is one
        self.sites = {site.call: site for site in frame.sites}
        self.holders: dict[Slot, set[str]] = {}
        for node in own_nodes(frame.node):
            slot = self.held(node) if isinstance(node, ast.Name) else None
            if slot is not None:
                self.holders.setdefault(slot, set()).add(node.id)  # type: ignore[attr-defined]

    def held(self, node: ast.Name) -> Slot | None:
        """The model that a name holds variables of; a loss that is a function of parameters has the rest of its model."""
        value = self.values.get(node)
        if isinstance(value, Callee):
            return slot_apart(self.plan.program, value.frame)
        if isinstance(value, Field):
            return value.slot.root if value.name == "opt_state" else None
        return slot_of(value) if old(value) else None

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self.stale.pop(node.name, None)
            return
        if isinstance(node, (ast.For, ast.While)):
            self.expression(node.iter if isinstance(node, ast.For) else node.test)
            for _ in range(2):  # what the first turn updates, the second may read
                self.block(node.body)
            self.block(node.orelse)
            return
        if isinstance(node, ast.If):
            self.expression(node.test)
            before = dict(self.stale)
            self.block(node.body)
            after, self.stale = self.stale, before
            self.block(node.orelse)
            for name, call in after.items():
                self.stale[name] = call if self.stale.get(name, call) is call else None
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.withitem)) and not is_target(child, node):
                self.expression(child)
        for target in getattr(node, "targets", ()):
            self.bind(target)
        for name in ("body", "finalbody", "orelse"):
            self.block(getattr(node, name, ()))
        for handler in getattr(node, "handlers", ()):
            self.block(handler.body)

    def bind(self, target: ast.AST) -> None:
        for name in ast.walk(target):
            if isinstance(name, ast.Name):
                self.stale.pop(name.id, None)

    def expression(self, node: ast.AST) -> None:
        """Reads first, then what a call updates."""
        if isinstance(node, FUNCTIONS):
            return
        if isinstance(node, ast.Attribute) and node.attr in UNCHANGED and isinstance(self.values.get(node.value), State):
            return
        for child in ast.iter_child_nodes(node):
            self.expression(child)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self.read(node)
        if isinstance(node, ast.Call):
            for slot in self.updated_by(node):
                for name in self.holders.get(slot, ()):
                    self.stale[name] = node if name not in self.stale else None

    def read(self, node: ast.Name) -> None:
        value = self.values.get(node)
        if self.held(node) is not None and node.id in self.stale:
            if self.keeps(node, self.stale[node.id]):
                return
            reason = f"`{node.id}` is read after the update and holds what was before it, which NNX changes in place"
            copy = (id(self.frame.node), node.id) if isinstance(value, Variables) else None
            raise Stop(node, self.frame, reason, ADVICE, copy)

    def keeps(self, node: ast.Name, call: ast.Call | None) -> bool:
        """Whether `state.params` is chosen from in a tree that the train state takes, right after this update."""
        names = self.frame.file.facts.names
        if call is not None and any(node in adding.args for _, adding, _ in self.plan.program.by_hand.applied.get(call, ())):
            return True
        attribute = names.parent(node)
        updated = self.values.get(call.func) if call is not None else None
        if isinstance(attribute, ast.Attribute) and attribute.attr in self.plan.program.kept_fields:
            if isinstance(updated, Method) and updated.name == "apply_gradients":
                return True  # which leaves it as it is
        tree_map = names.parent(attribute) if isinstance(attribute, ast.Attribute) else None
        keyword = names.parent(tree_map) if tree_map is not None else None
        taker = names.parent(keyword) if isinstance(keyword, ast.keyword) else None
        function = self.values.get(taker.func) if isinstance(taker, ast.Call) else None
        if call is None or not isinstance(self.values.get(call.func), Method) or not after(names, call, node):
            return False
        if not isinstance(keyword, ast.keyword) or not isinstance(function, Method) or function.name != "replace":
            return False
        tree = tree_of(self.plan.program, self.frame.file.facts, keyword, function.slot)
        if tree not in ("params", "opt_state") or not isinstance(attribute, ast.Attribute):
            return False  # statistics are changed by the model itself, before the update
        self.plan.kept[attribute] = call
        return True

    def updated_by(self, node: ast.Call) -> Iterator[Slot]:
        value = self.values.get(node.func)
        if isinstance(value, Method) and updates(node, value, self.plan):
            yield value.slot.root
        yield from updated_by_hand(self.plan.program, node)
        if lends(self.plan, node):
            yield slot_of(self.values[node])
        site = self.sites.get(node)
        if site is None or self.frame.file.facts.origin(node.func) in PARTIAL:
            return
        callee = site.callee.frame
        for frame, slot in self.updating:
            if frame is callee and slot.frame is not callee:
                yield site.callee.closure.get(slot, slot).root  # of a function around both
        for name, argument in site.arguments.items():
            own, given = callee.given.get(name), self.values.get(argument)
            if slots_in(own) and slots_in(given) and (callee, slot_of(own)) in self.updating:
                yield slot_of(given)


def after(names: Names, call: ast.Call, node: ast.AST) -> bool:
    """Whether an expression is only come to through the statement of a call, in its block or in one inside."""
    statement = names.enclosing(call, ast.stmt)
    holder = names.parent(statement) if statement is not None else None
    for name in ("body", "orelse", "finalbody"):
        block = getattr(holder, name, ())
        if statement in block:
            later = block[block.index(statement) + 1:]
            return any(node is inner for other in later for inner in ast.walk(other))
    return False


def is_target(child: ast.AST, node: ast.stmt) -> bool:
    return child in getattr(node, "targets", ())


def old(value: object) -> bool:
    """Whether a value holds variables as they were when it was made."""
    return isinstance(value, (State, OptState)) or (isinstance(value, Variables) and not value.updated)
