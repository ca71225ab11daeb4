"""MultiHeadDotProductAttention and its two shorter names: masks, dropout, cross attention, decoding with a cache.

With dropout_rate=0 NNX takes another way, equal over the reals but not in bits, nor in 16 bits; `FORMULA` takes Linen's.
"""
from __future__ import annotations

from typing import Any

from flake8_nnx.catalog.known_differences import FORMULA
from flake8_nnx.verify.layers.pair import ALL, EVAL, TRAIN, Pair, variants

MHA = "MultiHeadDotProductAttention"
X3, F3, F4 = ("{x}[b,t,16]",), ("f32[b,t,16]",), ("f32[b,3,t,16]",)
MASK = {"mask": "bool[b,1,t,t]"}
FAST = "attention-fast-path"
WIDE = ("", "param_dtype=bf16", "x=bf16")  # computed in float32
DROPOUT: dict[str, Any] = {"train_kwargs": TRAIN, "rngs": ("dropout",)}
NORMALIZED = ", dropout_rate=0.1, normalize_qk=True, dtype=jnp.bfloat16"
NORM_KEEP = "ln_promote_dtype=lambda args, dtype: args"


def _linen(options: str = "", layer: str = MHA) -> str:
    return f"nn.{layer}(4{options})"


def _nnx(options: str = "") -> str:
    return f"nnx.MultiHeadAttention(4, 16{options}, decode=False, rngs=rngs)"


def _decoding(what: str, linen: str, nnx: str, **more: Any) -> Pair:
    """One step of decoding, with the cache made for twelve."""
    return Pair(
        MHA, what, f"nn.{MHA}(4, decode=True{linen})",
        f"decoding(nnx.MultiHeadAttention(4, 16, decode=True{nnx}, rngs=rngs), (2, 12, 16))", ("f32[b,1,16]",), EVAL,
        init_args=("f32[b,12,16]",), **more,
    )  # fmt: skip


PAIRS = [
    # dropout_rate=0, the default: the fast path of NNX.
    *variants(MHA, "", _linen("{o}"), _nnx("{o}"), X3, ALL, {name: FAST for name in ALL if name not in WIDE}),
    *variants(MHA, "", _linen("{o}"), _nnx(f"{{o}}, {FORMULA}"), X3, ALL[:3] + ALL[5:6], remedy=FAST),
    Pair(MHA, "qkv_features=32", _linen(", qkv_features=32"), _nnx(f", qkv_features=32, {FORMULA}"), F3, remedy=FAST),
    Pair(MHA, "mask", _linen(), _nnx(), F3, MASK),
    Pair(MHA, "mask", _linen(), _nnx(f", {FORMULA}"), F3, MASK, remedy=FAST),
    Pair(MHA, "mask of two axes", _linen(), _nnx(), F3, {"mask": "bool[t,t]"}),
    Pair(MHA, "two batch axes", _linen(), _nnx(), F4, differs=FAST),
    Pair(MHA, "two batch axes, one mask for both", _linen(), _nnx(), F4, {"mask": "bool[b,1,1,t,t]"},
         differs="attention-mask-rank"),
    Pair(MHA, "two batch axes, one mask for both", _linen(), _nnx(f", {FORMULA}"), F4, {"mask": "bool[b,1,1,t,t]"},
         remedy="attention-mask-rank"),
    # With a dropout rate, in evaluation and training.
    *variants(MHA, "dropout", _linen(", dropout_rate=0.1{o}"), _nnx(", dropout_rate=0.1{o}"), X3, ("", "dtype=bf16"),
              kwargs=EVAL, **DROPOUT),
    *variants(MHA, "dropout, evaluation", _linen(", dropout_rate=0.1{o}"), _nnx(", dropout_rate=0.1{o}"), X3,
              ("dtype=bf16, x=bf16", "all bf16"),
              kwargs=EVAL),
    Pair(MHA, "dropout, training, one mask for each head", _linen(", dropout_rate=0.1, broadcast_dropout=False"),
         _nnx(", dropout_rate=0.1, broadcast_dropout=False"), F3, TRAIN, rngs=("dropout",)),
    Pair(MHA, "dropout, training, mask", _linen(", dropout_rate=0.1"), _nnx(", dropout_rate=0.1"), F3,
         {**TRAIN, **MASK}, rngs=("dropout",)),
    Pair(MHA, "dropout, evaluation, float mask", _linen(", dropout_rate=0.1"), _nnx(", dropout_rate=0.1"), F3,
         {**EVAL, "mask": "f32[b,1,t,t]"}),
    Pair(MHA, "dropout, evaluation, no bias", _linen(", dropout_rate=0.1, use_bias=False"),
         _nnx(", dropout_rate=0.1, use_bias=False"), F3, EVAL),
    Pair(MHA, "dropout, evaluation, normalize_qk", _linen(", dropout_rate=0.1, normalize_qk=True"),
         _nnx(", dropout_rate=0.1, normalize_qk=True"), F3, EVAL),
    Pair(MHA, "dropout, evaluation, normalize_qk, dtype=bf16", _linen(NORMALIZED), _nnx(NORMALIZED), F3, EVAL,
         differs="attention-norm-dtype"),
    Pair(MHA, "dropout, evaluation, normalize_qk, dtype=bf16", _linen(NORMALIZED), _nnx(f"{NORMALIZED}, {NORM_KEEP}"), F3,
         EVAL, remedy="attention-norm-dtype"),
    Pair(MHA, "dropout, evaluation, cross attention", _linen(", dropout_rate=0.1, qkv_features=32, out_features=8"),
         _nnx(", dropout_rate=0.1, qkv_features=32, out_features=8, in_kv_features=12"), ("f32[b,t,16]", "f32[b,s,12]"), EVAL),
    Pair(MHA, "cross attention, in_kv_features left out", _linen(", dropout_rate=0.1"), _nnx(", dropout_rate=0.1"),
         ("f32[b,t,16]", "f32[b,s,12]"), EVAL, differs="attention-kv-size"),
    Pair(MHA, "force_fp32_for_softmax, dtype=bf16",
         _linen(", dropout_rate=0.1, force_fp32_for_softmax=True, dtype=jnp.bfloat16"),
         _nnx(", dropout_rate=0.1, dtype=jnp.bfloat16"), F3, EVAL, differs="forced-precision"),
    Pair(MHA, "decode left out", _linen(", dropout_rate=0.1"),
         "nnx.MultiHeadAttention(4, 16, dropout_rate=0.1, rngs=rngs)", F3, EVAL, differs="decode-default"),
    Pair("MultiHeadAttention", "dropout, evaluation", _linen(", dropout_rate=0.1", "MultiHeadAttention"),
         _nnx(", dropout_rate=0.1"), F3, EVAL),
    Pair("SelfAttention", "dropout, training", _linen(", dropout_rate=0.1", "SelfAttention"), _nnx(", dropout_rate=0.1"), F3,
         TRAIN, rngs=("dropout",)),
    Pair("SelfAttention", "dropout, evaluation, mask", _linen(", dropout_rate=0.1", "SelfAttention"),
         _nnx(", dropout_rate=0.1"), F3, {**EVAL, **MASK}),
    Pair("SelfAttention", "mask", _linen("", "SelfAttention"), _nnx(), F3, MASK),
    Pair("SelfAttention", "mask", _linen("", "SelfAttention"), _nnx(f", {FORMULA}"), F3, MASK, remedy=FAST),
    # Decoding.
    _decoding("decode", "", ""),
    _decoding("decode", "", f", {FORMULA}", remedy=FAST),
    _decoding("decode, dropout", ", dropout_rate=0.1", ", dropout_rate=0.1"),
]  # fmt: skip
