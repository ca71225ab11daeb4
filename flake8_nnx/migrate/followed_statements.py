"""The statements of one function in their order: what names hold after assignments, conditions and loops."""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.followed_calls import Calls
from flake8_nnx.migrate.kept_variables import hands_out
from flake8_nnx.migrate.renewals import renewed
from flake8_nnx.migrate.roles import Callee, Frame, Items, Model, Variables, original, slot_of, slots_in

from flake8_nnx.migrate.transformations import either

if TYPE_CHECKING:
    from flake8_nnx.migrate.flow import Program


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
                self.assign(target, renewed(program, frame, target, node.value, self.copied(target, node.value, value)))
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.assign(node.target, program.value(node.value, frame))
        elif isinstance(node, ast.Return):
            value = program.value(node.value, frame)
            if node.value is not None and hands_out(value):
                program.escape(node.value, frame, "it returns the parameters that a train state keeps beside its own")
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
                    frame.env[name] = either(node, value, other, frame) or value
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
        given = self.frame.given.get(name)
        if isinstance(given, Variables):
            return value  # the parameter is the copy
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


def expressions(node: ast.stmt) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.expr, ast.withitem)):
            yield child
