# Copyright 2024 The Flax Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""NNX port of the text classifier of the flax examples (`linen.py`).

`nnx.LSTMCell` has the weights of Linen's `OptimizedLSTMCell` gate by gate, so that its checkpoints load; the optimised
cell of NNX has them in one matrix.
"""
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


def sequence_mask(lengths: jax.Array, max_length: int) -> jax.Array:
    """Which positions of sequences of these lengths are valid: bool [batch, max_length]."""
    return jnp.arange(max_length)[None] < lengths[:, None]


@jax.vmap
def flip_sequences(inputs: jax.Array, lengths: jax.Array) -> jax.Array:
    """Padded sequences backwards, the padding staying at the end."""
    max_length = inputs.shape[0]
    return jnp.flip(jnp.roll(inputs, max_length - lengths, axis=0), axis=0)


class WordDropout(nnx.Module):
    """Replaces some of the token ids by that of the unknown word."""

    def __init__(self, dropout_rate: float, unk_idx: int | None, *, rngs: nnx.Rngs):
        self.dropout_rate = dropout_rate
        self.unk_idx = unk_idx
        self.rngs = rngs.dropout.fork()

    def __call__(self, inputs: jax.Array, deterministic: bool) -> jax.Array:
        if deterministic or self.dropout_rate == 0.0:
            return inputs
        mask = jax.random.bernoulli(self.rngs(), p=self.dropout_rate, shape=inputs.shape)
        return jnp.where(mask, jnp.array([self.unk_idx]), inputs)


class Embedder(nnx.Module):
    """Embeds token ids, which `frozen` keeps from being trained."""

    def __init__(
        self,
        vocab_size: int,
        embedding_size: int,
        embedding_init: nnx.Initializer = nnx.initializers.normal(stddev=0.1),
        frozen: bool = False,
        dropout_rate: float = 0.0,
        word_dropout_rate: float = 0.0,
        unk_idx: int | None = None,
        dtype: Any = jnp.float32,
        *,
        rngs: nnx.Rngs,
    ):
        self.frozen = frozen
        self.embedding = nnx.Param(embedding_init(rngs.params(), (vocab_size, embedding_size), dtype))
        self.dropout = nnx.Dropout(dropout_rate, rngs=rngs)
        self.word_dropout = WordDropout(word_dropout_rate, unk_idx, rngs=rngs)

    def __call__(self, inputs: jax.Array, deterministic: bool) -> jax.Array:
        embedded = self.embedding[...][self.word_dropout(inputs, deterministic)]
        if self.frozen:
            embedded = jax.lax.stop_gradient(embedded)
        return self.dropout(embedded, deterministic=deterministic)


class SimpleBiLSTM(nnx.Module):
    """An LSTM forwards and one backwards."""

    def __init__(self, in_features: int, hidden_size: int, *, rngs: nnx.Rngs):
        self.forward_lstm = nnx.RNN(nnx.LSTMCell(in_features, hidden_size, rngs=rngs), rngs=rngs)
        self.backward_lstm = nnx.RNN(nnx.LSTMCell(in_features, hidden_size, rngs=rngs), rngs=rngs)

    def __call__(self, embedded: jax.Array, lengths: jax.Array) -> jax.Array:
        forward = self.forward_lstm(embedded)
        backward = self.backward_lstm(flip_sequences(embedded, lengths))
        return jnp.concatenate([forward, flip_sequences(backward, lengths)], -1)


class MLP(nnx.Module):
    """One hidden layer."""

    def __init__(
        self,
        in_features: int,
        hidden_size: int,
        output_size: int,
        activation: Callable[..., Any] = nnx.tanh,
        dropout_rate: float = 0.0,
        output_bias: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.activation = activation
        self.intermediate = nnx.Linear(in_features, hidden_size, rngs=rngs)
        self.output = nnx.Linear(hidden_size, output_size, use_bias=output_bias, rngs=rngs)
        self.dropout = nnx.Dropout(dropout_rate, rngs=rngs)

    def __call__(self, inputs: jax.Array, deterministic: bool) -> jax.Array:
        hidden = self.activation(self.intermediate(inputs))
        return self.output(self.dropout(hidden, deterministic=deterministic))


class KeysOnlyMlpAttention(nnx.Module):
    """Attention scores of keys alone (https://arxiv.org/abs/1409.0473), sown as `attention`."""

    def __init__(self, in_features: int, hidden_size: int, *, rngs: nnx.Rngs):
        self.keys = nnx.Linear(in_features, hidden_size, use_bias=False, rngs=rngs)
        self.energy = nnx.Linear(hidden_size, 1, use_bias=False, rngs=rngs)

    def __call__(self, keys: jax.Array, mask: jax.Array) -> jax.Array:
        scores = self.energy(nnx.tanh(self.keys(keys))).squeeze(-1)
        scores = nnx.softmax(jnp.where(mask, scores, -jnp.inf), axis=-1)
        self.sow(nnx.Intermediate, "attention", scores)
        return scores


class AttentionClassifier(nnx.Module):
    """Sums sequences up by attention, then classifies the sums."""

    def __init__(
        self, in_features: int, hidden_size: int, output_size: int, dropout_rate: float = 0.0, *, rngs: nnx.Rngs
    ):
        self.dropout = nnx.Dropout(dropout_rate, rngs=rngs)
        self.attention = KeysOnlyMlpAttention(in_features, hidden_size, rngs=rngs)
        self.mlp = MLP(in_features, hidden_size, output_size, dropout_rate=dropout_rate, rngs=rngs)

    def __call__(self, encoded: jax.Array, lengths: jax.Array, deterministic: bool) -> jax.Array:
        encoded = self.dropout(encoded, deterministic=deterministic)
        attention = self.attention(encoded, sequence_mask(lengths, encoded.shape[1]))
        context = (jnp.expand_dims(attention, 1) @ encoded).squeeze(1)
        context = self.dropout(context, deterministic=deterministic)
        return self.mlp(context, deterministic)


class TextClassifier(nnx.Module):
    """Embeds, encodes and classifies token ids."""

    def __init__(
        self,
        embedding_size: int,
        hidden_size: int,
        vocab_size: int,
        output_size: int,
        dropout_rate: float,
        word_dropout_rate: float,
        unk_idx: int = 1,
        *,
        rngs: nnx.Rngs,
    ):
        self.embedder = Embedder(
            vocab_size,
            embedding_size,
            dropout_rate=dropout_rate,
            word_dropout_rate=word_dropout_rate,
            unk_idx=unk_idx,
            rngs=rngs,
        )
        self.encoder = SimpleBiLSTM(embedding_size, hidden_size, rngs=rngs)
        self.classifier = AttentionClassifier(2 * hidden_size, hidden_size, output_size, dropout_rate, rngs=rngs)

    def __call__(self, token_ids: jax.Array, lengths: jax.Array, deterministic: bool) -> jax.Array:
        embedded = self.embedder(token_ids, deterministic)
        return self.classifier(self.encoder(embedded, lengths), lengths, deterministic)
