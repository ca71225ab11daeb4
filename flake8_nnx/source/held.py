"""Fields that hold a layer, `wrapped: nn.Dense`: whose scope the class shares, and what the layer tells of the inputs.

A dense layer that always runs on an argument says how wide that is, so that no constructor parameter has to.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.settings import EQUATION
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import LINEN, Facts, LinenClass
from flake8_nnx.source.methods import stores
from flake8_nnx.source.sizes import Size
from flake8_nnx.source.values import Held

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

WIDE = ("Dense", "Conv")  # whose `in_features` is the last axis of what they run on
# What may stand between a method and an expression that it always evaluates once.
STEADY = (
    ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.With, ast.BinOp, ast.UnaryOp, ast.Call, ast.keyword,
    ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.Starred,
)


def shared_fields(cls: LinenClass) -> dict[str, ast.stmt]:
    """The fields with a layer whose scope `__post_init__` or setup makes that of the class, with the statement that does so."""
    fields = cls.facts.fields_of(cls)
    bodies = [(home, home.methods.get("__post_init__")) for home in cls.facts.ancestors(cls)]
    home = cls.facts.defining(cls, "setup")
    bodies += [(home, home.methods["setup"])] if home is not None else []
    found: dict[str, ast.stmt] = {}
    for home, method in bodies:
        for statement in method.body if method is not None else ():
            for inner in _where_bound(statement):
                name = _shared(inner, home.facts)
                if name in fields:
                    found[str(name)] = statement
    return found


def _where_bound(statement: ast.stmt) -> list[ast.stmt]:
    """The statements under `if self.scope is not None:`, which holds wherever a module computes; else the statement itself."""
    bound = isinstance(statement, ast.If) and ast.unparse(statement.test) in ("self.scope is not None", "self.scope")
    return statement.body if bound and not statement.orelse else [statement]  # type: ignore[attr-defined]


def only_shares(statement: ast.stmt, cls: LinenClass) -> bool:
    """Whether a statement shares the scopes of fields, and does nothing else."""
    return all(_shared(inner, cls.facts) in cls.facts.fields_of(cls) for inner in _where_bound(statement))


def _shared(statement: ast.stmt, facts: Facts) -> str | None:
    """The attribute in `nn.share_scope(self, self.wrapped)`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not facts.is_call_of(call, LINEN + "share_scope") or call.keywords:
        return None
    own = len(call.args) == 2 and isinstance(call.args[0], ast.Name) and call.args[0].id == "self"
    return call.args[1].attr if own and root_is_self(call.args[1]) else None  # type: ignore[attr-defined]


def calls_of(name: str, method: ast.AST) -> Iterator[ast.Call]:
    """The calls of the layer in a field."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and root_is_self(node.func) and node.func.attr == name:  # type: ignore[attr-defined]
            yield node


def always_runs(node: ast.expr, method: ast.FunctionDef, facts: Facts) -> bool:
    """Whether every call of the method evaluates this expression, once."""
    above = facts.names.parent(node)
    while above is not None and above is not method:
        if not isinstance(above, STEADY):
            return False
        above = facts.names.parent(above)
    leaves = (n for n in ast.walk(method) if isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom)))
    return not any((n.end_lineno or n.lineno) < node.lineno for n in leaves)


def runs(cls: LinenClass, name: str) -> bool:
    """Whether a method of the class always runs the layer in this field."""
    methods = [(home, method) for home in cls.facts.ancestors(cls) for method in home.methods.values()]
    return any(always_runs(call, method, home.facts) for home, method in methods for call in calls_of(name, method))


def runs_at_all(cls: LinenClass, name: str) -> bool:
    """Whether any method of the class calls the layer in this field."""
    methods = [method for home in cls.facts.ancestors(cls) for method in home.methods.values()]
    return any(True for method in methods for _ in calls_of(name, method))


def runs_as_is(cls: LinenClass, name: str) -> bool:
    """Whether a method of the class always runs the layer in this field, and all give it nothing but one input."""
    methods = [method for home in cls.facts.ancestors(cls) for method in home.methods.values()]
    alone = all(len(call.args) == 1 and not call.keywords for method in methods for call in calls_of(name, method))
    return alone and runs(cls, name)


def told_axes(tracer: Tracer, method: ast.FunctionDef, argument: str) -> dict[int, Size]:
    """The last axis of an argument, as a layer tells it that the class is given and always runs on it."""
    for name, held in tracer.attributes.items():
        if not isinstance(held, Held) or held.ref is None or held.ref.linen not in WIDE or name in tracer.optional:
            continue
        for call in calls_of(name, method):
            data = call.args[0] if call.args else None
            same = isinstance(data, ast.Name) and data.id == argument and not stores(method, argument)
            if same and always_runs(call, method, tracer.facts):
                return {1: f"{held.text}.in_features"}
    return {}


def merged(tracer: Tracer, node: ast.Call) -> Any:
    """`nn.merge_param("einsum_str", self.wrapped.einsum_str, given)` of a layer that runs with its own equation."""
    own = node.args[1] if len(node.args) == 3 and tracer.facts.origin(node.func) == LINEN + "merge_param" else None
    if not isinstance(own, ast.Attribute) or not root_is_self(own.value):
        return None
    held = tracer.attribute(own.value.attr)  # type: ignore[attr-defined]
    has = isinstance(held, Held) and held.ref is not None and own.attr in EQUATION.get(held.ref.linen or "", ())
    return held.attribute(own.attr) if has and runs_as_is(tracer.cls, own.value.attr) else None  # type: ignore[attr-defined]
