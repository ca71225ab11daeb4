"""BatchNorm: running statistics in evaluation, those of the batch and their update in training.

Every row is verified in both modes.
"""
from __future__ import annotations

from typing import Any

from flake8_nnx.catalog.known_differences import KEEP
from flake8_nnx.verify.layers.pair import Pair, variants

X4, F4 = ("{x}[b,8,8,16]",), ("f32[b,8,8,16]",)
EVAL, TRAIN = {"use_running_average": True}, {"use_running_average": False}
DIFFERS = {
    "dtype=bf16": "norm-dtype", "dtype=bf16, x=bf16": "norm-dtype", "all bf16": "norm-dtype",
    "param_dtype=bf16, x=bf16": "batch-norm-promotion", "x=bf16": "norm-gradient",
}  # fmt: skip


def _both(what: str, linen: str, nnx: str, args: tuple[str, ...] = F4, differs: str = "", **more: Any) -> Pair:
    return Pair("BatchNorm", what, linen, nnx, args, {**EVAL, **more}, TRAIN, differs=differs)


PAIRS = [
    *variants(
        "BatchNorm", "", "nn.BatchNorm({o})", "nnx.BatchNorm(16{o}, rngs=rngs)", X4, kwargs=EVAL, train_kwargs=TRAIN,
        differs=DIFFERS,
    ),
    *variants(
        "BatchNorm", "", "nn.BatchNorm({o})", f"nnx.BatchNorm(16{{o}}, {KEEP}, rngs=rngs)", X4, tuple(DIFFERS), kwargs=EVAL,
        train_kwargs=TRAIN, remedies=DIFFERS,
    ),
    Pair("BatchNorm", "training alone, all bf16", "nn.BatchNorm(dtype=jnp.bfloat16, param_dtype=jnp.bfloat16)",
         "nnx.BatchNorm(16, dtype=jnp.bfloat16, param_dtype=jnp.bfloat16, rngs=rngs)", ("bf16[b,8,8,16]",), TRAIN),
    _both("momentum, epsilon", "nn.BatchNorm(momentum=0.9, epsilon=1e-3)",
          "nnx.BatchNorm(16, momentum=0.9, epsilon=1e-3, rngs=rngs)"),
    _both("no bias, no scale", "nn.BatchNorm(use_bias=False, use_scale=False)",
          "nnx.BatchNorm(16, use_bias=False, use_scale=False, rngs=rngs)"),
    _both("no bias, no scale, x=bf16", "nn.BatchNorm(use_bias=False, use_scale=False)",
          "nnx.BatchNorm(16, use_bias=False, use_scale=False, rngs=rngs)", ("bf16[b,8,8,16]",),
          differs="batch-norm-promotion"),
    _both("axis=1", "nn.BatchNorm(axis=1)", "nnx.BatchNorm(8, axis=1, rngs=rngs)"),
    _both("axis=(1, 2)", "nn.BatchNorm(axis=(1, 2))", "nnx.BatchNorm((8, 8), axis=(1, 2), rngs=rngs)",
          differs="multiple-axes"),
    Pair("BatchNorm", "axis=(1, 2)", "nn.BatchNorm(axis=(1, 2))",
         "shaped(nnx.BatchNorm(64, axis=(1, 2), rngs=rngs), (8, 8))", F4, EVAL, TRAIN, remedy="multiple-axes"),
    _both("mask", "nn.BatchNorm()", "nnx.BatchNorm(16, rngs=rngs)", ("f32[b,t,16]",), mask="bool[b,t,1]"),
    _both("slow variance", "nn.BatchNorm(use_fast_variance=False)",
          "nnx.BatchNorm(16, use_fast_variance=False, rngs=rngs)"),
    _both("force_float32_reductions=False, dtype=bf16", "nn.BatchNorm(force_float32_reductions=False, dtype=jnp.bfloat16)",
          f"nnx.BatchNorm(16, dtype=jnp.bfloat16, {KEEP}, rngs=rngs)", differs="forced-precision"),
]  # fmt: skip
