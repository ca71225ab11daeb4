"""Wording that several rules share: how code is quoted in a one-line message."""
from __future__ import annotations

import ast
import re

from flake8_nnx.source.linen import Facts

MAX_QUOTE = 60


def quote(node: ast.AST) -> str:
    """The source of an expression on one line, shortened when long."""
    text = re.sub(r"\s+", " ", ast.unparse(node))
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1] + "…"


def listed(words: list[str], most: int = 3) -> str:
    """`a, b and c`, cut after `most` words."""
    unique = list(dict.fromkeys(words))
    if len(unique) > most:
        unique = [*unique[:most], f"{len(unique) - most} more"]
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " and " + unique[-1]


def snake(name: str) -> str:
    """Attribute name in the style of the guide: `BatchNorm` is `batch_norm`, `MLPBlock` is `mlp_block`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


def created_layers(method: ast.AST, facts: Facts) -> list[str]:
    """The layers that a method constructs, as written (`nn.Dense`), in source order."""
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call) and facts.module_class(node.func)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [f"`{quote(call.func)}`" for call in calls]
