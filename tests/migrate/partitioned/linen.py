"""Parameters whose axes have names."""
from functools import partial

import flax.linen as nn
from flax.linen import with_logical_partitioning as logical


class Mlp(nn.Module):
    width: int
    kernel_init: nn.initializers.Initializer = nn.initializers.lecun_normal()

    @nn.compact
    def __call__(self, x):
        kernel_init = nn.with_partitioning(self.kernel_init, (None, "model"))  # of both
        y = nn.Dense(self.width, kernel_init=kernel_init)(x)
        y = nn.Dense(
            self.width,
            kernel_init=logical(self.kernel_init, ("embed", "mlp")),
            bias_init=nn.with_logical_partitioning(nn.initializers.zeros, ("mlp",)),
        )(y)
        return y * self.param("scale", nn.with_partitioning(nn.initializers.ones, ("model",)), (self.width,))


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
