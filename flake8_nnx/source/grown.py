"""Arrays that are made in a shape, or get more axes than what they are made of: draws, one-hot vectors, tiles."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flake8_nnx.source import reshaped
from flake8_nnx.source.sizes import multiply
from flake8_nnx.source.values import Array, Items, Prefix, Shape, Unknown, array_of, elements, size_of

# Functions of jax.random by the position of the shape.
DRAWS = {
    **dict.fromkeys(("normal", "uniform", "gumbel", "exponential", "laplace", "logistic", "rademacher", "randint"), 1),
    **dict.fromkeys(("bernoulli", "gamma", "poisson"), 2),
    "truncated_normal": 3,
}


def drawn(name: str, positional: list[Any], keywords: Mapping[str, Any]) -> Any:
    """`jax.random.normal(key, shape)`."""
    place = DRAWS.get(name)
    shape = keywords.get("shape", positional[place] if place is not None and len(positional) > place else None)
    if place is None or shape is None:
        return Unknown()
    if isinstance(shape, (Prefix, Shape)):
        return reshaped.filled(shape)
    items = elements(shape)
    return Unknown() if items is None else reshaped.filled(Items(items))


def one_hot(positional: list[Any], keywords: Mapping[str, Any]) -> Any:
    """`jax.nn.one_hot(x, num_classes)`: one more axis, at the end."""
    x, classes = (positional[i] if len(positional) > i else keywords.get(n) for i, n in enumerate(("x", "num_classes")))
    if not isinstance(x, Array) or len(positional) > 2 or "axis" in keywords:
        return Unknown()
    dims = x.dims()
    size = size_of(classes)
    return Array(None, {1: size, **{k + 1: x.size(k) for k in (1, 2, 3)}}) if dims is None else array_of([*dims, size])


def tile(positional: list[Any], keywords: Mapping[str, Any]) -> Any:
    """`jnp.tile(x, reps)` with as many repetitions as x has axes, or fewer."""
    array, reps = positional[0], elements(keywords.get("reps", positional[1] if len(positional) > 1 else None))
    if not isinstance(array, Array) or reps is None or array.rank is not None and len(reps) > array.rank:
        return Unknown()
    times = {len(reps) - i: size_of(rep) for i, rep in enumerate(reps)}
    return array.with_axes({axis: multiply(array.size(axis), count) for axis, count in times.items()})


def broadcast(positional: list[Any], keywords: Mapping[str, Any]) -> Any:
    """`jax.lax.broadcast(x, sizes)`: more axes in front."""
    array, sizes = positional[0], elements(keywords.get("sizes", positional[1] if len(positional) > 1 else None))
    dims = array.dims() if isinstance(array, Array) else None
    if dims is None or sizes is None:
        return Array(None, {1: array.size(1)}) if isinstance(array, Array) else Unknown()
    return array_of([*map(size_of, sizes), *dims])


GROWN: Mapping[str, Callable[[list[Any], Mapping[str, Any]], Any]] = {
    "jax.nn.one_hot": one_hot, "flax.linen.one_hot": one_hot, "jax.numpy.tile": tile, "numpy.tile": tile,
    "jax.lax.broadcast": broadcast,
}  # fmt: skip


def made(origin: str, positional: list[Any], keywords: Mapping[str, Any]) -> Any:
    """The output of one of these functions; Unknown for any other."""
    if origin.startswith("jax.random."):
        return drawn(origin.rpartition(".")[2], positional, keywords)
    return GROWN[origin](positional, keywords) if origin in GROWN and positional else Unknown()
