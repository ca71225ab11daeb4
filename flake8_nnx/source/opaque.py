"""Statements whose course only the call knows: `while`, `try`, `match`, loops over data.

Their bodies are followed once, and may hold no constructions.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source.inittext import Env
from flake8_nnx.source.own_variables import kind
from flake8_nnx.source.values import Unknown

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

KINDS = {ast.While: "a while loop", ast.Try: "a try block", ast.Match: "a match statement"}


def run(tracer: Tracer, node: ast.stmt, env: Env) -> None:
    """A statement that nothing else follows."""
    why = KINDS.get(type(node))
    if why:
        opaque(tracer, node, env, why)


def opaque(tracer: Tracer, node: ast.stmt, env: Env, why: str) -> None:
    """A statement whose course the constructor cannot know: its body may hold no constructions."""
    before = len(tracer.trace.sites)
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            env[child.id] = Unknown()
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for part in getattr(node, name, None) or ():
            statements = part.body if isinstance(part, (ast.ExceptHandler, ast.match_case)) else [part]
            tracer.block(statements, env)
    for site in tracer.trace.sites[before:]:
        site.conditional = True
        if site.ref is not None or kind(site) == "param":
            tracer.problem(site.call, f"is created in {why}")
