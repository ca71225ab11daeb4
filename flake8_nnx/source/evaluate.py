"""Abstract evaluation of expressions: what `__init__` can know of each, in the order in which Python evaluates.

`Evaluator.value` gives an abstract value, `Evaluator.text` the expression's source inside `__init__`, or None.
"""
from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import choosers, handed, held, graphs, grown, members, named_axes, normalized, opened, ported, rearranged
from flake8_nnx.source import reshaped, shapes, starred
from flake8_nnx.source.makers import called_in_setup, negated
from flake8_nnx.source.members import held_output, member
from flake8_nnx.source.inittext import Env, InitText, of_super, root_is_self, static, last_axes
from flake8_nnx.source.linen import CLASS_TRANSFORMS, LINEN, PARTIAL, Facts
from flake8_nnx.source.optional import filtered, given_ones, unless_given
from flake8_nnx.source.precedence import bound
from flake8_nnx.source.values import (
    Array,
    AtLeast,
    Dtype,
    Either,
    Function,
    Graph,
    Held,
    Items,
    Joined,
    Member,
    Module,
    Network,
    Partial,
    Prefix,
    Rank,
    Repeated,
    Shape,
    Size,
    Start,
    Static,
    TheAxis,
    Unknown,
    add,
    appended,
    array_of,
    elements,
    floor_divide,
    multiply,
    one_of,
    size_of,
)

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


# Values that `__init__` cannot compute, nor anything made of them.
DYNAMIC = (
    Array, Unknown, Module, Member, Either, Items, AtLeast, Repeated, Shape, Prefix, Start, Rank, TheAxis, Graph, Network, Joined,
)


PROMOTIONS = ("jax.numpy.promote_types", "jax.numpy.result_type")


def dynamic(values: Iterable[Any]) -> bool:
    return any(isinstance(value, DYNAMIC) for value in values)


def merge(ref_args: Partial, call: ast.Call) -> tuple[list[ast.expr], dict[str, ast.expr]]:
    """Arguments of a constructor call through the partials around it."""
    keywords = {**ref_args.keywords, **{k.arg: k.value for k in call.keywords if k.arg}}
    return [*ref_args.positional, *call.args], keywords


def _part_of(owner: Repeated, index: ast.expr, position: int | None) -> Any:
    """An element or a slice of a list that setup builds in a loop."""
    if isinstance(index, ast.Slice):
        start = index.lower.value if isinstance(index.lower, ast.Constant) else 0 if index.lower is None else None
        if index.upper is None and index.step is None and start in (0, len(owner.before)):
            return replace(owner, before=()) if start else owner
        return Unknown() if owner.before or owner.rest else owner.element
    if position is not None and 0 <= position < len(owner.before):
        return owner.before[position]
    modules = one_of(owner)
    return Either(modules) if owner.before or owner.rest else owner.element


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
        return Unknown() if dynamic(values) else self._static(node, env)  # type: ignore[arg-type]

    def _static(self, node: ast.expr, env: Env, items: tuple[Any, ...] | None = None) -> Any:
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
        if isinstance(owner, Graph) and node.attr in graphs.PARTS:
            return getattr(owner, node.attr)
        if isinstance(owner, Static):
            return owner.attribute(node.attr)
        return Unknown()

    def _subscript(self, node: ast.Subscript, env: Env) -> Any:
        owner = self.value(node.value, env)
        index = node.slice
        position = self._int(index, env)
        if isinstance(owner, Shape):
            if position is not None:
                return static(owner.array.at(position))
            axis = self.value(index, env) if isinstance(index, ast.Name) else None
            if isinstance(axis, TheAxis) and axis.array == owner.array:
                return static(owner.array.size_at(axis.axis))
            if isinstance(index, ast.Slice) and index.lower is None and index.step is None and index.upper is not None:
                end = self._int(index.upper, env)
                if end is not None and end < 0:
                    return Prefix(owner.array, -end)
                if end is not None:
                    return Start(owner.array, end)
            return last_axes(owner.array, index)
        if isinstance(owner, Array):
            return self._indexed(owner, index, env)
        if isinstance(owner, AtLeast):
            return owner.items[position] if position is not None and 0 <= position < len(owner.items) else Unknown()
        items = elements(owner)
        if items is not None and position is not None and -len(items) <= position < len(items):
            return items[position]
        if isinstance(owner, Items) and isinstance(index, ast.Slice) and index.step is None:
            bounds = [None if bound is None else self._int(bound, env) for bound in (index.lower, index.upper)]
            if (index.lower is None) == (bounds[0] is None) and (index.upper is None) == (bounds[1] is None):
                return Items(owner.items[bounds[0]:bounds[1]])
            return Unknown()
        if isinstance(owner, Repeated):
            return _part_of(owner, index, position)
        # The owner is not evaluated again: a layer or a stream in it is made once.
        known = [owner, self.value(index, env)]
        return self._static(node, env) if isinstance(owner, Static) or not dynamic(known) else Unknown()

    def _int(self, node: ast.expr | None, env: Env) -> int | None:
        if isinstance(node, (ast.Constant, ast.UnaryOp)):
            size = size_of(self._static(node, env))
            return size if isinstance(size, int) else None
        return None

    def _indexed(self, array: Array, index: ast.expr, env: Env) -> Any:
        """`x[i, :, None, ...]`: basic indexing with integers, slices, None and ellipsis."""
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        dims = array.dims()
        if any(isinstance(p, ast.Constant) and p.value is Ellipsis for p in parts):
            place = next(i for i, p in enumerate(parts) if isinstance(p, ast.Constant) and p.value is Ellipsis)
            tail = [self._picked(part, array.size(len(parts) - place - 1 - k), env) for k, part in enumerate(parts[place + 1:])]
            if place == 0 and all(len(t) == 1 for t in tail):
                return array.with_axes({len(tail) - k: t[0] for k, t in enumerate(tail)})
            return array_of([]) if not tail else Unknown()
        if dims is None:
            simple = all(isinstance(p, ast.Slice) or self._int(p, env) is not None for p in parts)
            return Array(None, {1: array.size(1)}) if simple else Unknown()
        result: list[Size] = []
        for part in parts:
            if isinstance(part, ast.Constant) and part.value is None:
                result.append(1)
            elif dims:
                result += self._picked(part, dims.pop(0), env)
        return array_of([*result, *dims])

    def _picked(self, part: ast.expr, size: Size, env: Env) -> list[Size]:
        if not isinstance(part, ast.Slice):
            value = self.value(part, env)
            return [] if not isinstance(value, Array) else [None]
        if part.step is not None:
            return [None]
        lower = size_of(self.value(part.lower, env)) if part.lower is not None else 0
        if part.upper is None:
            return [size if lower == 0 else None if size is None or lower is None else f"{size} - {lower}"]
        upper = size_of(self.value(part.upper, env))
        if isinstance(upper, int) and upper < 0:
            upper = None if size is None else f"{size} - {-upper}"
        return [upper if lower == 0 else None]

    def _tuple(self, node: ast.Tuple | ast.List, env: Env) -> Any:
        if len(node.elts) and isinstance(node.elts[0], ast.Starred):
            first = self.value(node.elts[0].value, env)
            if isinstance(first, (Prefix, Start)):
                return replace(first, items=(*first.items, *(self.value(e, env) for e in node.elts[1:])))
        values = tuple(self.value(element, env) for element in node.elts)
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return Unknown() if dynamic(values) else self._static(node, env)
        if dynamic(values):
            return Items(values)
        found = self._static(node, env, values)
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
        found = self._static(node, env)
        a, b = size_of(left), size_of(right)
        if isinstance(found, Static) and isinstance(a, int) and isinstance(b, int):
            operation = {ast.Add: add, ast.Mult: multiply, ast.FloorDiv: floor_divide}.get(type(node.op))
            return static(operation(a, b)) if operation else found
        return found

    def _compare(self, node: ast.Compare, env: Env) -> Any:
        values = [self.value(node.left, env), *(self.value(c, env) for c in node.comparators)]
        if any(isinstance(v, Array) for v in values):
            return shapes.broadcast(values)
        if [type(v) for v in values] == [Shape, Shape] and isinstance(node.ops[0], (ast.NotEq, ast.Eq)):
            test = shapes.may_differ(values[0].array, values[1].array)
            return Unknown() if test is None else Static(test if isinstance(node.ops[0], ast.NotEq) else f"not ({test})")
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)) and values[1:] == [Static("None")] and self.tracer.depth:
            none = values[0] == Static("None")
            if none or self._given(values[0]):
                return Static(str(none == isinstance(node.ops[0], ast.Is)))
        return Unknown() if dynamic(values) else self._static(node, env)

    def _given(self, value: Any) -> bool:
        """Whether a class is given a value by its maker: a number, or a variable or an element of it that cannot be None."""
        if not isinstance(value, Static):
            return False
        name = re.sub(r"\[-?\w+\]$", "", value.text.removeprefix("self."))
        return name.isdigit() or name.isidentifier() and name != "None" and name not in self.tracer.optional

    def _unaryop(self, node: ast.UnaryOp, env: Env) -> Any:
        value = self.value(node.operand, env)
        if isinstance(node.op, ast.Not) and isinstance(value, Static) and value.text in ("True", "False"):
            return Static(str(value.text == "False"))
        return value if isinstance(value, Array) else Unknown() if dynamic([value]) else self._static(node, env)

    def _boolop(self, node: ast.BoolOp, env: Env) -> Any:
        values = self._until_decided(node, env)
        found = next((v for v in values if isinstance(v, Array)), None)
        if isinstance(node.op, ast.Or) and isinstance(values[-1], Dtype):
            return Dtype()  # `self.dtype or x.dtype`
        return found or (Unknown() if dynamic(values) else self._static(node, env))

    def _until_decided(self, node: ast.BoolOp, env: Env) -> list[Any]:
        """The values of `a and b`; what the later ones create stands under the test of those before."""
        tracer, values = self.tracer, [self.value(node.values[0], env)]
        for index, part in enumerate(node.values[1:], start=1):
            before, outer, tracer.events = len(tracer.trace.sites), tracer.events, []
            values.append(self.value(part, env))
            created, tracer.events = tracer.events, outer
            if tracer.method == "setup" or len(tracer.trace.sites) == before:
                tracer.events += created
                continue
            texts = [self.text(value, env) for value in node.values[:index]]
            asked = (str(text) if isinstance(node.op, ast.And) else negated(str(text)) for text in texts)
            test = None if None in texts else " and ".join(bound(text, 3) for text in asked)
            statement = ast.copy_location(ast.If(node, [], []), node)
            tracer.branched(statement, test, (created, []), tracer.trace.sites[before:])
        return values

    def _ifexp(self, node: ast.IfExp, env: Env) -> Any:
        known = named_axes.as_tuple(self.tracer, node, env)
        if known is not None:
            return known
        test = self.value(node.test, env)
        if isinstance(test, Static) and test.text in ("True", "False"):
            return self.value(node.body if test.text == "True" else node.orelse, env)
        body, orelse = self._arms(node, test, env)
        if self.tracer.method == "setup" and (one_of(body) or one_of(orelse)):
            texts = {id(part): self.text(part, env) for part in (node.test, node.body, node.orelse)}
            self.tracer.trace.arms[node] = {key: text for key, text in texts.items() if text is not None}
        if isinstance(unless_given(node, body, orelse), Dtype):
            return Dtype()  # `x.dtype if self.dtype is None else self.dtype`
        found = Unknown() if dynamic((test, body, orelse)) else self._static(node, env)
        if isinstance(found, Static):
            if isinstance(body, Static) and isinstance(orelse, Static) and body.text == orelse.text:
                return body
            ours, theirs = elements(body), elements(orelse)
            if ours is None or theirs is None or len(ours) != len(theirs) or not isinstance(test, Static):
                return found
            joined = [self.tracer.join(a, b, test.text) for a, b in zip(ours, theirs)]
            return Static(found.text, tuple(joined))
        return self.tracer.join(body, orelse, test.text if isinstance(test, Static) else None)

    def _arms(self, node: ast.IfExp, test: Any, env: Env) -> tuple[Any, Any]:
        """Both values; what they create stands under the test, as it does in a statement."""
        tracer, before = self.tracer, len(self.tracer.trace.sites)
        outer, created = tracer.events, ([], [])  # type: tuple[list[Any], tuple[list[Any], list[Any]]]
        values = []
        for events, part in zip(created, (node.body, node.orelse)):
            tracer.events = events
            values.append(self.value(part, env))
        tracer.events = outer
        if tracer.method == "setup" or len(tracer.trace.sites) == before:
            tracer.events += [*created[0], *created[1]]
        else:
            statement = ast.copy_location(ast.If(node.test, [], []), node)
            tracer.branched(statement, test.text if isinstance(test, Static) else None, created, tracer.trace.sites[before:])
        return values[0], values[1]

    def _lambda(self, node: ast.Lambda, env: Env) -> Any:
        text = self.text(node, env)
        return Function(node, self.facts, dict(env)) if text is None else Static(text)

    def _listcomp(self, node: ast.ListComp, env: Env) -> Any:
        known = normalized.sizes(self.tracer, node, env) or named_axes.picked(self.tracer, node, env)
        if known is not None:
            return known
        found = self.tracer.comprehension(node, env)
        return self._static(node, env) if found is None else found

    def _generatorexp(self, node: ast.GeneratorExp, env: Env) -> Any:
        return named_axes.picked(self.tracer, node, env) or self._static(node, env)

    def _setcomp(self, node: ast.SetComp | ast.DictComp, env: Env) -> Any:
        return self._static(node, env)

    _dictcomp = _setcomp

    def _namedexpr(self, node: ast.NamedExpr, env: Env) -> Any:
        value = self.value(node.value, env)
        self.tracer.bind(node.target, value, env)
        return value

    # ---- calls ----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, env: Env) -> Any:
        func = node.func
        scoped = isinstance(func, ast.Attribute) and func.attr == "make_rng" and ast.unparse(func.value) == "self.scope"
        if scoped or root_is_self(func) and func.attr in ("param", "variable", "sow", "make_rng"):  # type: ignore[attr-defined]
            return self.tracer.own_call(node, env)
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
            return self.tracer.construct(node, Partial(new), positional, keywords, env)
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
                return self._array_method(owner, func.attr, node, env)
            if one_of(owner):
                return self._applied(owner, func.attr, node, *self.arguments(node, env), env)
            if isinstance(owner, Held):
                self.arguments(node, env)
                return Unknown()
            callee: Any = Unknown()
            if isinstance(owner, Static):
                positional, keywords = self.arguments(node, env)
                return Unknown() if dynamic([*positional, *keywords.values()]) else self._static(node, env)
        else:
            callee = self.value(func, env)
        if isinstance(callee, Partial):
            positional, keywords = self.arguments(node, env)
            return self.tracer.construct(node, callee, positional, keywords, env)
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
                return found if isinstance(found, Array) else self._static(node, env)
            if not isinstance(found, Unknown) or dynamic([*positional, *keywords.values()]):
                return found
            return self._static(node, env)
        if origin is None and (known := named_axes.tupled(node, positional)) is not None:
            return known
        origin = origin or self._default(func, callee)
        if origin in shapes.SEGMENTS and positional:
            return shapes.segmented(positional[0])
        if origin:
            alike = LINEN + origin[len("flax.nnx."):] if self.tracer.ported and origin.startswith("flax.nnx.") else origin
            found = self._function(alike, node, positional, keywords, env)
            if found != Unknown():
                return found
        elif isinstance(callee, Static) and len(positional) == 1 and isinstance(positional[0], Array):
            return positional[0]  # `self.activation(x)`: a function of one array is taken to keep its shape
        return Unknown() if dynamic([callee, *positional, *keywords.values()]) else self._static(node, env)

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
        return functools.reduce(lambda a, b: self.tracer.join(a, b, None), outputs)

    def arguments(self, node: ast.Call, env: Env) -> tuple[list[Any], dict[str, Any]]:
        positional = [self.value(a, env) for a in node.args]
        keywords = {k.arg: self.value(k.value, env) for k in node.keywords if k.arg}
        for extra in node.keywords:
            if extra.arg is None:
                self.value(extra.value, env)
        return positional, keywords

    def _array_method(self, array: Array, name: str, node: ast.Call, env: Env) -> Any:
        positional, keywords = self.arguments(node, env)
        given = starred.spread(node.args, positional)
        return Unknown() if given is None else self._shape_effect(name, [array, *given], keywords)

    def _function(self, origin: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any], env: Env) -> Any:
        if origin == normalized.AXES and len(positional) == 2:
            return normalized.axes(self.tracer, *positional)
        if origin == normalized.NORMALIZE:
            return normalized.normalize(self.tracer, node, env, positional, keywords)
        if origin in rearranged.FUNCTIONS and len(positional) > 1:
            return rearranged.rearranged(self._ranked(positional[0]), positional[1], keywords)
        if not isinstance(grew := grown.made(origin, positional, keywords), Unknown):
            return grew
        if not origin.startswith(shapes.ELEMENTWISE_ROOTS):
            return Unknown()
        name = origin.rsplit(".", 1)[-1]
        if name == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
            return shapes.einsum(str(node.args[0].value), positional[1:])
        if origin in PROMOTIONS and dynamic(positional):
            return Dtype()
        if origin == LINEN + "promote_dtype":
            return Items(tuple(positional))
        if origin in (LINEN + "max_pool", LINEN + "avg_pool", LINEN + "min_pool") and positional:
            window = positional[1] if len(positional) > 1 else keywords.get("window_shape")
            strides = positional[2] if len(positional) > 2 else keywords.get("strides")
            padding = positional[3] if len(positional) > 3 else keywords.get("padding")
            return shapes.pool(positional[0], window, strides, padding) if isinstance(positional[0], Array) else Unknown()
        return self._shape_effect(name, positional, keywords)

    def _ranked(self, value: Any) -> Any:
        """An array with its rank, where something told that of the argument that it is made of."""
        if not isinstance(value, Array) or value.rank is not None or value.like is None or value.like[0] not in self.tracer.ranks:
            return value
        return replace(value, rank=self.tracer.ranks[value.like[0]] + value.like[1])

    def _shape_effect(self, name: str, positional: list[Any], keywords: Mapping[str, Any]) -> Any:
        """Functions of jax.numpy and methods of arrays, the array first."""
        first = self._ranked(positional[0]) if positional else Unknown()
        second = positional[1] if len(positional) > 1 else None
        if name in ("concatenate", "hstack", "concat"):
            axis = keywords.get("axis", second)
            position = 0 if axis is None else shapes.integer(axis)
            return shapes.concatenate(elements(first) or (), position) if position is not None else Unknown()
        if name == "where" and len(positional) == 3 and isinstance(positional[1], Unknown) and isinstance(positional[2], Unknown):
            return Unknown()  # the condition may have axes of 1
        if name in shapes.CONVERSIONS and isinstance(first, Array):
            return replace(first, text=None)
        if name in shapes.ELEMENTWISE:
            return shapes.broadcast(positional)
        if name == "broadcast_to":
            target = keywords.get("shape", second)
            items = elements(target)
            return target.array if isinstance(target, Shape) else array_of([size_of(i) for i in items]) if items else Unknown()
        if name in ("zeros", "ones", "empty", "full") and isinstance(first, (Items, Prefix, Start, Shape)):
            return reshaped.filled(first)
        if not isinstance(first, Array):
            return Unknown()
        if name in shapes.REDUCTIONS:
            keep = keywords.get("keepdims")
            return shapes.reduce(first, keywords.get("axis", second), isinstance(keep, Static) and keep.text == "True")
        if name in ("reshape", "view"):
            shape = keywords.get("shape", keywords.get("newshape", second))
            if isinstance(shape, Prefix):
                return reshaped.reshape_like(shape)
            if isinstance(shape, Start):
                return reshaped.begun_like(shape, first if shape.array is positional[0] else None)
            if isinstance(shape, Shape):
                return shape.array
            items = elements(shape) if len(positional) < 3 else tuple(positional[1:])
            return reshaped.reshape(first, items if items is not None else [shape])
        if name == "glu":
            return shapes.gated(first, keywords.get("axis", second))
        if name in ("ravel", "flatten"):
            return reshaped.reshape(first, [Static("-1")])
        if name in ("expand_dims", "squeeze"):
            return getattr(shapes, name)(first, keywords.get("axis", second))
        if name == "transpose":
            order = shapes.integers(keywords.get("axes", second)) if len(positional) < 3 else None
            rest = [shapes.integer(p) for p in positional[1:]] if len(positional) > 2 else order
            if rest and first.like is not None:
                self.tracer.ranks.setdefault(first.like[0], len(rest) - first.like[1])
            return shapes.transpose(first, None if rest is None or None in rest else rest)  # type: ignore[arg-type]
        if name == "swapaxes" and len(positional) > 2:
            return shapes.swap_axes(first, shapes.integer(positional[1]), shapes.integer(positional[2]))
        if name == "repeat":
            return shapes.repeat(first, keywords.get("repeats", second), keywords.get("axis", (positional + [None] * 3)[2]))
        if name == "matmul" or name == "dot":
            return shapes.matmul(first, second)
        if name in ("with_logical_constraint", "set", "add", "copy", "block_until_ready", "multiply", "max", "min"):
            return first
        if name == "split" and isinstance(shapes.integer(second), int):
            count, axis = shapes.integer(second), shapes.integer(keywords.get("axis", (positional + [None] * 3)[2]))
            if axis is not None and axis < 0:
                part = first.with_axes({-axis: floor_divide(first.size(-axis), count)})
                return Items((part,) * (count or 0))
        return Unknown()
