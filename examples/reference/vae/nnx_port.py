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

"""NNX port of the VAE of the flax examples (`linen.py`)."""
import jax
import jax.numpy as jnp
from flax import nnx


class Encoder(nnx.Module):
    """784 pixels to mean and log-variance of the latents."""

    def __init__(self, latents: int, *, rngs: nnx.Rngs):
        self.fc1 = nnx.Linear(784, 500, rngs=rngs)
        self.fc2_mean = nnx.Linear(500, latents, rngs=rngs)
        self.fc2_logvar = nnx.Linear(500, latents, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = nnx.relu(self.fc1(x))
        return self.fc2_mean(x), self.fc2_logvar(x)


class Decoder(nnx.Module):
    """Latents to the logits of 784 pixels."""

    def __init__(self, latents: int, *, rngs: nnx.Rngs):
        self.fc1 = nnx.Linear(latents, 500, rngs=rngs)
        self.fc2 = nnx.Linear(500, 784, rngs=rngs)

    def __call__(self, z: jax.Array) -> jax.Array:
        return self.fc2(nnx.relu(self.fc1(z)))


class VAE(nnx.Module):
    """The full model."""

    def __init__(self, latents: int = 20, *, rngs: nnx.Rngs):
        self.encoder = Encoder(latents, rngs=rngs)
        self.decoder = Decoder(latents, rngs=rngs)

    def __call__(self, x: jax.Array, z_rng: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        mean, logvar = self.encoder(x)
        z = reparameterize(z_rng, mean, logvar)
        return self.decoder(z), mean, logvar

    def generate(self, z: jax.Array) -> jax.Array:
        return nnx.sigmoid(self.decoder(z))


def reparameterize(rng: jax.Array, mean: jax.Array, logvar: jax.Array) -> jax.Array:
    std = jnp.exp(0.5 * logvar)
    eps = jax.random.normal(rng, logvar.shape)
    return mean + eps * std
