"""Variables in collections of their own."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


class EmaVariable(nnx.Variable):
    """The collection `ema`."""


class Ema(nnx.Module):
    def __init__(self, in_features: int, decay: float = 0.9, *, rngs: nnx.Rngs):
        self.decay = decay
        self.mean = EmaVariable(jnp.zeros((in_features,)))
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        seen = hasattr(self, "mean")
        mean = self.mean
        if seen:
            mean[...] = self.decay * mean[...] + (1 - self.decay) * x.mean(0)
        return self.dense(x - mean[...])


class MyState(nnx.Variable):
    """The collection `my_state`."""


class Guarded(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.total = MyState(jnp.zeros((3,)))
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        total = self.total
        # Not when the model is made
        # see above
        total[...] = total[...] + x.sum()
        # twice
        total[...] += 1
        return self.dense(x) * total[...]


class CounterVariable(nnx.Variable):
    """The collection `counter`."""


class Kept(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.steps = CounterVariable(jnp.zeros(()))
        self.mean = EmaVariable(jnp.zeros((3,)))

    def __call__(self, x):
        self.steps[...] += 1
        return x + self.steps[...] + self.mean[...]


class Counter(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = self.variable("counter", "count", lambda: jnp.zeros((), jnp.int32))
        count.value += 1
        return x * count.value


class Late(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + self.variable("counter", "last", lambda: x).value


class Remarks(nnx.Module):
    """Remarks of a condition that goes."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        # nothing is left of this
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        # above
        # beside
        # inside
        x = x * 2  # own
        # below
        # but for this
        return self.dense(x)
