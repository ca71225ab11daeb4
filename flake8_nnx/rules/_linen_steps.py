"""What rules around the model share: names of flax where they are used, and functions that run a Linen model."""
from __future__ import annotations

import ast
from collections.abc import Container

from flake8_nnx.source import nnx
from flake8_nnx.source.clues import foreign, imports, imports_linen, train_state
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import model_call


def uses(node: ast.expr, facts: Facts, origins: Container[str]) -> str | None:
    """The dotted name that an expression is a use of; None where it stands for another, or is only stored."""
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return None
    origin = facts.origin(node)
    return origin if origin is not None and origin in origins else None


def runs_model(function: ast.FunctionDef | ast.Lambda, facts: Facts) -> bool:
    """Whether a function applies a Linen module or steps a train state."""
    return any(
        isinstance(node, ast.Call) and (model_call(node, facts, "apply", "apply_fn") is not None or steps(node, facts))
        for node in ast.walk(function)
    )


def steps(call: ast.Call, facts: Facts) -> bool:
    """Whether a call is `state.apply_gradients(grads=…)` of a train state of Linen code."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != "apply_gradients" or of_nnx(facts):
        return False
    by_name = any(keyword.arg == "grads" for keyword in call.keywords) and imports(facts, "flax")
    return train_state(func.value, facts) or by_name and not foreign(func.value, facts)


def of_nnx(facts: Facts) -> bool:
    """Whether the file is of NNX alone, which may keep a train state or a frozen dictionary of its own."""
    return nnx.present(facts) and not imports_linen(facts)
