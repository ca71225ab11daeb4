"""Abstract evaluation of expressions: what `__init__` can know of each, in the order in which Python evaluates.

`Evaluator.value` gives an abstract value, `Evaluator.text` the expression's source inside `__init__`, or None.
"""
from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import calls, conditions, indexing, loops, named_axes, normalized, shapes
from flake8_nnx.source.bindings import bind
from flake8_nnx.source.dynamic import dynamic
from flake8_nnx.source.members import member
from flake8_nnx.source.inittext import Env, InitText, static
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.sizes import add, floor_divide, multiply
from flake8_nnx.source.values import (
    GRAPH_PARTS,
    Array,
    Dtype,
    Function,
    Graph,
    Items,
    Member,
    Module,
    Partial,
    Prefix,
    Rank,
    Shape,
    Start,
    Static,
    Unknown,
    appended,
    elements,
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

    _call, _subscript = calls.call, indexing.subscript
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

    def arguments(self, node: ast.Call, env: Env) -> tuple[list[Any], dict[str, Any]]:
        """The values of the arguments of a call, by position and by name."""
        positional = [self.value(a, env) for a in node.args]
        keywords = {k.arg: self.value(k.value, env) for k in node.keywords if k.arg}
        for extra in node.keywords:
            if extra.arg is None:
                self.value(extra.value, env)
        return positional, keywords
