"""Names that count the turns of a loop, in each of their spellings."""
import flax.linen as nn
from flax import nnx


class Stack(nnx.Module):
    def __init__(self, in_features: int, depth: int, width: int = 4, *, rngs: nnx.Rngs):
        self.layers = nnx.List([])
        x_features = in_features
        for i in range(depth):
            self.layers.append(nnx.Linear(x_features, width, rngs=rngs))
            x_features = width

    def __call__(self, x):
        for layer in self.layers:
            x = nnx.relu(layer(x))
        return x


class Tower(nnx.Module):
    def __init__(self, in_features: int, depth: int, *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for i in range(depth):
            self.dense_layers.append(nnx.Linear(x_features, 5, rngs=rngs))
            x_features = 5

    def __call__(self, x):
        for dense in self.dense_layers:
            x = nnx.relu(dense(x))
        return x


class Hidden(nnx.Module):
    """The layers are called as the values that go through them."""

    def __init__(self, in_features: int, sizes: tuple[int, ...], *, rngs: nnx.Rngs):
        self.hiddens = nnx.List([])
        hidden_features = in_features
        for i, size in enumerate(sizes):
            self.hiddens.append(nnx.Linear(hidden_features, size, rngs=rngs))
            hidden_features = size

    def __call__(self, x):
        hidden = x
        for hidden_layer in self.hiddens:
            hidden = hidden_layer(hidden)
        return hidden


class Odd(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.Dense(5, name=str(2 * i))(x)
        return x


class Zipped(nnx.Module):
    """Layers named by the range that is run over beside their sizes."""

    def __init__(self, in_features: int, sizes: tuple[int, ...], *, rngs: nnx.Rngs):
        self.layers = nnx.List([])
        x_features = in_features
        for i, n in zip(range(len(sizes)), sizes):
            self.layers.append(nnx.Linear(x_features, n, rngs=rngs))
            x_features = n

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class NamedBySize(nn.Module):
    """The range counts the layers, but their names are the sizes."""

    sizes: tuple[int, ...]

    def setup(self):
        self.layers = [nn.Dense(n, name=f"layer_{n}") for i, n in zip(range(len(self.sizes)), self.sizes)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class FromOne(nn.Module):
    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        for i, n in enumerate(self.sizes, start=1):
            x = nn.Dense(n, name=f"layer_{i}")(x)
        return x


class Lambda(nnx.Module):
    """Names that are words of Python."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.if_layer = nnx.Linear(in_features, 3, rngs=rngs)
        self.lambda_param = nnx.Param(nnx.initializers.ones(rngs.params(), (3,)))

    def __call__(self, x):
        x = self.if_layer(x)
        return x * self.lambda_param[...]


class OfLambdas(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.class_layers = nnx.List([])
        x_features = in_features
        for i in range(2):
            self.class_layers.append(Lambda(x_features, rngs=rngs))
            x_features = 3
        self.lambda_layer = Lambda(x_features, rngs=rngs)

    def __call__(self, x):
        for class_layer in self.class_layers:
            x = class_layer(x)
        return self.lambda_layer(x)


class NoName(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = self.variable("batch_stats", "class", lambda: 0.0)
        return x + count.value
