"""Flags that reach nothing but what modes set become modes; those that anything else decides stay arguments."""
import functools

import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class Block(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(features, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        """One block.

        Args:
            x: what goes in.

        Returns:
            As wide as `features`.
        """
        y = self.dense(x)
        y = self.batch_norm(y)  # by the batch in training
        return self.dropout(nnx.relu(y))


class Attention(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.self_attention = nnx.MultiHeadAttention(
            num_heads=2,
            in_features=in_features,
            dropout_rate=0.1,
            decode=False,
            rngs=rngs,
        )
        self.dropout = nnx.Dropout(0.1, rngs=rngs)

    def __call__(self, x):
        x = self.self_attention(x)
        return x + self.dropout(x, deterministic=True)


class Noisy(nnx.Module):
    """Its own code asks for the mode."""

    def __init__(self, in_features: int, scale: float, *, rngs: nnx.Rngs):
        self.deterministic = False
        self.scale = scale
        self.rngs = rngs.fork()
        self.dense = nnx.Linear(in_features, in_features, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)

    def __call__(self, x):
        if not self.deterministic:
            x = x + self.scale * jax.random.normal(self.rngs.dropout(), x.shape)
        x = self.dense(x)
        return x if self.deterministic else self.dropout(x)


class Merged(nnx.Module):
    def __init__(self, rate: float, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


class Net(nnx.Module):
    def __init__(
        self,
        in_features: int,
        widths: tuple[int, ...],
        rate: float = 0.1,
        *,
        rngs: nnx.Rngs,
    ):
        self.blocks = nnx.List([])
        x_features = in_features
        for width in widths:
            self.blocks.append(Block(x_features, width, rngs=rngs))
            x_features = width
        self.attention = Attention(x_features, rngs=rngs)
        self.noisy = Noisy(x_features, rate, rngs=rngs)
        self.merged = Merged(rate, rngs=rngs)

    def encode(self, x):
        for block in self.blocks:
            x = block(x)
        return self.attention(x)

    def __call__(self, x):
        x = self.encode(x)
        x = self.merged(self.noisy(x))
        return jnp.mean(x, axis=1)


class Wide(Block):
    def __init__(
        self, in_features: int, features: int, wide: int = 2, *, rngs: nnx.Rngs
    ):
        self.features = features
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, wide * features, rngs=rngs)

    def __call__(self, x):
        return self.dropout(self.dense(x))


class Norm(nnx.Module):
    """One of its callers fixes the flag."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(in_features, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.batch_norm(x, use_running_average=not train)


class Frozen(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.norm = Norm(in_features, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)

    def __call__(self, x):
        x = self.norm(x, train=False)
        return self.dropout(x)


class Shares(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.deterministic = False
        self.norm = Norm(in_features, rngs=rngs)

    def __call__(self, x):
        return self.norm(x, train=not self.deterministic)


class TwoFlags(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(in_features, rngs=rngs)

    def __call__(self, x, train: bool, deterministic: bool):
        return self.dropout(self.batch_norm(x, use_running_average=not train), deterministic=deterministic)


class AsField(nnx.Module):
    """Modes would change what the field says."""

    def __init__(self, in_features: int, deterministic: bool = True, *, rngs: nnx.Rngs):
        self.sequential = nnx.Sequential(
            nnx.Linear(in_features, 3, rngs=rngs),
            nnx.Dropout(0.1, deterministic=deterministic, rngs=rngs),
        )
        self.batch_norm = nnx.BatchNorm(3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        x = self.sequential(x)
        return self.batch_norm(x, use_running_average=not train)


class HoldsField(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.as_field = AsField(in_features, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.as_field(x, train), deterministic=not train)


Still = functools.partial(nn.BatchNorm, use_running_average=True)


class Pretrained(nnx.Module):
    """Its statistics stand still, in training too."""

    def __init__(
        self,
        in_features: int,
        norm: type = functools.partial(nnx.BatchNorm, use_running_average=True),
        *,
        rngs: nnx.Rngs,
    ):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.batch_norm_0 = norm(in_features, rngs=rngs)
        self.batch_norm_1 = nnx.BatchNorm(
            in_features, use_running_average=True, rngs=rngs
        )

    def __call__(self, x, train: bool = True):
        return self.dropout(self.batch_norm_0(self.batch_norm_1(x)), deterministic=not train)


class Rebound(nnx.Module):
    def __init__(self, noise: bool = True, *, rngs: nnx.Rngs):
        self.noise = noise
        self.dropout = nnx.Dropout(0.1, rngs=rngs)

    def __call__(self, x, train: bool = True):
        train = train and self.noise
        return self.dropout(x, deterministic=not train)


class Commented(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)

    def __call__(
        self,
        x,
        train: bool = True,  # in evaluation it is off
    ):
        return self.dropout(x, deterministic=not train)


class Data(nnx.Module):
    """What is called `train` is no flag."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train):
        return self.dense(x) + train


class Rematted(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.deterministic = False
        self.inner = CheckpointInner(in_features, rngs=rngs)

    def __call__(self, x):
        return self.inner(x, not self.deterministic)


class Inner(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.dense(x), deterministic=not train)


class CheckpointInner(Inner):
    __call__ = nnx.remat(Inner.__call__, static_argnums=(2,))


class Mixed(nnx.Module):
    """The two methods use the flag with opposite values."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.dropout_0 = nnx.Dropout(0.1, rngs=rngs)
        self.dropout_1 = nnx.Dropout(0.1, rngs=rngs)

    def __call__(self, x, train: bool = True):
        x = self.dropout_0(x, deterministic=not train)
        return self.dropout_1(x, deterministic=train)
