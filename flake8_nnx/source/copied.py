"""Statements of setup that `__init__` repeats as they stand: checks, imports, tables filled in place, changes of a config.

They create no layer and read nothing but what `__init__` knows by the same names.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source.events import Assignment
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.values import Static

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer

SIMPLE = (ast.Expr, ast.Import, ast.ImportFrom, ast.Delete)
COLLECTING = {"append", "extend", "insert", "add", "setdefault", "update"}
COMPOUND = (ast.For, ast.While, ast.With, ast.Try)


def copied(tracer: Tracer, statement: ast.stmt, env: Env) -> bool:
    """Whether the statement was taken over into `__init__`."""
    if tracer.method != "setup" or tracer.depth or tracer.inlining or not _wanted(statement):
        return False
    stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    imported = {(a.asname or a.name).partition(".")[0] for a in getattr(statement, "names", ()) if isinstance(a, ast.alias)}
    if not _repeatable(tracer, statement, env, stored):
        return False
    tracer.events.append(Assignment(statement, tuple(imported), _text(tracer, statement)))
    for name in (*stored, *imported):
        env[name] = Static(name)
    return True


def _wanted(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call)
    if isinstance(statement, (ast.Assign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return all(isinstance(t, (ast.Subscript, ast.Attribute)) and not root_is_self(t) for t in targets)
    return isinstance(statement, (*SIMPLE, *COMPOUND))


def _repeatable(tracer: Tracer, statement: ast.stmt, env: Env, stored: set[str]) -> bool:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and _may_create(tracer, node, env):
            return False
        if isinstance(node, ast.Name) and node.id == "super":
            return False
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.Return, ast.FunctionDef, ast.ClassDef, ast.NamedExpr)):
            return False
        if isinstance(node, ast.Attribute) and root_is_self(node) and not _the_class(node):
            known = tracer.attributes.get(node.attr)
            if not isinstance(node.ctx, ast.Load) or not isinstance(known, Static) or type(known) is not Static:
                return False
        elif isinstance(node, ast.Name) and node.id == "self":
            parent = tracer.facts.names.parent(node)
            asked = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "type"
            if not asked and not (isinstance(parent, ast.Attribute) and parent.value is node):
                return False
        elif isinstance(node, ast.Name) and node.id in env and node.id not in stored:
            if env[node.id] != Static(node.id) and not (isinstance(env[node.id], Static) and env[node.id].text == node.id):
                return False
        elif isinstance(node, ast.Name) and tracer.facts.module_class(node):
            return False
    return True


def _the_class(node: ast.Attribute) -> bool:
    """`self.__class__`, which `__init__` has as well."""
    return isinstance(node.value, ast.Name) and node.attr == "__class__"


def _may_create(tracer: Tracer, call: ast.Call, env: Env) -> bool:
    """Whether a layer may be what this call makes, or collects."""
    func, facts = call.func, tracer.facts
    if facts.module_class(func) or root_is_self(func):
        return True
    if isinstance(func, ast.Attribute):
        return func.attr in COLLECTING and any(isinstance(n, ast.Call) for a in call.args for n in ast.walk(a))
    if not isinstance(func, ast.Name) or func.id in env:
        return not isinstance(env.get(getattr(func, "id", "")), Static) or facts.origin(func) is None
    binding = facts.names.binding(func)
    if binding is None or binding.kind != "def":
        return False
    return any(facts.module_class(n) for n in ast.walk(binding.node) if isinstance(n, (ast.Name, ast.Attribute)))


def _text(tracer: Tracer, statement: ast.stmt) -> str:
    """The statement on lines of its own, fields as parameters; comments are moved by the rewriter."""
    swaps = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and root_is_self(node) and not _the_class(node):
            swaps[id(node)] = tracer.attributes[node.attr].text
    if isinstance(statement, COMPOUND):
        return tracer.source.unparsed(statement, swaps)
    return tracer.source.segment(statement, swaps)
