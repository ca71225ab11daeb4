"""Linen and NNX modules as sides of a proof, and the numeric check that every proved pair must pass."""
import contextlib
import itertools
from unittest import mock

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from flax.core.scope import Scope
from flax.nnx import rnglib

from flake8_nnx.verify.prove import KEY, prove_equal


def spec(shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


def named(tree):
    return {"/".join(str(k.key) for k in path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]}


def nested(flat):
    tree = {}
    for path, leaf in flat.items():
        *parents, name = path.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = leaf
    return tree


class Pair:
    """A Linen module and an NNX constructor, with `paths` from Linen module paths to NNX module paths ("" for itself)."""

    def __init__(self, linen, make, inputs, paths=None, *, streams=(), kwargs=None, method="__call__", call=None, mutable=None):
        self.linen, self.inputs, self.streams, self.kwargs = linen, inputs, streams, kwargs or {}
        self.method = method
        self.nnx_call = call or (lambda model, *args: getattr(model, method)(*args, **self.kwargs))
        self.model = nnx.eval_shape(make)
        self.make = make
        self.graph, _ = nnx.split(self.model)
        self.variables = {"/".join(map(str, p)): v for p, v in nnx.to_flat_state(nnx.state(self.model))}
        self.new_keys = {n: v.get_value() for n, v in self.variables.items() if isinstance(v, nnx.RngState)}
        self.old_keys = {stream: KEY for stream in streams}
        keys = {name: jax.random.key(0) for name in ("params", *streams)}
        self.weights = named(jax.eval_shape(lambda x: linen.init(keys, *x, method=method, **self.kwargs), inputs))
        self.weights = {name: leaf for name, leaf in self.weights.items() if not name.startswith("intermediates")}
        paths = {"": ""} if paths is None else paths
        self.map = {name: self._target(name, paths) for name in self.weights}
        assert set(self.map.values()) == set(self.variables) - set(self.new_keys), (self.map, sorted(self.variables))
        self.mutable = sorted({name.split("/")[0] for name in self.weights} - {"params"})

    def _target(self, name, paths):
        module, leaf = name.split("/")[1:-1], name.split("/")[-1]
        for k in range(len(module), -1, -1):
            if "/".join(module[:k]) in paths:
                return "/".join(filter(None, [paths["/".join(module[:k])], *module[k:], leaf]))
        raise KeyError(name)

    def old(self, weights, keys, inputs):
        variables = nested(weights)
        out, updates = self.linen.apply(
            variables, *inputs, rngs=keys or None, method=self.method, mutable=self.mutable, **self.kwargs
        )
        return out, named(updates)

    def new(self, weights, keys, inputs):
        back = {target: name for name, target in self.map.items()}
        state = [
            (tuple(int(p) if p.isdigit() else p for p in path.split("/")),
             v.replace(keys[path] if path in keys else weights[back[path]]))
            for path, v in self.variables.items()
        ]  # fmt: skip
        model = nnx.merge(self.graph, nnx.from_flat_state(state))
        out = self.nnx_call(model, *inputs)
        after = {"/".join(map(str, p)): v.get_value() for p, v in nnx.to_flat_state(nnx.state(model))}
        return out, {back.get(name, name): value for name, value in after.items() if name in back or name in keys}

    def prove(self, **options):
        return prove_equal(
            self.old, self.new, self.weights, self.inputs, old_keys=self.old_keys, new_keys=self.new_keys, **options
        )

    def run(self, seed=0, gradients=False):
        """Both sides on the same weights and inputs, the n-th draw of either from the same key."""
        values = [draw(leaf, seed + k, name) for k, (name, leaf) in enumerate(sorted(self.weights.items()))]
        weights = dict(zip(sorted(self.weights), values))
        leaves, tree = jax.tree.flatten(self.inputs)
        inputs = jax.tree.unflatten(tree, [draw(leaf, seed + 99 + k) for k, leaf in enumerate(leaves)])
        keys = {
            n: jax.random.split(jax.random.key(0), v.shape) if "key" in str(v.dtype) else jnp.zeros(v.shape, v.dtype)
            for n, v in self.new_keys.items()
        }
        results = []
        for side, own in ((self.old, {s: jax.random.key(1) for s in self.old_keys}), (self.new, keys)):

            def loss(weights, side=side, own=own):
                with numbered_draws():
                    out, state = side(weights, own, inputs)
                return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(out)), (out, state)

            gradient, (out, state) = jax.grad(loss, has_aux=True)(weights) if gradients else ({}, loss(weights)[1])
            state = {name: value for name, value in state.items() if name in self.weights}
            results.append((out, {**weights, **state}, gradient))
        return results

    def assert_same_numbers(self, precision="bits", gradients=False):
        """Bit for bit, or within rounding for what is only equal over the reals."""
        old, new = self.run(gradients=gradients)
        for left, right in zip(jax.tree.leaves(old), jax.tree.leaves(new), strict=True):
            close(left, right, 0.0 if precision != "reals" else 1e-6)


@contextlib.contextmanager
def numbered_draws():
    """The n-th key that flax makes is the n-th of one sequence, for either kind of module."""
    count = itertools.count()

    def key(self, *args, **kwargs):
        return jax.random.fold_in(jax.random.key(7), next(count))

    with mock.patch.object(Scope, "make_rng", key), mock.patch.object(rnglib.RngStream, "__call__", key):
        yield


def close(left, right, tolerance):
    left, right = np.asarray(left), np.asarray(right)
    assert left.shape == right.shape and left.dtype == right.dtype
    scale = np.max(np.abs(left.astype(np.float64)), initial=1e-30)
    error = np.max(np.abs(left.astype(np.float64) - right.astype(np.float64)), initial=0.0)
    assert error <= tolerance * scale, f"{error} > {tolerance} * {scale}"


def draw(leaf, seed, name=""):
    rng = np.random.default_rng(seed)
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        value = rng.standard_normal(leaf.shape) * 0.5
        return jnp.asarray(np.abs(value) + 0.1 if name.endswith("var") else value, leaf.dtype)
    if leaf.dtype == jnp.bool_:
        return jnp.asarray(rng.integers(0, 2, leaf.shape).astype(bool))
    return jnp.asarray(rng.integers(0, 3, leaf.shape), leaf.dtype)


def rngs():
    return nnx.Rngs(params=0, dropout=1, carry=2)


__all__ = ["Pair", "close", "draw", "nn", "nnx", "rngs", "spec"]
