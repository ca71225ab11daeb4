# A licence that must stay.
"""Two-space code: an encoder, a decoder and what holds them."""

import dataclasses

from flax import nnx  # the old library
import jax
import jax.numpy as jnp


class Encoder(nnx.Module):
  """Encodes."""

  def __init__(
      self,
      in_features: int,
      latents: int,  # how many
      *,
      rngs: nnx.Rngs,
  ):
    """Args:
      latents: size of the code.
    """
    self.fc1 = nnx.Linear(in_features, 500, rngs=rngs)
    # as many as asked for
    self.fc2_mean = nnx.Linear(
        500,
        latents,
        kernel_init=nnx.initializers.variance_scaling(
            1.0, 'fan_in', 'truncated_normal'
        ),
        rngs=rngs,
    )
    self.fc2_logvar = nnx.Linear(500, latents, rngs=rngs)

  def __call__(self, x):
    # First layer.
    x = self.fc1(x)
    x = nnx.relu(x)
    mean = self.fc2_mean(x)
    return mean, self.fc2_logvar(x)


class Decoder(nnx.Module):
  """Decodes."""

  def __init__(self, in_features: int, *, rngs: nnx.Rngs):
    dtype = jnp.float32
    self.fc1 = nnx.Linear(in_features, 500, dtype=dtype, rngs=rngs)
    self.fc2 = nnx.Linear(500, 784, dtype=dtype, rngs=rngs)

  def __call__(self, z):
    z = nnx.relu(self.fc1(z))
    return self.fc2(z)


class VAE(nnx.Module):
  """Both."""

  def __init__(self, in_features: int, latents: int = 20, *, rngs: nnx.Rngs):
    # What encodes.
    self.encoder = Encoder(in_features, latents, rngs=rngs)
    # and what decodes
    self.decoder = Decoder(latents, rngs=rngs)

  def __call__(self, x, key):
    mean, logvar = self.encoder(x)
    z = sample(key, mean, logvar)
    return self.decoder(z), mean, logvar

  def generate(self, z):
    return nnx.sigmoid(self.decoder(z))


def sample(key, mean, logvar):
  return mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, logvar.shape)


@dataclasses.dataclass
class Config:
  latents: int = 20


def make(config):
  return VAE(latents=config.latents)
