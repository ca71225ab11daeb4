"""Models for small images of handwritten digits: a convolutional classifier and an autoencoder."""
from typing import Sequence

import flax.linen as nn
import jax.numpy as jnp


class ConvBlock(nn.Module):
    """Convolution, batch normalisation, ReLU, dropout."""

    features: int
    dropout_rate: float = 0.1

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Conv(self.features, kernel_size=(3, 3), use_bias=False)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.relu(x)
        return nn.Dropout(self.dropout_rate)(x, deterministic=not train)


class Classifier(nn.Module):
    """Logits of images [batch, height, width, channels]; each block halves height and width."""

    features: Sequence[int] = (16, 32)
    num_classes: int = 10
    dropout_rate: float = 0.1

    @nn.compact
    def __call__(self, images, train: bool):
        x = nn.Conv(self.features[0], kernel_size=(3, 3), name="stem")(images)
        for width in self.features:
            x = ConvBlock(width, self.dropout_rate)(x, train=train)
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        x = jnp.mean(x, axis=(1, 2))  # over the image, so that its size does not matter
        x = nn.LayerNorm()(x)
        return nn.Dense(self.num_classes, name="head")(x)


class AutoEncoder(nn.Module):
    """Squeezes an image into a grid of `latent_features`, a quarter of its height and width, and back."""

    features: int = 16
    latent_features: int = 4

    def setup(self):
        self.down = nn.Conv(self.features, kernel_size=(3, 3), strides=(2, 2))
        self.to_latent = nn.Conv(self.latent_features, kernel_size=(3, 3), strides=(2, 2))
        self.up = nn.ConvTranspose(self.features, kernel_size=(3, 3), strides=(2, 2))
        self.to_image = nn.ConvTranspose(1, kernel_size=(3, 3), strides=(2, 2))

    def encode(self, images):
        x = nn.gelu(self.down(images))
        return self.to_latent(x)

    def decode(self, latents):
        x = nn.gelu(self.up(latents))
        return nn.sigmoid(self.to_image(x))  # grey values

    def __call__(self, images):
        return self.decode(self.encode(images))
