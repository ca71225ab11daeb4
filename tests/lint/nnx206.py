"""Keys of streams: `make_rng` of a Linen module."""
import flax.linen as nn
import haiku as hk
import jax
from flax import nnx


class Noise(nn.Module):  # NNX103: 12
    stream: str = "noise"  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, x):
        x = x + jax.random.normal(self.make_rng("noise"), x.shape)  # NNX206: 34
        key = self.make_rng(self.stream)  # NNX206: 14
        if x.ndim > 1:
            key, other = jax.random.split(self.make_rng())  # NNX206: 42
            x = x + jax.random.uniform(other)
        return x + jax.random.normal(key) + jax.random.normal(self.make_rng(name="dropout"))  # NNX206: 62

    def sample(self, shape):
        def draw():
            return jax.random.normal(self.make_rng("sample"), shape)  # NNX206: 37

        return draw()

    def streams(self):
        found = self.has_rng("noise")  # NNX206: 16

        def body(module, carry):
            return carry + jax.random.normal(module.make_rng("noise"))  # NNX206: 45

        return nn.while_loop(lambda module, carry: module.has_rng("x"), body, self, 0.0), found  # NNX206: 51 NNX508: 15


def draw(module, carry):
    return carry + jax.random.normal(module.make_rng("noise"))  # NNX206: 37


def wait(module, carry):
    return carry + jax.random.normal(module.make_rng("noise"))


class Named(nn.Module):  # NNX103: 12
    def __call__(this, x):
        x = x + jax.random.normal(this.make_rng("noise"))  # NNX206: 34
        x = jax.lax.while_loop(lambda x: x < 1, lambda x: wait(x, x), x)
        return nn.switch(0, [draw, lambda module, x: x], this, x)  # NNX508: 15


# ---- silent -------------------------------------------------------------------------------------------------------


class Own(nn.Module):  # noqa: NNX103
    def make_rng(self, name):
        return jax.random.key(len(name))

    def __call__(self, x):
        return x + jax.random.normal(self.make_rng("noise"), x.shape)


class Derived(Own):
    def encode(self, x):
        return x + jax.random.normal(self.make_rng("noise"), x.shape)


class Reads(nn.Module):  # noqa: NNX103
    def __call__(self, x, scope):
        def body(module, carry):
            return carry + jax.random.normal(module.make_rng("noise"))

        x = jax.lax.fori_loop(0, 3, body, x)
        has = scope.has_rng("noise")
        return x + jax.random.normal(scope.make_rng("noise"), x.shape) if has else x


class Converted(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.rngs = rngs.fork()

    def __call__(self, x):
        return x + jax.random.normal(self.rngs.noise(), x.shape)

    def make_rng(self, name):
        return self.rngs[name]()

    def sample(self):
        return self.make_rng("noise")


class Haiku(hk.Module):
    def __call__(self, x):
        return x + jax.random.normal(hk.next_rng_key(), x.shape)


class Simulator:
    def make_rng(self, seed):
        return seed

    def run(self):
        return self.make_rng(3)


def make_rng(name):
    return name


def free(self):
    return self.make_rng("noise"), make_rng("noise")
