"""Variables that a model reaches by several paths, as a tied embedding: NNX keeps the state once, under the first of them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flax import nnx
from flax.nnx import graph

from flake8_nnx.verify.sides import spell


def other_paths(model: Any, variables: Mapping[tuple[Any, ...], Any]) -> dict[str, str]:
    """The path in the state of the model, for each other path by which one of its Variables can be reached."""
    found: dict[int, list[str]] = {}
    for path, variable in _reached(model, (), ()):
        found.setdefault(id(variable), []).append(spell(path))
    kept = {spell(path) for path in variables}
    canonical = {name: own for names in found.values() for own in names if own in kept for name in names}
    return {name: own for name, own in canonical.items() if name != own}


def _reached(node: Any, path: tuple[Any, ...], above: tuple[int, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, nnx.Variable):
        yield path, node
    elif graph.is_node(node) and id(node) not in above:
        for name, child in graph.get_node_impl(node).node_dict(node).items():
            yield from _reached(child, (*path, name), (*above, id(node)))
