"""Names that count the turns of a loop, in each of their spellings."""
import flax.linen as nn


class Stack(nn.Module):
    depth: int
    width: int = 4

    def setup(self):
        self.layers = [nn.Dense(self.width, name=str(i)) for i in range(self.depth)]

    def __call__(self, x):
        for layer in self.layers:
            x = nn.relu(layer(x))
        return x


class Tower(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.relu(nn.Dense(5, name="layer_" + str(i + 1))(x))
        return x


class Hidden(nn.Module):
    """The layers are called as the values that go through them."""

    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        hidden = x
        for i, size in enumerate(self.sizes):
            hidden = nn.Dense(size, name=f"hidden_{i}")(hidden)
        return hidden


class Odd(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.Dense(5, name=str(2 * i))(x)
        return x


class Zipped(nn.Module):
    """Layers named by the range that is run over beside their sizes."""

    sizes: tuple[int, ...]

    def setup(self):
        self.layers = [nn.Dense(n, name=f"layer_{i}") for i, n in zip(range(len(self.sizes)), self.sizes)]

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


class Lambda(nn.Module):
    """Names that are words of Python."""

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3, name="if")(x)
        return x * self.param("lambda", nn.initializers.ones, (3,))


class OfLambdas(nn.Module):
    @nn.compact
    def __call__(self, x):
        for i in range(2):
            x = Lambda(name=f"class_{i}")(x)
        return Lambda()(x)


class NoName(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = self.variable("batch_stats", "class", lambda: 0.0)
        return x + count.value
