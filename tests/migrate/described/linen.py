"""Fields with a string below them, as documentation tools read it, and remarks in setup."""
import flax.linen as nn


class MLP(nn.Module):
    """A perceptron."""

    features: int
    """Size of what comes out."""
    hidden: int = 4
    """Size of the hidden layer, which is so long a story that it has to be told
    in several lines.

    And in a second paragraph:

      - with a list of things
    """
    activation: str = "relu"
    r"""One of relu and tanh; \alpha is not one."""
    # for attention maps
    use_bias: bool = True

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(self.hidden, use_bias=self.use_bias)(x))
        x = x if self.activation == "relu" else -x
        return nn.Dense(self.features)(x)


def inside():
    class Inner(nn.Module):
        features: int
        """Size."""

        @nn.compact
        def __call__(self, x):
            return nn.Dense(self.features)(x)

    return Inner


class Undocumented(nn.Module):
    features: int
    """Not what the class is."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class Constant(nn.Module):
    scale = 2.0
    """No field: it has no annotation."""

    @nn.compact
    def __call__(self, x):
        return self.scale * nn.Dense(3)(x)


class Remarks(nn.Module):
    sizes: tuple = (3, 4)
    deep: bool = True

    def setup(self):
        # first of all
        self.first = nn.Dense(4)
        # what comes next
        if self.deep:  # or not
            self.last = nn.Dense(3)
        else:
            # not deep
            self.last = nn.Dense(2)
        # one for each size
        self.others = [nn.Dense(size) for size in self.sizes]

    def __call__(self, x):
        x = self.last(self.first(x))
        for other in self.others:
            x = other(x)
        return x


class Encoder(nn.Module):
    """Encodes.

    More about it.

    Attributes:
      features (int): size of what comes out, which is told in a line that is nearly too long
        and goes on.
      rate: of dropout
      scale: no field of this class
    """

    features: int
    rate: float = 0.1

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x) * self.rate


class Decoder(nn.Module):
    r"""Decodes.

    Attributes:
        features: \alpha of them.

    Example:
        Decoder(3)
    """

    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class Short(nn.Module):
    """Short.

    Attributes:
        features: a few.
    """

    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class Prose(nn.Module):
    """Prose.

    Attributes:
        there are features, and that is all.
    """

    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class SpeaksOfTheClass(nn.Module):
    width: int
    """A layer.

    Attributes
    ----------
    width: int
        How wide it is.
    """

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)
