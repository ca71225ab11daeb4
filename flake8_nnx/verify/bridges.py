"""Half-migrated modules: an NNX model that wraps Linen modules, and a Linen module that wraps NNX models.

The first gets its variables from a call, as `nnx.bridge.lazy_init` says; the second is run as an NNX model in `ToNNX`.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
from flax import nnx

from flake8_nnx.verify.sides import LinenSide


class Wrapped(nnx.bridge.ToNNX):
    """A Linen module as an NNX model whose calls update these collections."""

    def __init__(self, module: nn.Module, rngs: nnx.Rngs, mutable: Sequence[str]) -> None:
        super().__init__(module, rngs)
        self.to_nnx__mutable = tuple(mutable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, mutable=list(self.to_nnx__mutable), **kwargs)


def has(model: Any) -> bool:
    """Whether there is a Linen module in the model."""
    return any(isinstance(module, nnx.bridge.ToNNX) for _, module in nnx.iter_modules(model))


def initialised(make: Callable[[Any], Any], linen: LinenSide) -> Callable[[Any], Any]:
    """The model with the variables of its Linen modules, from a call with what the Linen side is initialised with."""

    def made(key: Any) -> Any:
        model = make(key)
        if has(model):
            args, kwargs = linen.first.filled(linen.first.arrays())
            nnx.bridge.lazy_init(getattr(model, linen.case.method), *args, **kwargs)
            nnx.pop(model, nnx.Intermediate)
        return model

    return made
