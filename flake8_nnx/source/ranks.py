"""How many axes an argument of a method has, as its annotation, the first statements of the method or its docstring say.

A docstring that is wrong makes layers of another size, which the variables of the Linen class do not fit.
"""
from __future__ import annotations

import ast
import re

from flake8_nnx.source.linen import Facts
from flake8_nnx.source.methods import stores

# `x (tensor): Input of shape [N, H, W, C].`
DESCRIBED = re.compile(r"\bshapes?[\s:=`]*(?:of\s+)?`*[\[(]([^\[\]()]*)[\])]`*(\s+or\b)?")
AXIS_NAME = re.compile(r"\s*[\w'+*/ -]*\w[\w'+*/ -]*\s*")


def rank_of(method: ast.FunctionDef, argument: ast.arg, facts: Facts) -> int | None:
    """The rank of an argument, None where nothing tells it."""
    found = _annotated(argument.annotation, facts) or _told(method, argument.arg, facts)
    return found or _described(ast.get_docstring(method) or "", argument.arg)


def _told(method: ast.FunctionDef, name: str, facts: Facts) -> int | None:
    """What the first statement that tells a rank says, unless the name was given another value above it."""
    for position, statement in enumerate(method.body):
        found = _checked(statement, name, facts)
        if found:
            return found if not any(stores(above, name) for above in method.body[:position]) else None
    return None


def _annotated(annotation: ast.expr | None, facts: Facts) -> int | None:
    """`Float[Array, "batch time features"]` of jaxtyping."""
    parts = annotation.slice if isinstance(annotation, ast.Subscript) else None
    if not isinstance(parts, ast.Tuple) or len(parts.elts) != 2 or not isinstance(annotation, ast.Subscript):
        return None
    axes = parts.elts[1].value if isinstance(parts.elts[1], ast.Constant) else None
    typed = (facts.origin(annotation.value) or "").startswith("jaxtyping.")
    return len(axes.split()) if typed and isinstance(axes, str) and not re.search(r"\.\.\.|\*", axes) else None


def _checked(statement: ast.stmt, name: str, facts: Facts) -> int | None:
    """`b, t, c = x.shape`, `assert x.ndim == 3`, `if x.ndim != 3: raise …` and `chex.assert_rank(x, 3)`."""
    if isinstance(statement, ast.Assign) and _is_shape(statement.value, name):
        target = statement.targets[0]
        plain = isinstance(target, (ast.Tuple, ast.List)) and not any(isinstance(e, ast.Starred) for e in target.elts)
        return len(target.elts) if plain else None  # type: ignore[attr-defined]
    if isinstance(statement, ast.Assert):
        return _compared(statement.test, name, ast.Eq)
    if isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Raise):
        return _compared(statement.test, name, ast.NotEq)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and facts.origin(call.func) == "chex.assert_rank" and len(call.args) == 2:
        return _number(call.args[1]) if ast.unparse(call.args[0]) == name else None
    return None


def _is_shape(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "shape" and isinstance(node.value, ast.Name) and node.value.id == name


def _compared(test: ast.expr, name: str, operator: type[ast.cmpop]) -> int | None:
    rank = isinstance(test, ast.Compare) and ast.unparse(test.left) in (f"{name}.ndim", f"len({name}.shape)")
    return _number(test.comparators[0]) if rank and [type(op) for op in test.ops] == [operator] else None  # type: ignore


def _number(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _described(docstring: str, name: str) -> int | None:
    """The one shape that the entry of an argument in a docstring names, if that has no axes left out."""
    lines = docstring.splitlines()
    first = next((i for i, line in enumerate(lines) if re.match(rf"\s*{name}\s*[:(]", line)), None)
    if first is None:
        return None
    depth = _indent(lines[first])
    end = next((i for i in range(first + 1, len(lines)) if lines[i].strip() and _indent(lines[i]) <= depth), len(lines))
    found = DESCRIBED.findall(" ".join(lines[first:end]))
    axes = [axis for axis in found[0][0].split(",") if axis.strip()] if len(found) == 1 and not found[0][1] else []
    plain = all(AXIS_NAME.fullmatch(axis) and not axis.strip().startswith("*") for axis in axes)
    return len(axes) or None if plain else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
