"""A side of a proof as a jaxpr with named inputs and outputs."""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
from jax._src.interpreters import partial_eval  # tracers have no public name

Weights = Mapping[str, Any]
Side = Callable[[Any, Any, Any], "tuple[Any, Weights]"]


@dataclass(frozen=True)
class Program:
    """A traced side.

    Attributes:
        jaxpr: closed; inputs are weights by name, then keys by name, then inputs in tree order.
        outputs: path of each output array, in order; container types are not part of a path.
        state: name of each state array after the call, in order, following the outputs.
    """

    jaxpr: Any
    outputs: tuple[str, ...]
    state: tuple[str, ...]


def trace(side: Side, weights: Weights, keys: Weights, inputs: Any) -> Program:
    """The side traced on abstract values (anything with shape and dtype)."""
    labels: dict[str, tuple[str, ...]] = {}

    def flat(weights: Weights, keys: Weights, inputs: Any) -> tuple[list[Any], list[Any]]:
        outputs, state = side(weights, keys, inputs)
        named = jax.tree_util.tree_flatten_with_path(outputs)[0]
        kept = sorted((name, value) for name, value in state.items())
        labels["outputs"] = tuple(spell(path) for path, _ in named)
        labels["state"] = tuple(name for name, _ in kept)
        return [value for _, value in named], [value for _, value in kept]

    with _short_errors():
        jaxpr = jax.make_jaxpr(flat)(dict(weights), dict(keys), inputs)
    return Program(jaxpr, labels["outputs"], labels["state"])


def _short_errors() -> contextlib.AbstractContextManager[Any]:
    """Flax asks each traced variable for its sharding; wording JAX's error takes time quadratic in the program."""
    if not hasattr(partial_eval.DynamicJaxprTracer, "_origin_msg"):
        return contextlib.nullcontext()
    return mock.patch.object(partial_eval.DynamicJaxprTracer, "_origin_msg", lambda self: "")


def input_paths(inputs: Any) -> list[str]:
    return [spell(path) for path, _ in jax.tree_util.tree_flatten_with_path(inputs)[0]]


def spell(path: tuple[Any, ...]) -> str:
    """A tree path by names and positions alone."""
    return "/".join(str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path)


def with_gradients(side: Side, trainable: Callable[[str], bool]) -> Side:
    """The side with its vector-Jacobian product: for every cotangent, hence for every loss of the outputs.

    Its inputs are `(inputs, cotangents)`, one cotangent per real or complex output in tree order; its outputs are the
    outputs, the cotangents of the trainable weights by name, and those of the real and complex inputs.
    """

    def both(weights: Weights, keys: Any, inputs: tuple[Any, Any]) -> tuple[Any, Weights]:
        inputs, cotangents = inputs
        leaves, tree = jax.tree.flatten(inputs)
        places = [k for k, leaf in enumerate(leaves) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
        own = {name: value for name, value in weights.items() if trainable(name)}

        def forward(own: Weights, chosen: list[Any]) -> tuple[Any, Any]:
            filled = list(leaves)
            for k, value in zip(places, chosen):
                filled[k] = value
            outputs, state = side({**weights, **own}, keys, jax.tree.unflatten(tree, filled))
            return inexact(outputs), (outputs, state)

        _, pull, (outputs, state) = jax.vjp(forward, own, [leaves[k] for k in places], has_aux=True)
        of_weights, of_inputs = pull(cotangents)
        return {"output": outputs, "gradient": of_weights, "input gradient": of_inputs}, state

    return both


def cotangents(side: Side, weights: Weights, keys: Weights, inputs: Any) -> Any:
    """Abstract cotangents of a side's real and complex outputs."""
    with _short_errors():
        return jax.eval_shape(lambda w, k, x: inexact(side(w, k, x)[0]), dict(weights), dict(keys), inputs)


def inexact(outputs: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(outputs) if jnp.issubdtype(jnp.result_type(leaf), jnp.inexact)]
