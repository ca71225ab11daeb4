"""What setup reads of the submodules that it has made: `self.encoder.embed.features`.

Only what the NNX class has as well is known.
"""
from __future__ import annotations

import ast
from typing import Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.values import Array, Held, Member, Module, Static, Unknown, array_of

# Constructor arguments that NNX layers keep under the same name.
KEPT = {"Embed": {"num_embeddings", "features"}}


def member(owner: Module | Member, node: ast.Attribute) -> Any:
    """The value of an attribute of a submodule, as far as `__init__` can read it."""
    from flake8_nnx.source.features import trace  # the two call each other

    ref = (owner.module if isinstance(owner, Member) else owner).site.ref
    if ref is None:
        return Unknown()
    text = f"{owner.text if isinstance(owner, Member) else ast.unparse(node.value)}.{node.attr}"
    if ref.local is None:
        kept = ref.linen in LAYERS and node.attr in KEPT.get(ref.linen or "", ())
        return Static(text) if kept else Unknown()
    found = trace(ref.local).attributes.get(node.attr)
    if isinstance(found, Module):
        return Member(text, found)
    return Static(text) if type(found) is Static or isinstance(found, Held) else Unknown()


def held_output(callee: Held, positional: list[Any]) -> Any:
    """What a submodule returns that the class is given: of an embedding, its vectors."""
    if callee.ref is None or callee.ref.linen != "Embed":
        return Unknown()
    data = positional[0] if positional else Unknown()
    dims = data.dims() if isinstance(data, Array) else None
    size = f"{callee.text}.features"
    return Array(None, {1: size}) if dims is None else array_of([*dims, size])
