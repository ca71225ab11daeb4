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

"""Class and functions to define and initialize the actor-critic model."""

from flax import nnx
import jax.numpy as jnp


class ActorCritic(nnx.Module):
  """Class defining the actor-critic model."""

  def __init__(
      self, in_shape: tuple[int, ...], num_outputs: int, *, rngs: nnx.Rngs
  ):
    dtype = jnp.float32
    self.conv1 = nnx.Conv(
        in_shape[-1],
        32,
        kernel_size=(8, 8),
        strides=(4, 4),
        dtype=dtype,
        rngs=rngs,
    )
    self.conv2 = nnx.Conv(
        32, 64, kernel_size=(4, 4), strides=(2, 2), dtype=dtype, rngs=rngs
    )
    self.conv3 = nnx.Conv(
        64, 64, kernel_size=(3, 3), strides=(1, 1), dtype=dtype, rngs=rngs
    )
    self.hidden = nnx.Linear(
        -(-(-(-in_shape[-3] // 4)) // 2) * -(
            -(-(-in_shape[-2] // 4)) // 2
        ) * 64,
        512,
        dtype=dtype,
        rngs=rngs,
    )
    self.logits = nnx.Linear(512, num_outputs, dtype=dtype, rngs=rngs)
    self.value = nnx.Linear(512, 1, dtype=dtype, rngs=rngs)

  def __call__(self, x):
    """Define the convolutional network architecture.

    Architecture originates from "Human-level control through deep reinforcement
    learning.", Nature 518, no. 7540 (2015): 529-533.
    Note that this is different than the one from  "Playing atari with deep
    reinforcement learning." arxiv.org/abs/1312.5602 (2013)

    Network is used to both estimate policy (logits) and expected state value;
    in other words, hidden layers' params are shared between policy and value
    networks, see e.g.:
    github.com/openai/baselines/blob/master/baselines/ppo1/cnn_policy.py
    """
    dtype = jnp.float32
    x = x.astype(dtype) / 255.0
    x = self.conv1(x)
    x = nnx.relu(x)
    x = self.conv2(x)
    x = nnx.relu(x)
    x = self.conv3(x)
    x = nnx.relu(x)
    x = x.reshape((x.shape[0], -1))  # flatten
    x = self.hidden(x)
    x = nnx.relu(x)
    logits = self.logits(x)
    policy_log_probabilities = nnx.log_softmax(logits)
    value = self.value(x)
    return policy_log_probabilities, value
