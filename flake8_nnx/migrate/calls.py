"""Construction, `init` and `apply` of migrated models: what their calls become, statement by statement of one function.

`model.init` goes, because construction has done its work; `apply` is a call; keys reseed the streams of the model.
"""
from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

from flake8_nnx.migrate.around import Created, Plan, Stop, indent_of, own_nodes, pieces_of, text_of
from flake8_nnx.migrate.carry import default_of
from flake8_nnx.migrate.construction import added_argument, constructor_arguments, constructs, empty, factory
from flake8_nnx.migrate.dead import read_before
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.flow import COLLECTIVES, OVERVIEWS, RESTORES, SAME, SAVES, TREE_MAPS
from flake8_nnx.migrate.replaced import replaced_state, state_of
from flake8_nnx.migrate.roles import (
    Callee,
    Field,
    Frame,
    Gradients,
    Items,
    Method,
    Model,
    Site,
    Slot,
    State,
    Variables,
    slot_of,
    slots_in,
)
from flake8_nnx.migrate.scaled import apart_expression, is_apart, parts, split_and_merged, statistics_kept
from flake8_nnx.migrate.seeded import keys_of, stacked
from flake8_nnx.migrate.sown import CLEARED, sows
from flake8_nnx.migrate.training import (
    checkpointed,
    compiled,
    created_state,
    gradients_applied,
    mapped,
    quoted,
    saved_state,
    state_attribute,
    transformed,
)
from flake8_nnx.source.linen import PARTIAL
from flake8_nnx.source.names import FUNCTIONS

COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp)


class Rewriting:
    """Plans one function."""

    def __init__(self, plan: Plan, frame: Frame, gone: Collection[ast.stmt] = ()) -> None:
        self.cloned: set[ast.AST] = set()  # values that are copied
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
        self.signature()

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
            self.returned(node)
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
        self.copies(target, node.value)
        pieces = self.target(target, self.values.get(target, value), created)
        if self.applies(node.value):
            whole = target.elts if pieces == [target] and isinstance(target, ast.Tuple) else pieces
            pieces = [piece for piece in whole if isinstance(piece, str) or not is_apart(self.values.get(piece))]
        if isinstance(target, ast.Name) and self.is_copy(target):
            return
        if not pieces and self.only_makes(node.value):
            self.edits.removed.add(node)
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
        elif isinstance(target, ast.Name) and self.is_copy(target):
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
        if self.is_copy(target):
            return [target]
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

    def returned(self, node: ast.Return) -> None:
        assert node.value is not None
        frame = self.frame
        local: Created = lambda slot: slot.root.frame is frame and not slot.root.is_given
        before = [node.value]
        if isinstance(node.value, ast.Call) and self.created_here(node.value, local):
            return
        pieces = self.returns(node.value, self.values[node.value], local)
        made = pieces_of(self.values[node.value], local, self.plan, node.value)
        if pieces != before:
            if frame.parent is not None and isinstance(frame.parent.node, ast.Module):
                self.plan.notes.append((frame.file, f"line {node.lineno}: `{frame.name}` returns {shown(pieces)} now"))
            self.annotation(pieces)
        elif isinstance(node.value, ast.Call) and isinstance(self.values[node.value], State):
            self.annotation(made)
        effect = self.expression(node.value, alone=not pieces) if isinstance(node.value, ast.Call) or pieces == before else True
        if not pieces:
            if effect and isinstance(node.value, ast.Call):
                self.edits.unassigned.add(node)
            else:
                self.edits.removed.add(node)
            if node is not frame.node.body[-1]:  # type: ignore[attr-defined]
                raise self.stop(node, "a return in the middle of a function has nothing left to return", "return at its end")
        elif pieces != before and not isinstance(node.value, ast.Call):
            self.replace(node.value, pieces)

    def created_here(self, node: ast.Call, local: Created) -> bool:
        """`return TrainState.create(…)` beside the model of the function returns both."""
        value, created = self.values[node], self.created_by(node)
        if not isinstance(value, State) or not created(value.optimizer) or created(value.slot) or not local(value.slot):
            return False
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "create":
            return False
        self.expression(node)
        both = [self.plan.model(value.slot), self.plan.optimizer(value.optimizer)]
        self.put_before(node, f"{both[1]} = {self.spelled(node)}")
        self.edits.expressions[node] = ", ".join(both)
        self.plan.notes.append((self.frame.file, f"line {node.lineno}: `{self.frame.name}` returns `{', '.join(both)}` now"))
        self.annotation(list[Piece](both))
        return True

    def returns(self, node: ast.expr, value: Any, local: Created) -> list[Piece]:
        """What is left of a returned expression; elements of tuples are planned here."""
        if isinstance(node, ast.Tuple) and isinstance(value, Items):
            pieces: list[Piece] = []
            for element, part in zip(node.elts, value.elements):
                found = self.returns(element, part, local)
                if isinstance(element, ast.Tuple) and found and found != [element]:
                    self.replace(element, found)
                    found = [element]
                elif found == [element] or (found and isinstance(element, ast.Call)):
                    self.expression(element)
                elif isinstance(element, ast.Call) and self.has_effect(element):
                    self.before(node, element)
                pieces += found
            return [node] if pieces == node.elts else pieces
        if isinstance(value, Model) and (self.frame, node) in value.slot.root.definitions:
            return [node]  # maybe one of several
        if isinstance(node, ast.Call) and not isinstance(value, Items):
            created = self.created_by(node)
            if [local(slot) for slot in slots_in(value)] != [created(slot) for slot in slots_in(value)]:
                raise self.stop(node, "it returns a model that was made earlier", "assign it to a name first")
            return [node] if pieces_of(value, local, self.plan, node) else []
        found = pieces_of(value, local, self.plan, node)
        return [node] if isinstance(node, ast.Name) and found == [node.id] else found

    def has_effect(self, node: ast.Call) -> bool:
        value = self.values.get(node.func)
        return isinstance(value, Method) and value.name == "apply_gradients"

    def before(self, place: ast.AST, call: ast.Call) -> None:
        """`return state.apply_gradients(…), loss`: the update comes first."""
        self.expression(call, alone=True)
        text = self.edits.expressions.pop(call)
        self.put_before(place, text)

    def annotation(self, pieces: list[Piece]) -> None:
        """What a function returns has another type now."""
        function = self.frame.node
        returns = getattr(function, "returns", None)
        if returns is None:
            return
        if not any(isinstance(piece, ast.AST) for piece in pieces):
            names = set(self.plan.optimizers.values())
            types = [self.optimizer_type(returns) if piece in names else "nnx.Module" for piece in pieces]
            text = "None" if not types else types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"
            self.edits.expressions[returns] = text
            return
        inner = returns.slice if isinstance(returns, ast.Subscript) else None
        one = next((r for r in own_nodes(function) if isinstance(r, ast.Return) and isinstance(r.value, ast.Tuple)), None)
        values = one.value.elts if one is not None and isinstance(one.value, ast.Tuple) else []
        if isinstance(inner, ast.Tuple) and len(inner.elts) == len(values):
            kept = [a for a, e in zip(inner.elts, values) if e in pieces]
            if len(kept) == 1 == len(pieces):
                self.edits.expressions[returns] = ast.unparse(kept[0])
                return
        self.edits.returns.add(function)

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
        if isinstance(value, (Model, Variables)) or (isinstance(value, Method) and value.name == "apply"):
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
            return self.site(site)
        if is_apart(value):
            apart_expression(self, node)
            return False
        if origin in SAME or (origin in COLLECTIVES and isinstance(value, Variables)):
            if slots_in(value) and not isinstance(value, Gradients):
                if isinstance(value, State):
                    return False
                self.named(node, value.slot)
                return False
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            given = self.values.get(argument)
            if isinstance(given, Variables) and not given.apart and argument not in self.program.escapes:
                text = state_of(self, argument, given)
                self.edits.expressions[argument] = f"nnx.to_pure_dict({text})" if origin in OVERVIEWS else text
            elif isinstance(given, State) and origin in TREE_MAPS and argument not in self.program.escapes:
                self.edits.expressions[argument] = saved_state(self, given)
            else:
                self.expression(argument)
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
            self.applied(node, function)
            return True
        if function.name == "apply_gradients":
            gradients_applied(self, node, function)
            return True
        if function.name == "replace":
            return replaced_state(self, node, function)
        raise self.stop(node, f"`{ast.unparse(node)[:60]}` has no form in NNX")

    def constructed(self, node: ast.AST, value: Any) -> None:
        """`Model(…).init(key, x)['params']` is the model: the construction alone is left."""
        own = [call for call in ast.walk(node) if call is value.slot.root.node]
        for call in own:
            if constructs(self.program, call, self.frame):
                self.edits.expressions.pop(node, None)
                constructor_arguments(self, call, value.slot, instead_of=node)
                return
            site = next((site for site in self.frame.sites if site.call is call), None)
            if site is not None:
                self.edits.expressions.pop(node, None)
                self.site(site)
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

    def site(self, site: Site) -> bool:
        """A call of a function of the program, with what that takes now."""
        plan, callee = self.plan, site.callee.frame
        gone = empty(plan, callee)
        if gone is not None and not site.callee.gradient:
            return False
        node = site.call
        layout = dict(plan.layout(callee))
        given = {id(argument): name for name, argument in site.arguments.items()}
        pieces: list[Piece] = []
        extra = [name for name, _ in plan.added.get(callee, ())]
        changed = bool(extra)
        partial = self.facts.origin(node.func) in PARTIAL
        by_position = not partial and callee in mapped(self.program)  # nnx.pmap takes no keywords
        arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        for argument in arguments:
            inner = argument.value if isinstance(argument, ast.keyword) else argument
            name = given.get(id(inner))
            names = layout.get(name, [name]) if name else [None]
            value = self.values.get(inner)
            if names == [] or (name and names != [name]) or (slots_in(value) and isinstance(value, (State, Method))):
                changed = True
                pieces += self.handed(site, inner, name, names, argument)
            elif callee in self.program.apart and isinstance(value, Variables) and not value.apart:
                self.edits.expressions[inner] = parts(plan, callee)[1]
                pieces.append(inner)
            elif by_position and isinstance(argument, ast.keyword):
                changed = True
                pieces.append(text_of(self.frame).segment(inner, self.swaps(inner)))
            else:
                pieces.append(inner)
                self.expression(inner)
        if not partial:
            self.expression(node.func)
        if changed:
            pieces += [f"{name}={added_argument(self, site, name)}" for name in extra]
            self.edits.arguments[node] = pieces
        return True

    def handed(self, site: Site, inner: ast.expr, name: str | None, names: list[Any], argument: ast.AST) -> list[Piece]:
        """What replaces an argument that holds a model: the model, its optimiser, both or nothing."""
        if not names:
            return []
        callee = site.callee.frame
        own, value = callee.given[name or ""], self.values.get(inner)
        if not slots_in(value):
            raise self.stop(inner, f"what `{callee.name}` takes as `{name}` cannot be followed here")
        if self.created_by(inner)(slot_of(value)) and not isinstance(inner, ast.Name):
            if len(names) > 1 or isinstance(value, State):
                raise self.stop(inner, "a train state is made inside of a call", "assign it to a name first")
            self.expression(inner)
            return [inner]
        texts: list[Piece] = []
        for new in names:
            optimizer = isinstance(own, State) and new == self.plan.optimizer(own.optimizer)
            if not optimizer:
                text = self.plan.model(slot_of(value))
            elif isinstance(value, State):
                text = self.plan.optimizer(value.optimizer)
            else:
                raise self.stop(inner, f"`{callee.name}` needs a train state as `{name}`")
            texts.append(f"{new}={text}" if isinstance(argument, ast.keyword) else text)
        return texts

    # ---- apply ----------------------------------------------------------------------------------------------------

    def applied(self, node: ast.Call, function: Method) -> None:
        """`model.apply(variables, x, rngs=…, mutable=…)` is `model(x)`."""
        given = self.values.get(node.args[0]) if node.args else None
        slot = given.slot if isinstance(given, Variables) else function.slot  # that of a copy, where it is one
        model = self.plan.model(slot)
        target, first = model, 1 if node.args else 0
        pieces: list[Piece] = list(node.args[first:])
        for keyword in node.keywords:
            if keyword.arg == "rngs":
                self.reseeded(node, keyword.value, model)
            elif keyword.arg == "method":
                target = self.method_name(keyword.value, model)
            elif keyword.arg == "mutable":
                self.mutable(node, keyword.value, model)
            elif keyword.arg == "capture_intermediates":
                raise self.stop(node, "capture_intermediates= has to become nnx.capture")
            elif keyword.arg != "variables":
                pieces.append(keyword.value)
        for piece in pieces:
            assert not isinstance(piece, str)
            self.expression(piece)
        curried = isinstance(node.func, ast.Call)  # nn.apply(f, model)(variables)
        if curried:
            name = ast.unparse(node.func.args[0])  # type: ignore[attr-defined]
            self.edits.expressions[node.func] = name
            pieces = [model, *pieces]
        else:
            self.edits.expressions[node.func] = target
        self.edits.arguments[node] = pieces
        if sows(self.program, slot):
            self.cleared(node, model)

    def cleared(self, node: ast.Call, model: str) -> None:
        """What a call sows goes right after it, as in Linen, where it would be kept for the next one."""
        above = self.facts.names.parent(node)
        while isinstance(above, ast.expr) and not isinstance(above, (ast.Lambda, *COMPREHENSIONS)):
            above = self.facts.names.parent(above)
        if isinstance(above, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)):
            texts = self.edits.after.setdefault(above, [])
            if CLEARED.format(model) not in texts:
                texts.append(CLEARED.format(model))
        else:
            note = f"line {node.lineno}: `{model}` keeps what this call sows; clear it with {CLEARED.format(model)}"
            self.plan.notes.append((self.frame.file, note))

    def method_name(self, node: ast.expr, model: str) -> str:
        if isinstance(node, ast.Attribute):
            return model if node.attr == "__call__" else f"{model}.{node.attr}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return model if node.value == "__call__" else f"{model}.{node.value}"
        raise self.stop(node, "method= is no method of the class that is written out", "call the function with the model")

    def mutable(self, call: ast.Call, node: ast.expr, model: str) -> None:
        """Collections that a call changes, and are kept; those that it makes anew are not changed in place."""
        named = [e.value for e in ast.walk(node) if isinstance(e, ast.Constant)]
        if named == [False]:
            return
        new = [name for name in named if name in ("intermediates", "losses", "perturbations") or not isinstance(name, str)]
        if new or not named:
            raise self.stop(node, f"`mutable={ast.unparse(node)[:40]}` returns what the call makes", "read it with nnx.capture")
        above = self.facts.names.parent(call)
        target = above.targets[0] if isinstance(above, ast.Assign) else None
        kept = target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
        read = isinstance(kept, ast.Name) and read_before(self.frame, kept.id)
        if not read and not isinstance(above, ast.Return):
            raise self.stop(call, "what the call changes is dropped, and NNX would keep it", "call a copy that nnx.clone makes")
        if self.frame in self.program.apart:
            statistics_kept(self, call, named, model)

    def reseeded(self, node: ast.Call, keys: ast.expr, model: str) -> None:
        """The keys of a call seed the streams of the model before it, so the same keys give the same numbers."""
        if keys_of(node) is None:
            return
        text = text_of(self.frame)
        condition = ""
        if isinstance(keys, ast.IfExp) and isinstance(keys.orelse, ast.Constant):
            condition, keys = text.segment(keys.test, {}), keys.body
        swaps = self.swaps(keys)
        if isinstance(keys, ast.Dict) and all(isinstance(k, ast.Constant) for k in keys.keys):
            streams = [(k.value, text.segment(v, swaps)) for k, v in zip(keys.keys, keys.values)]  # type: ignore[union-attr]
            given = ", ".join(f"{name}={key}" for name, key in streams if name != "params")
        else:
            given = f"**{text.segment(keys, swaps)}"
            if isinstance(keys, ast.Name) and self.may_be_none(keys):
                condition = condition or f"{keys.id} is not None"
        if given:
            policy = f", policy={quoted('match_shape', self.frame)}" if stacked(self.plan) else ""
            call = f"nnx.reseed({model}, {given}{policy})"
            self.put_before(node, f"if {condition}:\n    {call}" if condition else call)

    def swaps(self, node: ast.AST) -> dict[int, str]:
        """The texts of what changes inside of an expression whose text is put elsewhere."""
        self.expression(node)
        return {id(child): self.edits.expressions[child] for child in ast.walk(node) if child in self.edits.expressions}

    def may_be_none(self, name: ast.Name) -> bool:
        """Whether a parameter may be given None."""
        parameters = self.frame.parameters
        parameter = next((p for p in parameters if p.arg == name.id), None)
        if parameter is None:
            return False
        none = default_of(name.id, self.frame) == "None"
        none |= parameter.annotation is not None and "None" in ast.unparse(parameter.annotation)
        optional = parameter.annotation is not None and "Optional" in ast.unparse(parameter.annotation)
        sites = [site for frame in self.program.all_frames() for site in frame.sites if site.callee.frame is self.frame]
        given = [site.arguments.get(name.id) for site in sites]
        return none or optional or any(isinstance(g, ast.Constant) and g.value is None for g in given)

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

    # ---- signature ------------------------------------------------------------------------------------------------

    def signature(self) -> None:
        frame, plan = self.frame, self.plan
        if not isinstance(frame.node, FUNCTIONS):
            return
        layout = plan.layout(frame)
        added = plan.added.get(frame, [])
        if all(names == [name] for name, names in layout) and not added:
            return
        nodes = {p.arg: p for p in frame.parameters}
        pieces: list[Piece] = []
        keywords = {p.arg for p in frame.node.args.kwonlyargs}
        for name, names in layout:
            if name in keywords and "*" not in pieces:
                pieces.append("*")
            for new in names:
                annotation = self.parameter_annotation(nodes[name], new)
                pieces.append(nodes[name] if new == name and annotation is None else f"{new}{annotation or ''}")
        if added and "*" not in pieces:
            pieces.append("*")
        pieces += [f"{name}: {annotation}" for name, annotation in added]
        self.edits.parameters[frame.node] = pieces

    def parameter_annotation(self, parameter: ast.arg, new: str) -> str | None:
        """The type of a parameter that replaces one with an annotation; None where it stays as it is."""
        value = self.frame.given.get(parameter.arg)
        if not slots_in(value) or (isinstance(value, Model) and new == parameter.arg):
            return ": nnx.Module" if self.facts.linen_name(parameter.annotation) == "Module" else None
        if parameter.annotation is None:
            return None if new == parameter.arg else ""
        optimizer = isinstance(value, State) and new == self.plan.optimizer(value.optimizer)
        return f": {self.optimizer_type(parameter.annotation)}" if optimizer else ": nnx.Module"

    def optimizer_type(self, annotation: ast.expr) -> str:
        """`nnx.Optimizer`, or the class of train states that an annotation names, where that stays."""
        own = self.program.state_class(annotation, self.frame) in self.plan.states
        return ast.unparse(annotation) if own else "nnx.Optimizer"


def shown(pieces: list[Piece]) -> str:
    texts = [piece if isinstance(piece, str) else ast.unparse(piece) for piece in pieces]
    texts = [text if len(text) <= 40 else "…" for text in texts]
    return f"`{', '.join(texts)}`" if texts else "nothing"
