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

"""NNX port of the translation transformer of the flax examples (`linen.py`).

Where Linen takes `deterministic` from its configuration, this model is switched by `model.train()` and `model.eval()`;
decoding token by token is asked for when the model is made.
"""
import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax


@dataclasses.dataclass(frozen=True)
class TransformerConfig:
    """Sizes and rates of the model."""

    vocab_size: int
    output_vocab_size: int
    share_embeddings: bool = False
    logits_via_embedding: bool = False
    dtype: Any = jnp.float32
    emb_dim: int = 512
    num_heads: int = 8
    num_layers: int = 6
    qkv_dim: int = 512
    mlp_dim: int = 2048
    max_len: int = 2048
    dropout_rate: float = 0.1
    attention_dropout_rate: float = 0.1
    kernel_init: Callable = nnx.initializers.xavier_uniform()
    bias_init: Callable = nnx.initializers.normal(stddev=1e-6)
    posemb_init: Callable | None = None


def shift_right(x: jax.Array) -> jax.Array:
    """Targets as the decoder sees them: moved to the right by one, with 0 in front."""
    return jnp.pad(x, [(0, 0), (1, 0)], constant_values=x.dtype.type(0))[:, :-1]


def sinusoids(max_len: int, features: int, min_scale: float = 1.0, max_scale: float = 10000.0) -> jax.Array:
    """Position embeddings that are not learned, of shape (1, max_len, features)."""
    pe = np.zeros((max_len, features), dtype=np.float32)
    position = np.arange(0, max_len)[:, np.newaxis]
    scale_factor = -np.log(max_scale / min_scale) / (features // 2 - 1)
    div_term = min_scale * np.exp(np.arange(0, features // 2) * scale_factor)
    pe[:, : features // 2] = np.sin(position * div_term)
    pe[:, features // 2 : 2 * (features // 2)] = np.cos(position * div_term)
    return jnp.array(pe[np.newaxis])


class AddPositionEmbs(nnx.Module):
    """Adds position embeddings, learned where the configuration has an initializer for them."""

    def __init__(self, config: TransformerConfig, decode: bool = False, *, rngs: nnx.Rngs):
        self.config = config
        shape = (1, config.max_len, config.emb_dim)
        self.pos_embedding = nnx.Param(config.posemb_init(rngs.params(), shape)) if config.posemb_init else None
        self.cache_index = nnx.Cache(jnp.array(0, dtype=jnp.uint32)) if decode else None

    def __call__(self, inputs: jax.Array, positions: jax.Array | None = None) -> jax.Array:
        if self.pos_embedding is None:
            table = sinusoids(self.config.max_len, self.config.emb_dim)
        else:
            table = self.pos_embedding[...]
        if self.cache_index is None:
            pe = table[:, : inputs.shape[1]]
        else:
            index = self.cache_index[...]
            self.cache_index[...] = index + 1
            pe = lax.dynamic_slice(table, jnp.array((0, index, 0)), (1, 1, table.shape[2]))
        return inputs + (pe if positions is None else jnp.take(pe[0], positions, axis=0))


class MlpBlock(nnx.Module):
    """Two linear layers with dropout after each."""

    def __init__(self, config: TransformerConfig, *, rngs: nnx.Rngs):
        options = dict(dtype=config.dtype, kernel_init=config.kernel_init, bias_init=config.bias_init, rngs=rngs)
        self.linear1 = nnx.Linear(config.emb_dim, config.mlp_dim, **options)
        self.linear2 = nnx.Linear(config.mlp_dim, config.emb_dim, **options)
        self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.dropout(nnx.relu(self.linear1(x)))
        return self.dropout(self.linear2(x))


def attention(config: TransformerConfig, decode: bool, rngs: nnx.Rngs) -> nnx.MultiHeadAttention:
    """The one kind of attention that the model uses."""
    return nnx.MultiHeadAttention(
        num_heads=config.num_heads,
        in_features=config.emb_dim,
        qkv_features=config.qkv_dim,
        dtype=config.dtype,
        kernel_init=config.kernel_init,
        bias_init=config.bias_init,
        use_bias=False,
        broadcast_dropout=False,
        dropout_rate=config.attention_dropout_rate,
        decode=decode,
        rngs=rngs,
    )


class Encoder1DBlock(nnx.Module):
    """Self-attention and an MLP, each after a norm and beside a shortcut."""

    def __init__(self, config: TransformerConfig, *, rngs: nnx.Rngs):
        self.norm1 = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)
        self.attention = attention(config, False, rngs)
        self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)
        self.norm2 = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)
        self.mlp = MlpBlock(config, rngs=rngs)

    def __call__(self, inputs: jax.Array, mask: jax.Array | None = None) -> jax.Array:
        x = inputs + self.dropout(self.attention(self.norm1(inputs), mask=mask))
        return x + self.mlp(self.norm2(x))


class EncoderDecoder1DBlock(nnx.Module):
    """Self-attention, attention to the encoded input, and an MLP, each after a norm and beside a shortcut."""

    def __init__(self, config: TransformerConfig, decode: bool = False, *, rngs: nnx.Rngs):
        self.norm1 = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)
        self.attention = attention(config, decode, rngs)
        self.norm2 = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)
        self.cross_attention = attention(config, False, rngs)
        self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)
        self.norm3 = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)
        self.mlp = MlpBlock(config, rngs=rngs)

    def __call__(
        self,
        targets: jax.Array,
        encoded: jax.Array,
        decoder_mask: jax.Array | None = None,
        encoder_decoder_mask: jax.Array | None = None,
    ) -> jax.Array:
        x = targets + self.dropout(self.attention(self.norm1(targets), mask=decoder_mask))
        y = x + self.dropout(self.cross_attention(self.norm2(x), encoded, mask=encoder_decoder_mask))
        return y + self.mlp(self.norm3(y))


def embedding(size: int, config: TransformerConfig, rngs: nnx.Rngs) -> nnx.Embed:
    return nnx.Embed(size, config.emb_dim, embedding_init=nnx.initializers.normal(stddev=1.0), rngs=rngs)


class Encoder(nnx.Module):
    """Token ids to encoded features."""

    def __init__(self, config: TransformerConfig, input_embed: nnx.Embed, *, rngs: nnx.Rngs):
        self.config = config
        self.input_embed = input_embed
        self.posembed_input = AddPositionEmbs(config, rngs=rngs)
        self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)
        self.blocks = nnx.List(Encoder1DBlock(config, rngs=rngs) for _ in range(config.num_layers))
        self.encoder_norm = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)

    def __call__(
        self, inputs: jax.Array, positions: jax.Array | None = None, mask: jax.Array | None = None
    ) -> jax.Array:
        x = self.posembed_input(self.input_embed(inputs.astype("int32")), positions)
        x = self.dropout(x).astype(self.config.dtype)
        for block in self.blocks:
            x = block(x, mask)
        return self.encoder_norm(x)


class Decoder(nnx.Module):
    """Encoded features and targets to logits."""

    def __init__(self, config: TransformerConfig, output_embed: nnx.Embed, decode: bool = False, *, rngs: nnx.Rngs):
        self.config = config
        self.decode = decode
        self.output_embed = output_embed
        self.posembed_output = AddPositionEmbs(config, decode, rngs=rngs)
        self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)
        self.blocks = nnx.List(EncoderDecoder1DBlock(config, decode, rngs=rngs) for _ in range(config.num_layers))
        self.encoderdecoder_norm = nnx.LayerNorm(config.emb_dim, dtype=config.dtype, rngs=rngs)
        if not config.logits_via_embedding:
            self.logitdense = nnx.Linear(
                config.emb_dim,
                config.output_vocab_size,
                dtype=config.dtype,
                kernel_init=config.kernel_init,
                bias_init=config.bias_init,
                rngs=rngs,
            )

    def __call__(
        self,
        encoded: jax.Array,
        targets: jax.Array,
        positions: jax.Array | None = None,
        decoder_mask: jax.Array | None = None,
        encoder_decoder_mask: jax.Array | None = None,
    ) -> jax.Array:
        y = targets.astype("int32")
        if not self.decode:
            y = shift_right(y)
        y = self.posembed_output(self.output_embed(y), positions)
        y = self.dropout(y).astype(self.config.dtype)
        for block in self.blocks:
            y = block(y, encoded, decoder_mask, encoder_decoder_mask)
        y = self.encoderdecoder_norm(y)
        if not self.config.logits_via_embedding:
            return self.logitdense(y)
        # Normalised, because the transposed embedding is no trained layer.
        return self.output_embed.attend(y.astype(jnp.float32)) / jnp.sqrt(y.shape[-1])


class Transformer(nnx.Module):
    """Encoder and decoder for translation."""

    def __init__(self, config: TransformerConfig, decode: bool = False, *, rngs: nnx.Rngs):
        if config.share_embeddings and config.output_vocab_size != config.vocab_size:
            raise ValueError("can't share embedding with different vocab sizes")
        self.config = config
        self.decoding = decode
        source = embedding(config.vocab_size, config, rngs)
        target = source if config.share_embeddings else embedding(config.output_vocab_size, config, rngs)
        self.encoder = Encoder(config, source, rngs=rngs)
        self.decoder = Decoder(config, target, decode, rngs=rngs)

    def encode(
        self,
        inputs: jax.Array,
        inputs_positions: jax.Array | None = None,
        inputs_segmentation: jax.Array | None = None,
    ) -> jax.Array:
        dtype = self.config.dtype
        mask = nnx.make_attention_mask(inputs > 0, inputs > 0, dtype=dtype)
        if inputs_segmentation is not None:
            own = nnx.make_attention_mask(inputs_segmentation, inputs_segmentation, jnp.equal, dtype=dtype)
            mask = nnx.combine_masks(mask, own)
        return self.encoder(inputs, inputs_positions, mask)

    def decode(
        self,
        encoded: jax.Array,
        inputs: jax.Array,
        targets: jax.Array,
        targets_positions: jax.Array | None = None,
        inputs_segmentation: jax.Array | None = None,
        targets_segmentation: jax.Array | None = None,
    ) -> jax.Array:
        """The logits of the targets; `inputs` only tells what is padding."""
        dtype = self.config.dtype
        if self.decoding:
            decoder_mask = None
            cross_mask = nnx.make_attention_mask(jnp.ones_like(targets) > 0, inputs > 0, dtype=dtype)
        else:
            decoder_mask = nnx.combine_masks(
                nnx.make_attention_mask(targets > 0, targets > 0, dtype=dtype),
                nnx.make_causal_mask(targets, dtype=dtype),
            )
            cross_mask = nnx.make_attention_mask(targets > 0, inputs > 0, dtype=dtype)
        if inputs_segmentation is not None:
            own = nnx.make_attention_mask(targets_segmentation, targets_segmentation, jnp.equal, dtype=dtype)
            decoder_mask = nnx.combine_masks(decoder_mask, own)
            own = nnx.make_attention_mask(targets_segmentation, inputs_segmentation, jnp.equal, dtype=dtype)
            cross_mask = nnx.combine_masks(cross_mask, own)
        return self.decoder(encoded, targets, targets_positions, decoder_mask, cross_mask).astype(dtype)

    def __call__(
        self,
        inputs: jax.Array,
        targets: jax.Array,
        inputs_positions: jax.Array | None = None,
        targets_positions: jax.Array | None = None,
        inputs_segmentation: jax.Array | None = None,
        targets_segmentation: jax.Array | None = None,
    ) -> jax.Array:
        encoded = self.encode(inputs, inputs_positions, inputs_segmentation)
        return self.decode(encoded, inputs, targets, targets_positions, inputs_segmentation, targets_segmentation)
