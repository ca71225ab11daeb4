from flax import nnx
import jax.numpy as jnp


class Mix(nnx.Module):
    """Mixes the channels, which stand before the places: the constructor takes the one size that it needs by its name."""

    def __init__(
        self, channels: int, features: int, use_bias: bool = True, *, rngs: nnx.Rngs
    ):
        self.use_bias = use_bias
        self.kernel = nnx.Param(
            nnx.initializers.lecun_normal()(rngs.params(), (features, channels))
        )
        if use_bias:
            self.bias = nnx.Param(nnx.initializers.zeros(rngs.params(), (features, 1)))

    def __call__(self, x):
        kernel = self.kernel[...]
        y = jnp.einsum("...cp,fc->...fp", x, kernel)
        if self.use_bias:
            y = y + self.bias[...]
        return y


class Wider(Mix):
    def __init__(
        self,
        channels: int,
        features: int,
        use_bias: bool = True,
        factor: int = 2,
        *,
        rngs: nnx.Rngs,
    ):
        super().__init__(channels, features, use_bias=use_bias, rngs=rngs)
        self.factor = factor

    def __call__(self, x):
        return self.factor * super().__call__(x)


class Mixes(nnx.Module):
    """Layers by number, of an array whose rank only the call knows."""

    def __init__(
        self, first_channels: int, features: tuple, depth: int = 3, *, rngs: nnx.Rngs
    ):
        self.depth = depth
        self.first = Mix(first_channels, features[0], rngs=rngs)
        self.layers = nnx.List([])
        x_axis2 = features[0]
        for i in range(depth - 1):
            self.layers.append(Mix(x_axis2, features[i + 1], rngs=rngs))
            x_axis2 = features[i + 1]

    def __call__(self, x):
        if x.ndim < 3:
            x = jnp.expand_dims(x, -2)
        x = self.first(x)
        for i in range(self.depth - 1):
            x = self.layers[i](nnx.relu(x))
        return x


class Pairs(nnx.Module):
    """Two lists of layers that a loop takes by the same numbers."""

    def __init__(self, in_shape: tuple[int, ...], features: tuple, *, rngs: nnx.Rngs):
        self.same = nnx.List([])
        x_axis2 = features[0]
        for i in range(2):
            self.same.append(Mix(x_axis2, features[i + 1], rngs=rngs))
            x_axis2 = features[i + 1]
        self.flipped = nnx.List([])
        y_axis2 = features[0]
        for i in range(2):
            self.flipped.append(Mix(y_axis2, features[i + 1], rngs=rngs))
            y_axis2 = features[i + 1]
        self.first = Mix(in_shape[-2], features[0], rngs=rngs)

    def __call__(self, x):
        x = self.first(x)
        y = -x
        for i in range(2):
            new = self.same[i](x) + self.flipped[i](y)
            y = self.same[i](y) + self.flipped[i](x)
            x = jnp.array(new)
        return x + y


class Table(nnx.Module):
    """Needs the last two axes of an array that may have more."""

    def __init__(self, in_shape: tuple[int, ...], features: int, *, rngs: nnx.Rngs):
        self.table = nnx.Param(
            nnx.initializers.normal()(
                rngs.params(), (in_shape[-2], in_shape[-1], features)
            )
        )

    def __call__(self, x):
        table = self.table[...]
        return jnp.einsum("...pc,pcf->...pf", x, table)


class Tables(nnx.Module):
    """What is known of the end of a shape is enough, whatever stands before it."""

    def __init__(self, in_features: int, features: tuple, *, rngs: nnx.Rngs):
        self.tables = nnx.List([])
        x_features = 1
        for size in features:
            self.tables.append(Table((in_features, x_features), size, rngs=rngs))
            x_features = size

    def __call__(self, x):
        x = jnp.expand_dims(x, -1)
        for table in self.tables:
            x = table(x)
        return x


class OtherRank(nnx.Module):
    """What an array of unknown rank is added to does not tell how many axes the sum has."""

    def __init__(self, dense_in_features: int, features: int, *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (features, 4)))
        self.dense = nnx.Linear(dense_in_features, 3, rngs=rngs)

    def __call__(self, x, weigh):
        y = self.scale[...] + weigh(x)
        return self.dense(y.reshape(y.shape[0], -1))


# What stays a shape: the name is no name of the size alone.


class Twice(nnx.Module):
    """The name has another value later."""

    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        length = in_shape[-2]
        self.kernel = nnx.Param(nnx.initializers.normal()(rngs.params(), (length, 3)))

    def __call__(self, x):
        length = x.shape[-2]
        kernel = self.kernel[...]
        length = 2 * length
        return jnp.einsum("...lc,lf->...cf", x, kernel) / length


class AlsoLast(nnx.Module):
    """Another axis is needed as well."""

    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        length = in_shape[-2]
        self.table = nnx.Param(nnx.initializers.normal()(rngs.params(), (length, 3)))
        self.dense = nnx.Linear(in_shape[-1], 3, rngs=rngs)

    def __call__(self, x):
        return self.table[...] + self.dense(x)


class OfField(nnx.Module):
    """A field has the name."""

    def __init__(self, in_shape: tuple[int, ...], length: int = 3, *, rngs: nnx.Rngs):
        self.length = length
        length = in_shape[-2]
        self.table = nnx.Param(nnx.initializers.normal()(rngs.params(), (length, 1)))

    def __call__(self, x):
        return x + self.table[...] + self.length


class Nameless(nnx.Module):
    """The size has no name."""

    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.table = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (in_shape[-2], 1))
        )

    def __call__(self, x):
        return x + self.table[...]


class OfTheFile(nnx.Module):
    """A function of the file has the name."""

    def __init__(self, in_shape: tuple[int, ...], size: int = 1, *, rngs: nnx.Rngs):
        self.width = places(size)
        self.placed = Placed(in_shape, self.width, rngs=rngs)

    def __call__(self, x):
        return x + self.placed(x)


class Placed(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], size: int, *, rngs: nnx.Rngs):
        places = in_shape[-2]
        self.table = nnx.Param(nnx.initializers.normal()(rngs.params(), (places, size)))

    def __call__(self, x):
        return x + self.table[...]


def places(size):
    return 2 * size


class SizeOfOther(nnx.Module):
    """The size of another argument has the name."""

    def __init__(
        self, in_shape: tuple[int, ...], input_y_features: int, *, rngs: nnx.Rngs
    ):
        y_features = in_shape[-2]
        self.dense = nnx.Linear(input_y_features, 4, rngs=rngs)
        self.table = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (y_features, 1))
        )

    def __call__(self, x, y):
        return self.dense(y) + self.table[...]


class OtherMethod(nnx.Module):
    """Another method has an argument of this name."""

    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        length = in_shape[-2]
        self.table = nnx.Param(nnx.initializers.normal()(rngs.params(), (length, 1)))

    def __call__(self, x):
        return x + self.table[...]

    def cut(self, x, length):
        return x[..., :length, :]
