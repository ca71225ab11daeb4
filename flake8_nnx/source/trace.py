"""Traces what a Linen class builds and calls: sites, loops, branches and sizes, as `__init__` will need them.

An abstract interpreter over `setup` and the methods; what it cannot follow it records as a problem.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flake8_nnx.source import assignments, checks, choosers, graphs, layer_lists, loops, ported
from flake8_nnx.source.apply import applied, constructor_values
from flake8_nnx.source.bindings import bind
from flake8_nnx.source.chosen import class_of_branches
from flake8_nnx.source.constants import constant
from flake8_nnx.source.copied import copied
from flake8_nnx.source.dynamic import DYNAMIC
from flake8_nnx.source.evaluate import Evaluator, merge
from flake8_nnx.source.given import given_to
from flake8_nnx.source.held import told_axes
from flake8_nnx.source.idle import idle
from flake8_nnx.source.inittext import Env, root_is_self
from flake8_nnx.source.joins import join, joined_attributes
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.local_functions import defined
from flake8_nnx.source.makers import one_or_none
from flake8_nnx.source.methods import fixed_length, hidden_fields, is_flag, is_plain_property, is_several, optional_fields
from flake8_nnx.source.methods import short
from flake8_nnx.source.ranks import rank_of
from flake8_nnx.source.shared import shared
from flake8_nnx.source.spread import written_out
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.values import (
    Array,
    Branch,
    Function,
    Held,
    Loop,
    Module,
    Partial,
    Settings,
    Site,
    Static,
    Trace,
    Unknown,
    array_of,
    elements,
    size_of,
)

MAX_INLINE = 8
UNKNOWN = Unknown()


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
            static = any(isinstance(d, ast.Name) and d.id in ("staticmethod", "classmethod") for d in method.decorator_list)
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
            names = names[1:]
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
                self._other(statement, env)
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

    _assign, _annassign, _augassign = assignments.assign, assignments.annotated, assignments.augmented

    def _functiondef(self, node: ast.FunctionDef, env: Env) -> None:
        env[node.name] = defined(self, node, env)

    def _with(self, node: ast.With, env: Env) -> bool:
        for item in node.items:
            value = self.evaluator.value(item.context_expr, env)
            if item.optional_vars is not None:
                bind(self, item.optional_vars, value, env)
        return self.block(node.body, env)

    def _if(self, node: ast.If, env: Env) -> bool:
        condition = self.evaluator.value(node.test, env)
        test = condition.text if isinstance(condition, Static) else None
        if test in ("True", "False") and not isinstance(node.test, ast.Constant):  # of this turn of a loop over layers
            return self.block(node.body if test == "True" else node.orelse, env)
        chosen = one_or_none(self, node, condition, env)
        if chosen is not None:
            self.returns.append(chosen)
            return True
        outer, before = self.events, len(self.trace.sites)
        bodies: list[list[Any]] = [[], []]
        envs, left, ends = [dict(env), dict(env)], [False, False], [*bodies]
        old, attributes = self.attributes, [dict(self.attributes), dict(self.attributes)]
        for i, statements in enumerate((node.body, node.orelse)):
            self.events, self.attributes = bodies[i], attributes[i]
            left[i] = self.block(statements, envs[i])
            ends[i] = self.end
            attributes[i] = self.attributes  # another one after a branch inside
        self.events = outer
        self.attributes = attributes[left[0]] if left[0] != left[1] else joined_attributes(old, *attributes)
        self.branched(node, test, bodies, self.trace.sites[before:])
        if left[0] and left[1]:
            return True
        if left[0] or left[1]:
            env.clear()
            env.update(envs[left[0]])
            if test is not None and isinstance((node.orelse if left[1] else node.body)[-1], (ast.Return, ast.Continue)):
                self.events = ends[left[0]]  # what follows in this block is made only where it is reached
            return False
        for name in envs[0].keys() | envs[1].keys():
            body, orelse = envs[0].get(name, UNKNOWN), envs[1].get(name, UNKNOWN)
            if body is orelse:
                env[name] = body
                continue
            if test is not None and (only := self._set_in_one(name, body, orelse)) is not None:
                env[name] = only
                continue
            if test is None and any(isinstance(value, (Static, Array)) and value.text == name for value in (body, orelse)):
                body, orelse = (replace(v, text=None) if isinstance(v, Array) else Unknown() for v in (body, orelse))
            chosen = class_of_branches(self, node, name, test, (body, orelse))
            env[name] = join(self, body, orelse, test) if chosen is None else chosen
        return False

    def branched(self, node: ast.If, test: str | None, bodies: Sequence[list[Any]], sites: Sequence[Site]) -> None:
        """What two branches do: under the test where `__init__` knows it."""
        if test is not None:
            self.events.append(Branch(node, test, bodies[0], bodies[1], "".join(choosers.said(self, [node.test]).values())))
            return
        for site in sites:
            site.conditional = True
            if site.ref is not None and site.ref.linen != "Dropout" or _own(site) == "param":
                self.problem(site.call, f"is created only if `{short(node.test)}`, which is known only in the call")
        self.events += [*bodies[0], *bodies[1]]

    @staticmethod
    def _set_in_one(name: str, body: Any, orelse: Any) -> Any:
        """What only one of two branches sets, and `__init__` in the same branch: whoever reads it asks the same first."""
        value = orelse if body is UNKNOWN else body if orelse is UNKNOWN else None
        return value if isinstance(value, (Static, Array)) and value.text == name else None

    # ---- loops ----------------------------------------------------------------------------------------------------

    def _for(self, node: ast.For, env: Env) -> bool:
        return loops.run(self, node, env)

    def comprehension(self, node: ast.ListComp, env: Env) -> Any:
        return loops.comprehension(self, node, env)

    def opaque(self, node: ast.stmt, env: Env, why: str) -> None:
        """A statement whose course the constructor cannot know: its body may hold no constructions."""
        before = len(self.trace.sites)
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                env[child.id] = Unknown()
        for name in ("body", "handlers", "orelse", "finalbody", "cases"):
            for part in getattr(node, name, None) or ():
                statements = part.body if isinstance(part, (ast.ExceptHandler, ast.match_case)) else [part]
                self.block(statements, env)
        for site in self.trace.sites[before:]:
            site.conditional = True
            if site.ref is not None or _own(site) == "param":
                self.problem(site.call, f"is created in {why}")

    def _other(self, node: ast.stmt, env: Env) -> None:
        kind = {ast.While: "a while loop", ast.Try: "a try block", ast.Match: "a match statement"}.get(type(node))
        if kind:
            self.opaque(node, env, kind)

    # ---- sites ----------------------------------------------------------------------------------------------------

    def construct(self, node: ast.Call, callee: Partial, positional: list[Any], keywords: dict[str, Any], env: Env) -> Any:
        """A submodule is created here."""
        arguments, named = merge(callee, node)
        handed = choosers.spread(node, env)
        spread = written_out(self, node, env, [star for star, _ in handed])
        named = {**named, **(spread or {})}
        in_call = {**callee.in_call, **choosers.said(self, [*node.args, *named.values()])}
        for _, rest in handed:
            arguments = [argument for argument in arguments if not isinstance(argument, ast.Starred)]
            named, in_call = {**named, **rest.keywords}, {**in_call, **rest.in_call}
            callee = replace(callee, texts={**callee.texts, **rest.texts})
        if callee.ref.nnx is not None:
            arguments, named = arguments[1:], {name: value for name, value in named.items() if name not in ported.OPTIONS}
        # Arguments written at this call are evaluated already (they may construct layers); a partial's are not.
        values = {id(a): v for a, v in zip(node.args, positional)}
        values.update({id(k.value): keywords[k.arg] for k in node.keywords if k.arg})
        for _, rest in handed:
            values.update(rest.values)
        texts = {}
        for expression in [*arguments, *named.values()]:
            known = self.handed_on(expression, values.get(id(expression)))
            if id(expression) in values:
                values[id(expression)] = known
            text = known.text if isinstance(known, Static) else None
            if text is None and id(expression) in callee.texts:
                text = callee.texts[id(expression)]
                values.setdefault(id(expression), self._of_partial(expression, text, env))
            elif text is None and not isinstance(known, DYNAMIC):
                text = self.evaluator.text(expression, env)
            if text is not None:
                texts[id(expression)] = text
        if "name" in named:
            named = {**named, "name": self.known_name(named["name"], env)}
            if isinstance(named["name"], ast.Constant) and named["name"].value is None and callee.ref.nnx is None:
                del named["name"]  # Linen counts it
        givens = callee.given or (None,)
        sites = [
            Site(
                node, given.ref if given else callee.ref, arguments, named, texts, self.method, self.loops,
                lifts=(*(given.lifts if given else ()), *callee.lifts), via=callee.via, given=given, spelled=callee.spelled,
                in_call=in_call,
            )
            for given in givens
        ]
        if spread is None:
            self.problem(node, "is constructed with * or ** arguments")
        for site in sites:
            site.fields = constructor_values(
                site, self.facts, lambda e: values[id(e)] if id(e) in values else self.evaluator.value(e, env)
            )
        site, *options = sites
        site.options = tuple(options)
        if callee.ref.nnx is not None:
            given = {name: value for name, value in keywords.items() if name not in ported.OPTIONS}
            site.fields = ported.constructor_values(callee.ref, positional[1:], given, self.facts)
        parent = named.get("parent")
        if isinstance(parent, ast.Constant) and parent.value is None:
            self.trace.detached.append(site)
            return Unknown()
        self.trace.sites.append(site)
        self.events.append(site)
        return Module(site)

    def known_name(self, node: ast.expr, env: Env) -> ast.expr:
        """A name that a function is given, where it is told: `name=label`; one that an f-string without values is."""
        if isinstance(node, ast.JoinedStr) and all(isinstance(part, ast.Constant) for part in node.values):
            return ast.copy_location(ast.Constant("".join(map(ast.literal_eval, node.values))), node)
        text = self.evaluator.text(node, env) if isinstance(node, ast.Name) else None
        value = size_or_text(text) if text is not None else None
        return ast.copy_location(ast.Constant(value), node) if isinstance(value, str) or text == "None" else node

    def _of_partial(self, node: ast.expr, text: str | None, env: Env) -> Any:
        """The value of an argument that a partial gives; elsewhere than in the class itself it has only its text."""
        return self.evaluator.value(node, env) if self.depth == 0 else Unknown() if text is None else Static(text)

    def handed_on(self, node: ast.expr, value: Any) -> Any:
        """`self.embed` of setup as an argument: the class that is given it holds it as well."""
        own = isinstance(value, Module) and self.method == "setup" and self.depth == 0
        own = own and isinstance(node, ast.Attribute) and root_is_self(node)
        if not own or value.site.loops or value.site.element or value.site.lifts or value.site.choice is not None:
            return value
        return Held(ast.unparse(node), ref=value.site.ref, site=value.site)

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

    def own_call(self, node: ast.Call, env: Env) -> Any:
        """self.param, self.variable, self.sow and self.make_rng."""
        positional, _ = self.evaluator.arguments(node, env)
        texts = {}
        for expression in [*node.args, *(k.value for k in node.keywords)]:
            text = self.evaluator.text(expression, env)
            if text is not None:
                texts[id(expression)] = text
        named = {k.arg: k.value for k in node.keywords if k.arg}
        arguments = list(node.args)
        if node.func.attr == "param":  # type: ignore[attr-defined]
            arguments += [named.pop(name) for name in ("name", "init_fn")[len(arguments):] if name in named]
        site = Site(node, None, arguments, named, texts, self.method, self.loops)
        self.trace.sites.append(site)
        self.events.append(site)
        if node.func.attr != "param":  # type: ignore[attr-defined]
            return Unknown()
        shape = elements(positional[2]) if len(positional) > 2 else None
        if shape is None:
            return Array()
        return array_of([size_of(item) for item in shape])


def size_or_text(text: str) -> Any:
    """The literal that a text is; None where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _own(site: Site) -> str | None:
    """`param`, `variable`, `sow` or `make_rng` of the module's own."""
    return site.call.func.attr if site.ref is None and isinstance(site.call.func, ast.Attribute) else None
