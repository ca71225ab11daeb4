"""Construction, `init` and `apply` of migrated models: what their calls become, statement by statement of one function.

`model.init` goes, because construction has done its work; `apply` is a call; keys reseed the streams of the model.
"""
from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

from flake8_nnx.migrate.applied import COMPREHENSIONS, applied
from flake8_nnx.migrate.around import Created, Plan, Stop, indent_of, pieces_of, text_of
from flake8_nnx.migrate.by_hand import by_hand, readers
from flake8_nnx.migrate.construction import constructor_arguments, constructs, empty, factory
from flake8_nnx.migrate.dead import read_before
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.handed import site_rewritten
from flake8_nnx.migrate.into_models import tree_text
from flake8_nnx.migrate.known import BY_PATH, COLLECTIVES, RESTORES, SAME, SAVES
from flake8_nnx.migrate.lazy import call_in, initialised, made_and_initialised
from flake8_nnx.migrate.paths import mapped_by_path
from flake8_nnx.migrate.replaced import replaced_state
from flake8_nnx.migrate.returned import returned
from flake8_nnx.migrate.roles import (
    Callee,
    Field,
    Frame,
    Gradients,
    Items,
    Method,
    Model,
    OptState,
    Slot,
    State,
    Updates,
    Variables,
    slots_in,
)
from flake8_nnx.migrate.scaled import apart_expression, is_apart, split_and_merged
from flake8_nnx.migrate.signatures import signature
from flake8_nnx.migrate.tabulated import tabulated
from flake8_nnx.migrate.training import (
    checkpointed,
    compiled,
    created_state,
    gradients_applied,
    state_attribute,
    transformed,
)
from flake8_nnx.migrate.tree_arguments import tree_arguments


class Rewriting:
    """Plans one function."""

    def __init__(self, plan: Plan, frame: Frame, gone: Collection[ast.stmt] = ()) -> None:
        self.cloned: set[ast.AST] = set()  # values that are copied
        self.copied: set[ast.AST] = set()  # and the names of their copies
        self.gone = gone  # statements that nothing needs any more
        self.plan, self.frame, self.program = plan, frame, plan.program
        self.edits = plan.of(frame)
        self.values = plan.program.values
        self.facts = frame.file.facts

    def run(self) -> None:
        node = self.frame.node
        if isinstance(node, ast.Lambda):
            self.expression(node.body)
        else:
            if isinstance(node, ast.FunctionDef):
                if empty(self.plan, self.frame) and self.only_called(node):
                    self.edits.removed.add(node)
                    return
                for decorator in node.decorator_list:
                    self.expression(decorator)
            self.block(node.body)  # type: ignore[attr-defined]
            if self.frame in self.program.apart:
                split_and_merged(self)
        signature(self)

    def stop(self, node: ast.AST, reason: str, advice: str = "rewrite it by hand") -> Stop:
        return Stop(node, self.frame, reason, advice)

    # ---- statements -----------------------------------------------------------------------------------------------

    def block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        if node in self.gone:
            self.edits.removed.add(node)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return  # a function of its own
        elif isinstance(node, ast.Assign) and self.holds(node.value):
            self.assigned(node)
        elif isinstance(node, ast.AnnAssign) and self.holds(node.value):
            raise self.stop(node, f"`{ast.unparse(node.target)}` has an annotation of its own", "remove the annotation")
        elif isinstance(node, ast.Return) and self.holds(node.value):
            returned(self, node)
        elif isinstance(node, ast.Delete):
            gone = [target for target in node.targets if slots_in(self.values.get(target))]
            if len(gone) == len(node.targets):
                self.edits.removed.add(node)
            elif gone:
                raise self.stop(node, "it deletes variables among others", "delete them apart")
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    self.statement(child)
                elif isinstance(child, ast.ExceptHandler):
                    self.block(child.body)
                elif isinstance(child, (ast.expr, ast.withitem)):
                    self.expression(child)

    def holds(self, node: ast.expr | None) -> bool:
        return node is not None and bool(slots_in(self.values.get(node)))

    def only_called(self, node: ast.FunctionDef) -> bool:
        """Whether every mention of a function in the program is a call that goes."""
        calls = {site.call.func for frame in self.program.all_frames() for site in frame.sites if site.callee.frame.node is node}
        for file in self.program.files:
            for name in file.facts.names.nodes:
                if isinstance(name, (ast.Name, ast.Attribute)) and name not in calls:
                    value = self.values.get(name)
                    if isinstance(value, Callee) and value.frame.node is node and isinstance(name.ctx, ast.Load):
                        return False
        return bool(calls)

    def created_by(self, node: ast.AST) -> Created:
        """Which slots come to be in an expression."""
        inside = set(ast.walk(node))
        return lambda slot: slot.root.node in inside and not slot.root.is_given

    def assigned(self, node: ast.Assign) -> None:
        value = self.values[node.value]
        created = self.created_by(node.value)
        if len(node.targets) > 1:
            raise self.stop(node, "a model or its variables are assigned to several names at once", "use one assignment for each")
        target = node.targets[0]
        if node.value in self.program.renewed:
            self.edits.expressions[node.value] = tree_text(self, node.value)
            self.edits.unassigned.add(node)
            return
        self.copies(target, node.value)
        pieces = self.target(target, self.values.get(target, value), created)
        if self.applies(node.value):
            whole = target.elts if pieces == [target] and isinstance(target, ast.Tuple) else pieces
            pieces = [piece for piece in whole if isinstance(piece, str) or not is_apart(self.values.get(piece))]
        if target in self.copied:
            return
        if not pieces and self.only_makes(node.value):
            self.edits.removed.add(node)
            return
        started = call_in(self.plan, node.value)
        if started is not None and not pieces:
            initialised(self, node.value, started)
            self.edits.unassigned.add(node)
            return
        effect = self.expression(node.value, alone=not pieces)
        if not pieces:
            (self.edits.unassigned if effect else self.edits.removed).add(node)
        elif len(pieces) == 1 and pieces[0] is not target and isinstance(pieces[0], ast.Name) and pieces[0].id == "_":
            self.edits.unassigned.add(node)
        elif pieces != [target]:
            self.replace(target, pieces)

    def applies(self, node: ast.expr) -> bool:
        function = self.values.get(node.func) if isinstance(node, ast.Call) else None
        return isinstance(function, Method) and function.name == "apply"

    def is_copy(self, target: ast.AST) -> bool:
        value = self.values.get(target)
        return isinstance(value, Variables) and value.slot.root.original is not None and value.slot.root.frame is self.frame

    def copies(self, target: ast.expr, node: ast.expr) -> None:
        """Names that keep variables as they were: `best = state.params` is `best_model = nnx.clone(model)`."""
        if isinstance(target, ast.Tuple) and isinstance(node, ast.Tuple):
            for element, part in zip(target.elts, node.elts):
                self.copies(element, part)
        elif isinstance(target, ast.Name) and self.is_copy(target) and not isinstance(node, ast.Call):
            self.copied.add(target)
            value = self.values[node]
            self.named(target, self.values[target].slot)
            if value.slot.root is not self.values[target].slot.root:
                self.edits.expressions[node] = f"nnx.clone({self.plan.model(value.slot)})"
                self.cloned.add(node)

    def only_makes(self, node: ast.expr) -> bool:
        """Whether an expression does nothing but construct a model, which is another one's by now."""
        calls = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
        sites = {site.call: site.callee.frame for site in self.frame.sites}
        made = [call for call in calls if constructs(self.program, call, self.frame) or (call in sites and factory(sites[call]))]
        return bool(made) and all(isinstance(self.values.get(call), (Model, Variables)) for call in calls)

    def target(self, target: ast.expr, value: Any, created: Created) -> list[Piece]:
        updated = isinstance(value, Variables) and value.updated
        if updated and isinstance(target, ast.Name) and not read_before(self.frame, target.id):
            raise self.stop(target, "what the call changes is dropped, and NNX would keep it", "call a copy that nnx.clone makes")
        if target in self.copied:
            return [target]
        if isinstance(value, Updates):
            return [target] if any(readers(self.plan, self.frame, value.call)) else []
        if isinstance(target, ast.Name) and target.id == "_":
            return [target] if pieces_of(value, created, self.plan, target) else []
        if not isinstance(target, (ast.Tuple, ast.List)):
            found = pieces_of(value, created, self.plan, target)
            return [target] if isinstance(target, ast.Name) and found == [target.id] else found
        if not isinstance(value, Items):
            return pieces_of(value, created, self.plan, target)
        pieces: list[Piece] = []
        for element, part in zip(target.elts, value.elements):
            found = self.target(element, part, created)
            if isinstance(element, ast.Tuple) and found and found != [element]:
                self.replace(element, found)
                found = [element]
            pieces += found
        return [target] if pieces == target.elts else pieces

    def replace(self, node: ast.expr, pieces: list[Piece]) -> None:
        """Other elements for a tuple, other text for a name."""
        if isinstance(node, (ast.Tuple, ast.List)):
            self.edits.elements[node] = pieces
        elif all(isinstance(piece, str) for piece in pieces):
            self.edits.expressions[node] = ", ".join(str(piece) for piece in pieces)

    # ---- expressions ----------------------------------------------------------------------------------------------

    def expression(self, node: ast.AST, alone: bool = False) -> bool:
        """Plan an expression; whether it does something when nothing of its value is `alone` left."""
        value = self.values.get(node)
        if node in self.cloned:
            return False
        if node in self.program.escapes:
            frame, reason = self.program.escapes[node]
            raise Stop(node, frame, reason)
        if isinstance(node, ast.Call):
            return self.call(node, value, alone)
        if node in self.program.compilers:
            compiled(self, node)
            return False
        if isinstance(value, Field) and isinstance(node, ast.Attribute):
            self.edits.expressions[node] = state_attribute(self, node, value)
            return False
        if is_apart(value):
            apart_expression(self, node)
            return False
        if isinstance(value, (Model, Variables, OptState)) or (isinstance(value, Method) and value.name == "apply"):
            self.named(node, value.slot)
            if not isinstance(node, (ast.Name, ast.Dict)):
                for call in ast.walk(node):
                    if isinstance(call, ast.Call) and self.created_by(node)(value.slot):
                        self.constructed(node, value)
                        break
            return False
        if isinstance(value, State) and not alone:
            raise self.stop(node, f"`{ast.unparse(node)[:60]}` is a train state in an expression", "hand on model and optimizer")
        owner = self.values.get(node.value) if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Subscript) and isinstance(owner, Items):
            self.indexed(node, owner)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.keyword, ast.comprehension, ast.Slice)):
                self.expression(child)
        return False

    def named(self, node: ast.AST, slot: Slot) -> None:
        text = self.plan.model(slot)
        if not (isinstance(node, ast.Name) and node.id == text):
            self.edits.expressions[node] = text

    def indexed(self, node: ast.Subscript, owner: Items) -> None:
        """`aux[1]` where something before it, or all but it, is gone."""
        left = [bool(pieces_of(element, lambda _: False, self.plan, node)) for element in owner.elements]
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if all(left) or not isinstance(index, int):
            return
        if sum(left) == 1:
            self.edits.expressions[node] = text_of(self.frame).segment(node.value, {})
        elif index >= 0:
            self.edits.expressions[node.slice] = str(sum(left[:index]))

    def call(self, node: ast.Call, value: Any, alone: bool) -> bool:
        function = self.values.get(node.func)
        origin = self.program.origin(node.func, self.frame)
        if transformed(self, node, origin):
            return False
        if node in self.program.renewed:
            self.edits.expressions[node] = tree_text(self, node)
            return True
        effect = by_hand(self, node)
        if effect is not None:
            return effect
        if origin in SAVES | RESTORES and checkpointed(self, node, origin, alone):
            return True
        if constructs(self.program, node, self.frame):
            if node in [call for _, call in value.slot.root.definitions]:
                constructor_arguments(self, node, value.slot)
            return True
        if isinstance(function, Method):
            return self.method(node, function, value)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "create" and isinstance(value, State):
            created_state(self, node, value)
            return True
        site = next((site for site in self.frame.sites if site.call is node), None)
        if site is not None:
            return site_rewritten(self, site)
        if is_apart(value):
            apart_expression(self, node)
            return False
        if origin in SAME or (origin in COLLECTIVES and isinstance(value, Variables)):
            if slots_in(value) and not isinstance(value, Gradients):
                if isinstance(value, State):
                    return False
                self.named(node, value.slot)
                return False
        if tabulated(self, node) or (origin in BY_PATH and mapped_by_path(self, node, origin)):
            return True
        tree_arguments(self, node, origin)
        self.expression(node.func)
        return True

    def method(self, node: ast.Call, function: Method, value: Any) -> bool:
        """A call of `init`, `apply`, `apply_gradients` or `replace`."""
        if function.name == "init":
            if self.created_by(node)(function.slot):
                self.constructed(node, value)
                return True
            return False
        if function.name == "apply":
            applied(self, node, function)
            return True
        if function.name == "apply_gradients":
            gradients_applied(self, node, function)
            return True
        if function.name == "replace":
            return replaced_state(self, node, function)
        raise self.stop(node, f"`{ast.unparse(node)[:60]}` has no form in NNX")

    def constructed(self, node: ast.AST, value: Any) -> None:
        """`Model(…).init(key, x)['params']` is the model: the construction alone is left, and what initialises bridges."""
        self._constructed(node, value)
        started = call_in(self.plan, node)
        if started is not None:
            self.edits.expressions[node] = made_and_initialised(self, started, self.edits.expressions[node])

    def _constructed(self, node: ast.AST, value: Any) -> None:
        own = [call for call in ast.walk(node) if call is value.slot.root.node]
        for call in own:
            if constructs(self.program, call, self.frame):
                self.edits.expressions.pop(node, None)
                constructor_arguments(self, call, value.slot, instead_of=node)
                return
            site = next((site for site in self.frame.sites if site.call is call), None)
            if site is not None:
                self.edits.expressions.pop(node, None)
                site_rewritten(self, site)
                if call is not node:
                    self.edits.expressions[node] = self.spelled(site.call)
                return

    def spelled(self, call: ast.Call) -> str:
        """The text of a call with its new arguments."""
        text = text_of(self.frame)
        pieces = self.edits.arguments.pop(call)
        arguments = [piece if isinstance(piece, str) else text.segment(piece, {}) for piece in pieces]
        names = {id(k.value): f"{k.arg}=" for k in call.keywords}
        arguments = [names.get(id(piece), "") + t if not isinstance(piece, str) else t for piece, t in zip(pieces, arguments)]
        function = self.edits.expressions.pop(call.func, None) or text.segment(call.func, {})
        return f"{function}({', '.join(arguments)})"

    def swaps(self, node: ast.AST) -> dict[int, str]:
        """The texts of what changes inside of an expression whose text is put elsewhere."""
        self.expression(node)
        return {id(child): self.edits.expressions[child] for child in ast.walk(node) if child in self.edits.expressions}

    def put_before(self, node: ast.AST, text: str) -> None:
        """A statement before the one that holds this node, in the same function."""
        names = self.facts.names
        place: ast.AST | None = node
        while place is not None and not isinstance(place, ast.stmt):
            if isinstance(place, (ast.Lambda, *COMPREHENSIONS)):
                raise self.stop(node, "it needs a statement before it, which has no place here", "write it as a statement")
            place = names.parent(place)
        assert isinstance(place, ast.stmt)
        text = text.replace("    ", indent_of(self.frame))
        inside = names.parent(place)
        if isinstance(place, ast.If) and isinstance(inside, ast.If) and place in inside.orelse:
            raise self.stop(node, "it needs a statement before an `elif`", "write it as a statement")
        if isinstance(place, (ast.For, ast.While)):
            raise self.stop(node, "it needs a statement before each turn of the loop", "write it as a statement")
        self.edits.before.setdefault(place, []).append(text)
