"""What setup checks and prints, and `__init__` checks and prints as well: `assert`, `raise`, `print`.

Only where it can compute what they read.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source import choosers, partials
from flake8_nnx.source.events import Assignment
from flake8_nnx.source.inittext import Env, root_is_self
from flake8_nnx.source.values import Module

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def checked(tracer: Tracer, node: ast.stmt, parts: list[ast.expr], form: str, env: Env) -> None:
    """What setup checks, `__init__` checks; so it does where a function that chooses a layer finds none."""
    texts = [tracer.evaluator.text(part, env) for part in parts]
    repeats = of_setup(tracer, node) or isinstance(node, ast.Raise) and _in_choice(tracer, node)
    if repeats and parts and None not in texts:
        tracer.events.append(Assignment(node, (), form.format(", ".join(map(str, texts)))))


def printed(tracer: Tracer, node: ast.Expr, call: ast.Call, env: Env) -> bool:
    """`print(self.dense.variables)` in setup, which `__init__` prints as it has them."""
    plain = isinstance(call.func, ast.Name) and call.func.id == "print" and not call.keywords
    if not plain and tracer.facts.origin(call.func) != "pprint.pprint" or call.keywords:
        return False
    texts = []
    for argument in call.args:
        held = isinstance(argument, ast.Attribute) and argument.attr == "variables" and root_is_self(argument.value)
        made = held and isinstance(tracer.evaluator.value(argument.value, env), Module)  # type: ignore[attr-defined]
        own = f"nnx.state({ast.unparse(argument.value)})" if made else None  # type: ignore[attr-defined]
        texts.append(own or tracer.evaluator.text(argument, env))
    if None in texts:
        return False
    tracer.events.append(Assignment(node, (), f"{ast.unparse(call.func)}({', '.join(map(str, texts))})"))
    return True


def _in_choice(tracer: Tracer, node: ast.Raise) -> bool:
    """Whether a function that does nothing but choose a layer or a partial finds none."""
    if tracer.choosing is None or tracer.inlining != 1:
        return False
    function = tracer.facts.names.enclosing(node, ast.FunctionDef)
    return choosers.chooses(function, tracer.facts) or partials.gives(function, tracer.facts)


def of_setup(tracer: Tracer, node: ast.stmt) -> bool:
    """Whether this is a statement of setup itself, not of a function outside of the class that it calls."""
    return tracer.method == "setup" and tracer.facts.names.enclosing(node, ast.ClassDef) is not None
