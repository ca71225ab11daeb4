"""What built-in layers tell of how they were made, `layer.features`, where NNX layers keep the same.

Linen layers are dataclasses and keep every argument; NNX layers keep some, under new names, but no initialisers. Compared with
the installed flax by `tests/catalog`.
"""
from __future__ import annotations

from collections.abc import Mapping

PLAIN = {name: f"{{}}.{name}" for name in ("dtype", "param_dtype", "precision")}
BIAS = {"use_bias": "{}.use_bias"}
OUT = {"features": "{}.out_features"}

# Linen layer -> Linen attribute -> what asks the NNX layer in place of `{}`.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "Dense": {**OUT, **BIAS, **PLAIN},
    "DenseGeneral": {**BIAS, **PLAIN},
    "Conv": {**OUT, **BIAS, **PLAIN},
    "Einsum": {"shape": "{}.kernel_shape", **PLAIN},
    "Embed": {"num_embeddings": "{}.num_embeddings", "features": "{}.features"},
}
# The same where NNX makes numbers and sequences tuples, as `_canonicalize_tuple` does.
AS_TUPLES: Mapping[str, Mapping[str, str]] = {
    "DenseGeneral": {"features": "{}.out_features", "axis": "{}.axis", "batch_dims": "tuple({}.batch_axis)"},
}
# The equation, which nnx.Einsum always has, and without its spaces.
EQUATION: Mapping[str, Mapping[str, str]] = {"Einsum": {"einsum_str": "{}.einsum_str"}}


def told(layer: str | None, name: str, text: str) -> str | None:
    """The source that asks the NNX layer in `text` for a setting of a Linen layer; None where that is not kept."""
    for known in (SETTINGS, AS_TUPLES, EQUATION):
        asked = known.get(layer or "", {}).get(name)
        if asked is not None:
            return asked.format(text)
    return None
