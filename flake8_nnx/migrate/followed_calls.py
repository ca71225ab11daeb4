"""What calls return, and what they tell about their arguments: of Linen, of transforms, of functions of the program."""
from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate import kept_variables
from flake8_nnx.migrate.kept_variables import same_start
from flake8_nnx.migrate.kinds import kinds_of
from flake8_nnx.migrate.known import (
    CHECKPOINTERS,
    COLLECTIVES,
    COMPILED,
    DYNAMIC_SCALE,
    GRADIENTS,
    OVERVIEWS,
    PATH_AWARE,
    RESTORES,
    SAME,
    SAVES,
    TREE_MAPS,
)
from flake8_nnx.migrate.renewals import average
from flake8_nnx.migrate.roles import (
    Callee,
    Frame,
    Gradients,
    Items,
    Kinds,
    Method,
    Model,
    Scaled,
    State,
    Tool,
    Variables,
    original,
    slots_in,
)
from flake8_nnx.migrate.sites import Sites
from flake8_nnx.migrate.transformations import optax_call
from flake8_nnx.source.linen import LINEN, PARTIAL
from flake8_nnx.source.project import SourceFile

if TYPE_CHECKING:
    from flake8_nnx.migrate.flow import Program


class Calls(Sites):
    """What calls return, and what they tell about their arguments."""

    def __init__(self, program: Program, frame: Frame) -> None:
        super().__init__(program, frame)
        self.facts = frame.file.facts

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
            return replace(first, count=first.count + len(arguments) - 1, bound={**first.bound, **bound})
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
        found = optax_call(program, frame, node, origin, arguments, keywords) or average(program, frame, node, origin, arguments)
        if found is not None:
            return found
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
            whole = isinstance(value, Variables) and (origin.startswith(("jax.", "optax.")) or origin in OVERVIEWS | PATH_AWARE)
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
                return replace(first, gradient=GRADIENTS[origin], has_aux=has_aux(node))
        return first

    def scaled(self, node: ast.Call, first: Callee) -> Callee:
        program = self.program
        program.changed = program.changed or first.frame not in program.apart
        program.apart.add(first.frame)
        return replace(first, gradient="scaled", has_aux=has_aux(node))

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
        kept_variables.created(self.program, node, dict(keywords))
        known = [v for name, v in keywords.items() if isinstance(v, (Method, Variables)) and name not in self.program.kept_fields]
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
            if (self.frame, node) not in slot.root.started and not same_start(self.frame, slot, node):
                slot.root.started.append((self.frame, node))
            return Variables(slot, None)
        if function.name == "apply":
            given = arguments[0] if arguments else keywords.get("variables")
            if given is None and node.args and isinstance(node.args[0], ast.Name):
                program.guess(node.args[0], self.frame, "params")
                given = program.value(node.args[0], self.frame)
            if isinstance(given, Variables):
                if given.slot.root.holder is not None and given.slot.root.original is not None:
                    program.merge(slot, given.slot.root.original)
                if given.slot.root.copy and given.slot.root.original is None:
                    given.slot.root.original = original(slot)
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
            if function.name == "replace":
                kept_variables.replaced(program, self.frame, node, function)
            for name, value in keywords.items():
                if name in program.kept_fields:
                    continue
                if isinstance(value, Variables) and function.name == "replace" and slot.root.source is None:
                    program.merge(slot, value.slot)
            return State(slot, function.optimizer)
        if function.name in ("variables.unfreeze", "variables.copy"):
            return Variables(slot, None)
        program.escape(node, self.frame, f"`{ast.unparse(node)[:60]}` is not handled")
        return None


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
