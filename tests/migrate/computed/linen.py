"""Parameters whose names are computed, and conditions that are properties."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Weighted(nn.Module):
    shape: tuple[int, ...]
    name_of_weight: str = "w"
    initializer: nn.initializers.Initializer = nn.initializers.normal()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        # named by whoever makes it
        w = self.param(self.name_of_weight, self.initializer, self.shape)
        b = self.param("b", nn.initializers.constant(0.5), shape=self.shape[-1:], dtype=jnp.float32)
        return x @ w + b


class Sectors(nn.Module):
    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        total = 0.0
        for i, size in enumerate(self.sizes):
            m = self.param(f"M_{i}", nn.initializers.lecun_normal(), (x.shape[-1], size))
            total += jnp.sum(x @ m, axis=-1)
        return total


class Model(nn.Module):
    heads: int
    kv_heads: int

    @property
    def together(self):
        """Whether one projection serves all."""
        return self.heads == self.kv_heads

    def setup(self):
        if self.together:
            self.qkv = Weighted((3, self.heads))
        else:
            self.q = Weighted((3, self.heads), "q_weight")
            self.kv = nn.Dense(self.heads)

    def __call__(self, x):
        return self.qkv(x) if self.together else self.q(x) * self.kv(x)


class InSetup(nn.Module):
    name_of_weight: str

    def setup(self):
        self.w = self.param(self.name_of_weight, nn.initializers.ones, (3,))

    def __call__(self, x):
        return x * self.w


class OfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, name: str):
        return x * self.param(name, nn.initializers.ones, (3,))


class Unboxed(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("w", nn.initializers.ones, (3,), unbox=False).unbox()
