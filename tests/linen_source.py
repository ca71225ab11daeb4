"""Linen calls written as source, split as the catalogue wants them."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.construct import Construction, call, construct
from flake8_nnx.catalog.layers import LAYERS


def split(source: str) -> tuple[str, list[str], dict[str, str]]:
    """Name, positional arguments and keywords of one call."""
    node = ast.parse(source, mode="eval").body
    assert isinstance(node, ast.Call)
    keywords = {keyword.arg or "**": ast.unparse(keyword.value) for keyword in node.keywords}
    return ast.unparse(node.func).rpartition(".")[2], [ast.unparse(argument) for argument in node.args], keywords


def made(source: str, sizes: dict[str, str] | None = None, **names: str) -> Construction:
    """The NNX construction of `nn.Dense(3)`."""
    name, positional, keywords = split(source)
    return construct(LAYERS[name], positional, keywords, sizes or {}, **names)


def called(linen: str, source: str) -> tuple[str, tuple[str, ...]]:
    """Arguments of `layer(x, True)` for the NNX layer, joined, and the problems."""
    _, positional, keywords = split(source)
    arguments, problems = call(LAYERS[linen], positional, keywords)
    return ", ".join(arguments), problems
