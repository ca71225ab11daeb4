"""Sharding metadata: the axis names that partitioned Linen variables and NNX variables carry must be the same.

Nothing is sharded while verifying, so that no mesh is needed.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import flax
import flax.linen as nn
import jax

from flake8_nnx.verify.verdict import Different

EAGER = "flax_always_shard_variable"  # NNX then wants a mesh as soon as a variable has axis names
Names = tuple[Any, ...]


@contextlib.contextmanager
def without_mesh() -> Iterator[None]:
    """A context in which variables with axis names can be made although there is no mesh."""
    before = getattr(flax.config, EAGER, None)
    if before is None:
        yield
        return
    flax.config.update(EAGER, False)
    try:
        yield
    finally:
        flax.config.update(EAGER, before)


def linen_names(boxed: Any) -> dict[str, Names]:
    """Axis names of the boxed variables (`nn.Partitioned`, `nn.LogicallyPartitioned`) by path."""
    boxes = jax.tree_util.tree_flatten_with_path(boxed, is_leaf=lambda leaf: isinstance(leaf, nn.meta.AxisMetadata))[0]
    return {
        "/".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in path): _plain(box.names)
        for path, box in boxes
        if hasattr(box, "names")
    }


def check_names(linen: Mapping[str, Names], variables: Mapping[str, Any]) -> None:
    """Axis names of every mapped variable agree.

    Args:
        linen: axis names by Linen path.
        variables: every NNX variable by the Linen path it is mapped to.

    Raises:
        Different: an axis has another name, or only one side has names.
    """
    for path, variable in variables.items():
        metadata = variable.get_metadata()
        new = metadata.get("out_sharding", metadata.get("sharding_names", metadata.get("sharding")))
        old, new = linen.get(path, ()), _plain(new or ())
        if old != new:
            raise Different(
                f"the axes of {path} are named {_spelled(old)} in Linen and {_spelled(new)} in NNX, so they would be "
                "sharded differently"
            )


def _plain(names: Any) -> Names:
    """Trailing axes without a name do not count."""
    found = list(names)
    while found and found[-1] is None:
        found.pop()
    return tuple(found)


def _spelled(names: Names) -> str:
    return str(names) if names else "not at all"
