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

"""NNX port of the sequence-to-sequence model of the flax examples (`linen.py`)."""
import jax
import jax.numpy as jnp
from flax import nnx


class DecoderLSTMCell(nnx.RNNCellBase):
    """An LSTM step whose output is sampled, and fed back unless the decoder is taught."""

    def __init__(self, hidden_size: int, teacher_force: bool, vocab_size: int, *, rngs: nnx.Rngs):
        self.teacher_force = teacher_force
        self.vocab_size = vocab_size
        self.lstm = nnx.LSTMCell(vocab_size, hidden_size, rngs=rngs)
        self.dense = nnx.Linear(hidden_size, vocab_size, rngs=rngs)
        self.sampling = rngs.lstm.fork()

    def __call__(self, carry, x: jax.Array):
        lstm_state, last_prediction = carry
        if not self.teacher_force:
            x = last_prediction
        lstm_state, y = self.lstm(lstm_state, x)
        logits = self.dense(y)
        token = jax.random.categorical(self.sampling(), logits)
        prediction = jax.nn.one_hot(token, self.vocab_size, dtype=jnp.float32)
        return (lstm_state, prediction), (logits, prediction)

    @property
    def num_feature_axes(self) -> int:
        return 1


class Seq2seq(nnx.Module):
    """An LSTM that encodes a sequence, and one that decodes it step by step."""

    def __init__(self, teacher_force: bool, hidden_size: int, vocab_size: int, eos_id: int = 1, *, rngs: nnx.Rngs):
        self.eos_id = eos_id
        self.encoder = nnx.RNN(nnx.LSTMCell(vocab_size, hidden_size, rngs=rngs), return_carry=True, rngs=rngs)
        # Every step samples with a key of its own; nothing else changes from step to step.
        self.decoder = nnx.RNN(
            DecoderLSTMCell(hidden_size, teacher_force, vocab_size, rngs=rngs),
            state_axes=nnx.StateAxes({"lstm": 0, ...: None}),
            rngs=False,
        )

    def __call__(self, encoder_inputs: jax.Array, decoder_inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Logits and one-hot predictions.

        Args:
            encoder_inputs: [batch, input length, vocab] one-hot sequences, padded.
            decoder_inputs: [batch, output length, vocab] what should be decoded; without teacher forcing only the
                first token is read.
        """
        lengths = self.get_seq_lengths(encoder_inputs)
        state, _ = self.encoder(encoder_inputs, seq_lengths=lengths)
        taught = decoder_inputs[:, :-1]

        @nnx.split_rngs(splits=taught.shape[1], only="lstm")
        def decode(decoder: nnx.RNN) -> tuple[jax.Array, jax.Array]:
            return decoder(taught, initial_carry=(state, decoder_inputs[:, 0]))

        return decode(self.decoder)

    def get_seq_lengths(self, inputs: jax.Array) -> jax.Array:
        return jnp.argmax(jnp.argmax(inputs, axis=-1) == self.eos_id, axis=-1)
