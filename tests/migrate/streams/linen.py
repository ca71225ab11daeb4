"""Random streams, flags given twice, flags in constructors, branches on fields and on sizes."""
from typing import Optional

import flax.linen as nn
import jax
import jax.numpy as jnp


class WordDropout(nn.Module):
    rate: float
    deterministic: Optional[bool] = None

    @nn.compact
    def __call__(self, inputs, deterministic: Optional[bool] = None):
        deterministic = nn.merge_param("deterministic", self.deterministic, deterministic)
        if deterministic or self.rate == 0.0:
            return inputs
        mask = jax.random.bernoulli(self.scope.make_rng("dropout"), p=self.rate, shape=inputs.shape)
        return jnp.where(mask, 0, inputs)


class Head(nn.Module):
    hidden: int
    out: int
    use_norm: bool = False
    tied: bool = True

    @nn.compact
    def __call__(self, x, mask, *, train: bool = False):
        x = WordDropout(0.1)(x, not train)
        h = nn.Dense(self.hidden)(x)
        if not self.use_norm:
            h = nn.tanh(h)
        else:
            h = nn.LayerNorm()(h)
        h = nn.Dropout(0.5, deterministic=not train)(h)
        if x.shape[-1] == self.hidden:
            h = h + x
        gate = nn.sigmoid(nn.Dense(1)(mask))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.out,), jnp.float32)
        self.sow("intermediates", "gate", gate)
        return nn.Dense(self.out, use_bias=False)(jnp.concatenate([h, gate * h], axis=-1)) + bias
