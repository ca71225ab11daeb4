"""Modules that code around the class makes, where nobody can say which ones it holds."""
from functools import partial

import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


class Noisy(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x) + 1


def layer_of(noisy):
    def noisy_layer(x, features):
        return Noisy(features)(x)

    def dense_layer(x, features):
        return nn.Dense(features)(x)

    return noisy_layer if noisy else dense_layer


class FunctionsThatItGets(nn.Module):
    noisy: bool = False

    @nn.compact
    def __call__(self, x):
        layer = layer_of(self.noisy)
        return layer(nn.relu(layer(x, 8)), features=4)


def class_of(noisy):
    return Noisy if noisy else nn.Dense


class ClassesThatItGets(nn.Module):
    noisy: bool = False

    @nn.compact
    def __call__(self, x):
        return class_of(self.noisy)(3)(x)


BRANCHES = {"dense": lambda x: nn.Dense(3)(x), "relu": nn.relu}


class OfATable(nn.Module):
    kind: str = "dense"

    @nn.compact
    def __call__(self, x):
        return BRANCHES[self.kind](x)


def each(layers, x):
    def run(y):
        return nn.Dense(2)(y)

    return list(map(run, [x]))


class FirstOfAList(nn.Module):
    """The call gives a list, not what the inner function returns."""

    @nn.compact
    def __call__(self, x):
        return each(1, x)[0]


class Static(nn.Module):
    """Nothing holds what a static method makes."""

    width: int = 3

    @staticmethod
    def scaled(n, m=2):
        return n * m

    @staticmethod
    def dense(x, features):
        return nn.Dense(features)(x)

    @nn.compact
    def __call__(self, x):
        return self.dense(nn.Dense(self.scaled(self.width, 4))(x), 5)


class OfAnotherClass(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Static.dense(x, 5)


class OfAnArgument(nn.Module):
    """`module` is the class itself."""

    @nn.compact
    def __call__(self, x):
        return self.normalized(self, x)

    def normalized(self, module, x):
        return x * module.param("scale", nn.initializers.ones, (x.shape[-1],))


def kind_of(layer):
    return "dense" if isinstance(layer, nn.Dense) else "other"


class Asks(nn.Module):
    """The layer is of another class in NNX."""

    @nn.compact
    def __call__(self, x):
        layer = nn.Dense(4)
        return layer(x) if kind_of(layer) == "dense" else x


class Quiet(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


def is_quiet(layer):
    return isinstance(layer, Quiet)


def halved(x, layer: nn.Module = None) -> jnp.ndarray:
    return x / 2


small = partial(nn.Dense, 3)


def dense(features, x):
    return nn.Dense(features)(x)


class Followed(nnx.Module):
    """What asks for classes that move as well, or is written out, stays as easy as it was."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.quiet = Quiet(in_features, rngs=rngs)
        self.dense_0 = nnx.Linear(4, 3, rngs=rngs)
        self.dense_1 = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, x):
        layer = self.quiet
        x = halved(layer(x)) if is_quiet(layer) else x
        return self.dense_1(self.dense_0(x))


class StaticSizes(nn.Module):
    @staticmethod
    def scaled(n, m=2):
        return n * m

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.scaled(3, 4))(nn.Dense(StaticSizes.scaled(5))(x))


class OneOfTwoNames(nn.Module):
    """`dense` is what the field holds, unless a class that derives from this one says otherwise."""

    widths: tuple = (3, 4)
    dense: type = nn.Dense

    @nn.compact
    def __call__(self, x):
        if hasattr(self, "wrapped"):
            dense = self.wrapped(self.dense)
        else:
            dense = self.dense

        def update(i, x):
            return dense(self.widths[i], name="hidden" + str(i + 1))(x)

        for i in range(len(self.widths)):
            x = update(i, x)
        return x
