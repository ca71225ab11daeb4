"""Follows models, variables and train states through the functions of a program, across its files.

An abstract interpreter of statements in their order; what it finds out is kept per expression for the rewriting.
"""
from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flake8_nnx.migrate.roles import (
    Callee,
    Field,
    Frame,
    Gradients,
    Items,
    Kinds,
    Method,
    Model,
    Scaled,
    Site,
    Slot,
    State,
    Tool,
    Variables,
    merge,
    original,
    replaced,
    slot_of,
    slots_in,
)
from flake8_nnx.source.clues import TRAIN_STATE, is_variables
from flake8_nnx.source.linen import LINEN, PARTIAL, LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.project import Definition, Project, SourceFile

COMPILED = frozenset({"jax.jit", "jax.pmap", "jax.remat", "jax.checkpoint"})
GRADIENTS = {"jax.grad": "grad", "jax.value_and_grad": "value_and_grad"}
SAME = frozenset({
    "flax.core.freeze", "flax.core.unfreeze", "flax.core.frozen_dict.freeze", "flax.core.frozen_dict.unfreeze",
    "flax.core.FrozenDict", "flax.core.frozen_dict.FrozenDict", "flax.linen.FrozenDict",
    "flax.jax_utils.replicate", "flax.jax_utils.unreplicate", "jax.device_put", "jax.block_until_ready",
})  # fmt: skip
CHECKPOINTS = "flax.training.checkpoints."
CHECKPOINTERS = frozenset({"clu.checkpoint.Checkpoint", "clu.checkpoint.MultihostCheckpoint"})
SAVES = frozenset(
    [CHECKPOINTS + name for name in ("save_checkpoint", "save_checkpoint_multiprocess")]
    + [f"{tool}.save" for tool in CHECKPOINTERS]
)
RESTORES = frozenset(
    [CHECKPOINTS + "restore_checkpoint"]
    + [f"{tool}.{name}" for tool in CHECKPOINTERS for name in ("restore", "restore_or_initialize")]
)
# They say what parameters there are.
OVERVIEWS = frozenset(
    f"clu.parameter_overview.{name}" for name in ("log_parameter_overview", "get_parameter_overview", "count_parameters")
)
TREE_MAPS = frozenset({"jax.tree.map", "jax.tree_map", "jax.tree_util.tree_map"})
DYNAMIC_SCALE = "flax.training.dynamic_scale.DynamicScale"
COLLECTIVES = frozenset({"jax.lax.pmean", "jax.lax.psum"})
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

    def slot(self, frame: Frame, node: ast.AST, kind: Any = "") -> Slot:
        key = (id(node), kind)
        if key not in self.slots:
            self.changed = True
            self.slots[key] = Slot(frame, node)
        return self.slots[key]

    def new_state(self, node: ast.AST, frame: Frame) -> State:
        return State(self.slot(frame, node), self.slot(frame, node, "optimizer"))

    def merge(self, one: Slot, other: Slot) -> None:
        copies = one.root.original is not None or other.root.original is not None
        if one.root is not other.root and not copies:
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
            return Field(owner.slot, owner.optimizer, node.attr)
        if isinstance(owner, Tool):
            return Tool(f"{owner.name}.{node.attr}")
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
        scope: Frame | None = frame
        while scope is not None and node.id not in scope.env:
            scope = scope.parent
        parameter = next((p for p in scope.parameters if p.arg == node.id), None) if scope else None
        if scope is not None and parameter is not None and isinstance(collection, str):
            self.give(scope, node.id, Variables(self.slot(scope, parameter), collection))


class Statements:
    """The statements of one function, in order."""

    def __init__(self, program: Program, frame: Frame) -> None:
        self.program, self.frame = program, frame

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        program, frame = self.program, self.frame
        if isinstance(node, ast.FunctionDef):
            value = Callee(program.function(node, frame))
            for decorator in node.decorator_list:
                Calls(program, frame).compiles(decorator, value.frame)
            frame.env[node.name] = value
        elif isinstance(node, ast.ClassDef):
            for method in node.body if frame.file.facts.linen_class(node) is None else ():
                if isinstance(method, ast.FunctionDef):
                    program.function(method, frame)
        elif isinstance(node, ast.Assign):
            value = program.value(node.value, frame)
            for target in node.targets:
                self.assign(target, self.copied(target, node.value, value))
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.assign(node.target, program.value(node.value, frame))
        elif isinstance(node, ast.Return):
            value = program.value(node.value, frame)
            self.join(value)
        elif isinstance(node, ast.If):
            program.value(node.test, frame)
            before = dict(frame.env)
            self.block(node.body)
            after, frame.env = frame.env, before
            self.block(node.orelse)
            for name, value in after.items():
                other = frame.env.get(name)
                if slots_in(value) and slots_in(other) and slots_in(value)[0] is not slots_in(other)[0]:
                    program.escape(node, frame, f"`{name}` is one of two models after this condition")
                    if original(slot_of(value)) is original(slot_of(other)):
                        program.wanted.add((id(frame.node), name))
                if value is not None:
                    frame.env[name] = value
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            program.value(node.iter, frame)
            self.assign(node.target, None)
            self.block(node.body)
            self.block(node.orelse)
        else:
            for child in expressions(node):
                program.value(child, frame)
            for name in ("body", "orelse", "finalbody"):
                self.block(getattr(node, name, ()))
            for handler in getattr(node, "handlers", ()):
                self.block(handler.body)

    def copied(self, target: ast.expr, node: ast.expr, value: Any) -> Any:
        """What a name holds that keeps the variables of a model which is updated afterwards: those of a copy."""
        if isinstance(target, ast.Tuple) and isinstance(node, ast.Tuple) and isinstance(value, Items):
            return Items(tuple(self.copied(*each) for each in zip(target.elts, node.elts, value.elements)))
        name = target.id if isinstance(target, ast.Name) else ""
        if (id(self.frame.node), name) not in self.program.copies or isinstance(node, ast.Call):
            return value
        if isinstance(value, Variables):
            slot = self.program.slot(self.frame, self.frame.node, name)
            slot.original = original(slot_of(value))
            return Variables(slot, value.collection)
        return value

    def join(self, value: Any) -> None:
        """Several returns of models are one: which it is is decided inside."""
        before = self.frame.returned
        if isinstance(before, Model) and isinstance(value, Model):
            both = {before.slot, value.slot}
            if all(any(call is slot.node for _, call in slot.root.definitions) for slot in both):
                self.program.alternatives |= both
            self.program.merge(before.slot, value.slot)
        elif before is None:
            self.frame.returned = value

    def assign(self, target: ast.expr, value: Any) -> None:
        program, frame = self.program, self.frame
        if isinstance(target, ast.Name):
            frame.env[target.id] = value
            program.values[target] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            program.values[target] = value
            fits = isinstance(value, Items) and len(value.elements) == len(target.elts)
            for i, element in enumerate(target.elts):
                self.assign(element, value.elements[i] if fits else None)
            if not fits and slots_in(value):
                program.escape(target, frame, f"`{ast.unparse(target)[:60]}` takes variables apart")
        else:
            program.value(target, frame)
            if slots_in(value):
                program.escape(target, frame, f"`{ast.unparse(target)[:60]}` keeps a model, its variables or its train state")


def called_kind(kinds: Kinds, node: ast.AST, frame: Frame) -> tuple[SourceFile, LinenClass] | None:
    """The only class that takes the keywords of a call, with which the others fail."""
    call = frame.file.facts.names.parent(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return None
    names = {keyword.arg for keyword in call.keywords} - {None, "name", "parent"}
    found = [(file, cls) for file, cls in kinds.classes if names <= set(file.facts.fields_of(cls))]
    return found[0] if len(found) == 1 else None


def kinds_of(file: SourceFile) -> Kinds | None:
    """What `getattr(models, name)` is where all that a file defines at its top level are Linen classes and values."""
    found: list[tuple[SourceFile, LinenClass]] = []
    for bindings in file.facts.names.module.bindings.values():
        for binding in bindings:
            if binding.kind == "import":
                continue
            if isinstance(binding.node, FUNCTIONS):
                return None
            local = file.facts.linen_class(binding.node) if isinstance(binding.node, ast.ClassDef) else None
            if local is None and binding.kind == "assign":
                ref = file.facts.module_class(binding.value)
                local = ref.local if ref is not None else None
            home = local.facts.elsewhere if local is not None else None
            if local is not None and isinstance(home, SourceFile) and (home, local) not in found:
                found.append((home, local))
    return Kinds(tuple(found)) if found else None


def expressions(node: ast.stmt) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.expr, ast.withitem)):
            yield child


def has_aux(node: ast.Call) -> bool:
    aux = next((k.value for k in node.keywords if k.arg == "has_aux"), None)
    return isinstance(aux, ast.Constant) and aux.value is True


def keeps_scale(program: Program, name: str) -> bool:
    """Whether this field of the train states of a program is a `DynamicScale`."""
    for file in program.project.files:
        if file not in program.files:
            continue
        home = program.module(file)
        for cls in file.tree.body:
            if isinstance(cls, ast.ClassDef) and any(program.is_state(base, home) for base in cls.bases):
                for field in cls.body:
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id == name:
                        return any(file.facts.origin(part) == DYNAMIC_SCALE for part in ast.walk(field.annotation))
    return False


class Calls:
    """What calls return, and what they tell about their arguments."""

    def __init__(self, program: Program, frame: Frame) -> None:
        self.program, self.frame, self.facts = program, frame, frame.file.facts

    def call(self, node: ast.Call) -> Any:
        program, frame = self.program, self.frame
        function = program.value(node.func, frame)
        origin = program.origin(node.func, frame)
        arguments = [program.value(argument, frame) for argument in node.args]
        keywords = {keyword.arg: program.value(keyword.value, frame) for keyword in node.keywords}
        first = arguments[0] if arguments else None
        if origin in COMPILED or origin in GRADIENTS:
            return self.transformed(node, origin, first)
        if isinstance(function, Scaled) and isinstance(first, Callee) and len(node.args) == 1 and "argnums" not in keywords:
            return self.scaled(node, first)
        if origin in PARTIAL and isinstance(first, Callee):
            bound = {name: value for name, value in keywords.items() if name}
            self.give(first, node, arguments[1:], bound)
            return Callee(first.frame, first.count + len(arguments) - 1, {**first.bound, **bound}, first.gradient)
        if origin in SAME or origin in COLLECTIVES:
            return first
        if origin in CHECKPOINTERS:
            return Tool(origin)
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) == 2:
            module = frame.file.facts.names.origin(node.args[0])
            file = frame.file.resolve(module) if module and function is None else None
            return kinds_of(file) if isinstance(file, SourceFile) else None
        if origin == LINEN + "apply" and isinstance(first, Callee) and len(arguments) > 1 and isinstance(arguments[1], Model):
            return Method(arguments[1].slot, "apply")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "create" and program.is_state(node.func.value, frame):
            return self.created(node, keywords)
        if program.linen_class(node.func, frame) is not None:
            slot = program.slot(frame, node)
            if (frame, node) not in slot.root.definitions:
                slot.root.definitions.append((frame, node))
            return Model(slot)
        if isinstance(function, Kinds):
            program.escape(node, frame, f"which class `{ast.unparse(node)[:60]}` makes a model of cannot be told")
        if isinstance(function, Method):
            return self.method(node, function, arguments, keywords)
        if isinstance(function, Callee):
            return self.called(node, function, arguments, keywords)
        return self.unknown(node, origin, arguments, keywords)

    def unknown(self, node: ast.Call, origin: str, arguments: list[Any], keywords: Mapping[Any, Any]) -> Any:
        given = [*zip(node.args, arguments), *((k.value, keywords[k.arg]) for k in node.keywords)]
        for argument, value in given:
            if isinstance(value, Callee) and not origin.startswith("absl."):
                self.program.handed[argument] = (self.frame, value.frame, f"`{ast.unparse(node)[:60]}`")
        state = next((value for _, value in given if isinstance(value, State)), None)
        if state is not None and origin in SAVES | RESTORES:
            return state if origin in RESTORES else None
        if state is not None and origin in TREE_MAPS and self.only_saved(node):
            return None
        for argument, value in given:
            whole = isinstance(value, Variables) and (origin.startswith(("jax.", "optax.")) or origin in OVERVIEWS)
            if slots_in(value) and not whole and not isinstance(value, Gradients):
                reason = f"`{ast.unparse(node)[:60]}` is given a model, its variables or its train state"
                self.program.escape(argument, self.frame, reason)
        return None

    def only_saved(self, node: ast.Call) -> bool:
        """Whether a value goes into a checkpoint, itself or by a name of its own, and nowhere else."""
        names = self.facts.names
        above = names.parent(node)
        if not isinstance(above, ast.Assign):
            return self.saves(above)
        target = above.targets[0]
        if len(above.targets) > 1 or not isinstance(target, ast.Name):
            return False
        same = [n for n in ast.walk(self.frame.node) if isinstance(n, ast.Name) and n.id == target.id and n is not target]
        return bool(same) and all(isinstance(n.ctx, ast.Load) and self.saves(names.parent(n)) for n in same)

    def saves(self, node: ast.AST | None) -> bool:
        node = self.facts.names.parent(node) if isinstance(node, ast.keyword) else node
        return isinstance(node, ast.Call) and self.program.origin(node.func, self.frame) in SAVES

    def transformed(self, node: ast.Call, origin: str, first: Any) -> Any:
        if isinstance(first, Callee):
            self.program.compilers[node.func] = first.frame
            if origin in GRADIENTS:
                return Callee(first.frame, first.count, first.bound, GRADIENTS[origin], has_aux(node))
        return first

    def scaled(self, node: ast.Call, first: Callee) -> Callee:
        program = self.program
        program.changed = program.changed or first.frame not in program.apart
        program.apart.add(first.frame)
        return Callee(first.frame, first.count, first.bound, "scaled", has_aux(node))

    def compiles(self, decorator: ast.expr, frame: Frame) -> None:
        """`@jax.jit` and `@functools.partial(jax.jit, …)`."""
        node = decorator
        if isinstance(node, ast.Call):
            node = node.args[0] if self.facts.origin(node.func) in PARTIAL and node.args else node.func
        if self.facts.origin(node) in COMPILED:
            self.program.compilers[node] = frame
        else:
            self.program.handed[decorator] = (self.frame, frame, f"`@{ast.unparse(decorator)[:60]}`")
            if isinstance(decorator, ast.Call):
                self.program.value(decorator, self.frame)

    def created(self, node: ast.Call, keywords: Mapping[Any, Any]) -> Any:
        known = [value for value in keywords.values() if isinstance(value, (Method, Variables))]
        main = next((value for value in known if isinstance(value, Method)), keywords.get("params"))
        if not isinstance(main, (Method, Variables)):
            main = known[0] if known else None
        slot = main.slot if main is not None else self.program.slot(self.frame, node)
        for value in known:
            self.program.merge(slot, value.slot)
        return State(slot, self.program.slot(self.frame, node, "optimizer"))

    def method(self, node: ast.Call, function: Method, arguments: list[Any], keywords: Mapping[Any, Any]) -> Any:
        program, slot = self.program, function.slot
        if function.name == "init":
            if (self.frame, node) not in slot.root.started:
                slot.root.started.append((self.frame, node))
            return Variables(slot, None)
        if function.name == "apply":
            given = arguments[0] if arguments else keywords.get("variables")
            if given is None and node.args and isinstance(node.args[0], ast.Name):
                program.guess(node.args[0], self.frame, "params")
                given = program.value(node.args[0], self.frame)
            if isinstance(given, Variables):
                copy = given.slot.root.original is not None and original(given.slot) is original(slot)
                if not copy and given.slot.root.original is not None:
                    program.escape(node, self.frame, f"whose copy `{ast.unparse(node)[:60]}` applies cannot be followed")
                if not copy:  # a copy is called in the same way
                    program.merge(slot, given.slot)
            else:
                program.escape(node, self.frame, f"the variables of `{ast.unparse(node)[:60]}` cannot be followed")
            mutable = next((k.value for k in node.keywords if k.arg == "mutable"), None)
            if mutable is None or (isinstance(mutable, ast.Constant) and mutable.value is False):
                return None
            return Items((None, Variables(slot, None, updated=True, apart=self.frame in program.apart)))
        if function.optimizer is not None and function.name in ("apply_gradients", "replace"):
            applied = keywords.get("apply_fn")
            if function.name == "replace" and isinstance(applied, Method) and applied.slot.root is not slot.root:
                applied.slot.root.source = slot
                return State(applied.slot, function.optimizer)
            for value in keywords.values():
                if isinstance(value, Variables) and function.name == "replace" and slot.root.source is None:
                    program.merge(slot, value.slot)
            return State(slot, function.optimizer)
        if function.name in ("variables.unfreeze", "variables.copy"):
            return Variables(slot, None)
        program.escape(node, self.frame, f"`{ast.unparse(node)[:60]}` is not handled")
        return None

    def bind(self, callee: Callee, node: ast.Call) -> dict[str, ast.expr]:
        """The arguments of a call by the parameters that take them."""
        parameters = callee.frame.parameters
        free = [p.arg for p in parameters[callee.count:callee.frame.positional]]
        found: dict[str, ast.expr] = {}
        for name, argument in zip(free, node.args):
            if isinstance(argument, ast.Starred):
                break
            found[name] = argument
        found.update({k.arg: k.value for k in node.keywords if k.arg})
        return found

    def give(self, callee: Callee, node: ast.Call, values: list[Any], keywords: Mapping[str, Any]) -> None:
        """Parameters that `functools.partial` binds; its arguments come after the function."""
        frame = callee.frame
        names = [p.arg for p in frame.parameters[callee.count:]]
        arguments: dict[str, ast.expr] = dict(zip(names, node.args[1:]))
        arguments.update({k.arg: k.value for k in node.keywords if k.arg})
        for name, value in [*zip(names, values), *keywords.items()]:
            self.program.give(frame, name, value)
        self.frame.sites.append(Site(self.frame, node, Callee(frame), arguments))

    def called(self, node: ast.Call, callee: Callee, values: list[Any], keywords: Mapping[Any, Any]) -> Any:
        program, frame = self.program, callee.frame
        arguments = self.bind(callee, node)
        slots: dict[Slot, Slot] = {}
        self.carried: set[Slot] = set()  # slots of the called function that variables are given for
        for name, argument in arguments.items():
            value = program.values.get(argument)
            program.give(frame, name, value)
            self.match(frame.given.get(name), value, slots, argument)
        for name, value in callee.bound.items():
            self.match(frame.given.get(name), value, slots, node)
        if not any(isinstance(argument, ast.Starred) for argument in node.args):
            self.frame.sites.append(Site(self.frame, node, callee, arguments))

        def other(slot: Slot) -> Slot:
            slot = slot.root
            if slot in slots:
                return slots[slot].root
            if self.frame.inside(slot.frame) or frame is not slot.frame:
                return slot  # of a function around both, or of one that the called one is given
            several = program.made.setdefault(node, [])
            found = next((one for one in several if one.inner is not None and one.inner.root is slot), None)
            if found is None:
                found = program.slot(self.frame, node, slot)
                found.inner = slot
                several.append(found)
            return found

        for name, own in frame.given.items():
            value = program.values.get(arguments[name]) if name in arguments else callee.bound.get(name)
            if isinstance(own, Kinds) and not isinstance(value, Kinds):
                program.escape(node, self.frame, f"which class `{frame.name}` is given as `{name}` cannot be told")
        found = replaced(frame.returned, slots, other)
        if not callee.gradient:
            return found
        target = next((p.arg for p in frame.parameters[callee.count:]), "")
        wrt = frame.given.get(target)
        grads = Gradients(other(wrt.slot)) if isinstance(wrt, (Variables, Model)) else None
        if callee.gradient == "scaled":
            return Items((None, None, found, grads))
        if callee.gradient == "value_and_grad":
            return Items((found, grads))
        aux = found.elements[1] if callee.has_aux and isinstance(found, Items) else None
        return Items((grads, aux)) if callee.has_aux else grads

    def match(self, own: Any, value: Any, slots: dict[Slot, Slot], argument: ast.AST) -> None:
        """The slots of the called function are those of the arguments."""
        program = self.program
        pairs: list[tuple[Slot, Slot]] = []
        if own is not None and value is None and isinstance(argument, ast.Name):
            self.back(argument, own)
            value = program.value(argument, self.frame)
        if isinstance(value, Items) and slots_in(own) and slots_in(value):
            program.escape(argument, self.frame, f"`{ast.unparse(argument)[:60]}` is several where the function called takes one")
        elif slots_in(own) and slots_in(value):
            if isinstance(own, State) and isinstance(value, State):
                pairs.append((own.optimizer.root, value.optimizer.root))
            pairs.append((own.slot.root, value.slot.root))
        carried = self.carried
        for inner, outside in pairs:
            before = slots.setdefault(inner, outside).root
            if before is not outside:
                started = not before.is_given and not outside.is_given and before.started and outside.started
                if started or (inner in carried and isinstance(value, (State, Variables))):
                    program.escape(argument, self.frame, "two models go where the function called takes one")
                else:
                    program.merge(before, outside)
            if isinstance(value, (State, Variables)):
                carried.add(inner)
            if self.frame.inside(inner.frame):  # the parameter is a model of this function or of one around it
                program.merge(inner, outside)

    def back(self, argument: ast.Name, own: Any) -> None:
        """A parameter that is handed on is what the called function takes."""
        if any(p.arg == argument.id for p in self.frame.parameters) and not isinstance(own, Callee):
            self.program.give(self.frame, argument.id, own)
