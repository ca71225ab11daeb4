"""Functions that a method defines for what it makes: initialisers, `def width(stage): …`.

`__init__` can define them as well where all that they read of the method is known there, and stays what it is.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source.events import Assignment
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.names import COMPREHENSIONS, FUNCTIONS
from flake8_nnx.source.values import Function

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def defined(tracer: Tracer, node: ast.FunctionDef, env: Env) -> Function:
    """The function as a value, which has a text of its own where `__init__` can define it."""
    plain = Function(node, tracer.facts, env)
    method = tracer.facts.names.parent(node)
    inside = tracer.inlining or tracer.loops or tracer.depth or tracer.home is not tracer.cls
    if inside or not isinstance(method, ast.FunctionDef) or tracer.facts.names.parent(method) is not tracer.cls.node:
        return plain
    own = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    own |= {n.arg for n in ast.walk(node.args) if isinstance(n, ast.arg)}
    reads = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own
    if not _plain(node) or node.name in {*tracer.fixed, *own} or not _settled(method, node, reads):
        return plain
    text = tracer.evaluator.block(node, env, own)
    if text is None:
        return plain
    tracer.events.append(Assignment(node, (node.name,), text))
    return Function(node, tracer.facts, env, text=node.name)


def _plain(node: ast.FunctionDef) -> bool:
    """Whether a function holds nothing that reads otherwise at another place: scopes of its own, texts of several lines."""
    parts = [part for part in ast.walk(node) if part is not node]
    scopes = (*FUNCTIONS, *COMPREHENSIONS, ast.ClassDef, ast.Global, ast.Nonlocal)
    docstring = node.body[0].value if isinstance(node.body[0], ast.Expr) else None
    texts = [p for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, (str, bytes)) and p is not docstring]
    several = any(text.end_lineno != text.lineno for text in texts)
    return not node.decorator_list and not several and not any(isinstance(part, scopes) for part in parts)


def _settled(method: ast.FunctionDef, node: ast.FunctionDef, reads: set[str]) -> bool:
    """Whether the method gives the function, and what it reads, no other value from there on."""
    inside = set(ast.walk(node))
    for part in ast.walk(method):
        if part in inside:
            continue
        if isinstance(part, FUNCTIONS) and getattr(part, "name", "") == node.name and part is not method:
            return False
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            if part.id == node.name or part.id in reads and part.lineno > node.lineno:
                return False
    return True
