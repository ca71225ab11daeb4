"""Equal random keys on both sides: the n-th draw of a call gets the n-th key, whoever draws.

Linen derives keys from module paths and NNX from counters, so equal masks need equal keys put in their place.
Draws inside scan, vmap, cond or jit bodies cannot be numbered this way and are refused.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import jax
from jax._src import core as _core  # the current trace has no public name
from flax.core.scope import Scope
from flax.nnx import rnglib

from flake8_nnx.verify.verdict import Different, Unverifiable


@dataclass
class Draws:
    """The keys drawn in one call, in order, by stream name."""

    base: Any
    streams: list[str] = field(default_factory=list)

    def next(self, stream: str, level: Any) -> Any:
        if _trace() is not level:
            raise Unverifiable(
                "random keys are drawn inside a lifted transform (scan, vmap, cond, remat or jit); "
                "verify without train_kwargs, or the body on its own"
            )
        self.streams.append(stream)
        return jax.random.fold_in(self.base, len(self.streams) - 1)


def _trace() -> Any:
    return _core.trace_ctx.trace


@contextlib.contextmanager
def numbered_draws(base: Any) -> Iterator[Draws]:
    """Within the context, every key that flax draws is the next one derived from `base`."""
    draws, level = Draws(base), _trace()

    def make_rng(self: Scope, name: str = "params") -> Any:
        return draws.next(name, level)

    def stream(self: rnglib.RngStream, *args: Any, **kwargs: Any) -> Any:
        return draws.next(self.tag, level)

    with mock.patch.object(Scope, "make_rng", make_rng), mock.patch.object(rnglib.RngStream, "__call__", stream):
        yield draws


def check_streams(model: Any) -> None:
    """Two streams of a model with the same key and count draw the same numbers, which numbering would hide.

    Raises:
        Different: such a pair exists.
    """
    from flax import nnx

    seen: dict[bytes, str] = {}
    for path, node in nnx.iter_graph(model):
        if isinstance(node, rnglib.RngStream):
            key = node.key.get_value()
            data = bytes(memoryview(jax.device_get(jax.random.key_data(key))).cast("B"))
            data += bytes(memoryview(jax.device_get(node.count.get_value())).cast("B"))
            place = "/".join(map(str, path))
            if data in seen:
                raise Different(f"the random streams {seen[data]} and {place} hold the same key, so they draw the same numbers")
            seen[data] = place
