"""SpectralNorm and WeightNorm: layers that compute the weights of another layer.

NNX writes what they compute over the layer's own parameters; calling on a clone of the layer leaves them alone.
"""
from __future__ import annotations

from flake8_nnx.verify.layers.pair import Pair

X2, F4 = ("f32[b,16]",), ("f32[b,8,8,16]",)
EVAL, TRAIN = {"update_stats": False}, {"update_stats": True}
DENSE = "nnx.Linear(16, 8, rngs=rngs)"
OVERWRITES = "weight-norm-kernel"
LAYER = {f"params/layer_instance/{name}": f"layer_instance/{name}" for name in ("kernel", "bias")}
# Linen's own names have slashes in them, which paths spell as bars.
STATISTICS = {
    f"batch_stats/layer_instance|kernel|{name}": f"batch_stats/('kernel', '{name}')" for name in ("u", "sigma")
}
SCALE = "params/layer_instance|kernel|scale"


def _spectral(what: str, linen: str, nnx: str, args: tuple[str, ...]) -> list[Pair]:
    return [
        Pair("SpectralNorm", what, f"nn.SpectralNorm({linen})", f"nnx.SpectralNorm({nnx}, rngs=rngs)", args, EVAL, TRAIN,
             differs=OVERWRITES, variable_map={**LAYER, **STATISTICS}),
        Pair("SpectralNorm", what, f"nn.SpectralNorm({linen})", f"PureSpectralNorm({nnx}, rngs=rngs)", args, EVAL, TRAIN,
             remedy=OVERWRITES, variable_map={**LAYER, **STATISTICS}),
    ]  # fmt: skip


def _weight(what: str, linen: str, nnx: str, args: tuple[str, ...] = X2) -> list[Pair]:
    theirs, ours = LAYER, LAYER
    if "use_scale=False" not in nnx:
        theirs, ours = {**LAYER, SCALE: "scales/('kernel',)"}, {**LAYER, SCALE: "scale"}
    return [
        Pair("WeightNorm", what, f"nn.WeightNorm({linen})", f"nnx.WeightNorm({nnx}, rngs=rngs)", args, differs=OVERWRITES,
             variable_map=theirs),
        Pair("WeightNorm", what, f"nn.WeightNorm({linen})", f"PureWeightNorm({nnx}, rngs=rngs)", args, remedy=OVERWRITES,
             variable_map=ours),
    ]  # fmt: skip


PAIRS = [
    *_spectral("Dense", "nn.Dense(8)", DENSE, X2),
    *_spectral("Conv, n_steps=3", "nn.Conv(8, (3, 3)), n_steps=3", "nnx.Conv(16, 8, (3, 3), rngs=rngs), n_steps=3", F4),
    *_weight("Dense", "nn.Dense(8)", DENSE),
    *_weight("Dense, no scale", "nn.Dense(8), use_scale=False", f"{DENSE}, use_scale=False"),
    *_weight("Dense, feature_axes=None", "nn.Dense(8), feature_axes=None", f"{DENSE}, feature_axes=None"),
    *_weight("Conv", "nn.Conv(8, (3, 3))", "nnx.Conv(16, 8, (3, 3), rngs=rngs)", F4),
]
