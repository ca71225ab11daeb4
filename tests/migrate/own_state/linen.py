"""Modules that make and use train states of themselves."""
import abc
from typing import Any, Callable, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp


class State(NamedTuple):
    params: Any
    apply_fn: Callable
    value_fn: Callable
    gradient_fn: Callable


class Potential(abc.ABC, nn.Module):
    """Base of what has a value or a gradient."""

    @property
    @abc.abstractmethod
    def is_potential(self) -> bool:
        """Whether it has a value."""

    def value_fn(self, params, other=None):
        if self.is_potential:
            return lambda x: self.apply({"params": params}, x)
        assert other is not None

        def value(x):
            # of the gradient
            grad = jax.lax.stop_gradient(self.apply({"params": params}, x))
            return -other(grad) + jax.vmap(jnp.dot)(grad, x)

        return value

    def gradient_fn(self, params):
        if self.is_potential:
            return jax.vmap(jax.grad(self.value_fn(params)))
        return lambda x: self.apply({"params": params}, x)

    def create_state(self, rng, size):
        """The first state."""
        params = self.init(rng, jnp.ones(size))["params"]
        return State(
            params,
            apply_fn=self.apply,
            value_fn=self.value_fn,
            gradient_fn=self.gradient_fn,
        )


class MLP(Potential):
    hidden: int
    is_potential: bool = True  # or a gradient

    @nn.compact
    def __call__(self, x):
        z = nn.softplus(nn.Dense(self.hidden)(x))
        if self.is_potential:
            return nn.Dense(1)(z).squeeze(-1)
        return x + nn.Dense(x.shape[-1])(z)


class Wrapped(Potential):
    model: nn.Module
    is_potential: bool = True

    @nn.compact
    def __call__(self, x):
        return self.model(x).squeeze()

    def gradient_fn(self, params):
        return lambda x: self.apply({"params": params}, x)


class WithStreams(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)

    def draw(self, params, x, key):
        return self.apply({"params": params}, x, rngs={"dropout": key})


class WithStatistics(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.BatchNorm()(x, use_running_average=True)

    def run(self, params, statistics, x):
        return self.apply({"params": params, "batch_stats": statistics}, x)


class WholeTree(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)

    def variables_of(self, key, x):
        return self.init(key, x)


class InItself(nn.Module):
    @nn.compact
    def __call__(self, x, params=None):
        y = nn.Dense(3)(x)
        return y if params is None else y + self.apply({"params": params}, x)


class Taken(nn.Module):
    with_params: bool = False

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x) if self.with_params else nn.Dense(4)(x)

    def run(self, params, x):
        return self.apply({"params": params}, x)
