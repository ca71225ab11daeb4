"""Recurrent cells, RNN and Bidirectional: gates, directions, lengths, carries.

The gates of OptimizedLSTMCell and GRUCell are one kernel in NNX, and GRUCell has lost a bias.
"""
from __future__ import annotations

from typing import Any

from flake8_nnx.verify.layers.pair import Pair, variants

CELL, LSTM = ("{x}[b,8]", "{x}[b,16]"), (("{x}[b,8]", "{x}[b,8]"), "{x}[b,16]")
F_LSTM, F_CELL = (("f32[b,8]", "f32[b,8]"), "f32[b,16]"), ("f32[b,8]", "f32[b,16]")
# The orthogonal initialiser of the recurrent kernels is not made for bf16, so these rows draw them otherwise.
LECUN = ", recurrent_kernel_init=jax.nn.initializers.lecun_normal()"
FLOAT = ("", "dtype=bf16", "dtype=bf16, x=bf16", "x=bf16")
HALF = ("param_dtype=bf16", "param_dtype=bf16, x=bf16", "all bf16")
SEQUENCE, TIMES = ("f32[b,10,16]",), ("f32[b,t,16]",)
LENGTHS: dict[str, Any] = {"seq_lengths": "i32[b]<10"}
OLD_SIMPLE, NEW_SIMPLE = "nn.SimpleCell(8)", "nnx.SimpleCell(16, 8, rngs=rngs)"
OLD_LSTM, NEW_LSTM = "nn.LSTMCell(8)", "nnx.LSTMCell(16, 8, rngs=rngs)"


def _cell(
    layer: str, nnx: str, args: tuple[Any, ...], differs: str = "", remedy: str = "", half: tuple[str, ...] = HALF
) -> list[Pair]:
    """A cell in several types; with bf16 weights under another initialiser."""
    return [
        *variants(layer, "", f"nn.{layer}(8{{o}})", f"{nnx}(16, 8{{o}}, rngs=rngs)", args, FLOAT,
                  {name: differs for name in FLOAT}, remedy=remedy),
        *variants(layer, "", f"nn.{layer}(8{LECUN}{{o}})", f"{nnx}(16, 8{LECUN}{{o}}, rngs=rngs)", args, half,
                  {name: differs for name in half}, remedy=remedy),
    ]  # fmt: skip


def _rnn(what: str, options: str = "", args: tuple[Any, ...] = SEQUENCE, **kwargs: Any) -> Pair:
    old, new = (OLD_LSTM, NEW_LSTM) if "LSTM" in what else (OLD_SIMPLE, NEW_SIMPLE)
    return Pair("RNN", what, f"nn.RNN({old}{options})", f"nnx.RNN({new}{options}, rngs=rngs)", args, kwargs)


PAIRS = [
    *_cell("LSTMCell", "nnx.LSTMCell", LSTM),
    *_cell("OptimizedLSTMCell", "nnx.OptimizedLSTMCell", LSTM, differs="fused-gates", half=HALF[:1]),
    *_cell("OptimizedLSTMCell", "ConcatenatedLSTMCell", LSTM, remedy="fused-gates", half=HALF[:1]),
    Pair("OptimizedLSTMCell", "to LSTMCell", "nn.OptimizedLSTMCell(8)", NEW_LSTM, F_LSTM),
    Pair("LSTMCell", "to OptimizedLSTMCell", OLD_LSTM, "nnx.OptimizedLSTMCell(16, 8, rngs=rngs)", F_LSTM,
         differs="fused-gates"),
    *_cell("GRUCell", "nnx.GRUCell", CELL, differs="gru-bias", half=()),
    *_cell("GRUCell", "GRUCell", CELL, remedy="gru-bias", half=()),
    *variants("SimpleCell", "", "nn.SimpleCell(8{o})", "nnx.SimpleCell(16, 8{o}, rngs=rngs)", CELL, FLOAT,
              {"x=bf16": ""}),
    *variants("SimpleCell", "", f"nn.SimpleCell(8{LECUN}{{o}})", f"nnx.SimpleCell(16, 8{LECUN}{{o}}, rngs=rngs)", CELL, HALF,
              {"param_dtype=bf16, x=bf16": "simple-cell-dtype"}),
    *variants("SimpleCell", "", f"nn.SimpleCell(8{LECUN}{{o}})",
              f"nnx.SimpleCell(16, 8, dtype=None{LECUN}{{o}}, rngs=rngs)", CELL, HALF[:2], remedy="simple-cell-dtype"),
    Pair("SimpleCell", "residual", "nn.SimpleCell(8, residual=True)", "nnx.SimpleCell(16, 8, residual=True, rngs=rngs)", F_CELL),
    Pair("LSTMCell", "orthogonal, param_dtype=bf16", "nn.LSTMCell(8, param_dtype=jnp.bfloat16)",
         "nnx.LSTMCell(16, 8, param_dtype=jnp.bfloat16, rngs=rngs)", F_LSTM, differs="orthogonal-half-precision"),
    _rnn("LSTMCell"),
    _rnn("LSTMCell, any length", args=TIMES),
    Pair("RNN", "OptimizedLSTMCell", "nn.RNN(nn.OptimizedLSTMCell(8))",
         "nnx.RNN(nnx.OptimizedLSTMCell(16, 8, rngs=rngs), rngs=rngs)", SEQUENCE, differs="fused-gates"),
    Pair("RNN", "OptimizedLSTMCell", "nn.RNN(nn.OptimizedLSTMCell(8))",
         "nnx.RNN(ConcatenatedLSTMCell(16, 8, rngs=rngs), rngs=rngs)", SEQUENCE, remedy="fused-gates"),
    _rnn("SimpleCell"),
    Pair("RNN", "GRUCell", "nn.RNN(nn.GRUCell(8))", "nnx.RNN(nnx.GRUCell(16, 8, rngs=rngs), rngs=rngs)", SEQUENCE,
         differs="gru-bias"),
    Pair("RNN", "GRUCell", "nn.RNN(nn.GRUCell(8))", "nnx.RNN(GRUCell(16, 8, rngs=rngs), rngs=rngs)", SEQUENCE,
         remedy="gru-bias"),
    _rnn("LSTMCell, reverse, keep_order, return_carry", ", reverse=True, keep_order=True, return_carry=True"),
    _rnn("reverse", ", reverse=True"),
    _rnn("time_major", ", time_major=True"),
    _rnn("unroll=2", ", unroll=2"),
    _rnn("LSTMCell, seq_lengths, return_carry", ", return_carry=True", **LENGTHS),
    _rnn("seq_lengths, reverse, keep_order", ", reverse=True, keep_order=True", **LENGTHS),
    _rnn("LSTMCell, initial_carry", initial_carry=("f32[b,8]", "f32[b,8]")),
    Pair("RNN", "carry_init that draws", "nn.RNN(nn.LSTMCell(8, carry_init=jax.nn.initializers.normal()))",
         "nnx.RNN(nnx.LSTMCell(16, 8, carry_init=jax.nn.initializers.normal(), rngs=rngs), rngs=rngs)", SEQUENCE,
         differs="random-carry"),
    Pair("RNN", "carry_init that draws", "nn.RNN(nn.LSTMCell(8, carry_init=jax.nn.initializers.normal()))",
         "nnx.RNN(nnx.LSTMCell(16, 8, carry_init=jax.nn.initializers.normal(), rngs=rngs), rngs=rngs)", SEQUENCE,
         {"initial_carry": ("f32[b,8]", "f32[b,8]")}, remedy="random-carry"),
    Pair("Bidirectional", "LSTMCell", f"nn.Bidirectional(nn.RNN({OLD_LSTM}), nn.RNN({OLD_LSTM}))",
         f"nnx.Bidirectional(nnx.RNN({NEW_LSTM}, rngs=rngs), nnx.RNN({NEW_LSTM}, rngs=rngs), rngs=rngs)", SEQUENCE),
    Pair("Bidirectional", "SimpleCell, seq_lengths, return_carry",
         f"nn.Bidirectional(nn.RNN({OLD_SIMPLE}), nn.RNN({OLD_SIMPLE}), return_carry=True)",
         f"nnx.Bidirectional(nnx.RNN({NEW_SIMPLE}, rngs=rngs), nnx.RNN({NEW_SIMPLE}, rngs=rngs), return_carry=True, rngs=rngs)",
         SEQUENCE, LENGTHS),
]  # fmt: skip
