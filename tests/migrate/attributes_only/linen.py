"""Classes that create nothing but keep a value take no random streams; a name that stands for another value later does not."""
import flax.linen as nn
import jax.numpy as jnp


class Scaled(nn.Module):
    def setup(self):
        self.factor = 0.79

    def __call__(self, x):
        return x * nn.tanh(self.factor * x)


class Shifted(Scaled):
    def setup(self):
        super().setup()
        self.shift = 0.1

    def __call__(self, x):
        return super().__call__(x) + self.shift


class Mlp(nn.Module):
    size: int

    def setup(self):
        self.dense = nn.Dense(4 * self.size)
        self.act = Scaled()
        self.last = Shifted()
        self.out = nn.Dense(self.size)

    def __call__(self, x):
        return self.last(self.out(self.act(self.dense(x))))


class Positions(nn.Module):
    size: int
    patch: int

    def setup(self):
        number = self.size // self.patch
        self.table = self.param("table", nn.initializers.normal(), (1, number + 1, 3))

    def shifted(self, x):
        number = x.shape[1] - 1
        return self.table[:, :number + 1] + jnp.float32(number)

    def __call__(self, x):
        return x + self.shifted(x)


Module = nn.Module


class OfAnotherName(Module):
    @nn.compact
    def __call__(self, x):
        return 2 * x


def is_module(value: Module) -> bool:
    return isinstance(value, (Module, nn.Module))
