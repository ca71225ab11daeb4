"""Random streams, flags given twice, flags in constructors, branches on fields and on sizes."""
from typing import Optional

from flax import nnx
import jax
import jax.numpy as jnp


class WordDropout(nnx.Module):
    def __init__(
        self, rate: float, deterministic: Optional[bool] = None, *, rngs: nnx.Rngs
    ):
        self.rate = rate
        self.deterministic = deterministic
        self.rngs = rngs.fork()

    def __call__(self, inputs, deterministic: Optional[bool] = None):
        deterministic = deterministic if deterministic is not None else self.deterministic
        if deterministic or self.rate == 0.0:
            return inputs
        mask = jax.random.bernoulli(self.rngs.dropout(), p=self.rate, shape=inputs.shape)
        return jnp.where(mask, 0, inputs)


class Head(nnx.Module):
    def __init__(
        self,
        in_features: int,
        mask_features: int,
        hidden: int,
        out: int,
        use_norm: bool = False,
        tied: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.hidden = hidden
        self.use_norm = use_norm
        self.word_dropout = WordDropout(0.1, rngs=rngs)
        self.dense_0 = nnx.Linear(in_features, hidden, rngs=rngs)
        if use_norm:
            self.layer_norm = nnx.LayerNorm(hidden, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.dense_1 = nnx.Linear(mask_features, 1, rngs=rngs)
        self.bias = nnx.Param(
            nnx.initializers.zeros_init()(rngs.params(), (out,), jnp.float32)
        )
        self.dense_2 = nnx.Linear(hidden + hidden, out, use_bias=False, rngs=rngs)

    def __call__(self, x, mask, *, train: bool = False):
        x = self.word_dropout(x, not train)
        h = self.dense_0(x)
        if not self.use_norm:
            h = nnx.tanh(h)
        else:
            h = self.layer_norm(h)
        h = self.dropout(h, deterministic=not train)
        if x.shape[-1] == self.hidden:
            h = h + x
        gate = nnx.sigmoid(self.dense_1(mask))
        bias = self.bias[...]
        self.sow(nnx.Intermediate, "gate", gate)
        return self.dense_2(jnp.concatenate([h, gate * h], axis=-1)) + bias
