"""What built-in layers tell of how they were made, `layer.features`, where NNX layers keep the same value.

Linen layers are dataclasses and keep every argument; NNX layers keep some, under new names, but no initialisers. Compared with
the installed flax by `tests/catalog`.
"""
from __future__ import annotations

from collections.abc import Mapping

PLAIN = {name: name for name in ("use_bias", "dtype", "param_dtype", "precision")}
WITHOUT_BIAS = {name: name for name in ("dtype", "param_dtype", "precision")}

# Linen layer -> Linen attribute -> attribute of the NNX layer.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "Dense": {"features": "out_features", **PLAIN},
    "DenseGeneral": PLAIN,
    "Conv": {"features": "out_features", **PLAIN},
    "Einsum": {"shape": "kernel_shape", **WITHOUT_BIAS},
    "Embed": {"num_embeddings": "num_embeddings", "features": "features"},
}
