"""Follows models, variables and train states through the functions of a program, across its files.

An abstract interpreter of statements in their order; what it finds out is kept per expression for the rewriting.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from flake8_nnx.migrate.followed_calls import Calls, keeps_scale
from flake8_nnx.migrate.followed_statements import Statements
from flake8_nnx.migrate.kinds import called_kind
from flake8_nnx.migrate.kept_variables import kept
from flake8_nnx.migrate.renewals import Renewal
from flake8_nnx.migrate.roles import (
    Callee,
    Field,
    Frame,
    Items,
    Kinds,
    Maker,
    Method,
    Model,
    OptState,
    Scaled,
    Slot,
    State,
    Tool,
    Transform,
    Variables,
    is_copy,
    merge,
    original,
    replaced,
    slots_in,
)
from flake8_nnx.migrate.transformations import ANNOTATIONS, ByHand, either
from flake8_nnx.source.clues import TRAIN_STATE, is_variables
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.project import Definition, Project, SourceFile

TURNS = 8  # rounds until nothing new is found; programs settle after three or four


class Program:
    """The files of a run and what their expressions hold."""

    def __init__(self, project: Project, files: Sequence[SourceFile], copies: Collection[tuple[int, str]] = ()) -> None:
        self.project = project
        self.made: dict[ast.Call, list[Slot]] = {}  # the models that a call of a function makes
        self.wanted: set[tuple[int, str]] = set()  # names that should be among the copies
        self.copies = copies  # names, by function, that keep variables as they were
        self.files = list(files)
        self.frames: dict[int, Frame] = {}
        self.values: dict[ast.AST, Any] = {}
        self.slots: dict[tuple[Any, ...], Slot] = {}
        self.escapes: dict[ast.AST, tuple[Frame, str]] = {}  # values that go where nobody can follow them, with the reason
        self.handed: dict[ast.AST, tuple[Frame, Frame, str]] = {}  # functions that others call: where, which, by what
        self.compilers: dict[ast.AST, Frame] = {}  # the `jax.jit` of a call or decorator -> the function that it compiles
        self.answered: set[ast.AST] = set()  # functions that return something known
        self.seeds: list[tuple[Frame, ast.expr, set[ast.Call]]] | None = None  # once somebody asks for them
        self.alternatives: set[Slot] = set()  # models of which a function returns one
        self.by_hand = ByHand({}, {}, {})
        self.kept_fields: dict[str, str | None] = {}  # of train states, that hold variables: of which collection
        self.renewed: dict[ast.expr, Renewal] = {}
        self.apart: set[Frame] = set()  # functions of parameters that `DynamicScale` differentiates
        self.changed = True
        for _ in range(TURNS):
            if not self.changed:
                break
            self.changed = False
            self.escapes, self.handed = {}, {}
            for frame in self.all_frames():
                frame.sites = []
            for file in list(self.files):
                self.run(self.module(file))

    # ---- frames ---------------------------------------------------------------------------------------------------

    def all_frames(self) -> list[Frame]:
        return list(self.frames.values())

    def module(self, file: SourceFile) -> Frame:
        if file not in self.files and file in self.project.files:
            self.files.append(file)
            self.changed = True
        return self.frames.setdefault(id(file.tree), Frame(file, file.tree, None))

    def function(self, node: ast.AST, parent: Frame) -> Frame:
        if id(node) not in self.frames:
            self.changed = True
            self.frames[id(node)] = Frame(parent.file, node, parent)
            parent.inner.append(self.frames[id(node)])
        return self.frames[id(node)]

    def run(self, frame: Frame) -> None:
        """Interpret one function, and those that are defined in it."""
        for parameter in frame.parameters:
            if parameter.arg not in frame.given:
                known = self.annotated(parameter, frame)
                if known is not None:
                    frame.given[parameter.arg] = known
        if frame in self.apart:
            given = frame.given.items()
            frame.given = {name: replace(v, apart=True) if isinstance(v, Variables) else v for name, v in given}
        frame.env.update(frame.given)
        for name in [p.arg for p in frame.parameters if p.arg not in frame.given]:
            frame.env[name] = None
        frame.returned = None
        if isinstance(frame.node, ast.Lambda):
            frame.returned = self.value(frame.node.body, frame)
        else:
            Statements(self, frame).block(frame.node.body)  # type: ignore[attr-defined]
        for inner in list(frame.inner):
            self.run(inner)
        self.changed = self.changed or (frame.returned is not None and frame.node not in self.answered)
        if frame.returned is not None:
            self.answered.add(frame.node)

    def annotated(self, parameter: ast.arg, frame: Frame) -> Any:
        """What an annotation says: a train state or a module."""
        facts, annotation = frame.file.facts, parameter.annotation
        if annotation is None:
            return None
        if self.is_state(annotation, frame):
            return self.new_state(parameter, frame)
        if facts.origin(annotation) in ANNOTATIONS:
            return Transform(frozenset({Maker(frame, (parameter,))}))
        if facts.annotated_module(annotation) is not None or facts.linen_name(annotation) == "Module":
            return Model(self.slot(frame, parameter))
        return None

    def give(self, frame: Frame, name: str, value: Any) -> None:
        """A parameter that takes a model, or something of it, has a slot of its own."""
        node = next((p for p in frame.parameters if p.arg == name), None)
        if node is None or value is None:
            return
        if isinstance(value, Kinds):
            self.give_kinds(frame, name, value)
            return
        if isinstance(value, Transform):
            self.give_transform(frame, node, value)
            return
        if name in frame.given:
            return
        if isinstance(value, Callee):
            frame.given[name] = value
        elif isinstance(value, Items) or not slots_in(value):
            return
        elif isinstance(value, State):
            frame.given[name] = self.new_state(node, frame)
        else:
            own = self.slot(frame, node)
            own.optimizer = isinstance(value, OptState)
            own.copy = (id(frame.node), name) in self.copies
            frame.given[name] = replaced(value, {}, lambda _: own)
        frame.env[name] = frame.given[name]
        self.changed = True

    def give_kinds(self, frame: Frame, name: str, value: Kinds) -> None:
        """A parameter is one of the classes that any call gives it."""
        before = frame.given.get(name)
        known = before.classes if isinstance(before, Kinds) else ()
        more = tuple(each for each in value.classes if each not in known)
        if more and (before is None or known):
            frame.given[name] = frame.env[name] = Kinds(known + more)
            self.changed = True

    def give_transform(self, frame: Frame, parameter: ast.arg, value: Transform) -> None:
        """A parameter is one of the transformations that any call gives it."""
        before, name = frame.given.get(parameter.arg), parameter.arg
        annotated = Maker(frame, (parameter,))
        known = before.makers - {annotated} if isinstance(before, Transform) else frozenset()
        if not value.makers <= known and (before is None or isinstance(before, Transform)):
            frame.given[name] = frame.env[name] = Transform(known | value.makers)
            self.changed = True

    def slot(self, frame: Frame, node: ast.AST, kind: Any = "") -> Slot:
        key = (id(node), kind)
        if key not in self.slots:
            self.changed = True
            self.slots[key] = Slot(frame, node)
        return self.slots[key]

    def new_state(self, node: ast.AST, frame: Frame) -> State:
        return State(self.slot(frame, node), self.slot(frame, node, "optimizer"))

    def merge(self, one: Slot, other: Slot) -> None:
        if one.root is not other.root and not is_copy(one) and not is_copy(other):
            self.changed = True
            merge(one, other)

    def escape(self, node: ast.AST, frame: Frame, reason: str) -> None:
        self.escapes[node] = (frame, reason)

    # ---- names ----------------------------------------------------------------------------------------------------

    def origin(self, node: ast.AST, frame: Frame) -> str:
        """The full name of a function, also of a method of an object that was followed."""
        value = self.values.get(node)
        return value.name if isinstance(value, Tool) else frame.file.facts.origin(node) or ""

    def resolve(self, node: ast.AST, frame: Frame) -> tuple[SourceFile, ast.AST] | None:
        """The statement of the program that a name imports or is defined by at top level."""
        file = frame.file
        origin = file.facts.names.origin(node)
        target = file.resolve(origin) if origin else None
        return (target.file, target.binding.node) if isinstance(target, Definition) else None

    def linen_class(self, node: ast.AST, frame: Frame) -> tuple[SourceFile, LinenClass] | None:
        """The Linen class of the program that an expression names."""
        ref = frame.file.facts.module_class(node)
        home = ref.local.facts.elsewhere if ref is not None and ref.local is not None else None
        if ref is not None and ref.local is not None and isinstance(home, SourceFile):
            return home, ref.local
        kinds = self.values.get(node)
        return called_kind(kinds, node, frame) if isinstance(kinds, Kinds) else None

    def state_class(self, node: ast.AST, frame: Frame) -> ast.ClassDef | None:
        """The class of the program, derived from TrainState, that an expression names."""
        binding = frame.file.facts.names.binding(node) if isinstance(node, ast.Name) else None
        found = (frame.file, binding.node) if binding is not None and binding.kind == "class" else self.resolve(node, frame)
        if found is None or not isinstance(found[1], ast.ClassDef):
            return None
        home = self.module(found[0])
        return found[1] if any(self.is_state(base, home) for base in found[1].bases) else None

    def is_state(self, node: ast.AST, frame: Frame) -> bool:
        return frame.file.facts.origin(node) == TRAIN_STATE or self.state_class(node, frame) is not None

    # ---- expressions ----------------------------------------------------------------------------------------------

    def value(self, node: ast.AST | None, frame: Frame) -> Any:
        if node is None:
            return None
        found = self._value(node, frame)
        if found is None and isinstance(node, (ast.Name, ast.Attribute)):
            cls = self.linen_class(node, frame)
            found = Kinds((cls,)) if cls is not None else None
        if found is not None or node in self.values:
            self.values[node] = found
        return found

    def _value(self, node: ast.AST, frame: Frame) -> Any:
        if isinstance(node, ast.Name):
            return self.named(node, frame)
        if isinstance(node, ast.Attribute):
            return self.attribute(node, frame)
        if isinstance(node, ast.Subscript):
            return self.item(node, frame)
        if isinstance(node, ast.Call):
            return Calls(self, frame).call(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            elements = tuple(self.value(element, frame) for element in node.elts)
            tell = any(element is not None for element in elements) and isinstance(node, ast.Tuple)
            return Items(elements) if tell else self.lost(node, frame, *node.elts)
        if isinstance(node, ast.Dict):
            return self.dictionary(node, frame)
        if isinstance(node, ast.IfExp):
            self.value(node.test, frame)
            one, other = self.value(node.body, frame), self.value(node.orelse, frame)
            return either(node, one, other, frame) if isinstance(one, Transform) else None
        if isinstance(node, ast.Lambda):
            return Callee(self.function(node, frame))
        if isinstance(node, ast.NamedExpr):
            frame.env[node.target.id] = found = self.value(node.value, frame)
            return found
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.keyword, ast.comprehension)):
                self.value(child, frame)
        return None

    def lost(self, node: ast.AST, frame: Frame, *children: ast.AST) -> None:
        for child in children:
            if slots_in(self.values.get(child)):
                self.escape(child, frame, f"`{ast.unparse(node)[:60]}` holds a model or its variables")

    def named(self, node: ast.Name, frame: Frame) -> Any:
        scope: Frame | None = frame
        while scope is not None:
            if node.id in scope.env:
                return scope.env[node.id]
            scope = scope.parent
        return self.imported(node, frame)

    def imported(self, node: ast.AST, frame: Frame) -> Any:
        found = self.resolve(node, frame)
        if found is None:
            return None
        home = self.module(found[0])
        if isinstance(found[1], ast.FunctionDef):
            return home.env.get(found[1].name, Callee(self.function(found[1], home)))
        target = self.resolved_name(node, frame)
        return home.env.get(target) if target else None

    def resolved_name(self, node: ast.AST, frame: Frame) -> str | None:
        origin = frame.file.facts.names.origin(node)
        target = frame.file.resolve(origin) if origin else None
        return target.name if isinstance(target, Definition) else None

    def attribute(self, node: ast.Attribute, frame: Frame) -> Any:
        owner = self.value(node.value, frame)
        if isinstance(owner, Model):
            known = node.attr in ("init", "apply", "init_with_output", "lazy_init", "bind")
            return Method(owner.slot, node.attr) if known else None
        if isinstance(owner, State):
            if node.attr in ("params", "batch_stats"):
                return Variables(owner.slot, node.attr)
            if node.attr == "apply_fn":
                return Method(owner.slot, "apply")
            if node.attr in ("apply_gradients", "replace"):
                return Method(owner.slot, node.attr, owner.optimizer)
            return kept(self, owner, node.attr) or Field(owner.slot, owner.optimizer, node.attr)
        if isinstance(owner, Tool):
            return Tool(f"{owner.name}.{node.attr}")
        if isinstance(owner, OptState):
            self.escape(node, frame, f"`{ast.unparse(node)[:60]}` reads what optax keeps")
        if isinstance(owner, Field) and node.attr == "value_and_grad" and keeps_scale(self, owner.name):
            return Scaled()
        if isinstance(owner, Variables) and node.attr in ("unfreeze", "copy", "get", "pop"):
            return Method(owner.slot, f"variables.{node.attr}")
        return None if owner is not None else self.imported(node, frame)

    def item(self, node: ast.Subscript, frame: Frame) -> Any:
        owner = self.value(node.value, frame)
        index = node.slice
        self.value(index, frame)
        key = index.value if isinstance(index, ast.Constant) else None
        if isinstance(owner, Items):
            known = isinstance(key, int) and -len(owner.elements) <= key < len(owner.elements)
            if known:
                return owner.elements[key]  # type: ignore[index]
            self.escape(node, frame, f"`{ast.unparse(node)[:60]}` reads a tuple that holds a model")
        if isinstance(owner, Variables):
            if owner.collection is None and isinstance(key, str):
                return replace(owner, collection=key)
            self.escape(node, frame, f"`{ast.unparse(node)[:60]}` reads variables by their Linen path")
        if isinstance(owner, OptState):
            self.escape(node, frame, f"`{ast.unparse(node)[:60]}` reads what optax keeps")
        return None

    def dictionary(self, node: ast.Dict, frame: Frame) -> Any:
        """`{'params': params, 'batch_stats': stats}` are the variables of one model."""
        found = [self.value(value, frame) for value in node.values]
        for key in node.keys:
            self.value(key, frame)
        if is_variables(node) and not self.starts(node, frame):
            for value, part in zip(node.values, found):
                if part is None and isinstance(value, ast.Name):
                    index = node.values.index(value)
                    key = node.keys[index]
                    self.guess(value, frame, getattr(key, "value", None))
            found = [self.value(value, frame) for value in node.values]
            slots = [part.slot for part in found if isinstance(part, Variables)]
            for slot in slots[1:]:
                if slot.root is not slots[0].root and original(slot) is original(slots[0]):
                    self.escape(node, frame, "it mixes variables of a model with those of a copy")
                else:
                    self.merge(slots[0], slot)
            if slots and len(slots) == len(found):
                return Variables(slots[0], None)
        self.lost(node, frame, *node.values)
        return None

    def starts(self, node: ast.Dict, frame: Frame) -> bool:
        """Whether it is the keys that a model is initialised with, `init` itself or by a function that hands all on."""
        call = frame.file.facts.names.parent(node)
        if not isinstance(call, ast.Call) or call.args[:1] != [node]:
            return False
        function = self.values.get(call.func)
        if isinstance(function, Callee):
            arguments = getattr(function.frame.node, "args", None)
            return arguments is not None and arguments.vararg is not None and not function.frame.parameters
        return isinstance(function, Method) and function.name == "init"

    def guess(self, node: ast.Name, frame: Frame, collection: object) -> None:
        """A parameter that stands for a collection in the variables that a model is applied to."""
        if isinstance(collection, str):
            self.guess_value(node, frame, lambda slot: Variables(slot, collection))

    def guess_value(self, node: ast.Name, frame: Frame, made: Callable[[Slot], Any]) -> None:
        """A parameter that has to hold a model, or something of it."""
        scope: Frame | None = frame
        while scope is not None and node.id not in scope.env:
            scope = scope.parent
        parameter = next((p for p in scope.parameters if p.arg == node.id), None) if scope else None
        if scope is not None and parameter is not None:
            self.give(scope, node.id, made(self.slot(scope, parameter)))
