"""Setup chooses between modules, or between a module and a function."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp

FUNCTIONS = {"relu": nn.relu, "tanh": jnp.tanh}


class Identity(nnx.Module):
    def __call__(self, x, **kwargs):
        return x


class Layer(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        activation: str | None = "relu",
        *,
        rngs: nnx.Rngs,
    ):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.act = FUNCTIONS[activation] if activation is not None else Identity()

    def __call__(self, x):
        return self.act(self.dense(x))


class Residual(nnx.Module):
    def __init__(self, in_features: int, width: int, features: int, *, rngs: nnx.Rngs):
        changes = width != features
        # what the sum needs
        self.shortcut = (
            nnx.Linear(in_features, features, rngs=rngs) if changes else Identity()
        )
        self.layer = Layer(in_features, features, rngs=rngs)
        # few
        self.head = (
            nnx.Linear(features, 2, rngs=rngs)
            if width > 3
            else nnx.Linear(features, 3, use_bias=False, rngs=rngs)
        )

    def __call__(self, x):
        return self.head(self.layer(x) + self.shortcut(x))


class Same(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x


class Unclear(nn.Module):
    """What the function makes of an array cannot be told."""

    name_of: str = "relu"

    def setup(self):
        self.act = FUNCTIONS[self.name_of] if self.name_of != "none" else Same()
        self.dense = nn.Dense(3)

    def __call__(self, x):
        return self.dense(self.act(x))


class InCall(nn.Module):
    def setup(self):
        self.act = (nn.Dense(3) if self.has_variable("params", "w") else Same())

    def __call__(self, x):
        return self.act(x)


class Argument(nn.Module):
    wide: bool = False

    def setup(self):
        self.dense = jnp.asarray if self.wide else make(nn.Dense(3))

    def __call__(self, x):
        return self.dense(x)


class Wide(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(in_features, 2 * features, rngs=rngs)
        self.second = nnx.Linear(2 * features, features, rngs=rngs)

    def __call__(self, x):
        return self.second(nnx.relu(self.first(x)))


class Narrow(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Stage(nnx.Module):
    """Makes its layers of one of two classes."""

    def __init__(
        self,
        in_features: int,
        features: int,
        depth: int = 3,
        kind: str = "wide",
        *,
        rngs: nnx.Rngs,
    ):
        layer = Wide if kind == "wide" else Narrow
        # the first one
        self.layers = nnx.List([layer(in_features, features, rngs=rngs)])
        for i in range(depth - 1):
            self.layers.append(layer(features, features, rngs=rngs))
        self.last = layer(features, 2, rngs=rngs)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.last(x)


class Other(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, y):
        return nn.Dense(self.features)(x) + y


class Sized(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x, y):
        return nn.Dense(self.width)(x) + nn.Dense(self.width)(y)


class Unlike(nn.Module):
    """They want different arguments."""

    kind: str = "wide"

    def setup(self):
        layer = Sized if self.kind == "wide" else Other
        self.layer = layer(3)

    def __call__(self, x, y):
        return self.layer(x, y)
