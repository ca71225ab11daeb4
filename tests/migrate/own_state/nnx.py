"""Modules that make and use train states of themselves."""
import abc
from typing import Any, Callable, NamedTuple

import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class State(NamedTuple):
    params: Any
    apply_fn: Callable
    value_fn: Callable
    gradient_fn: Callable


class Potential(abc.ABC, nnx.Module):
    """Base of what has a value or a gradient."""

    @property
    @abc.abstractmethod
    def is_potential(self) -> bool:
        """Whether it has a value."""

    def value_fn(self, params, other=None):
        if self.is_potential:
            return lambda x: self.with_params(params)(x)
        assert other is not None

        def value(x):
            # of the gradient
            grad = jax.lax.stop_gradient(self.with_params(params)(x))
            return -other(grad) + jax.vmap(jnp.dot)(grad, x)

        return value

    def gradient_fn(self, params):
        if self.is_potential:
            return jax.vmap(jax.grad(self.value_fn(params)))
        return lambda x: self.with_params(params)(x)

    def create_state(self, rng, size):
        """The first state."""
        params = nnx.state(self, nnx.Param)
        return State(
            params,
            apply_fn=lambda variables, *args: self.with_params(variables["params"])(*args),
            value_fn=self.value_fn,
            gradient_fn=self.gradient_fn,
        )

    def with_params(self, params):
        """A copy of this module that has these parameters."""
        rest = nnx.state(self, nnx.Not(nnx.Param))
        return nnx.merge(nnx.graphdef(self), params, rest)


class MLP(Potential):
    is_potential: bool = True  # or a gradient

    def __init__(
        self,
        in_features: int,
        hidden: int,
        is_potential: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.is_potential = is_potential
        self.dense_0 = nnx.Linear(in_features, hidden, rngs=rngs)
        if is_potential:
            self.dense_1 = nnx.Linear(hidden, 1, rngs=rngs)
        else:
            self.dense_2 = nnx.Linear(hidden, in_features, rngs=rngs)

    def __call__(self, x):
        z = nnx.softplus(self.dense_0(x))
        if self.is_potential:
            return self.dense_1(z).squeeze(-1)
        return x + self.dense_2(z)


class Wrapped(Potential):
    is_potential: bool = True

    def __init__(self, model: nnx.Module, is_potential: bool = True, *, rngs: nnx.Rngs):
        self.model = model
        self.is_potential = is_potential

    def __call__(self, x):
        return self.model(x).squeeze()

    def gradient_fn(self, params):
        return lambda x: self.with_params(params)(x)


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
