"""Layers that expressions make under a test or in each turn, and loops that skip or end."""
import jax.numpy as jnp
from flax import linen as nn


class Chosen(nn.Module):
    kind: str = "rms"

    @nn.compact
    def __call__(self, x):
        return (nn.RMSNorm() if self.kind == "rms" else nn.LayerNorm())(x)


class Perhaps(nn.Module):
    use: bool = True

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x) if self.use else x
        return x


class AndThen(nn.Module):
    use: bool = True
    plain: bool = False

    @nn.compact
    def __call__(self, x):
        y = self.use and nn.Dense(3)(x)
        z = self.plain or not self.use or nn.Dense(2)(x).sum()
        return x + y + z


class Stacked(nn.Module):
    count: int

    @nn.compact
    def __call__(self, x):
        parts = [nn.Dense(2, use_bias=i > 0)(x) for i in range(self.count)]
        scaled = [i * nn.Dense(2)(x) for i in range(self.count)]
        return jnp.stack(parts) + jnp.stack(scaled)


class Skips(nn.Module):
    skipped: int = 1

    @nn.compact
    def __call__(self, x):
        for i in range(3):
            if i == self.skipped:
                continue
            x = nn.Dense(3)(x)
        return x


class OfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return nn.Dense(3)(x) if train else x


class AndOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return x + (train and nn.Dense(3)(x))


class OfEach(nn.Module):
    """Each part has a layer of its own."""

    @nn.compact
    def __call__(self, x):
        return jnp.stack([nn.Dense(1)(part) for part in x])


class Filtered(nn.Module):
    use: bool = True

    @nn.compact
    def __call__(self, x):
        return jnp.stack([nn.Dense(1)(x) for i in range(3) if self.use])


class Breaks(nn.Module):
    depth: int = 1

    @nn.compact
    def __call__(self, x):
        for i in range(3):
            x = nn.Dense(3)(x)
            if i == self.depth:
                break
        return x


class Returns(nn.Module):
    depth: int = 1

    @nn.compact
    def __call__(self, x):
        for i in range(3):
            if i > self.depth:
                return x
            x = nn.Dense(3)(x)
        return x


class ReturnsForTheCall(nn.Module):
    """What the call decides on is taken as in `init`."""

    @nn.compact
    def __call__(self, x, depth=None):
        for i in range(3):
            if depth is not None and i == depth:
                return x
            x = nn.Dense(3)(x)
        return x
