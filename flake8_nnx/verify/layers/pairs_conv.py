"""Conv and ConvTranspose: padding, strides, dilation, groups, masks, any number of batch axes.

Image sizes are fixed, the batch is of any size.
"""
from __future__ import annotations

from flake8_nnx.verify.layers.pair import Pair, variants

X4, F4 = ("{x}[b,8,8,16]",), ("f32[b,8,8,16]",)


def _same(layer: str, what: str, options: str, args: tuple[str, ...] = F4) -> Pair:
    """The same options on both sides, with 16 features in and 8 out."""
    return Pair(layer, what, f"nn.{layer}(8, {options})", f"nnx.{layer}(16, 8, {options}, rngs=rngs)", args)


PAIRS = [
    *variants("Conv", "", "nn.Conv(8, (3, 3){o})", "nnx.Conv(16, 8, (3, 3){o}, rngs=rngs)", X4),
    _same("Conv", "strides, kernel_dilation, groups", "(3, 3), strides=2, kernel_dilation=2, feature_group_count=4"),
    _same("Conv", "input_dilation", "(3, 3), input_dilation=2, padding=[(1, 1), (0, 2)]"),
    _same("Conv", "explicit padding", "(3, 3), padding=[(1, 0), (2, 2)]"),
    _same("Conv", "no bias", "(3, 3), use_bias=False"),
    _same("Conv", "CIRCULAR", "(3, 3), padding='CIRCULAR'"),
    _same("Conv", "REFLECT", "(3, 3), padding='REFLECT'"),
    _same("Conv", "CAUSAL", "(3,), padding='CAUSAL'", ("f32[b,12,16]",)),
    _same("Conv", "CAUSAL, any length", "(3,), padding='CAUSAL'", ("f32[b,t,16]",)),
    _same("Conv", "one axis, kernel_size=3", "3", ("f32[b,12,16]",)),
    _same("Conv", "three axes", "(3, 3, 3)", ("f32[b,4,4,4,16]",)),
    _same("Conv", "no batch", "(3, 3)", ("f32[8,8,16]",)),
    _same("Conv", "two batch axes", "(3, 3)", ("f32[b,5,8,8,16]",)),
    _same("Conv", "mask", "(3, 3), mask=np.arange(1152).reshape(3, 3, 16, 8) % 3"),
    *variants("ConvTranspose", "", "nn.ConvTranspose(8, (3, 3){o})", "nnx.ConvTranspose(16, 8, (3, 3){o}, rngs=rngs)", X4),
    _same("ConvTranspose", "strides", "(3, 3), strides=(2, 2)"),
    _same("ConvTranspose", "VALID", "(3, 3), padding='VALID'"),
    _same("ConvTranspose", "CIRCULAR, strides", "(3, 3), strides=(2, 2), padding='CIRCULAR'"),
    _same("ConvTranspose", "transpose_kernel", "(3, 3), transpose_kernel=True"),
    _same("ConvTranspose", "kernel_dilation", "(3, 3), kernel_dilation=(2, 2)"),
    _same("ConvTranspose", "mask", "(3, 3), mask=np.arange(1152).reshape(3, 3, 16, 8) % 3"),
]  # fmt: skip
