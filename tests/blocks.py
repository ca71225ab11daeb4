"""One small Linen block, its NNX counterpart with knobs to break, and one case that both share."""
import flax.linen as nn
from flax import nnx

from flake8_nnx.case import Case


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(self.features)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.relu(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        x = nn.LayerNorm()(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        return nn.Dense(self.features)(x)


def nnx_block(
    bias=True, momentum=0.9, epsilon=1e-6, rate=0.5, relu=True, swapped=False, extra=False, same_key=False, stats=True,
    dtype=None, scaled=False, stale_kernel=False, one_stream=False, out_dtype=None,
):  # fmt: skip
    """The NNX class with one thing wrong, or none."""

    class Block(nnx.Module):
        def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
            self.dense_0 = nnx.Linear(in_features, features, use_bias=bias, rngs=rngs)
            self.batch_norm = nnx.BatchNorm(features, momentum=momentum, rngs=rngs)
            self.dropout_0 = nnx.Dropout(rate, rngs=nnx.Rngs(0) if same_key else rngs)
            self.layer_norm = nnx.LayerNorm(features, epsilon=epsilon, dtype=dtype, rngs=rngs)
            self.dropout_1 = nnx.Dropout(0.5, rngs=nnx.Rngs(0) if same_key else rngs)
            self.dense_1 = nnx.Linear(features, features, rngs=rngs)
            if extra:
                self.scale = nnx.Param(rngs.params.uniform((features,)))

        def __call__(self, x, train):
            first, last = (self.dense_1, self.dense_0) if swapped else (self.dense_0, self.dense_1)
            x = first(x)
            x = self.batch_norm(x, use_running_average=not train if stats else True)
            x = nnx.relu(x) if relu else x
            if one_stream and train:
                x = nnx.Dropout(rate, deterministic=False)(x, rngs=self.dropout_0.rngs)
            else:
                x = self.dropout_0(x, deterministic=not train)
            x = self.layer_norm(x)
            x = x if one_stream and train else self.dropout_1(x, deterministic=not train)
            x = last(x)
            if stale_kernel:
                self.dense_1.kernel[...] = self.dense_1.kernel[...] * 0.5
            if out_dtype is not None:
                x = x.astype(out_dtype)
            return x * 1.0001 if scaled else x

    return Block


CASE = Case(
    "block.py:Block",
    build=lambda: Block(8),
    args=("f32[3,5,8]",),
    kwargs={"train": False},
    train_kwargs={"train": True},
    rngs=("dropout",),
    mutable=("batch_stats",),
)
MAP = {
    f"{collection}/{old}/{leaf}": f"{new}/{leaf}"
    for old, new, leaves in (
        ("Dense_0", "dense_0", "kernel bias"),
        ("Dense_1", "dense_1", "kernel bias"),
        ("BatchNorm_0", "batch_norm", "scale bias mean var"),
        ("LayerNorm_0", "layer_norm", "scale bias"),
    )
    for leaf in leaves.split()
    for collection in ["batch_stats" if leaf in ("mean", "var") else "params"]
}
