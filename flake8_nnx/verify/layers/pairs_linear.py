"""Dense, DenseGeneral, Einsum, Embed: products with a kernel or a table.

Half precision costs them nothing: both kinds cast inputs and weights alike.
"""
from __future__ import annotations

from flake8_nnx.verify.layers.pair import Pair, variants

X2, X3, TOKENS = ("{x}[b,16]",), ("{x}[b,t,16]",), ("i32[b,t]<10",)
F2, F3 = ("f32[b,16]",), ("f32[b,t,16]",)
IGNORE = "promote_dtype=lambda args, dtype: nnx.nn.dtypes.promote_dtype(args)"
FROZEN = "embed-dtype"

PAIRS = [
    *variants("Dense", "", "nn.Dense(8{o})", "nnx.Linear(16, 8{o}, rngs=rngs)", X2),
    *variants(
        "Dense", "no bias", "nn.Dense(8, use_bias=False{o})", "nnx.Linear(16, 8, use_bias=False{o}, rngs=rngs)", X3,
        ("", "dtype=bf16"),
    ),
    Pair("Dense", "precision", "nn.Dense(8, precision='highest')", "nnx.Linear(16, 8, precision='highest', rngs=rngs)", F2),
    *variants("DenseGeneral", "two axes out", "nn.DenseGeneral((4, 2){o})", "nnx.LinearGeneral(16, (4, 2){o}, rngs=rngs)", X3),
    Pair(
        "DenseGeneral", "axis=(1, 2)",
        "nn.DenseGeneral(8, axis=(1, 2))", "nnx.LinearGeneral((8, 16), 8, axis=(1, 2), rngs=rngs)", ("f32[b,8,16]",),
    ),
    Pair(
        "DenseGeneral", "axis=(-1, 1)",
        "nn.DenseGeneral(8, axis=(-1, 1))", "nnx.LinearGeneral((8, 16), 8, axis=(-1, 1), rngs=rngs)", ("f32[b,8,16]",),
    ),
    Pair(
        "DenseGeneral", "batch_dims=(0,)",
        "nn.DenseGeneral(4, batch_dims=(0,))", "nnx.LinearGeneral(16, 4, batch_axis={0: 6}, rngs=rngs)", ("f32[6,b,16]",),
    ),
    *variants("Einsum", "", "nn.Einsum((16, 4), 'bi,ij->bj'{o})", "nnx.Einsum('bi,ij->bj', (16, 4), (4,){o}, rngs=rngs)", X2),
    Pair(
        "Einsum", "no bias", "nn.Einsum((16, 4), 'bi,ij->bj', use_bias=False)",
        "nnx.Einsum('bi,ij->bj', (16, 4), rngs=rngs)", F2,
    ),
    Pair(
        "Einsum", "bias_shape left out", "nn.Einsum((16, 4), 'bi,ij->bj')", "nnx.Einsum('bi,ij->bj', (16, 4), rngs=rngs)", F2,
        differs="einsum-bias",
    ),
    *variants(
        "Embed", "", "nn.Embed(10, 16{o})", "nnx.Embed(10, 16{o}, rngs=rngs)", TOKENS,
        ("", "dtype=bf16", "param_dtype=bf16", "all bf16"),
    ),
    Pair("Embed", "one row", "nn.Embed(1, 16)", "nnx.Embed(1, 16, rngs=rngs)", ("i32[b,t]<1",)),
    *variants(
        "Embed", "attend", "nn.Embed(10, 16{o})", "nnx.Embed(10, 16{o}, rngs=rngs)", X3, method="attend",
        differs={"param_dtype=bf16": FROZEN},
    ),
    *variants(
        "Embed", "attend", "nn.Embed(10, 16{o})", f"nnx.Embed(10, 16{{o}}, {IGNORE}, rngs=rngs)", X3,
        ("", "param_dtype=bf16"), method="attend", remedy=FROZEN,
    ),
]  # fmt: skip
