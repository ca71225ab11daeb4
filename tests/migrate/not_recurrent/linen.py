"""Recurrent layers that have no equal form."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Gated(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.RNN(nn.GRUCell(4))(x)


class Stranger(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.LSTMCell(4, parent=None).initialize_carry(jax.random.key(0), x.shape)


class Drawn(nn.Module):
    @nn.compact
    def __call__(self, x):
        cell = nn.LSTMCell(4, carry_init=nn.initializers.normal())
        return cell(cell.initialize_carry(jax.random.key(0), x.shape), x)


class DrawnStep(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        return carry, nn.Dense(3)(x)

    def initialize_carry(self, rng, input_shape):
        return jax.random.normal(rng, input_shape)


class SameMask(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.RNN(nn.LSTMCell(4), split_rngs={"params": False, "dropout": False})(x)


class Wide(nn.RNNCellBase):
    features: int

    @nn.compact
    def __call__(self, carry, x):
        return nn.LSTMCell(self.features)(carry, x)


class Given(nn.Module):
    @nn.compact
    def __call__(self, x, h):
        return nn.RNN(Wide(4))(x, initial_carry=(h, h))


class Twice(nn.Module):
    @nn.compact
    def __call__(self, x):
        cell = nn.LSTMCell(4)
        carry, _ = nn.RNN(cell, return_carry=True)(x)
        return cell(carry, jnp.zeros((2, 3)))


class Scaled(nn.RNNCellBase):
    features: int

    @nn.compact
    def __call__(self, carry, x):
        carry, y = nn.LSTMCell(self.features)(carry, x)
        return carry, y / self.features

    @property
    def num_feature_axes(self):
        return 1


class GivenScaled(nn.Module):
    @nn.compact
    def __call__(self, x):
        carry, _ = nn.RNN(nn.LSTMCell(3), return_carry=True)(x)
        return nn.RNN(Scaled(5))(x, initial_carry=carry)
