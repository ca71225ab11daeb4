"""Calls of functions of the program: their parameters are what the arguments are, and what they return is known here.

A parameter that takes a model has a slot of its own, which stands for the models of all calls.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.roles import (
    Callee,
    Frame,
    Gradients,
    Items,
    Kinds,
    Model,
    OptState,
    Site,
    Slot,
    State,
    Variables,
    is_copy,
    replaced,
    slots_in,
)

from flake8_nnx.migrate.transformations import leaving

if TYPE_CHECKING:
    from flake8_nnx.migrate.flow import Program


class Sites:
    """The calls of one function."""

    def __init__(self, program: Program, frame: Frame) -> None:
        self.program, self.frame = program, frame

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
        slots: dict[Slot, Slot] = {inner.root: outside for inner, outside in callee.closure.items()}
        self.carried: set[Slot] = set()  # slots of the called function that variables are given for
        for name, argument in arguments.items():
            value = program.values.get(argument)
            program.give(frame, name, value)
            self.match(frame.given.get(name), value, slots, argument)
        self.copies_apart(callee, arguments)
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
                if slot.original is not None:
                    found.original = other(slot.original.root)
                several.append(found)
            return found

        for name, own in frame.given.items():
            value = program.values.get(arguments[name]) if name in arguments else callee.bound.get(name)
            if isinstance(own, Kinds) and not isinstance(value, Kinds):
                program.escape(node, self.frame, f"which class `{frame.name}` is given as `{name}` cannot be told")
        found = leaving(replaced(frame.returned, slots, other), node, frame, self.frame)
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

    def copies_apart(self, callee: Callee, arguments: Mapping[str, ast.expr]) -> None:
        """A parameter that is given variables beside those of the model takes a copy."""
        values = {name: self.program.values.get(argument) for name, argument in arguments.items()}
        owns = {name: own for name, own in callee.frame.given.items() if isinstance(own, (Variables, State)) and name in values}
        for name, own in owns.items():
            value, slot = values[name], own.slot.root
            if isinstance(own, State):
                continue
            if isinstance(value, Variables) and is_copy(value.slot) and not is_copy(slot):
                given = [slots_in(values[other]) for other, each in owns.items() if each.slot.root is slot and other != name]
                if any(several and several[0] is not value.slot.root for several in given):
                    self.program.wanted.add((id(callee.frame.node), name))
            same = [n for n, other in values.items() if n != name and slots_in(other) and slots_in(other) == slots_in(value)]
            changed = is_copy(slot) or any(each.slot.root is slot for each in self.program.renewed.values())
            if changed and any(n in owns and owns[n].slot.root is not slot for n in same):
                argument = arguments[name]
                reason = f"`{ast.unparse(argument)[:60]}` is a model that `{callee.frame.name}` is given as another one as well"
                self.program.escape(argument, self.frame, reason)
                if isinstance(argument, ast.Name) and argument.id not in [ast.unparse(arguments[n]) for n in same]:
                    self.program.wanted.add((id(self.frame.node), argument.id))

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
                if started or (inner in carried and isinstance(value, (State, Variables, OptState))):
                    program.escape(argument, self.frame, "two models go where the function called takes one")
                else:
                    program.merge(before, outside)
            if isinstance(value, (State, Variables, OptState)):
                carried.add(inner)
            if self.frame.inside(inner.frame):  # the parameter is a model of this function or of one around it
                program.merge(inner, outside)

    def back(self, argument: ast.Name, own: Any) -> None:
        """A parameter that is handed on is what the called function takes."""
        if any(p.arg == argument.id for p in self.frame.parameters) and not isinstance(own, Callee):
            self.program.give(self.frame, argument.id, own)
