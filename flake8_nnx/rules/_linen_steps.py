"""What rules around the model share: names of flax where they are used, and functions that run a Linen model."""
from __future__ import annotations

import ast
import functools
from collections.abc import Container, Iterator, Mapping
from typing import Union

from flake8_nnx.source import nnx
from flake8_nnx.source.clues import foreign, imports, imports_linen, train_state
from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.variables import model_call

Name = Union[ast.Name, ast.Attribute]


def uses(facts: Facts, origins: Container[str]) -> Iterator[tuple[Name, str]]:
    """Where a file reads what has one of these dotted names, with the name."""
    return ((node, origin) for origin, nodes in _read(facts).items() if origin in origins for node in nodes)


def linen_uses(facts: Facts, name: str) -> Iterator[Name]:
    """Where a file reads a function of `flax.linen`; in a class of NNX it is a leftover, which has a rule of its own."""
    for node, _ in uses(facts, (LINEN + name,)):
        cls = facts.names.enclosing(node, ast.ClassDef)
        if cls is None or facts.linen_class(cls) is not None:
            yield node


@functools.lru_cache(maxsize=4)
def _read(facts: Facts) -> Mapping[str, list[Name]]:
    """Everything that a file reads by a dotted name; one pass for all rules."""
    found: dict[str, list[Name]] = {}
    for node in facts.names.nodes:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            origin = facts.origin(node)
            if origin is not None:
                found.setdefault(origin, []).append(node)
    return found


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
