"""Sizes through einops, draws, tiles, one-hot vectors, ends of shapes and of lists."""
import einops
import jax
import jax.numpy as jnp
from einops import rearrange
from flax import nnx


class Attention(nnx.Module):
    def __init__(
        self, in_features: int, heads: int = 2, dim: int = 4, *, rngs: nnx.Rngs
    ):
        self.heads = heads
        self.dense_0 = nnx.Linear(
            in_features, 3 * heads * dim, use_bias=False, rngs=rngs
        )
        self.dense_1 = nnx.Linear(
            heads * (3 * heads * dim // 3 // heads), in_features, rngs=rngs
        )

    def __call__(self, x):
        qkv = self.dense_0(x)
        q, k, v = jnp.split(qkv, 3, axis=-1)
        q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=self.heads), (q, k, v))
        weights = jax.nn.softmax(jnp.einsum("bhid,bhjd->bhij", q, k))
        out = jnp.einsum("bhij,bhjd->bhid", weights, v)
        return self.dense_1(rearrange(out, "b h n d -> b n (h d)"))


class Patches(nnx.Module):
    def __init__(self, in_features: int, patch: int = 2, *, rngs: nnx.Rngs):
        self.patch = patch
        self.dense = nnx.Linear(patch * patch * in_features, 3, rngs=rngs)

    def __call__(self, x):
        x = einops.rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p=self.patch, q=self.patch)
        return self.dense(x)


class Pooled(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.conv = nnx.Conv(in_features, 5, kernel_size=(3, 3), rngs=rngs)
        self.dense = nnx.Linear(5, 3, rngs=rngs)

    def __call__(self, x):
        x = self.conv(x)
        return self.dense(einops.reduce(x, "b h w c -> b c", "mean"))


class ViT(nnx.Module):
    def __init__(
        self,
        in_shape: tuple[int, ...],
        patch: int = 2,
        width: int = 4,
        *,
        rngs: nnx.Rngs,
    ):
        size = (patch, patch)
        self.conv = nnx.Conv(
            in_shape[-1],
            width,
            kernel_size=size,
            strides=size,
            padding="VALID",
            rngs=rngs,
        )
        self.token = nnx.Param(nnx.initializers.ones(rngs.params(), (1, 1, width)))
        self.position = nnx.Param(
            nnx.initializers.normal(0.02)(
                rngs.params(),
                (1, 1 + in_shape[-3] // patch * (in_shape[-2] // patch), width),
            )
        )

    def __call__(self, x):
        x = self.conv(x)
        n, h, w, c = x.shape
        x = x.reshape(n, h * w, c)
        token = self.token[...]
        x = jnp.concatenate([jnp.tile(token, [n, 1, 1]), x], axis=1)
        return x + self.position[...]


class Fourier(nnx.Module):
    def __init__(self, features: int = 4, *, rngs: nnx.Rngs):
        self.frequencies = jax.random.normal(jax.random.key(0), (features // 2,))
        self.dense = nnx.Linear(features // 2 + features // 2, 3, rngs=rngs)

    def __call__(self, x):
        angles = x[:, None] * self.frequencies[None, :]
        return self.dense(jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1))


class Action(nnx.Module):
    def __init__(self, in_features: int, actions: int = 3, *, rngs: nnx.Rngs):
        self.actions = actions
        self.dense = nnx.Linear(in_features + actions, 2, rngs=rngs)

    def __call__(self, x, action):
        action = jax.nn.one_hot(action, self.actions)
        return self.dense(jnp.concatenate([x, action], axis=-1))


class Ends(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.scale = nnx.Param(
            (lambda key, shape: jnp.ones(shape))(rngs.params(), (in_shape[-1],))
        )
        self.shift = nnx.Param(nnx.initializers.zeros(rngs.params(), in_shape))

    def __call__(self, x):
        scale = self.scale[...]
        return x * scale + self.shift[...]


class Decoder(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.layers = nnx.List(
            [nnx.Linear(in_features, 8, rngs=rngs), nnx.Linear(8, 3, rngs=rngs)]
        )

    def __call__(self, z):
        for layer in self.layers[:-1]:
            z = nnx.relu(layer(z))
        return self.layers[-1](z)


class Pattern(nnx.Module):
    """Nothing tells what comes out."""

    def __init__(self, w_shape: tuple[int, ...], pattern: str, *, rngs: nnx.Rngs):
        self.w = nnx.Param(nnx.initializers.zeros(rngs.params(), w_shape))

    def __call__(self, x):
        return self.w[...]


class Middle(nnx.Module):
    def __init__(self, w_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.w = nnx.Param(nnx.initializers.zeros(rngs.params(), w_shape))

    def __call__(self, x):
        return x * self.w[...]
