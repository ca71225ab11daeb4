"""Recurrent cells, the layers that run them, and cells of one's own."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Stacked(nn.Module):
    size: int

    @nn.compact
    def __call__(self, x, lengths):
        y = nn.RNN(nn.LSTMCell(self.size))(x, seq_lengths=lengths)
        carry, y = nn.RNN(nn.LSTMCell(self.size), return_carry=True, name="second")(y)
        return nn.Dense(2)(y + carry[1][:, None])


class Backwards(nn.Module):
    size: int

    def setup(self):
        self.cell = nn.OptimizedLSTMCell(self.size)
        self.rnn = nn.RNN(self.cell, reverse=True, keep_order=True)
        self.both = nn.Bidirectional(nn.RNN(nn.SimpleCell(2)), nn.RNN(nn.SimpleCell(3)))

    def __call__(self, x):
        return self.both(self.rnn(x))


class Both(nn.Module):
    size: int

    @nn.compact
    def __call__(self, x):
        forward = nn.RNN(nn.SimpleCell(self.size))  # from left to right
        backward = nn.RNN(nn.SimpleCell(self.size))
        return nn.Bidirectional(forward, backward)(x)


class Step(nn.RNNCellBase):
    """A cell of one's own."""

    features: int

    @nn.compact
    def __call__(self, carry, x):
        h = nn.tanh(nn.Dense(self.features)(x) + nn.Dense(self.features, use_bias=False)(carry))
        return h, nn.Dropout(0.5, deterministic=True)(h)

    @nn.nowrap
    def initialize_carry(self, rng, input_shape):
        return jnp.zeros(input_shape[:-1] + (self.features,))

    @property
    def num_feature_axes(self):
        return 1


class Steps(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.RNN(Step(4), split_rngs={"params": False, "dropout": True})(x)


class Manual(nn.Module):
    size: int

    @nn.compact
    def __call__(self, carry, x):
        return nn.OptimizedLSTMCell(self.size)(carry, x)

    def initialize_carry(self, input_shape):
        # A fixed key: the first state is zeros.
        return nn.OptimizedLSTMCell(self.size, parent=None).initialize_carry(jax.random.key(0), input_shape)


class Unrolled(nn.Module):
    @nn.compact
    def __call__(self, x):
        batch, time, features = x.shape
        cell = Manual(3)
        carry, y = cell(cell.initialize_carry(x[:, 0].shape), x[:, 0])
        return nn.Dense(2)(cell(carry, x[:, 1])[1])


class Decoder(nn.RNNCellBase):
    """Linen's cell inside is as wide as its carry, whatever `features` says."""

    features: int
    words: int

    @nn.compact
    def __call__(self, carry, x):
        state, last = carry
        state, y = nn.LSTMCell(self.features)(state, x + last)
        logits = nn.Dense(self.words)(y)
        return (state, nn.softmax(logits)), logits

    @property
    def num_feature_axes(self):
        return 1


class Translate(nn.Module):
    size: int

    @nn.compact
    def __call__(self, x):
        encoder = nn.RNN(nn.LSTMCell(self.size), return_carry=True, name="encoder")
        decoder = nn.RNN(Decoder(x.shape[-1], x.shape[-1]), name="decoder")
        state, _ = encoder(x)
        return decoder(x, initial_carry=(state, x[:, 0]))
