"""Functions that setup hands the module to, and lists of layers that a loop reads by their places."""
import flax.linen as nn
import jax.numpy as jnp


def widths(model) -> list[int]:
    """The sizes of all layers of a model with `features` and `depth`."""
    if isinstance(model.features, int):
        return [model.features] * (model.depth - 1) + [2]
    if len(model.features) != model.depth:
        raise ValueError(f"{model.depth} layers need as many sizes")
    return list(model.features)


def created(model, size):
    return model.make(size)


class Places(nn.Module):
    """Runs its layers, whatever they are."""

    def __call__(self, x):
        x = jnp.expand_dims(x, axis=-1)
        for i in range(len(self.layers)):
            if i > 0 and hasattr(self, "activation"):
                x = self.activation(x)
            x = self.layers[i](x)
        return x


class Chain(Places):
    depth: int
    features: tuple[int, ...] | int
    activation: object = nn.relu

    def setup(self):
        features = widths(self)
        self.layers = [nn.Dense(features[i], use_bias=(i == 0)) for i in range(self.depth)]


class Padded(nn.Module):
    """Takes one input or a batch of them."""

    features: int

    @nn.compact
    def __call__(self, x):
        if x.ndim == 2:
            x = jnp.expand_dims(x, axis=0)
        batch, length, width = x.shape
        bias = self.param("bias", nn.initializers.normal(), (length, self.features))
        kernel = self.param("kernel", nn.initializers.normal(), (length * width, length * self.features))
        return (x.reshape((batch, length * width)) @ kernel).reshape((batch, length, self.features)) + bias


class Stack(nn.Module):
    """The length stays, the features change."""

    features: tuple[int, ...]

    def setup(self):
        self.layers = [Padded(size) for size in self.features]

    def __call__(self, x):
        for i in range(len(self.layers)):
            x = jnp.tanh(self.layers[i](x)) + 1.0
        return x


class Makes(nn.Module):
    """The function does more than to read fields."""

    def setup(self):
        self.dense = created(self, 3)

    def make(self, size):
        return nn.Dense(size)

    def __call__(self, x):
        return self.dense(x)


class NotRun(nn.Module):
    """What runs the layers cannot be followed."""

    features: tuple[int, ...]

    def setup(self):
        self.layers = [nn.Dense(size) for size in self.features]

    def __call__(self, x):
        i = 0
        while i < len(self.features):
            x = self.layers[i](x)
            i += 1
        return x
