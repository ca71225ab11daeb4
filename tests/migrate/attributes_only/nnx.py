"""Classes that create nothing but keep a value take no random streams; a name that stands for another value later does not."""
from flax import nnx
import jax.numpy as jnp


class Scaled(nnx.Module):
    def __init__(self):
        self.factor = 0.79

    def __call__(self, x):
        return x * nnx.tanh(self.factor * x)


class Shifted(Scaled):
    def __init__(self):
        super().__init__()
        self.shift = 0.1

    def __call__(self, x):
        return super().__call__(x) + self.shift


class Mlp(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 4 * size, rngs=rngs)
        self.act = Scaled()
        self.last = Shifted()
        self.out = nnx.Linear(4 * size, size, rngs=rngs)

    def __call__(self, x):
        return self.last(self.out(self.act(self.dense(x))))


class Positions(nnx.Module):
    def __init__(self, size: int, patch: int, *, rngs: nnx.Rngs):
        number = size // patch
        self.table = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (1, number + 1, 3))
        )

    def shifted(self, x):
        number = x.shape[1] - 1
        return self.table[:, :number + 1] + jnp.float32(number)

    def __call__(self, x):
        return x + self.shifted(x)


Module = nnx.Module


class OfAnotherName(nnx.Module):
    def __call__(self, x):
        return 2 * x


def is_module(value: Module) -> bool:
    return isinstance(value, (Module, nnx.Module))
