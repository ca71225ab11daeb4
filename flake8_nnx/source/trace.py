"""Traces what a Linen class builds and calls: sites, loops, branches and sizes, as `__init__` will need them.

An abstract interpreter over `setup` and the methods; what it cannot follow it records as a problem.
"""
from __future__ import annotations

import ast
from typing import Any

from flake8_nnx.source import assignments, branches, checks, choosers, graphs, layer_lists, loops, matches, opaque
from flake8_nnx.source import partials, ported
from flake8_nnx.source.apply import applied
from flake8_nnx.source.bindings import bind
from flake8_nnx.source.constants import constant
from flake8_nnx.source.copied import copied
from flake8_nnx.source.evaluate import Evaluator
from flake8_nnx.source.events import Trace
from flake8_nnx.source.given import given_to
from flake8_nnx.source.held import told_axes
from flake8_nnx.source.idle import idle
from flake8_nnx.source.inittext import Env, root_is_self
from flake8_nnx.source.joins import join
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.local_functions import defined
from flake8_nnx.source.methods import decorated, fixed_length, hidden_fields, is_flag, is_plain_property, is_several
from flake8_nnx.source.methods import optional_fields
from flake8_nnx.source.ranks import rank_of
from flake8_nnx.source.shared import shared
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.values import Array, Function, Held, Loop, Partial, Settings, Site, Static, Unknown

MAX_INLINE = 8


class Tracer:
    """Traces one class; `fields` are the values of its fields where a parent constructs it, `optional` fields of parents."""

    def __init__(
        self, cls: LinenClass, fields: dict[str, Any] | None = None, depth: int = 0, optional: frozenset[str] = frozenset()
    ) -> None:
        facts = cls.facts
        self.cls, self.depth = cls, depth
        self.optional = optional | optional_fields(cls)  # which may be None
        self.facts = facts  # of the file whose statements are run
        self.home = cls  # the class whose statements are run
        self.trace = Trace(cls)
        self.evaluator = Evaluator(self)
        self.events: list[Any] = self.trace.events
        self.end = self.events  # where the last block went on at its end: in the branch that is left of an `if`
        self.loops: tuple[Loop, ...] = ()
        self.sized: list[Site] = []  # in the order in which their sizes became known
        self.returns: list[Any] = []
        self.inlining = 0
        self.choosing: choosers.Choosing | None = None  # the call of a function that chooses a layer, while that runs
        self.opened = 0  # sizes that only the call knows, so far
        self.method = ""
        self.ported = False  # whether this is an NNX class
        self.reached: set[ast.AST] = set()
        self.ranks: dict[str, int] = {}  # of arguments, as far as a transposition has told them
        self.fixed: set[str] = set(facts.fields_of(cls))
        self.attributes: dict[str, Any] = dict(fields or {})
        hidden = hidden_fields(cls, facts)
        for name, field in facts.fields_of(cls).items():
            if name not in self.attributes:
                text = f"self.{name}" if name in hidden else name
                givens = given_to(cls).get(name, ())
                held = field.facts.annotated_module(field.annotation) if not givens else None
                if givens:
                    self.attributes[name] = Partial(givens[0].ref, via=text, given=givens)
                    if depth == 0 and field.default is not None:
                        self.trace.defaults[name] = self.evaluator.value(field.default, {})
                else:
                    count = fixed_length(field.annotation)
                    items = tuple(Static(f"{text}[{i}]") for i in range(count)) if count else None
                    self.attributes[name] = (
                        Settings(text) if name in idle(cls)
                        else Held(text, ref=held) if held else Static(text, items, is_several(field.annotation))
                    )

    @property
    def source(self) -> SourceText:
        return self.facts.text

    # ---- methods --------------------------------------------------------------------------------------------------

    def run_all(self) -> Trace:
        """setup, then `__call__`, then what neither of them reached."""
        self.run_setup()
        self.trace.attributes = dict(self.attributes)
        homes = {name: base for base in reversed(self.facts.ancestors(self.cls)) for name in base.methods}
        for name in sorted(homes, key=lambda name: (name != "__call__", name not in self.cls.methods)):
            method = homes[name].methods[name]
            static = decorated(method, "staticmethod", "classmethod")
            if name not in ("setup", "__post_init__") and method not in self.reached and not static:
                self.enter(homes[name])
                output = self.call_method(method)
                self.enter(self.cls)
                if name == "__call__":
                    self.trace.output = output
        return self.trace

    def enter(self, home: LinenClass) -> None:
        """Go on with statements of this class."""
        self.home, self.facts = home, home.facts

    def run_setup(self) -> None:
        """Run setup, wherever it is inherited from."""
        self.method = "setup"
        home = self.facts.defining(self.cls, "setup")
        if home is not None:
            self.enter(home)
            self.block(home.methods["setup"].body, {})
            self.enter(self.cls)

    def call_method(self, method: ast.FunctionDef) -> Any:
        """Run a method on its own arguments as unknown arrays."""
        self.method = method.name
        self.ranks = {}
        env: Env = {}
        arrays = []
        arguments = method.args
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
        pairs = [*zip(plain, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]
        for argument, default in pairs:
            if argument.arg == "self":
                continue
            graph = graphs.argument(argument.arg, argument.annotation, self.facts)
            if graph is not None:
                env[argument.arg] = graph
            elif is_flag(argument, default):
                env[argument.arg] = Unknown()
            else:
                rank, axes = rank_of(method, argument, self.facts), told_axes(self, method, argument.arg)
                env[argument.arg] = Array(argument.arg, axes, rank, like=(argument.arg, 0))
                arrays.append(argument.arg)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                env[extra.arg] = Unknown()
        self.trace.arguments[method.name] = arrays
        self.trace.calls.append((method, dict(env)))
        return self.body(method.body, env)

    def body(self, statements: list[ast.stmt], env: Env) -> Any:
        """Run a function body; its value is the join of what it returns."""
        outer, self.returns = self.returns, []
        self.block(statements, env)
        found, self.returns = self.returns, outer
        if (chosen := choosers.one_of_returned(found)) is not None:
            return chosen
        result = found[-1] if found else Unknown()
        for value in found[:-1]:
            result = value if isinstance(result, Unknown) else join(self, result, value, None)
        if partials.untold(result, found):
            self.problem(statements[-1], "a function returns one of several module classes, in a way that cannot be followed")
        return result

    def inline(
        self, function: Function, positional: list[Any], keywords: dict[str, Any], env: Env, method: str | None = None,
        call: ast.Call | None = None,
    ) -> Any:
        """Value of calling a function of the project, as a part of this method."""
        if self.inlining >= MAX_INLINE:
            return Unknown()
        arguments = function.node.args
        here = self.home, self.facts
        forwarded = choosers.forwarded(self, call, function, keywords, env)
        self.home, self.facts = function.home or self.home, function.facts
        names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
        inner: Env = dict(function.env)
        if function.bound:
            names = names if decorated(function.node, "staticmethod") else names[1:]
            self.reached.add(function.node)
        for name, default in zip(names[::-1], arguments.defaults[::-1]):
            inner[name] = self.evaluator.value(default, {})
        for argument, default_value in zip(arguments.kwonlyargs, arguments.kw_defaults):
            inner[argument.arg] = self.evaluator.value(default_value, {})
        inner.update({name: Unknown() for name in names if name not in inner})
        inner.update(zip(names, positional))
        inner.update(keywords)
        inner.update(forwarded)
        if function.bound:
            self.trace.calls.append((function.node, dict(inner)))
        self.inlining += 1
        outer, self.method = self.method, str(method or getattr(function.node, "name", self.method))
        if isinstance(function.node, ast.Lambda):
            result = self.evaluator.value(function.node.body, inner)
        else:
            result = self.body(function.node.body, inner)
        self.inlining -= 1
        self.method = outer
        self.home, self.facts = here
        return result

    def attribute(self, name: str) -> Any:
        """Value of `self.<name>`."""
        if name in self.attributes:
            return self.attributes[name]
        known = constant(self.cls, name, self.depth)
        if known is not None:
            return known
        found = self.bound_method(self.facts.defining(self.cls, name), name)
        plain = isinstance(found, Function) and isinstance(found.node, ast.FunctionDef) and is_plain_property(found.node)
        return self.inline(found, [], {}, {}) if plain else found

    def inherited(self, name: str) -> Any:
        """Value of `super().<name>` in a method of the class whose statements are run."""
        return self.bound_method(self.facts.defining(self.cls, name, self.home), name)

    @staticmethod
    def bound_method(home: LinenClass | None, name: str) -> Any:
        return Unknown() if home is None else Function(home.methods[name], home.facts, bound=True, home=home)

    def problem(self, node: ast.AST, reason: str) -> None:
        self.trace.problems.append((node, reason))

    # ---- statements -----------------------------------------------------------------------------------------------

    def block(self, statements: list[ast.stmt], env: Env) -> bool:
        """Run statements in order; True when the block always leaves its function."""
        events, left = self.events, False
        for statement in statements:
            if copied(self, statement, env):
                continue
            run = getattr(self, "_" + type(statement).__name__.lower(), None)
            if run is None:
                opaque.run(self, statement, env)
            elif run(statement, env):
                left = True
                break
        self.end, self.events = self.events, events
        return left

    def _expr(self, node: ast.Expr, env: Env) -> None:
        call = node.value
        if shared(self, node, env):
            self.trace.understood.add(node)
            return
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append" and call.args:
            if isinstance(call.func.value, ast.Name) and layer_lists.appended(self, node, call.func.value.id, call.args[0], env):
                return
            if self.ported and root_is_self(call.func.value):
                return ported.appended(self, call.func.value.attr, self.evaluator.value(call.args[0], env))  # type: ignore
        if self.method == "setup" and isinstance(call, ast.Call) and checks.printed(self, node, call, env):
            return
        if not assignments.changed_in_place(self, node, call, env):
            self.evaluator.value(node.value, env)

    def _return(self, node: ast.Return, env: Env) -> bool:
        choosers.returned(self, node)
        self.returns.append(self.evaluator.value(node.value, env) if node.value else Unknown())
        return True

    def _raise(self, node: ast.Raise, env: Env) -> bool:
        checks.checked(self, node, [node.exc] if node.exc else [], "raise {}", env)
        return True

    def _continue(self, node: ast.stmt, env: Env) -> bool:
        return True

    _break = _continue

    def _assert(self, node: ast.Assert, env: Env) -> None:
        checks.checked(self, node, [node.test, *([node.msg] if node.msg else [])], "assert {}", env)

    _if, _match, _for = branches.run, matches.run, loops.run
    _assign, _annassign, _augassign = assignments.assign, assignments.annotated, assignments.augmented

    def _functiondef(self, node: ast.FunctionDef, env: Env) -> None:
        env[node.name] = defined(self, node, env)

    def _with(self, node: ast.With, env: Env) -> bool:
        for item in node.items:
            value = self.evaluator.value(item.context_expr, env)
            if item.optional_vars is not None:
                bind(self, item.optional_vars, value, env)
        return self.block(node.body, env)

    # ---- applications ---------------------------------------------------------------------------------------------

    def apply(self, site: Site, method: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any]) -> Any:
        """A submodule is called: its sizes become known, its output too where the layer is."""
        if method == "apply" and (site.ref is None or site.ref.local is None or "apply" not in site.ref.local.methods):
            return self.apply_to(site, node, positional, keywords)
        known = bool(site.sizes)
        output = applied(self, site, method, node, positional, keywords)
        if not known and site.sizes:
            self.sized.append(site)
        return output

    def apply_to(self, site: Site, node: ast.Call, positional: list[Any], keywords: dict[str, Any]) -> Any:
        """`self.decoder.apply({"params": {"kernel": table.T}}, x)`: a call on such inputs, with variables of others."""
        if "method" in keywords:
            return Unknown()
        given = {name: value for name, value in keywords.items() if name not in ("variables", "rngs", "mutable")}
        before = len(site.inputs)
        output = self.apply(site, "__call__", node, positional if "variables" in keywords else positional[1:], given)
        site.inputs[before:] = [(node, "apply", {})]  # it takes other arguments, so it is no call like others
        return Unknown() if "mutable" in keywords else output
