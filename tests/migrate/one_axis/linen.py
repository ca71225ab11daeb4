import flax.linen as nn
import jax.numpy as jnp


class Mix(nn.Module):
    """Mixes the channels, which stand before the places: the constructor takes the one size that it needs by its name."""

    features: int
    use_bias: bool = True

    @nn.compact
    def __call__(self, x):
        channels = x.shape[-2]
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (self.features, channels))
        y = jnp.einsum("...cp,fc->...fp", x, kernel)
        if self.use_bias:
            y = y + self.param("bias", nn.initializers.zeros, (self.features, 1))
        return y


class Wider(Mix):
    factor: int = 2

    def __call__(self, x):
        return self.factor * super().__call__(x)


class Mixes(nn.Module):
    """Layers by number, of an array whose rank only the call knows."""

    features: tuple
    depth: int = 3

    def setup(self):
        self.first = Mix(self.features[0])
        self.layers = [Mix(self.features[i + 1]) for i in range(self.depth - 1)]

    def __call__(self, x):
        if x.ndim < 3:
            x = jnp.expand_dims(x, -2)
        x = self.first(x)
        for i in range(self.depth - 1):
            x = self.layers[i](nn.relu(x))
        return x


class Pairs(nn.Module):
    """Two lists of layers that a loop takes by the same numbers."""

    features: tuple

    def setup(self):
        self.same = [Mix(self.features[i + 1]) for i in range(2)]
        self.flipped = [Mix(self.features[i + 1]) for i in range(2)]

    @nn.compact
    def __call__(self, x):
        x = Mix(self.features[0], name="first")(x)
        y = -x
        for i in range(2):
            new = self.same[i](x) + self.flipped[i](y)
            y = self.same[i](y) + self.flipped[i](x)
            x = jnp.array(new)
        return x + y


class Table(nn.Module):
    """Needs the last two axes of an array that may have more."""

    features: int

    @nn.compact
    def __call__(self, x):
        table = self.param("table", nn.initializers.normal(), (x.shape[-2], x.shape[-1], self.features))
        return jnp.einsum("...pc,pcf->...pf", x, table)


class Tables(nn.Module):
    """What is known of the end of a shape is enough, whatever stands before it."""

    features: tuple

    def setup(self):
        self.tables = [Table(size) for size in self.features]

    def __call__(self, x):
        x = jnp.expand_dims(x, -1)
        for table in self.tables:
            x = table(x)
        return x


class OtherRank(nn.Module):
    """What an array of unknown rank is added to does not tell how many axes the sum has."""

    features: int

    @nn.compact
    def __call__(self, x, weigh):
        y = self.param("scale", nn.initializers.ones, (self.features, 4)) + weigh(x)
        return nn.Dense(3)(y.reshape(y.shape[0], -1))


# What stays a shape: the name is no name of the size alone.


class Twice(nn.Module):
    """The name has another value later."""

    @nn.compact
    def __call__(self, x):
        length = x.shape[-2]
        kernel = self.param("kernel", nn.initializers.normal(), (length, 3))
        length = 2 * length
        return jnp.einsum("...lc,lf->...cf", x, kernel) / length


class AlsoLast(nn.Module):
    """Another axis is needed as well."""

    @nn.compact
    def __call__(self, x):
        length = x.shape[-2]
        return self.param("table", nn.initializers.normal(), (length, 3)) + nn.Dense(3)(x)


class OfField(nn.Module):
    """A field has the name."""

    length: int = 3

    @nn.compact
    def __call__(self, x):
        length = x.shape[-2]
        return x + self.param("table", nn.initializers.normal(), (length, 1)) + self.length


class Nameless(nn.Module):
    """The size has no name."""

    @nn.compact
    def __call__(self, x):
        return x + self.param("table", nn.initializers.normal(), (x.shape[-2], 1))


class OfTheFile(nn.Module):
    """A function of the file has the name."""

    size: int = 1

    def setup(self):
        self.width = places(self.size)

    @nn.compact
    def __call__(self, x):
        return x + Placed(self.width)(x)


class Placed(nn.Module):
    size: int

    @nn.compact
    def __call__(self, x):
        places = x.shape[-2]
        return x + self.param("table", nn.initializers.normal(), (places, self.size))


def places(size):
    return 2 * size


class SizeOfOther(nn.Module):
    """The size of another argument has the name."""

    @nn.compact
    def __call__(self, x, y):
        y_features = x.shape[-2]
        return nn.Dense(4)(y) + self.param("table", nn.initializers.normal(), (y_features, 1))


class OtherMethod(nn.Module):
    """Another method has an argument of this name."""

    @nn.compact
    def __call__(self, x):
        length = x.shape[-2]
        return x + self.param("table", nn.initializers.normal(), (length, 1))

    def cut(self, x, length):
        return x[..., :length, :]
