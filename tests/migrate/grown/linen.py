"""Sizes through einops, draws, tiles, one-hot vectors, ends of shapes and of lists."""
import einops
import jax
import jax.numpy as jnp
from einops import rearrange
from flax import linen as nn


class Attention(nn.Module):
    heads: int = 2
    dim: int = 4

    @nn.compact
    def __call__(self, x):
        qkv = nn.Dense(3 * self.heads * self.dim, use_bias=False)(x)
        q, k, v = jnp.split(qkv, 3, axis=-1)
        q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=self.heads), (q, k, v))
        weights = jax.nn.softmax(jnp.einsum("bhid,bhjd->bhij", q, k))
        out = jnp.einsum("bhij,bhjd->bhid", weights, v)
        return nn.Dense(x.shape[-1])(rearrange(out, "b h n d -> b n (h d)"))


class Patches(nn.Module):
    patch: int = 2

    @nn.compact
    def __call__(self, x):
        x = einops.rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p=self.patch, q=self.patch)
        return nn.Dense(3)(x)


class Pooled(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Conv(5, (3, 3))(x)
        return nn.Dense(3)(einops.reduce(x, "b h w c -> b c", "mean"))


class ViT(nn.Module):
    patch: int = 2
    width: int = 4

    @nn.compact
    def __call__(self, x):
        size = (self.patch, self.patch)
        x = nn.Conv(self.width, size, strides=size, padding="VALID")(x)
        n, h, w, c = x.shape
        x = x.reshape(n, h * w, c)
        token = self.param("token", nn.initializers.ones, (1, 1, c))
        x = jnp.concatenate([jnp.tile(token, [n, 1, 1]), x], axis=1)
        return x + self.param("position", nn.initializers.normal(0.02), (1, x.shape[1], x.shape[2]))


class Fourier(nn.Module):
    features: int = 4

    def setup(self):
        self.frequencies = jax.random.normal(jax.random.key(0), (self.features // 2,))

    @nn.compact
    def __call__(self, x):
        angles = x[:, None] * self.frequencies[None, :]
        return nn.Dense(3)(jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1))


class Action(nn.Module):
    actions: int = 3

    @nn.compact
    def __call__(self, x, action):
        action = jax.nn.one_hot(action, self.actions)
        return nn.Dense(2)(jnp.concatenate([x, action], axis=-1))


class Ends(nn.Module):
    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", lambda key, shape: jnp.ones(shape), x.shape[-1:])
        return x * scale + self.param("shift", nn.initializers.zeros, x.shape[1:])


class Decoder(nn.Module):
    def setup(self):
        self.layers = [nn.Dense(8), nn.Dense(3)]

    def __call__(self, z):
        for layer in self.layers[:-1]:
            z = nn.relu(layer(z))
        return self.layers[-1](z)


class Pattern(nn.Module):
    """Nothing tells what comes out."""

    pattern: str

    @nn.compact
    def __call__(self, x):
        return self.param("w", nn.initializers.zeros, (rearrange(x, self.pattern).shape[-1],))


class Middle(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("w", nn.initializers.zeros, x.shape[1:3])
