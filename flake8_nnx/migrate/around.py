"""Plans what becomes of the code around migrated classes: names and parameters of functions, assignments, returns.

Pure data from the flow of a program; what has no exact form is refused with the line and the reason.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.by_hand_names import unread_transforms
from flake8_nnx.migrate.edits import CodeEdits, Piece
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.kept_variables import attribute
from flake8_nnx.migrate.known import RESTORES, SAVES, TREE_MAPS
from flake8_nnx.migrate.model import ClassPlan, Refusal
from flake8_nnx.migrate.roles import (
    Field,
    Frame,
    Items,
    Method,
    Model,
    OptState,
    Site,
    Slot,
    State,
    Variables,
    slot_of,
    slots_in,
)
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.project import SourceFile
from flake8_nnx.source.text import SourceText

PREFIX = ("init", "initial", "new", "curr", "cur", "current", "old", "train", "model", "final", "my")
KINDS = ("state", "params", "variables", "vars", "ts")
OPTAX = ("opt", "optim", "optimizer", "optstate")
FLAGS = {"deterministic": True, "train": False, "training": False, "is_training": False}  # with what nothing is drawn
WHOLE = SAVES | RESTORES | TREE_MAPS  # what these are given of a train state is all of it
Created = Callable[[Slot], bool]

if TYPE_CHECKING:
    from flake8_nnx.migrate.modes.around import Need
    from flake8_nnx.migrate.states import OwnState


class Stop(Exception):
    """Code that cannot be rewritten exactly: the node, why, and what to do."""

    def __init__(
        self, node: ast.AST, frame: Frame, reason: str, advice: str = "rewrite it by hand", copy: tuple[int, str] | None = None
    ) -> None:
        super().__init__(node, frame, reason, advice, copy)
        self.copy = copy  # a name, by function, that a copy of the model would help
        self.node, self.frame, self.reason, self.advice = node, frame, reason, advice

    def refusal(self) -> Refusal:
        return Refusal(getattr(self.node, "lineno", 0), self.reason, self.advice)


@dataclass
class Plan:
    """What a program becomes: edits and refusals by file, notes for the user."""

    program: Program
    classes: Mapping[tuple[str, str], ClassPlan]  # by path and name; those that become NNX
    edits: dict[SourceFile, CodeEdits] = field(default_factory=dict)
    refusals: list[Stop] = field(default_factory=list)
    notes: list[tuple[SourceFile, str]] = field(default_factory=list)
    names: dict[Slot, str] = field(default_factory=dict)
    optimizers: dict[Slot, str] = field(default_factory=dict)
    applied: dict[Slot, Slot] = field(default_factory=dict)  # of a model that is only initialised: the one that is made instead
    dropped: dict[Frame, set[str]] = field(default_factory=dict)  # parameters that nothing reads any more
    added: dict[Frame, list[tuple[str, str]]] = field(default_factory=dict)  # name and annotation, by keyword alone
    uses: dict[tuple[Frame, Slot], set[str]] = field(default_factory=dict)
    states: dict[ast.ClassDef, OwnState] = field(default_factory=dict)  # classes of train states that keep more
    lazy: set[ast.Call] = field(default_factory=set)  # calls of `init` that stay, for what a bridge holds
    kept: dict[ast.Attribute, ast.Call] = field(default_factory=dict)  # what is read as it was, and the update it was before
    mode_needs: list[Need] = field(default_factory=list)  # calls that want a model in a mode

    def of(self, frame: Frame) -> CodeEdits:
        return self.edits.setdefault(frame.file, CodeEdits())

    def said(self) -> list[str]:
        """What a user has to know: what was not rewritten, and what is called in another way now."""
        left = "the code around the classes stays as it is"
        stops = [f"{stop.frame.file.path}: {left}: {stop.refusal()}" for stop in self.refusals]
        return stops + [f"{file.path}: {note}" for file, note in self.notes]

    # ---- names ----------------------------------------------------------------------------------------------------

    def model(self, slot: Slot) -> str:
        """The name of a model in the function that has it and in those inside."""
        slot = slot.root
        if slot.optimizer:
            return self.optimizer(slot)
        if slot.holder is not None:
            return f"{self.optimizer(slot.holder[0])}.{attribute(slot.holder[1])}"
        if slot not in self.names:
            known = list(self.named(slot, Model))
            applied = [node.id for node in slot.frame.file.facts.names.nodes if isinstance(node, ast.Name) and self.applies(node)]
            known = [name for name in applied if name in known] or known
            stems = [stem(name) for name in self.named(slot, Variables, State)]
            wanted = known[0] if known else next((f"{s}_model" if s else "model" for s in stems), "model")
            self.names[slot] = self.free(wanted, slot)
        return self.names[slot]

    def applies(self, node: ast.Name) -> bool:
        """Whether a name holds the model that is made instead of one that is initialised and nothing else."""
        value = self.program.values.get(node)
        return isinstance(value, Model) and self.applied.get(value.slot.root) is value.slot

    def optimizer(self, slot: Slot) -> str:
        """The name of the optimiser of a state."""
        slot = slot.root
        if slot not in self.optimizers:
            stems = [stem(name) for name in self.named(slot, State, OptState)]
            wanted = next((f"{s}_optimizer" if s else "optimizer" for s in stems), "optimizer")
            self.optimizers[slot] = self.free(wanted, slot)
        return self.optimizers[slot]

    def named(self, slot: Slot, *kinds: type) -> Iterator[str]:
        """Names that hold it, in the order of the source, parameters first."""
        for parameter in slot.frame.parameters:
            if holds(slot.frame.given.get(parameter.arg), slot, kinds):
                yield parameter.arg
        for node in slot.frame.file.facts.names.nodes:
            if isinstance(node, ast.Name) and holds(self.program.values.get(node), slot, kinds):
                yield node.id

    def free(self, name: str, slot: Slot) -> str:
        """The name, or one like it that means nothing else where the slot is."""
        taken = self.taken(slot)
        return next(n for n in (name, f"nnx_{name}", *(f"{name}_{i}" for i in range(1, 99))) if n not in taken)

    def taken(self, slot: Slot) -> set[str]:
        others = {other for s, other in [*self.names.items(), *self.optimizers.items()] if s.frame is slot.frame}
        stack, found, gone = [slot.frame.node], others, unread_transforms(self.program, slot) if slot.optimizer else ()
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Name) and slot.root not in slots_of(self.program.values.get(node)) and node not in gone:
                found.add(node.id)
            elif isinstance(node, ast.arg):
                frame = self.frame_of(node, slot.frame)
                if slot.root not in slots_of(frame.given.get(node.arg)):
                    found.add(node.arg)
            if isinstance(slot.frame.node, ast.Module) and isinstance(node, FUNCTIONS):
                continue
            stack.extend(ast.iter_child_nodes(node))
        return found

    def frame_of(self, node: ast.AST, default: Frame) -> Frame:
        function = default.file.facts.names.enclosing(node, *FUNCTIONS)
        return self.program.frames.get(id(function), default)

    # ---- what functions take --------------------------------------------------------------------------------------

    def needs(self, frame: Frame, slot: Slot) -> set[str]:
        """Whether a function uses the model, the optimiser or both of a slot that it is given."""
        return self.uses.get((frame, slot.root), set())

    def find_uses(self) -> None:
        """What every function does with the models that it is given, until nothing new is found."""
        frames = self.program.all_frames()
        for frame in frames:
            for node in own_nodes(frame.node, nested=True):
                self.direct(frame, node)
        changed = True
        while changed:
            changed = False
            for frame in frames:
                for site in frame.sites:
                    changed = self.through(site) or changed

    def direct(self, frame: Frame, node: ast.AST) -> None:
        value = self.program.values.get(node)
        if isinstance(value, Field):
            self.use(frame, value.slot, "optimizer")
        elif isinstance(value, Method) and value.optimizer is not None:
            self.use(frame, value.slot, *(("model", "optimizer") if value.name == "apply_gradients" else ()))
        elif isinstance(value, Variables) and value.slot.root.holder is not None and value.slot.root.original is not None:
            self.use(frame, value.slot.root.original, "optimizer")
        elif isinstance(value, Method) and value.name != "init" or isinstance(value, (Model, Variables, OptState)):
            self.use(frame, value.slot, "model")
        elif isinstance(node, ast.Call) and self.program.origin(node.func, frame) in WHOLE:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                given = self.program.values.get(argument)
                if isinstance(given, State):
                    self.use(frame, given.slot, "model", "optimizer")

    def use(self, frame: Frame | None, slot: Slot, *kinds: str) -> bool:
        found = self.uses.setdefault((frame, slot.root), set()) if frame else set()
        before = len(found)
        found.update(kinds)
        return len(found) > before

    def through(self, site: Site) -> bool:
        changed = False
        for name, argument in site.arguments.items():
            own, value = site.callee.frame.given.get(name), self.program.values.get(argument)
            if slots_in(own) and slots_in(value):
                needed = self.needs(site.callee.frame, slot_of(own))
                frame: Frame | None = site.frame
                while frame is not None:
                    changed = self.use(frame, slot_of(value), *needed) or changed
                    frame = frame.parent
        return changed

    def layout(self, frame: Frame) -> list[tuple[str, list[str]]]:
        """Each parameter of a function with the names of those that replace it; itself where it stays."""
        found: list[tuple[str, list[str]]] = []
        seen: set[Slot] = set()
        for parameter in frame.parameters:
            value = frame.given.get(parameter.arg)
            if parameter.arg in self.dropped.get(frame, ()):
                found.append((parameter.arg, []))
            elif not slots_in(value) or frame in self.program.apart:
                found.append((parameter.arg, [parameter.arg]))
            elif slot_of(value) in seen:
                found.append((parameter.arg, []))
            else:
                slot = slot_of(value)
                seen.add(slot)
                states = [v for v in frame.given.values() if isinstance(v, State) and v.slot.root is slot]
                needed = self.needs(frame, slot)
                names = [self.model(slot)] if "model" in needed or "optimizer" not in needed else []
                if states and "optimizer" in needed:
                    names.append(self.optimizer(states[0].optimizer))
                found.append((parameter.arg, names))
        return found


def is_test(file: SourceFile) -> bool:
    name = file.path.stem
    return name.startswith("test_") or name.endswith("_test")


def stem(name: str) -> str:
    """`actor` of `actor_state`, nothing of `state` and `new_state`."""
    parts = [part for part in name.split("_") if part not in OPTAX]
    while parts and (parts[-1] in KINDS or parts[-1].isdigit()):
        parts.pop()
    while parts and parts[0] in PREFIX:
        parts.pop(0)
    return "_".join(parts)


def holds(value: Any, slot: Slot, kinds: tuple[type, ...]) -> bool:
    if not isinstance(value, kinds) or isinstance(value, Items):
        return False
    if isinstance(value, Variables) and value.updated:
        return False
    return slot in slots_of(value)


def slots_of(value: Any) -> list[Slot]:
    """The slots of a value, that of an optimiser as well."""
    if isinstance(value, Field):
        return [value.slot.root, value.optimizer.root]
    more = [value.optimizer.root] if isinstance(value, (State, Method)) and value.optimizer is not None else []
    return [*slots_in(value), *more]


def own_nodes(node: ast.AST, nested: bool = False) -> Iterator[ast.AST]:
    """The nodes of a function; those of functions and classes inside only when asked for."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        current = stack.pop()
        yield current
        if nested or not isinstance(current, (*FUNCTIONS, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(current))


def touches(program: Program, frame: Frame) -> bool:
    """Whether a function takes a model, or uses one of a function around it."""
    return any(slots_in(value) for value in frame.given.values()) or any(
        slots_of(program.values.get(node)) for node in own_nodes(frame.node, nested=True)
    )


def text_of(frame: Frame) -> SourceText:
    return SourceText(frame.file.source)


def indent_of(frame: Frame) -> str:
    """One level of indentation in the style of the file."""
    for node in frame.file.facts.names.nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.If, ast.For)) and node.body[0].lineno > node.lineno:
            return " " * max(node.body[0].col_offset - node.col_offset, 1)
    return "    "


def pieces_of(value: Any, created: Created, plan: Plan, itself: ast.AST) -> list[Piece]:
    """What is left of a value where NNX keeps models and optimisers as they are: nothing, itself, or names."""
    if isinstance(value, State):
        found: list[Piece] = [plan.model(value.slot)] if created(value.slot) else []
        return found + ([plan.optimizer(value.optimizer)] if created(value.optimizer) else [])
    if isinstance(value, Variables) and value.apart:
        return [itself]
    if isinstance(value, Variables):
        return [plan.model(value.slot)] if created(value.slot) and not value.updated else []
    if isinstance(value, (Model, OptState)):
        return [plan.model(value.slot)] if created(value.slot) else []
    if isinstance(value, Method):
        return []
    if isinstance(value, Items):
        several = [pieces_of(element, created, plan, itself) for element in value.elements]
        return [itself] if any(several) else []
    return [itself]
