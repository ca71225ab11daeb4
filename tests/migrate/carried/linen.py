import functools

from flax import linen as nn
import jax


class Recurrent(nn.Module):
    """The cell outside of the module is there for its initial carry alone."""

    size: int

    @functools.partial(nn.scan, variable_broadcast="params", in_axes=1, out_axes=1, split_rngs={"params": False})
    @nn.compact
    def __call__(self, carry, x):
        return nn.OptimizedLSTMCell(self.size)(carry, x)

    def start(self, shape):
        return nn.OptimizedLSTMCell(self.size, parent=None).initialize_carry(jax.random.key(0), shape)


class Reader(nn.Module):
    size: int

    def setup(self):
        self.recurrent = Recurrent(self.size)
        self.head = nn.Dense(2)

    def __call__(self, x):
        _, y = self.recurrent(self.recurrent.start(x[:, 0].shape), x)
        return self.head(y)


class Other(nn.Module):
    """Another cell than the one that the module has."""

    size: int

    @nn.compact
    def __call__(self, x):
        carry = nn.LSTMCell(self.size, parent=None).initialize_carry(jax.random.key(0), x.shape)
        return nn.LSTMCell(self.size, dtype=x.dtype)(carry, x)


class Called(nn.Module):
    """A module outside of this one that is called."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, parent=None)(nn.Dense(3)(x))
