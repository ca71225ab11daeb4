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

"""Transformer-based language models."""

from typing import Any, Optional
from collections.abc import Callable

from flax import nnx
from flax import struct
import jax.numpy as jnp
import numpy as np


@struct.dataclass
class TransformerConfig:
  """Global hyperparameters used to minimize obnoxious kwarg plumbing."""

  vocab_size: int
  output_vocab_size: int
  dtype: Any = jnp.float32
  emb_dim: int = 512
  num_heads: int = 8
  num_layers: int = 6
  qkv_dim: int = 512
  mlp_dim: int = 2048
  max_len: int = 2048
  dropout_rate: float = 0.3
  attention_dropout_rate: float = 0.3
  kernel_init: Callable = nnx.initializers.xavier_uniform()
  bias_init: Callable = nnx.initializers.normal(stddev=1e-6)
  posemb_init: Callable | None = None


def sinusoidal_init(max_len=2048):
  """1D Sinusoidal Position Embedding Initializer.

  Args:
      max_len: maximum possible length for the input

  Returns:
      output: init function returning `(1, max_len, d_feature)`
  """

  def init(key, shape, dtype=np.float32):
    """Sinusoidal init."""
    del key, dtype
    d_feature = shape[-1]
    pe = np.zeros((max_len, d_feature), dtype=np.float32)
    position = np.arange(0, max_len)[:, np.newaxis]
    div_term = np.exp(
        np.arange(0, d_feature, 2) * -(np.log(10000.0) / d_feature)
    )
    pe[:, 0::2] = np.sin(position * div_term)
    pe[:, 1::2] = np.cos(position * div_term)
    pe = pe[np.newaxis, :, :]  # [1, max_len, d_feature]
    return jnp.array(pe)

  return init


class AddPositionEmbs(nnx.Module):
  """Adds (optionally learned) positional embeddings to the inputs."""

  def __init__(
      self, in_features: int, config: TransformerConfig, *, rngs: nnx.Rngs
  ):
    """Args:
      config: TransformerConfig dataclass containing hyperparameters.
    """
    self.config = config
    pos_emb_shape = (1, config.max_len, in_features)
    if config.posemb_init is not None:
      self.pos_embedding = nnx.Param(
          config.posemb_init(rngs.params(), pos_emb_shape)
      )

  def __call__(self, inputs):
    """Applies AddPositionEmbs module.

    By default this layer uses a fixed sinusoidal embedding table. If a
    learned position embedding is desired, pass an initializer to
    posemb_init in the configuration.

    Args:
      inputs: input data.

    Returns:
      output: `(bs, timesteps, in_dim)`
    """
    config = self.config
    # inputs.shape is (batch_size, seq_len, emb_dim)
    assert inputs.ndim == 3, (
        'Number of dimensions should be 3, but it is: %d' % inputs.ndim
    )
    length = inputs.shape[1]
    pos_emb_shape = (1, config.max_len, inputs.shape[-1])
    if config.posemb_init is None:
      # Use a fixed (non-learned) sinusoidal position embedding.
      pos_embedding = sinusoidal_init(max_len=config.max_len)(
          None, pos_emb_shape, None
      )
    else:
      pos_embedding = self.pos_embedding[...]
    pe = pos_embedding[:, :length, :]
    return inputs + pe


class MlpBlock(nnx.Module):
  """Transformer MLP / feed-forward block."""

  def __init__(
      self,
      in_features: int,
      config: TransformerConfig,
      out_dim: int | None = None,
      *,
      rngs: nnx.Rngs,
  ):
    """Args:
      config: TransformerConfig dataclass containing hyperparameters.
      out_dim: optionally specify out dimension.
    """
    self.config = config
    actual_out_dim = in_features if out_dim is None else out_dim
    self.dense_0 = nnx.Linear(
        in_features,
        config.mlp_dim,
        dtype=config.dtype,
        kernel_init=config.kernel_init,
        bias_init=config.bias_init,
        rngs=rngs,
    )
    self.dropout_0 = nnx.Dropout(config.dropout_rate, rngs=rngs)
    self.dense_1 = nnx.Linear(
        config.mlp_dim,
        actual_out_dim,
        dtype=config.dtype,
        kernel_init=config.kernel_init,
        bias_init=config.bias_init,
        rngs=rngs,
    )
    self.dropout_1 = nnx.Dropout(config.dropout_rate, rngs=rngs)

  def __call__(self, inputs, deterministic=True):
    """Applies Transformer MlpBlock module."""
    x = self.dense_0(inputs)
    x = nnx.elu(x)
    x = self.dropout_0(x, deterministic=deterministic)
    output = self.dense_1(x)
    output = self.dropout_1(output, deterministic=deterministic)
    return output


class Encoder1DBlock(nnx.Module):
  """Transformer encoder layer."""

  def __init__(
      self, in_features: int, config: TransformerConfig, *, rngs: nnx.Rngs
  ):
    """Args:
      config: TransformerConfig dataclass containing hyperparameters.
    """
    self.config = config
    self.layer_norm_0 = nnx.LayerNorm(
        in_features,
        dtype=config.dtype,
        promote_dtype=lambda args, dtype: args,
        rngs=rngs,
    )
    self.multi_head_dot_product_attention = nnx.MultiHeadAttention(
        num_heads=config.num_heads,
        in_features=in_features,
        dtype=config.dtype,
        qkv_features=config.qkv_dim,
        kernel_init=config.kernel_init,
        bias_init=config.bias_init,
        use_bias=False,
        broadcast_dropout=False,
        dropout_rate=config.attention_dropout_rate,
        attention_fn=lambda *args, module, **kwargs: nnx.dot_product_attention(
            *args, module=module or False, **kwargs
        ),
        decode=False,
        rngs=rngs,
    )
    self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)
    self.layer_norm_1 = nnx.LayerNorm(
        in_features,
        dtype=config.dtype,
        promote_dtype=lambda args, dtype: args,
        rngs=rngs,
    )
    self.mlp_block = MlpBlock(in_features, config=config, rngs=rngs)

  def __call__(self, inputs, deterministic):
    """Applies Encoder1DBlock module.

    Args:
      inputs: input data.
      deterministic: if true dropout is applied otherwise not.

    Returns:
      output after transformer encoder block.
    """

    # Attention block.
    assert inputs.ndim == 3
    x = self.layer_norm_0(inputs)
    x = self.multi_head_dot_product_attention(x, deterministic=deterministic)

    x = self.dropout(x, deterministic=deterministic)
    x = x + inputs

    # MLP block.
    y = self.layer_norm_1(x)
    y = self.mlp_block(y, deterministic=deterministic)
    return x + y


class Transformer(nnx.Module):
  """Transformer Model for sequence tagging."""

  def __init__(self, config: TransformerConfig, *, rngs: nnx.Rngs):
    self.config = config
    self.embed = nnx.Embed(config.vocab_size, config.emb_dim, rngs=rngs)
    self.dropout = nnx.Dropout(config.dropout_rate, rngs=rngs)
    self.add_position_embs = AddPositionEmbs(config.emb_dim, config, rngs=rngs)
    self.encoder1_d_blocks = nnx.List([])
    for _ in range(config.num_layers):
      self.encoder1_d_blocks.append(
          Encoder1DBlock(config.emb_dim, config, rngs=rngs)
      )
    self.layer_norm = nnx.LayerNorm(
        config.emb_dim,
        dtype=config.dtype,
        promote_dtype=lambda args, dtype: args,
        rngs=rngs,
    )
    self.dense = nnx.Linear(
        config.emb_dim,
        config.output_vocab_size,
        kernel_init=config.kernel_init,
        bias_init=config.bias_init,
        rngs=rngs,
    )

  def __call__(self, *, inputs, train):
    """Applies Transformer model on the inputs.

    Args:
      inputs: input data
      train: if it is training.

    Returns:
      output of a transformer encoder.

    """
    assert inputs.ndim == 2  # (batch, len)

    config = self.config

    x = inputs.astype('int32')
    x = self.embed(x)
    x = self.dropout(x, deterministic=not train)
    x = self.add_position_embs(x)

    for encoder1_d_block in self.encoder1_d_blocks:
      x = encoder1_d_block(x, deterministic=not train)

    x = self.layer_norm(x)
    logits = self.dense(x)
    return logits
