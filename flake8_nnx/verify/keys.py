"""Equal random keys on both sides: the n-th draw of a call gets the n-th key, whoever draws.

Linen derives keys from module paths and NNX from counters, so equal masks need equal keys put in their place.
Draws inside scan, vmap, cond or jit bodies cannot be numbered this way and are refused.
"""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
from jax._src import core as _core  # the current trace has no public name
from flax.core.scope import Scope
from flax.nnx import rnglib

from flake8_nnx.verify.verdict import Different, Unverifiable


DRAWS = (
    "bernoulli", "beta", "categorical", "choice", "exponential", "gamma", "gumbel", "laplace", "logistic", "normal",
    "permutation", "poisson", "randint", "truncated_normal", "uniform",
)  # fmt: skip


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


@contextlib.contextmanager
def narrow_draws(x64: Callable[[bool], contextlib.AbstractContextManager[Any]]) -> Iterator[None]:
    """Within the context, `jax.random` draws the bits that it draws without x64, so that masks stay the same.

    The same key gives other numbers when they are drawn in float64; a reference run needs the float32 ones, widened.
    """

    def narrow(value: Any) -> Any:
        is_wide = isinstance(value, jax.Array) and value.dtype in (jnp.float64, jnp.int64)
        return value.astype(jnp.float32 if value.dtype == jnp.float64 else jnp.int32) if is_wide else value

    def widen(value: Any) -> Any:
        return value.astype(jnp.float64) if isinstance(value, jax.Array) and value.dtype == jnp.float32 else value

    def wrapped(draw: Any) -> Any:
        def drawn(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = jax.tree.map(narrow, (args, kwargs))
            with x64(False):
                result = draw(*args, **kwargs)
            return jax.tree.map(widen, result)

        return drawn

    with contextlib.ExitStack() as stack:
        for name in DRAWS:
            stack.enter_context(mock.patch.object(jax.random, name, wrapped(getattr(jax.random, name))))
        yield


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
