"""Parameters whose names are computed, and conditions that are properties."""
import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class Weighted(nnx.Module):
    def __init__(
        self,
        shape: tuple[int, ...],
        name_of_weight: str = "w",
        initializer: nnx.initializers.Initializer = nnx.initializers.normal(),
        *,
        rngs: nnx.Rngs,
    ):
        self.name_of_weight = name_of_weight
        setattr(self, name_of_weight, nnx.Param(initializer(rngs.params(), shape)))
        self.b = nnx.Param(
            nnx.initializers.constant(0.5)(
                rngs.params(), shape=shape[-1:], dtype=jnp.float32
            )
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        # named by whoever makes it
        w = getattr(self, self.name_of_weight)[...]
        b = self.b[...]
        return x @ w + b


class Sectors(nnx.Module):
    def __init__(self, in_features: int, sizes: tuple[int, ...], *, rngs: nnx.Rngs):
        self.sizes = sizes
        for i, size in enumerate(sizes):
            setattr(
                self,
                f"M_{i}",
                nnx.Param(
                    nnx.initializers.lecun_normal()(rngs.params(), (in_features, size))
                ),
            )

    def __call__(self, x):
        total = 0.0
        for i, size in enumerate(self.sizes):
            m = getattr(self, f"M_{i}")[...]
            total += jnp.sum(x @ m, axis=-1)
        return total


class Model(nnx.Module):
    def __init__(self, in_features: int, heads: int, kv_heads: int, *, rngs: nnx.Rngs):
        self.heads = heads
        self.kv_heads = kv_heads
        if heads == kv_heads:
            self.qkv = Weighted((3, heads), rngs=rngs)
        else:
            self.q = Weighted((3, heads), "q_weight", rngs=rngs)
            self.kv = nnx.Linear(in_features, heads, rngs=rngs)

    @property
    def together(self):
        """Whether one projection serves all."""
        return self.heads == self.kv_heads

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
