"""PReLU, Dropout, Sequential, and the Linen layers that NNX has no twin of, written by hand.

Dropout draws the same mask on both sides for the same key.
"""
from __future__ import annotations

from flake8_nnx.verify.layers.pair import EVAL, TRAIN, Pair, variants

X2, F2, F4 = ("{x}[b,16]",), ("f32[b,16]",), ("f32[b,8,8,16]",)
NO_TWIN = "no-twin"


def _dropout(what: str, linen: str, nnx: str, args: tuple[str, ...] = F2) -> Pair:
    return Pair("Dropout", what, f"nn.Dropout({linen})", f"nnx.Dropout({nnx}, rngs=rngs)", args, EVAL, TRAIN, ("dropout",))


PAIRS = [
    *variants("PReLU", "", "nn.PReLU({o})", "nnx.PReLU({o})", X2, ("", "param_dtype=bf16", "param_dtype=bf16, x=bf16", "x=bf16")),
    _dropout("defaults", "0.5", "0.5"),
    _dropout("broadcast_dims", "0.5, (0,)", "0.5, broadcast_dims=(0,)"),
    _dropout("x=bf16", "0.5", "0.5", ("bf16[b,16]",)),
    _dropout("rate=1", "1.0", "1.0"),
    _dropout("rate=0", "0.0", "0.0"),
    Pair("Sequential", "Dense, relu, Dense", "nn.Sequential([nn.Dense(8), nn.relu, nn.Dense(4)])",
         "nnx.Sequential(nnx.Linear(16, 8, rngs=rngs), nnx.relu, nnx.Linear(8, 4, rngs=rngs))", F2),
    Pair("MGUCell", "defaults", "nn.MGUCell(8)", "MGUCell(16, 8, rngs=rngs)", ("f32[b,8]", "f32[b,16]"), remedy=NO_TWIN),
    Pair("MGUCell", "reset_gate=False", "nn.MGUCell(8, reset_gate=False)", "MGUCell(16, 8, reset_gate=False, rngs=rngs)",
         ("f32[b,8]", "f32[b,16]"), remedy=NO_TWIN),
    Pair("ConvLSTMCell", "defaults", "nn.ConvLSTMCell(8, (3, 3))", "ConvLSTMCell(16, 8, (3, 3), rngs=rngs)",
         (("f32[b,8,8,8]", "f32[b,8,8,8]"), "f32[b,8,8,16]"), remedy=NO_TWIN),
    Pair("ConvLocal", "defaults", "nn.ConvLocal(8, (3, 3), padding='VALID')",
         "ConvLocal(16, 8, (3, 3), (6, 6), rngs=rngs)", F4, remedy=NO_TWIN),
]  # fmt: skip
