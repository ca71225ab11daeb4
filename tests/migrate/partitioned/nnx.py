"""Parameters whose axes have names."""
from functools import partial

import flax.linen as nn
from flax import nnx


class Mlp(nnx.Module):
    def __init__(
        self,
        in_features: int,
        width: int,
        kernel_init: nnx.initializers.Initializer = nnx.initializers.lecun_normal(),
        *,
        rngs: nnx.Rngs,
    ):
        self.kernel_init = kernel_init
        # of both
        kernel_init = nnx.with_partitioning(self.kernel_init, (None, "model"))
        self.dense_0 = nnx.Linear(
            in_features, width, kernel_init=kernel_init, rngs=rngs
        )
        self.dense_1 = nnx.Linear(
            width,
            width,
            kernel_init=nnx.with_partitioning(self.kernel_init, ("embed", "mlp")),
            bias_init=nnx.with_partitioning(nnx.initializers.zeros, ("mlp",)),
            rngs=rngs,
        )
        self.scale = nnx.Param(
            nnx.with_partitioning(nnx.initializers.ones, ("model",))(
                rngs.params(), (width,)
            )
        )

    def __call__(self, x):
        y = self.dense_0(x)
        y = self.dense_1(y)
        return y * self.scale[...]


class OwnRules(nn.Module):
    @nn.compact
    def __call__(self, x):
        kernel_init = nn.with_logical_partitioning(nn.initializers.ones, ("a", "b"), rules=(("a", "x"),))
        return nn.Dense(3, kernel_init=kernel_init)(x)


class InSetup(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3, bias_init=nn.with_partitioning(nn.initializers.zeros, names=("a",)))

    def __call__(self, x):
        return self.dense(x)


class HandedOn(nn.Module):
    @nn.compact
    def __call__(self, x):
        boxed = partial(nn.with_partitioning, names=("a", None))
        return nn.Dense(3, kernel_init=boxed(nn.initializers.ones))(x)
