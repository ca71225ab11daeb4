"""Flags that reach nothing but what modes set become modes; those that anything else decides stay arguments."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        """One block.

        Args:
            x: what goes in.
            train: whether units are dropped.

        Returns:
            As wide as `features`.
        """
        y = nn.Dense(self.features)(x)
        y = nn.BatchNorm(use_running_average=not train)(y)  # by the batch in training
        return nn.Dropout(0.5)(nn.relu(y), deterministic=not train)


class Attention(nn.Module):
    @nn.compact
    def __call__(self, x, *, deterministic):
        x = nn.SelfAttention(2, dropout_rate=0.1, deterministic=deterministic)(x)
        return x + nn.Dropout(0.1, deterministic=True)(x)


class Noisy(nn.Module):
    """Its own code asks for the mode."""

    scale: float

    @nn.compact
    def __call__(self, x, train):
        if train:
            x = x + self.scale * jax.random.normal(self.make_rng("dropout"), x.shape)
        x = nn.Dense(x.shape[-1])(x)
        return x if not train else nn.Dropout(0.2)(x, deterministic=not train)


class Merged(nn.Module):
    rate: float
    deterministic: bool | None = None

    @nn.compact
    def __call__(self, x, deterministic: bool | None = None):
        deterministic = nn.merge_param("deterministic", self.deterministic, deterministic)
        return nn.Dropout(self.rate)(x, deterministic=deterministic)


class Net(nn.Module):
    widths: tuple[int, ...]
    rate: float = 0.1

    def setup(self):
        self.blocks = [Block(width) for width in self.widths]
        self.attention = Attention()
        self.noisy = Noisy(self.rate)
        self.merged = Merged(self.rate)

    def encode(self, x, enable_dropout):
        for block in self.blocks:
            x = block(x, enable_dropout)
        return self.attention(x, deterministic=not enable_dropout)

    def __call__(self, x, train: bool = True):
        x = self.encode(x, train)
        x = self.merged(self.noisy(x, train), deterministic=not train)
        return jnp.mean(x, axis=1)


class Wide(Block):
    wide: int = 2

    @nn.compact
    def __call__(self, x, train: bool = False):
        return nn.Dropout(0.1)(nn.Dense(self.wide * self.features)(x), deterministic=not train)


class Norm(nn.Module):
    """One of its callers fixes the flag."""

    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.BatchNorm(use_running_average=not train)(x)


class Frozen(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        x = Norm()(x, train=False)
        return nn.Dropout(0.1)(x, deterministic=not train)


class Shares(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return Norm()(x, train=train)


class TwoFlags(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool, deterministic: bool):
        return nn.Dropout(0.1)(nn.BatchNorm(use_running_average=not train)(x), deterministic=deterministic)


class AsField(nn.Module):
    """Modes would change what the field says."""

    deterministic: bool = True

    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Sequential([nn.Dense(3), nn.Dropout(0.1, deterministic=self.deterministic)])(x)
        return nn.BatchNorm(use_running_average=not train)(x)


class HoldsField(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.5)(AsField()(x, train), deterministic=not train)


Still = functools.partial(nn.BatchNorm, use_running_average=True)


class Pretrained(nn.Module):
    """Its statistics stand still, in training too."""

    norm: type = Still

    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(self.norm()(Still()(x)), deterministic=not train)


class Rebound(nn.Module):
    noise: bool = True

    @nn.compact
    def __call__(self, x, train: bool = True):
        train = train and self.noise
        return nn.Dropout(0.1)(x, deterministic=not train)


class Commented(nn.Module):
    @nn.compact
    def __call__(
        self,
        x,
        train: bool = True,  # in evaluation it is off
    ):
        return nn.Dropout(0.1)(x, deterministic=not train)


class Data(nn.Module):
    """What is called `train` is no flag."""

    @nn.compact
    def __call__(self, x, train):
        return nn.Dense(3)(x) + train


class Rematted(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.remat(Inner, static_argnums=(2,))()(x, train)


class Inner(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(nn.Dense(4)(x), deterministic=not train)


class Mixed(nn.Module):
    """The two methods use the flag with opposite values."""

    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Dropout(0.1)(x, deterministic=not train)
        return nn.Dropout(0.1)(x, deterministic=train)
