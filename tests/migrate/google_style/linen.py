# A licence that must stay.
"""Two-space code: an encoder, a decoder and what holds them."""

import dataclasses

from flax import linen as nn  # the old library
import jax
import jax.numpy as jnp


class Encoder(nn.Module):
  """Encodes.

  Attributes:
    latents: size of the code.
  """

  latents: int  # how many

  @nn.compact
  def __call__(self, x):
    # First layer.
    x = nn.Dense(500, name='fc1')(x)
    x = nn.relu(x)
    mean = nn.Dense(
        self.latents,  # as many as asked for
        kernel_init=nn.initializers.variance_scaling(1.0, 'fan_in', 'truncated_normal'),
        name='fc2_mean',
    )(x)
    return mean, nn.Dense(self.latents, name='fc2_logvar')(x)


class Decoder(nn.Module):
  """Decodes."""

  @nn.compact
  def __call__(self, z):
    dtype = jnp.float32
    z = nn.relu(nn.Dense(500, dtype=dtype, name='fc1')(z))
    return nn.Dense(784, dtype=dtype, name='fc2')(z)


class VAE(nn.Module):
  """Both."""

  latents: int = 20

  def setup(self):
    # What encodes.
    self.encoder = Encoder(self.latents)
    self.decoder = Decoder()  # and what decodes

  def __call__(self, x, key):
    mean, logvar = self.encoder(x)
    z = sample(key, mean, logvar)
    return self.decoder(z), mean, logvar

  def generate(self, z):
    return nn.sigmoid(self.decoder(z))


def sample(key, mean, logvar):
  return mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, logvar.shape)


@dataclasses.dataclass
class Config:
  latents: int = 20


def make(config):
  return VAE(latents=config.latents)
