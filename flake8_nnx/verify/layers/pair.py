"""One row of the layer table: a Linen layer, its NNX twin as text, and the inputs that both are called with.

Rows are data; `flake8_nnx.verify.layers.table` verifies them.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVAL, TRAIN = {"deterministic": True}, {"deterministic": False}
# What `variants` adds to the constructors, and the type of the float inputs.
DTYPES = {
    "": ("", "f32"),
    "dtype=bf16": (", dtype=jnp.bfloat16", "f32"),
    "dtype=bf16, x=bf16": (", dtype=jnp.bfloat16", "bf16"),
    "param_dtype=bf16": (", param_dtype=jnp.bfloat16", "f32"),
    "param_dtype=bf16, x=bf16": (", param_dtype=jnp.bfloat16", "bf16"),
    "all bf16": (", dtype=jnp.bfloat16, param_dtype=jnp.bfloat16", "bf16"),
    "x=bf16": ("", "bf16"),
}
ALL = tuple(DTYPES)


@dataclass(frozen=True)
class Pair:
    """A Linen constructor call and an NNX one.

    Attributes:
        layer: name of the Linen class.
        what: the options in words; with `layer` it names the row.
        linen, nnx: the constructor calls; NNX also sees `rngs` and the names of `flake8_nnx.verify.layers.remedies`.
        args, kwargs, train_kwargs, rngs, method, init_args: as in `flake8_nnx.verify.Case`.
        differs: the row of `KNOWN_DIFFERENCES` that says why the two are not proved equal; empty for an equal pair.
        remedy: the row of `KNOWN_DIFFERENCES` that this spelling gets rid of; empty for the plain twin.
        variable_map: Linen path to NNX path, where names and shapes do not tell.
    """

    layer: str
    what: str
    linen: str
    nnx: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    train_kwargs: Mapping[str, Any] | None = None
    rngs: tuple[str, ...] = ()
    method: str = "__call__"
    init_args: tuple[Any, ...] | None = None
    differs: str = ""
    remedy: str = ""
    variable_map: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.layer}: {self.what}" + (f" [{self.remedy}]" if self.remedy else "")


def variants(
    layer: str,
    what: str,
    linen: str,
    nnx: str,
    args: tuple[Any, ...],
    dtypes: tuple[str, ...] = ALL,
    differs: Mapping[str, str] | None = None,
    remedies: Mapping[str, str] | None = None,
    **options: Any,
) -> list[Pair]:
    """The pair in several types: `{o}` in the constructors takes their arguments, `{x}` in the inputs the float type.

    `differs` and `remedies` say by type what `Pair.differs` and `Pair.remedy` do.
    """
    pairs = []
    for name in dtypes:
        extra, x = DTYPES[name]
        pairs.append(
            Pair(
                layer,
                ", ".join(filter(None, [what, name])) or "defaults",
                linen.replace("{o}", extra).replace("(, ", "("),
                nnx.replace("{o}", extra).replace("(, ", "("),
                _typed(args, x),
                **{"differs": (differs or {}).get(name, ""), "remedy": (remedies or {}).get(name, ""), **options},
            )
        )
    return pairs


def _typed(value: Any, x: str) -> Any:
    return tuple(_typed(item, x) for item in value) if isinstance(value, tuple) else value.replace("{x}", x)
