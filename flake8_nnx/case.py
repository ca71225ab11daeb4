"""Cases: how to run a module, with inputs given as shape strings (see `flake8_nnx.verify.shapes`).

Importing this file loads neither jax nor numpy; making arrays of the strings does.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """How to run one module.

    Args:
        target: `path/to/file.py:Class` or `package.module:Class`, the Linen class this case is for.
        build: makes the Linen module.
        init: the same as text, `"Class(features=8)"`, evaluated in the Linen file.
        args, kwargs: inputs; a shape string becomes an array, everything else is passed as it is.
        train_kwargs: keywords of a second run in training mode, None for none.
        rngs: names of the random streams that the module draws from.
        mutable: collections that the call updates (default: all but params).
        method: the method to call.
        new_init: the NNX constructor call as text, `"Class(16, 8, rngs=rngs)"`, where fields and shapes do not tell it.
        init_args, init_kwargs: inputs of `model.init` where they differ from those of the call, as for decoding with a cache.
        init_method: the method that `model.init` runs, where it is another one than `method`.
        new: `path/to/file.py::Class` of the NNX class, for `pytest --nnx-verify`.
        origin: how the case was obtained: given, recorded or synthesised.
    """

    target: str
    build: Callable[[], Any] | None = None
    init: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    train_kwargs: Mapping[str, Any] | None = None
    rngs: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()
    method: str = "__call__"
    new_init: str | None = None
    init_args: tuple[Any, ...] | None = None
    init_kwargs: Mapping[str, Any] | None = None
    init_method: str | None = None
    new: str | None = None
    origin: str = "given"

    @property
    def initialised_by(self) -> str:
        return self.init_method or self.method

    @property
    def class_name(self) -> str:
        return re.split(r"::?", self.target)[-1]

    def is_for(self, path: str, class_name: str) -> bool:
        """Whether this case is for a class of the file at `path` (a dotted module name also tells a file)."""
        if self.class_name != class_name:
            return False
        place = re.split(r"::?", self.target)[0]
        stem = place.removesuffix(".py").replace("\\", "/").replace(".", "/").strip("/")
        return place == self.target or f"/{path.removesuffix('.py')}".replace("\\", "/").endswith(f"/{stem}")

    def to_json(self) -> dict[str, Any]:
        """The case without `build`, for a worker.

        Raises:
            ValueError: the case holds values that only live in this process.
        """
        if self.build is not None:
            raise ValueError(f"the case for {self.target} has a `build` function, which cannot go to another process")
        return {
            name: _packed(getattr(self, name)) for name in self.__dataclass_fields__ if name != "build"
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Case:
        """The case that `to_json` wrote."""
        return cls(**{name: _unpacked(value) for name, value in data.items()})


TUPLE, ARRAY = "(tuple)", "(array)"  # mark lists that were a tuple or an array, which JSON does not have


def _packed(value: Any) -> Any:
    if isinstance(value, tuple):
        return [TUPLE, *map(_packed, value)]
    if isinstance(value, list):
        return [_packed(item) for item in value]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return [ARRAY, str(value.dtype), value.tolist()]
    return {key: _packed(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        if value[:1] == [ARRAY]:
            import jax.numpy as jnp

            return jnp.asarray(value[2], value[1])
        marked = value[:1] == [TUPLE]
        items = [_unpacked(item) for item in value[marked:]]
        return tuple(items) if marked else items
    return {key: _unpacked(item) for key, item in value.items()} if isinstance(value, Mapping) else value
