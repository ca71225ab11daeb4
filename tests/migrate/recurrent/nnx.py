"""Recurrent cells, the layers that run them, and cells of one's own."""
from flax import nnx
import jax
import jax.numpy as jnp


class Stacked(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        self.rnn = nnx.RNN(nnx.LSTMCell(in_features, size, rngs=rngs), rngs=rngs)
        self.second = nnx.RNN(
            nnx.LSTMCell(size, size, rngs=rngs), return_carry=True, rngs=rngs
        )
        self.dense = nnx.Linear(size, 2, rngs=rngs)

    def __call__(self, x, lengths):
        y = self.rnn(x, seq_lengths=lengths)
        carry, y = self.second(y)
        return self.dense(y + carry[1][:, None])


class Backwards(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        self.cell = nnx.LSTMCell(in_features, size, rngs=rngs)
        self.rnn = nnx.RNN(self.cell, reverse=True, keep_order=True, rngs=rngs)
        self.both = nnx.Bidirectional(
            nnx.RNN(nnx.SimpleCell(size, 2, dtype=None, rngs=rngs), rngs=rngs),
            nnx.RNN(nnx.SimpleCell(size, 3, dtype=None, rngs=rngs), rngs=rngs),
        )

    def __call__(self, x):
        return self.both(self.rnn(x))


class Both(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        # from left to right
        self.bidirectional = nnx.Bidirectional(
            nnx.RNN(
                nnx.SimpleCell(in_features, size, dtype=None, rngs=rngs), rngs=rngs
            ),
            nnx.RNN(
                nnx.SimpleCell(in_features, size, dtype=None, rngs=rngs), rngs=rngs
            ),
        )

    def __call__(self, x):
        return self.bidirectional(x)


class Step(nnx.RNNCellBase):
    """A cell of one's own."""

    def __init__(
        self, in_features: int, x_features: int, features: int, *, rngs: nnx.Rngs
    ):
        self.features = features
        self.dense_0 = nnx.Linear(x_features, features, rngs=rngs)
        self.dense_1 = nnx.Linear(in_features, features, use_bias=False, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, deterministic=True, rngs=rngs)

    def __call__(self, carry, x):
        h = nnx.tanh(self.dense_0(x) + self.dense_1(carry))
        return h, self.dropout(h)

    def initialize_carry(self, input_shape, rngs=None):
        return jnp.zeros(input_shape[:-1] + (self.features,))

    @property
    def num_feature_axes(self):
        return 1


class Steps(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.rnn = nnx.RNN(Step(4, in_features, 4, rngs=rngs), rngs=rngs)

    def __call__(self, x):
        return self.rnn(x)


class Manual(nnx.Module):
    def __init__(self, x_features: int, size: int, *, rngs: nnx.Rngs):
        self.optimized_lstm_cell = nnx.LSTMCell(x_features, size, rngs=rngs)

    def __call__(self, carry, x):
        return self.optimized_lstm_cell(carry, x)

    def initialize_carry(self, input_shape):
        # A fixed key: the first state is zeros.
        return self.optimized_lstm_cell.initialize_carry(input_shape, nnx.Rngs(jax.random.key(0)))


class Unrolled(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.manual = Manual(in_features, 3, rngs=rngs)
        self.dense = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, x):
        batch, time, features = x.shape
        cell = self.manual
        carry, y = cell(cell.initialize_carry(x[:, 0].shape), x[:, 0])
        return self.dense(cell(carry, x[:, 1])[1])


class Decoder(nnx.RNNCellBase):
    """Linen's cell inside is as wide as its carry, whatever `features` says."""

    def __init__(self, x_features: int, features: int, words: int, *, rngs: nnx.Rngs):
        self.lstm_cell = nnx.LSTMCell(x_features, features, rngs=rngs)
        self.dense = nnx.Linear(features, words, rngs=rngs)

    def __call__(self, carry, x):
        state, last = carry
        state, y = self.lstm_cell(state, x + last)
        logits = self.dense(y)
        return (state, nnx.softmax(logits)), logits

    @property
    def num_feature_axes(self):
        return 1


class Translate(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        self.encoder = nnx.RNN(
            nnx.LSTMCell(in_features, size, rngs=rngs), return_carry=True, rngs=rngs
        )
        self.decoder = nnx.RNN(
            Decoder(in_features, size, in_features, rngs=rngs), rngs=rngs
        )

    def __call__(self, x):
        encoder = self.encoder
        decoder = self.decoder
        state, _ = encoder(x)
        return decoder(x, initial_carry=(state, x[:, 0]))
