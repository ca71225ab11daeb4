"""Abstract evaluation of expressions: what `__init__` can know of each, in the order in which Python evaluates.

`Evaluator.value` gives an abstract value, `Evaluator.text` the expression's source inside `__init__`, or None.
"""
from __future__ import annotations

import ast
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import array_functions, choosers, conditions, graphs, handed, held, indexing, loops, members, named_axes
from flake8_nnx.source import normalized, opened, own_variables, ported, shapes
from flake8_nnx.source.bindings import bind
from flake8_nnx.source.constructions import construct, merge
from flake8_nnx.source.dynamic import dynamic
from flake8_nnx.source.makers import called_in_setup
from flake8_nnx.source.members import held_output, member
from flake8_nnx.source.inittext import Env, InitText, of_super, root_is_self, static
from flake8_nnx.source.joins import join
from flake8_nnx.source.linen import CLASS_TRANSFORMS, LINEN, PARTIAL, Facts
from flake8_nnx.source.optional import filtered, given_ones
from flake8_nnx.source.values import (
    GRAPH_PARTS,
    Array,
    Dtype,
    Either,
    Function,
    Graph,
    Held,
    Items,
    Member,
    Module,
    Network,
    Partial,
    Prefix,
    Rank,
    Shape,
    Start,
    Static,
    Unknown,
    add,
    appended,
    elements,
    floor_divide,
    multiply,
    one_of,
    size_of,
)

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


class Evaluator:
    """Evaluates expressions of one class for a `Tracer`."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.text, self.block = (text := InitText(tracer)).text, text.block

    @property
    def facts(self) -> Facts:
        return self.tracer.facts

    # ---- values ---------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr | None, env: Env) -> Any:
        """The abstract value of an expression; constructions and applications on the way are recorded."""
        if node is None:
            return Unknown()
        method = getattr(self, "_" + type(node).__name__.lower(), None)
        return method(node, env) if method else self._children(node, env)

    def _children(self, node: ast.AST, env: Env) -> Any:
        values = [self.value(child, env) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return Unknown() if dynamic(values) else self.as_static(node, env)  # type: ignore[arg-type]

    def as_static(self, node: ast.expr, env: Env, items: tuple[Any, ...] | None = None) -> Any:
        """An expression as `__init__` has it, with its elements where it is a tuple."""
        text = self.text(node, env)
        return Unknown() if text is None else Static(text, items)

    def _constant(self, node: ast.Constant, env: Env) -> Any:
        return Static(self.tracer.source.segment(node, {}))

    def _name(self, node: ast.Name, env: Env) -> Any:
        if node.id in env:
            return env[node.id]
        ref, binding = self.facts.module_class(node), self.facts.names.binding(node)
        if ref is not None:
            # `dense = partial(nn.Dense, …)` of the module is more than the class.
            made = binding is not None and binding.kind == "assign" and isinstance(binding.value, ast.Call)
            return self.value(binding.value, {}) if made and binding is not None else Partial(ref, spelled=node.id)
        if binding is not None and binding.kind == "def" and isinstance(binding.node, ast.FunctionDef):
            return Function(binding.node, self.facts)
        return Unknown() if node.id == "self" else Static(node.id)

    def _attribute(self, node: ast.Attribute, env: Env) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self.tracer.attribute(node.attr)
        ref = self.facts.module_class(node)
        if ref is not None:
            return Partial(ref, spelled=ast.unparse(node))
        owner = self.value(node.value, env)
        if isinstance(owner, (Module, Member)):
            return member(owner, node)
        if isinstance(owner, Array):
            if node.attr == "shape":
                return Shape(owner)
            if node.attr == "ndim":
                return Rank(owner)
            if node.attr == "dtype":
                return Dtype()
            return shapes.transpose(owner, None) if node.attr == "T" else owner if node.attr == "at" else Unknown()
        if isinstance(owner, Graph) and node.attr in GRAPH_PARTS:
            return getattr(owner, node.attr)
        if isinstance(owner, Static):
            return owner.attribute(node.attr)
        return Unknown()

    _subscript = indexing.subscript
    _compare, _boolop, _ifexp = conditions.compare, conditions.boolop, conditions.conditional

    def _tuple(self, node: ast.Tuple | ast.List, env: Env) -> Any:
        if len(node.elts) and isinstance(node.elts[0], ast.Starred):
            first = self.value(node.elts[0].value, env)
            if isinstance(first, (Prefix, Start)):
                return replace(first, items=(*first.items, *(self.value(e, env) for e in node.elts[1:])))
        values = tuple(self.value(element, env) for element in node.elts)
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return Unknown() if dynamic(values) else self.as_static(node, env)
        if dynamic(values):
            return Items(values)
        found = self.as_static(node, env, values)
        return found if isinstance(found, Static) else Items(values)

    _list = _tuple

    def _starred(self, node: ast.Starred, env: Env) -> Any:
        return self.value(node.value, env)

    def _binop(self, node: ast.BinOp, env: Env) -> Any:
        left, right = self.value(node.left, env), self.value(node.right, env)
        if isinstance(node.op, ast.MatMult):
            return shapes.matmul(left, right)
        if isinstance(left, (Prefix, Start)) and isinstance(node.op, ast.Add):
            items = elements(right)
            return replace(left, items=(*left.items, *items)) if items is not None else Unknown()
        if isinstance(left, Array) or isinstance(right, Array):
            return shapes.broadcast([left, right])
        if dynamic((left, right)):
            longer = appended(left, right) if isinstance(node.op, ast.Add) else None
            return Unknown() if longer is None else longer
        found = self.as_static(node, env)
        a, b = size_of(left), size_of(right)
        if isinstance(found, Static) and isinstance(a, int) and isinstance(b, int):
            operation = {ast.Add: add, ast.Mult: multiply, ast.FloorDiv: floor_divide}.get(type(node.op))
            return static(operation(a, b)) if operation else found
        return found

    def _unaryop(self, node: ast.UnaryOp, env: Env) -> Any:
        value = self.value(node.operand, env)
        if isinstance(node.op, ast.Not) and isinstance(value, Static) and value.text in ("True", "False"):
            return Static(str(value.text == "False"))
        return value if isinstance(value, Array) else Unknown() if dynamic([value]) else self.as_static(node, env)

    def _lambda(self, node: ast.Lambda, env: Env) -> Any:
        text = self.text(node, env)
        return Function(node, self.facts, dict(env)) if text is None else Static(text)

    def _listcomp(self, node: ast.ListComp, env: Env) -> Any:
        known = normalized.sizes(self.tracer, node, env) or named_axes.picked(self.tracer, node, env)
        if known is not None:
            return known
        found = loops.comprehension(self.tracer, node, env)
        return self.as_static(node, env) if found is None else found

    def _generatorexp(self, node: ast.GeneratorExp, env: Env) -> Any:
        return named_axes.picked(self.tracer, node, env) or self.as_static(node, env)

    def _setcomp(self, node: ast.SetComp | ast.DictComp, env: Env) -> Any:
        return self.as_static(node, env)

    _dictcomp = _setcomp

    def _namedexpr(self, node: ast.NamedExpr, env: Env) -> Any:
        value = self.value(node.value, env)
        bind(self.tracer, node.target, value, env)
        return value

    # ---- calls ----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, env: Env) -> Any:
        func = node.func
        scoped = isinstance(func, ast.Attribute) and func.attr == "make_rng" and ast.unparse(func.value) == "self.scope"
        if scoped or root_is_self(func) and func.attr in ("param", "variable", "sow", "make_rng"):  # type: ignore[attr-defined]
            return own_variables.called(self.tracer, node, env)
        if self.tracer.method == "setup" and handed.fields_read(node, self.facts, self.tracer.attributes) is not None:
            return self._handed(node, env)
        if of_super(func):
            positional, keywords = self.arguments(node, env)
            method = self.tracer.inherited(func.attr)  # type: ignore[attr-defined]
            return self.tracer.inline(method, positional, keywords, env) if isinstance(method, Function) else Unknown()
        origin = self.facts.origin(func)
        if (equation := held.merged(self.tracer, node)) is not None:
            return equation
        if origin in PARTIAL and node.args:
            inner = self.value(node.args[0], env)
            if isinstance(inner, Partial):
                positional, keywords = merge(inner, ast.Call(node.args[0], node.args[1:], node.keywords))
                given = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
                texts = {**inner.texts, **{id(e): self.text(e, env) for e in given}}
                return replace(inner, positional=tuple(positional), keywords=keywords, texts=texts, maker=ast.unparse(func))
        if origin in CLASS_TRANSFORMS and node.args:
            inner = self.value(node.args[0], env)
            if isinstance(inner, Partial):
                return replace(inner, lifts=(*inner.lifts, node))
        if self.tracer.ported and origin == "flax.nnx.List" and len(node.args) == 1:
            return self.value(node.args[0], env)
        new = ported.made(node, self.facts, self.tracer.ported)
        if new is not None:
            positional, keywords = self.arguments(node, env)
            if self.tracer.ported:
                return Module(ported.site_of(self.tracer, node, new, positional, keywords))
            return construct(self.tracer, node, Partial(new), positional, keywords, env)
        if origin is None and isinstance(func, ast.Name) and func.id == "isinstance" and len(node.args) == 2:
            decided = members.is_instance(self.value(node.args[0], env), node.args[1], self.facts)
            if decided is not None:
                return Static(str(decided))
        if origin is None and isinstance(func, ast.Name) and func.id == "map" and len(node.args) == 2:
            return self._mapped(node, env)
        if origin is None and isinstance(func, ast.Name) and func.id == "tuple" and len(node.args) == 1:
            present = filtered(node.args[0])
            if present is not None:
                return given_ones(self.value(present, env))
        # A receiver that is an array: its methods; otherwise evaluate the callee first, as Python does.
        if isinstance(func, ast.Attribute) and not root_is_self(func) and origin is None:
            owner = self.value(func.value, env)
            if isinstance(owner, Graph) and func.attr == "_replace":
                return graphs.replaced(owner, self.arguments(node, env)[1])
            if isinstance(owner, Array):
                return array_functions.method(self.tracer, owner, func.attr, node, env)
            if one_of(owner):
                return self._applied(owner, func.attr, node, *self.arguments(node, env), env)
            if isinstance(owner, Held):
                self.arguments(node, env)
                return Unknown()
            callee: Any = Unknown()
            if isinstance(owner, Static):
                positional, keywords = self.arguments(node, env)
                return Unknown() if dynamic([*positional, *keywords.values()]) else self.as_static(node, env)
        else:
            callee = self.value(func, env)
        if isinstance(callee, Partial):
            positional, keywords = self.arguments(node, env)
            return construct(self.tracer, node, callee, positional, keywords, env)
        positional, keywords = self.arguments(node, env)
        if isinstance(callee, Network):
            return graphs.run(self.tracer, callee, positional[0] if positional else Unknown(), node, env)
        network = graphs.made(origin, positional, keywords) if origin is not None else None
        if network is not None:
            return network
        if one_of(callee):
            return self._applied(callee, "__call__", node, positional, keywords, env)
        if isinstance(callee, Held):
            return held_output(callee, positional)
        if isinstance(callee, Function):
            events, sites = len(self.tracer.events), len(self.tracer.trace.sites)
            outside = isinstance(func, ast.Name) and func.id not in env
            own = called_in_setup(self.tracer, callee)
            method = self.tracer.method if outside or own else None
            with choosers.called(self.tracer, callee, node, outside or own) as call:
                found = self.tracer.inline(callee, positional, keywords, env, method, call)
            for site in self.tracer.trace.sites[sites:] if outside or own else ():
                site.through = (node, *site.through)
            if outside and len(self.tracer.trace.sites) == sites and not dynamic([*positional, *keywords.values()]):
                del self.tracer.events[events:]  # `__init__` calls the function; what happens inside it is not its business
                return found if isinstance(found, Array) else self.as_static(node, env)
            if not isinstance(found, Unknown) or dynamic([*positional, *keywords.values()]):
                return found
            return self.as_static(node, env)
        if origin is None and (known := named_axes.tupled(node, positional)) is not None:
            return known
        origin = origin or self._default(func, callee)
        if origin in shapes.SEGMENTS and positional:
            return shapes.segmented(positional[0])
        if origin:
            alike = LINEN + origin[len("flax.nnx."):] if self.tracer.ported and origin.startswith("flax.nnx.") else origin
            found = array_functions.function(self.tracer, alike, node, positional, keywords, env)
            if found != Unknown():
                return found
        elif isinstance(callee, Static) and len(positional) == 1 and isinstance(positional[0], Array):
            return positional[0]  # `self.activation(x)`: a function of one array is taken to keep its shape
        return Unknown() if dynamic([callee, *positional, *keywords.values()]) else self.as_static(node, env)

    def _mapped(self, node: ast.Call, env: Env) -> Any:
        """`map(f, (q, k, v))`: what f makes of each."""
        made, items = node.args[0], elements(self.value(node.args[1], env))
        function = Function(made, self.facts, dict(env)) if isinstance(made, ast.Lambda) else self.value(made, env)
        if items is None or not isinstance(function, Function):
            return Unknown()
        return Items(tuple(self.tracer.inline(function, [item], {}, env) for item in items))

    def _default(self, func: ast.expr, callee: Any) -> str | None:
        """The function that a field is by default: others in its place are taken to do the same to shapes."""
        if not isinstance(func, ast.Attribute) or not root_is_self(func) or not isinstance(callee, Static):
            return None
        if callee.text not in (func.attr, f"self.{func.attr}"):
            return None  # of another class, which gives it
        field = self.facts.fields_of(self.tracer.cls).get(func.attr)
        default = field.facts.origin(field.default) if field is not None and field.default is not None else None
        return default if default in shapes.SEGMENTS else None

    def _handed(self, node: ast.Call, env: Env) -> Any:
        """What a function makes of the fields of this module; a parent knows nothing of it."""
        texts = ["self" if isinstance(a, ast.Name) and a.id == "self" else self.text(a, env) for a in node.args]
        known = self.tracer.depth == 0 and None not in texts
        return Static(f"{ast.unparse(node.func)}({', '.join(map(str, texts))})") if known else Unknown()

    def _applied(
        self, callee: Any, method: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any], env: Env
    ) -> Any:
        """Output of a call of one of several submodules."""
        positional = opened.followed(self.tracer, one_of(callee), node, positional, env) if method == "__call__" else positional
        outputs = [self.tracer.apply(module.site, method, node, positional, keywords) for module in one_of(callee)]
        outputs += positional[:1] if isinstance(callee, Either) and callee.or_same else []
        return functools.reduce(lambda a, b: join(self.tracer, a, b, None), outputs)

    def arguments(self, node: ast.Call, env: Env) -> tuple[list[Any], dict[str, Any]]:
        positional = [self.value(a, env) for a in node.args]
        keywords = {k.arg: self.value(k.value, env) for k in node.keywords if k.arg}
        for extra in node.keywords:
            if extra.arg is None:
                self.value(extra.value, env)
        return positional, keywords
