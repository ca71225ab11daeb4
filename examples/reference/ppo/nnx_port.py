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

"""NNX port of the actor-critic of the flax examples (`linen.py`)."""
import math

import jax
import jax.numpy as jnp
from flax import nnx


class ActorCritic(nnx.Module):
    """Log-probabilities of the actions and value of a state, given as an image of 0 to 255."""

    def __init__(self, num_outputs: int, in_shape: tuple[int, int, int] = (84, 84, 4), *, rngs: nnx.Rngs):
        height, width, channels = in_shape
        self.conv1 = nnx.Conv(channels, 32, kernel_size=(8, 8), strides=(4, 4), rngs=rngs)
        self.conv2 = nnx.Conv(32, 64, kernel_size=(4, 4), strides=(2, 2), rngs=rngs)
        self.conv3 = nnx.Conv(64, 64, kernel_size=(3, 3), strides=(1, 1), rngs=rngs)
        flat = math.ceil(height / 8) * math.ceil(width / 8) * 64
        self.hidden = nnx.Linear(flat, 512, rngs=rngs)
        self.logits = nnx.Linear(512, num_outputs, rngs=rngs)
        self.value = nnx.Linear(512, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = x.astype(jnp.float32) / 255.0
        for conv in (self.conv1, self.conv2, self.conv3):
            x = nnx.relu(conv(x))
        x = x.reshape((x.shape[0], -1))
        x = nnx.relu(self.hidden(x))
        return nnx.log_softmax(self.logits(x)), self.value(x)
