"""Variables in collections of their own."""
import flax.linen as nn
import jax.numpy as jnp


class Ema(nn.Module):
    decay: float = 0.9

    @nn.compact
    def __call__(self, x):
        seen = self.has_variable("ema", "mean")
        mean = self.variable("ema", "mean", jnp.zeros, (x.shape[-1],))
        if seen:
            mean.value = self.decay * mean.value + (1 - self.decay) * x.mean(0)
        return nn.Dense(3)(x - mean.value)


class Guarded(nn.Module):
    @nn.compact
    def __call__(self, x):
        total = self.variable("my_state", "total", jnp.zeros, (3,))
        # Not when the model is made
        if not self.is_initializing():  # see above
            total.value = total.value + x.sum()
            # twice
            total.value += 1
        return nn.Dense(3)(x) * total.value


class Kept(nn.Module):
    def setup(self):
        self.steps = self.variable("counter", "steps", lambda: jnp.zeros(()))
        self.mean = self.variable("ema", "mean", jnp.zeros, (3,))

    def __call__(self, x):
        if not self.is_initializing(): self.steps.value += 1
        return x + self.steps.value + self.mean.value


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


class Remarks(nn.Module):
    """Remarks of a condition that goes."""

    @nn.compact
    def __call__(self, x):
        # above
        if not self.is_initializing():  # beside
            # inside
            x = x * 2  # own
            # below
        if not self.is_initializing():
            # nothing is left of this
            first = self.is_initializing()
            # but for this
        return nn.Dense(3)(x)
