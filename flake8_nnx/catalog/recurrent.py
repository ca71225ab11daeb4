"""Recurrent cells and the layers that run them over time.

Sizes come from the cell's second argument, and what RNN and Bidirectional hold must be an NNX layer already.
"""
from __future__ import annotations

from flake8_nnx.catalog.layer import Layer, params

ARGS = (
    "features", "gate_fn", "activation_fn", "kernel_init", "recurrent_kernel_init", "bias_init", "dtype", "param_dtype",
    "carry_init",
)  # fmt: skip
IN = ("in_features",)
HIDDEN = {"features": "hidden_features"}
LEADING = ("in_features", "hidden_features")
CALL = ("carry", "inputs")
FEATURES = ("features",)
CARRY = "initialize_carry(rng, input_shape) becomes initialize_carry(input_shape, rngs)"
SCANNED = "nnx.RNN carries all state of its cell; for other axes write the loop with nnx.scan"
INIT_KEY = {"init_key": "pass initial_carry=, or rngs= for a random one"}
STEPS = ("initial_carry", "init_key", "seq_lengths", "return_carry", "time_major", "reverse", "keep_order")
BRIDGE = "port it by hand, or keep the Linen layer behind nnx.bridge.ToNNX"
LSTM = (
    *params("ii/kernel", "hi/kernel", "hi/bias", **{"if/kernel": "if_/kernel"}),
    *params("hf/kernel", "hf/bias", "ig/kernel", "hg/kernel", "hg/bias", "io/kernel", "ho/kernel", "ho/bias"),
)

RECURRENT = (
    Layer(
        "LSTMCell", "LSTMCell", ARGS, IN, HIDDEN, LEADING,
        call_args=CALL, required=FEATURES, sized_by="inputs", note=CARRY,
        variables=LSTM,
    ),
    # nnx.OptimizedLSTMCell has one kernel for all gates, which no checkpoint fits; nnx.LSTMCell has one for each, as Linen does.
    Layer(
        "OptimizedLSTMCell", "LSTMCell", ARGS, IN, HIDDEN, LEADING,
        call_args=CALL, required=FEATURES, sized_by="inputs", note=CARRY, variables=LSTM,
    ),
    Layer(
        "SimpleCell", "SimpleCell",
        ("features", "activation_fn", "kernel_init", "recurrent_kernel_init", "bias_init", "dtype", "param_dtype",
         "carry_init", "residual"),
        IN, HIDDEN, LEADING,
        always={"dtype": "None"},
        call_args=CALL, required=FEATURES, sized_by="inputs", note=CARRY,
        variables=params(**{"i/kernel": "dense_i/kernel", "i/bias": "dense_i/bias", "h/kernel": "dense_h/kernel"}),
    ),
    Layer(
        "GRUCell", "GRUCell", ARGS, IN, HIDDEN, LEADING,
        call_args=CALL, required=FEATURES, sized_by="inputs",
        refuse="nnx.GRUCell has no bias hn on the hidden state of the candidate, so trained weights have no place; "
        "write the cell with nnx.Linear layers, or keep the Linen cell behind nnx.bridge.ToNNX",
    ),
    Layer(
        "RNN", "RNN",
        ("cell", "time_major", "return_carry", "reverse", "keep_order", "unroll", "variable_axes", "variable_broadcast",
         "variable_carry", "split_rngs"),
        leading=("cell",), required=("cell",), holds=("cell",),
        dropped={name: SCANNED for name in ("variable_axes", "variable_broadcast", "variable_carry", "split_rngs")},
        # Without rngs= the initial carry is drawn from a constant key, as in Linen.
        rngs=False,
        call_keyword_only=STEPS, call_dropped=INIT_KEY,
        note="a random initial carry (carry_init) is drawn differently",
    ),
    Layer(
        "Bidirectional", "Bidirectional", ("forward_rnn", "backward_rnn", "merge_fn", "time_major", "return_carry"),
        leading=("forward_rnn", "backward_rnn"), required=("forward_rnn", "backward_rnn"),
        holds=("forward_rnn", "backward_rnn"), rngs=False,
        call_keyword_only=STEPS, call_dropped=INIT_KEY,
        note="a random initial carry (carry_init) is drawn differently",
    ),
    Layer(
        "MGUCell", "",
        ("features", "gate_fn", "activation_fn", "kernel_init", "recurrent_kernel_init", "forget_bias_init",
         "activation_bias_init", "dtype", "param_dtype", "carry_init", "reset_gate"),
        call_args=CALL, required=FEATURES, sized_by="inputs", refuse=f"NNX has no minimal gated unit; {BRIDGE}",
    ),
    Layer(
        "ConvLSTMCell", "",
        ("features", "kernel_size", "strides", "padding", "use_bias", "dtype", "param_dtype", "carry_init"),
        call_args=CALL, required=("features", "kernel_size"), sized_by="inputs",
        refuse=f"NNX has no convolutional LSTM; {BRIDGE}",
    ),
)  # fmt: skip
