"""Setup chooses between modules, or between a module and a function."""
import flax.linen as nn
import jax.numpy as jnp

FUNCTIONS = {"relu": nn.relu, "tanh": jnp.tanh}


class Identity(nn.Module):
    @nn.compact
    def __call__(self, x, **kwargs):
        return x


class Layer(nn.Module):
    features: int
    activation: str | None = "relu"

    def setup(self):
        self.dense = nn.Dense(self.features)
        self.act = FUNCTIONS[self.activation] if self.activation is not None else Identity()

    def __call__(self, x):
        return self.act(self.dense(x))


class Residual(nn.Module):
    width: int
    features: int

    def setup(self):
        changes = self.width != self.features
        # what the sum needs
        self.shortcut = nn.Dense(self.features) if changes else Identity()
        self.layer = Layer(self.features)
        self.head = (
            nn.Dense(2, name="two")
            if self.width > 3
            else nn.Dense(3, use_bias=False)  # few
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


class Wide(nn.Module):
    features: int

    def setup(self):
        self.first = nn.Dense(2 * self.features)
        self.second = nn.Dense(self.features)

    def __call__(self, x):
        return self.second(nn.relu(self.first(x)))


class Narrow(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class Stage(nn.Module):
    """Makes its layers of one of two classes."""

    features: int
    depth: int = 3
    kind: str = "wide"

    def setup(self):
        layer = Wide if self.kind == "wide" else Narrow

        layers = [
            # the first one
            layer(self.features, name="0"),
        ]

        for i in range(self.depth - 1):
            layers.append(layer(self.features, name=str(i + 1)))

        self.layers = layers
        self.last = layer(2)

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
