"""Fields with a string below them, as documentation tools read it, and remarks in setup."""
from flax import nnx


class MLP(nnx.Module):
    """A perceptron."""

    def __init__(
        self,
        in_features: int,
        features: int,
        hidden: int = 4,
        activation: str = "relu",
        # for attention maps
        use_bias: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        r"""Args:
            features: Size of what comes out.
            hidden: Size of the hidden layer, which is so long a story that it has to be
                told in several lines.

                And in a second paragraph:

                  - with a list of things
            activation: One of relu and tanh; \alpha is not one.
        """
        self.activation = activation
        self.dense_0 = nnx.Linear(in_features, hidden, use_bias=use_bias, rngs=rngs)
        self.dense_1 = nnx.Linear(hidden, features, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.dense_0(x))
        x = x if self.activation == "relu" else -x
        return self.dense_1(x)


def inside():
    class Inner(nnx.Module):
        def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
            """Args:
                features: Size.
            """
            self.dense = nnx.Linear(in_features, features, rngs=rngs)

        def __call__(self, x):
            return self.dense(x)

    return Inner


class Undocumented(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        """Args:
            features: Not what the class is.
        """
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Constant(nnx.Module):
    scale = 2.0
    """No field: it has no annotation."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        return self.scale * self.dense(x)


class Remarks(nnx.Module):
    def __init__(
        self,
        in_features: int,
        others_in_features: int,
        sizes: tuple = (3, 4),
        deep: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        # first of all
        self.first = nnx.Linear(in_features, 4, rngs=rngs)
        # what comes next
        # or not
        if deep:
            self.last = nnx.Linear(4, 3, rngs=rngs)
        else:
            # not deep
            self.last = nnx.Linear(4, 2, rngs=rngs)
        self.others = nnx.List([])
        x_features = others_in_features
        for size in sizes:
            # one for each size
            self.others.append(nnx.Linear(x_features, size, rngs=rngs))
            x_features = size

    def __call__(self, x):
        x = self.last(self.first(x))
        for other in self.others:
            x = other(x)
        return x


class Encoder(nnx.Module):
    """Encodes.

    More about it.

    Attributes:
      scale: no field of this class
    """

    def __init__(
        self, in_features: int, features: int, rate: float = 0.1, *, rngs: nnx.Rngs
    ):
        """Args:
            features (int): size of what comes out, which is told in a line that is
                nearly too long and goes on.
            rate: of dropout
        """
        self.rate = rate
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x) * self.rate


class Decoder(nnx.Module):
    r"""Decodes.

    Example:
        Decoder(3)
    """

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        r"""Args:
            features: \alpha of them.
        """
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Short(nnx.Module):
    """Short."""

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        """Args:
            features: a few.
        """
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Prose(nnx.Module):
    """Prose.

    Attributes:
        there are features, and that is all.
    """

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class SpeaksOfTheClass(nnx.Module):
    """A layer.

    Attributes
    ----------
    width: int
        How wide it is.
    """

    def __init__(self, in_features: int, width: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, width, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)
