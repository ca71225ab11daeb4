"""Train states with fields of their own: `class TrainState(nnx.Optimizer)`, which keeps each of them in an `nnx.Variable`.

A variable is part of the state that compiled steps change and that checkpoints save, whatever it holds.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flake8_nnx.migrate.around import Plan, Stop, indent_of, is_test, own_nodes, text_of
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.followed_calls import keeps_scale
from flake8_nnx.migrate.kept_variables import attribute
from flake8_nnx.migrate.lines import wrapped
from flake8_nnx.migrate.roles import Callee, Field, Frame, Scaled, State, Variables, slots_in
from flake8_nnx.source.clues import TRAIN_STATE
from flake8_nnx.source.literals import is_idle, is_none
from flake8_nnx.source.names import FUNCTIONS, Names
from flake8_nnx.source.project import SourceFile

CREATED = frozenset({"apply_fn", "params", "tx", "batch_stats"})

ADVICE = "keep that in a variable of its own"


@dataclass(frozen=True, eq=False)
class OwnState:
    """A class of train states with more than the variables of the model."""

    home: Frame  # the file
    node: ast.ClassDef
    fields: tuple[ast.AnnAssign, ...]

    @property
    def names(self) -> list[str]:
        return [field.target.id for field in self.fields if isinstance(field.target, ast.Name)]


def find_states(plan: Plan, frames: Sequence[Frame]) -> None:
    """The classes that this program creates train states of, where they keep more.

    Raises:
        Stop: such a class has no form in NNX, or something else uses it.
    """
    program = plan.program
    inside = set(frames)
    for frame in frames:
        for node in own_nodes(frame.node):
            if isinstance(node, ast.Call) and isinstance(program.values.get(node), State) and is_create(node.func):
                found = program.state_class(node.func.value, frame)  # type: ignore[attr-defined]
                more = [k for k in node.keywords if k.arg not in CREATED]
                if found is None or not more:
                    continue
                if found not in plan.states:
                    plan.states[found] = own_state(program, found)
                    check_mentions(program, plan.states[found], inside)
                for keyword in more:
                    if clones(program, node, keyword) and keyword.arg in plan.states[found].names:
                        continue
                    if keyword.arg not in plan.states[found].names or reads(program, keyword.value):
                        reason = f"the train state holds `{keyword.arg}` as well"
                        raise Stop(node, frame, reason, ADVICE)
    check_devices(plan, frames)


def clones(program: Program, node: ast.Call, keyword: ast.keyword) -> bool:
    """Whether a train state is made with a copy of the parameters that it trains."""
    state, value = program.values[node], program.values.get(keyword.value)
    same = isinstance(value, Variables) and not value.updated and value.slot.root is state.slot.root
    return same and keyword.arg in program.kept_fields


def check_devices(plan: Plan, frames: Sequence[Frame]) -> None:
    """What such train states keep is one for all devices.

    Raises:
        Stop: where it may become another one on every device.
    """
    program = plan.program
    together = all(k is not None for k in scale_axes(program, frames))
    for name in [name for state in plan.states.values() for name in state.names]:
        for node, frame in program.compilers.items():
            if frame in frames and maps_state(program, frame, node) and not (together and keeps_scale(program, name)):
                reason = f"`{name}` of a train state may become another one on every device"
                raise Stop(node, frame, reason, f"{ADVICE}, or map with in_axes=None")


def scale_axes(program: Program, frames: Sequence[Frame]) -> Iterator[ast.expr | None]:
    """Over which devices scaled gradients are averaged, call by call."""
    for frame in frames:
        for node in own_nodes(frame.node):
            if isinstance(node, ast.Call) and isinstance(program.values.get(node.func), Scaled):
                yield next((k.value for k in node.keywords if k.arg == "axis_name"), None)


def maps_state(program: Program, frame: Frame, node: ast.AST) -> bool:
    """Whether `jax.pmap` gives every device a train state of its own; in NNX there is one for all of them."""
    names = frame.file.facts.names
    call = names.parent(node)
    if frame.file.facts.origin(node) != "jax.pmap":
        return False
    given = next((k.value for k in call.keywords if k.arg == "in_axes"), None) if isinstance(call, ast.Call) else None
    mapped = program.values.get(call.args[0]) if isinstance(call, ast.Call) and call.args else None
    skipped = mapped if isinstance(mapped, Callee) else Callee(frame)
    parameters = [p for p in frame.parameters[skipped.count:] if p.arg not in skipped.bound]
    axes = given.elts if isinstance(given, ast.Tuple) else [given] * len(parameters)
    states = [isinstance(frame.given.get(p.arg), State) for p in parameters]
    alike = [is_none(axis) for axis in axes]
    return any(state and not same for state, same in zip(states, [*alike, *[False] * len(states)]))


def is_create(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "create"


def own_state(program: Program, cls: ast.ClassDef) -> OwnState:
    home = next(program.module(file) for file in program.files if cls in file.tree.body)

    def stop(node: ast.AST, what: str) -> Stop:
        return Stop(node, home, f"the train state `{cls.name}` {what}", ADVICE)

    if [home.file.facts.origin(base) for base in cls.bases] != [TRAIN_STATE] or cls.keywords or cls.decorator_list:
        raise stop(cls, "derives from more than TrainState")
    if home.file not in program.project.files:
        raise stop(cls, "is outside of the files to migrate")
    fields = []
    for statement in cls.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if statement.value is not None and not isinstance(statement.value, ast.Constant):
                raise stop(statement, f"says more of `{statement.target.id}` than its type")
            if statement.target.id not in CREATED:
                fields.append(statement)
        elif not is_idle(statement):
            raise stop(statement, "has more than fields")
    return OwnState(home, cls, tuple(fields))


def check_mentions(program: Program, state: OwnState, inside: set[Frame]) -> None:
    """Such a class is for nothing but annotations and the train states of this program.

    Raises:
        Stop: where else it is named.
    """
    for file in program.files:
        names = file.facts.names
        for node in names.nodes:
            if not isinstance(node, (ast.Name, ast.Attribute)) or not isinstance(node.ctx, ast.Load):
                continue
            if getattr(node, "id", getattr(node, "attr", "")) != state.node.name or is_test(file):
                continue
            frame = frame_of(program, node, file)
            if frame is None or program.state_class(node, frame) is not state.node:
                continue
            above = names.parent(node)
            call = names.parent(above) if is_create(above) else None  # type: ignore[arg-type]
            created = isinstance(call, ast.Call) and isinstance(program.values.get(call), State) and frame in inside
            if not created and not in_annotation(names, node):
                reason = f"`{state.node.name}` is used otherwise than to create train states"
                raise Stop(node, frame, reason)


def frame_of(program: Program, node: ast.AST, file: SourceFile) -> Frame | None:
    function = file.facts.names.enclosing(node, *FUNCTIONS)
    return program.frames.get(id(function), program.module(file))


def in_annotation(names: Names, node: ast.AST) -> bool:
    inner, above = node, names.parent(node)
    while above is not None and not isinstance(above, ast.stmt):
        if isinstance(above, ast.arg):
            return True
        if isinstance(above, (ast.Call, ast.Lambda)):
            return False
        inner, above = above, names.parent(above)
    return getattr(above, "returns", None) is inner or getattr(above, "annotation", None) is inner


def own_field(plan: Plan, name: str) -> bool:
    return any(name in state.names for state in plan.states.values())


def rewrite_class(plan: Plan, state: OwnState) -> None:
    """The fields become arguments of a constructor, and variables."""
    edits, text, indent = plan.of(state.home), text_of(state.home), indent_of(state.home)
    edits.expressions[state.node.bases[0]] = "nnx.Optimizer"
    statements = [s for s in state.node.body if isinstance(s, ast.AnnAssign)]
    parameters = []
    for field in state.fields:
        name = field.target.id  # type: ignore[union-attr]
        if name in plan.program.kept_fields:
            parameters.append(f"{attribute(name)}: nnx.Module")
            continue
        default = f" = {text.segment(field.value, {})}" if field.value is not None else ""
        parameters.append(f"{field.target.id}: {text.segment(field.annotation, {})}{default}")  # type: ignore[union-attr]
    head = f"def __init__(self, model, tx, {', '.join(parameters)}):"
    google = indent == "  "
    rows = wrapped(head, indent * 2 if google else indent, (80 if google else 88) - len(indent))
    lines = [*rows, f"{indent}super().__init__(model, tx, wrt=nnx.Param)"]
    models = {name: attribute(name) for name in state.names if name in plan.program.kept_fields}
    lines += [
        f"{indent}self.{models[name]} = {models[name]}" if name in models else f"{indent}self.{name} = nnx.Variable({name})"
        for name in state.names
    ]
    edits.before[statements[0]] = ["\n".join(lines) + "\n"]
    edits.removed.update(statements)


def reads(program: Program, node: ast.AST) -> bool:
    """Whether an expression takes something of a model or a train state; names hold values of fields as they were."""
    return reads_model(program, node) or reads_field(program, node)


def reads_model(program: Program, node: ast.AST) -> bool:
    fields = {a.value for a in ast.walk(node) if isinstance(a, ast.Attribute) and isinstance(program.values.get(a), Field)}
    return any(slots_in(program.values.get(inner)) and inner not in fields for inner in ast.walk(node))


def reads_field(program: Program, node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Attribute) and isinstance(program.values.get(inner), Field) for inner in ast.walk(node))
