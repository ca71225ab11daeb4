"""Source text of an expression inside `__init__`: fields become parameters, sizes of inputs become names."""
from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.linen import Facts
from flake8_nnx.source.members import member
from flake8_nnx.source.names import COMPREHENSIONS
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.sizes import AXIS, OPEN, Size
from flake8_nnx.source.values import Array, Function, Member, Module, Partial, Shape, Static, Unknown
from flake8_nnx.source.sizes import atom
from flake8_nnx.source.values import size_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

Env = dict[str, Any]


class NotStatic(Exception):
    """An expression that `__init__` cannot compute."""


def static(size: Size) -> Any:
    return Unknown() if size is None or OPEN.search(str(size)) else Static(str(size))


def last_axes(array: Array, index: ast.expr) -> Any:
    """`x.shape[-2:]` as a tuple of sizes; `x.shape[1:]` of an argument is its shape without the batch."""
    if not isinstance(index, ast.Slice) or index.lower is None or index.upper is not None or index.step is not None:
        return Unknown()
    start = size_of(Static(ast.unparse(index.lower)))
    if start == 1 and array.rank is None and not array.axes and array.like == (array.base, 0):
        return Static(f"sizes_of_{array.base}")
    if start == 1 and array.rank is not None:
        start = 1 - array.rank
    if not isinstance(start, int) or start >= 0:
        return Unknown()
    sizes = [array.size(axis) for axis in range(-start, 0, -1)]
    if None in sizes:
        return Unknown()
    return Static(f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})", tuple(Static(str(size)) for size in sizes))


def root_is_self(node: ast.expr) -> bool:
    """Whether this is `self.<something>`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def of_super(node: ast.AST) -> bool:
    """Whether this is `super().<something>`."""
    owner = node.value if isinstance(node, ast.Attribute) else None
    return isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super" and not owner.args


def captured(swaps: Mapping[int, str], names: set[str]) -> bool:
    """Whether one of these texts would read a name that is another one there: `lambda shape: make(self.shape, shape)`."""
    words = {word for text in swaps.values() for word in re.findall(r"(?<![\w.])[^\W\d]\w*", text)}
    sized = AXIS.search(" ".join(words)) or any(word.startswith("sizes_of_") for word in words)
    return bool(words & names) or bool(sized) and any(name.endswith(("_features", "_shape")) for name in names)


class InitText:
    """Writes expressions of one class for its `__init__`."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer

    @property
    def facts(self) -> Facts:
        return self.tracer.facts

    def text(self, node: ast.expr, env: Env) -> str | None:
        """Source of the expression inside `__init__`, or None when it depends on the call."""
        try:
            return self.tracer.source.segment(node, self._swaps(node, env, set()))
        except NotStatic:
            return None

    def block(self, node: ast.FunctionDef, env: Env, local: set[str]) -> str | None:
        """Source of a function inside `__init__`, where these names are its own."""
        try:
            swaps = self._swaps(node, env, local)
            return None if captured(swaps, local) else self.tracer.source.block(node, swaps)
        except NotStatic:
            return None

    def _swaps(self, node: ast.AST, env: Env, local: set[str]) -> dict[int, str]:
        """Replacements that turn an expression of a method into one of `__init__`."""
        if isinstance(node, ast.Name):
            if node.id in local or node.id not in env:
                if node.id == "self" or node.id not in local and self.facts.module_class(node):
                    raise NotStatic
                return {}
            value = env[node.id]
            if isinstance(value, Static):
                return {} if value.text == node.id else {id(node): value.text}
            if isinstance(value, (Array, Function)) and value.text == node.id:
                return {}
            if isinstance(value, Partial) and self.facts.module_class(node):
                raise NotStatic
            raise NotStatic
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            value = self._chain(node, env, local)
            if isinstance(value, Static) or isinstance(value, Array) and value.text == ast.unparse(node):
                return {id(node): str(value.text)}
            if value is not None or self.facts.module_class(node):
                raise NotStatic
        if isinstance(node, ast.Call):
            if self.facts.module_class(node.func) or root_is_self(node.func) and not self._holds_function(node.func):
                raise NotStatic
            called = env.get(node.func.id) if isinstance(node.func, ast.Name) and node.func.id not in local else None
            if isinstance(called, (Partial, Module)) or isinstance(called, Function) and called.text is None:
                raise NotStatic
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            value = self._chain(node.left, env, local)
            if isinstance(value, Partial) and value.via is not None and ast.unparse(node.comparators[0]) == "None":
                return {id(node.left): value.via}
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            raise NotStatic
        own: set[str] = set()
        if isinstance(node, ast.Lambda):
            own = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
        elif isinstance(node, COMPREHENSIONS):
            own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        local = local | own if own else local
        swaps: dict[int, str] = {}
        for child in ast.iter_child_nodes(node):
            inner = self._swaps(child, env, local)
            if id(child) in inner:
                inner[id(child)] = operand(inner[id(child)], node, child)
            swaps.update(inner)
        if own and captured({key: text.partition("[")[0] for key, text in swaps.items()}, own):  # the index may be its own
            raise NotStatic
        return swaps

    def _holds_function(self, node: ast.expr) -> bool:
        """Whether `self.width` is a field that holds a function: `self.width(stage)` as a size."""
        name = node.attr if isinstance(node, ast.Attribute) else ""
        field = self.facts.fields_of(self.tracer.cls).get(name)
        annotation = ast.unparse(field.annotation) if field is not None else ""
        return "Callable" in annotation and type(self.tracer.attribute(name)) is Static

    def _chain(self, node: ast.expr, env: Env, local: set[str]) -> Any:
        """Value of `a.b[0].c` where the parts alone tell it; None where the root is no variable of the method."""
        if isinstance(node, ast.Name):
            return None if node.id in local or node.id == "self" else env.get(node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                return self.tracer.attribute(node.attr)
            owner = self._chain(node.value, env, local)
            if isinstance(owner, (Module, Member)):
                return member(owner, node)
            if isinstance(owner, Array):
                return Shape(owner) if node.attr == "shape" else Unknown()
            return owner.attribute(node.attr) if isinstance(owner, Static) else owner and Unknown()
        if isinstance(node, ast.Subscript):
            owner = self._chain(node.value, env, local)
            index = node.slice
            literal = isinstance(index, (ast.Constant, ast.UnaryOp))
            position = size_of(Static(ast.unparse(index))) if literal else None
            if isinstance(owner, Shape):
                return static(owner.array.at(position)) if isinstance(position, int) else last_axes(owner.array, index)
            if isinstance(owner, Static):
                text = self.tracer.source.segment(index, self._swaps(index, env, local))
                if isinstance(index, ast.Tuple) and text.startswith("(") and text.endswith(")"):
                    text = text[1:-1]  # slices may not stand in parentheses
                return Static(f"{atom(owner.text)}[{text}]")
            return owner and Unknown()
        return None
