
from flax import linen as nn
from flax import nnx
import jax


class Recurrent(nnx.Module):
    """The cell outside of the module is there for its initial carry alone."""

    def __init__(self, x_features: int, size: int, *, rngs: nnx.Rngs):
        self.optimized_lstm_cell = nnx.LSTMCell(x_features, size, rngs=rngs)

    @nnx.scan(in_axes=(None, nnx.Carry, 1), out_axes=(nnx.Carry, 1))
    def __call__(self, carry, x):
        return self.optimized_lstm_cell(carry, x)

    def start(self, shape):
        return self.optimized_lstm_cell.initialize_carry(shape, nnx.Rngs(jax.random.key(0)))


class Reader(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        self.recurrent = Recurrent(in_features, size, rngs=rngs)
        self.head = nnx.Linear(size, 2, rngs=rngs)

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
