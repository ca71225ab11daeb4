"""Modules captured by transforms; arguments, modules without state, other libraries and jit stay silent."""
import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
from flax import nnx


class Cell(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(x)


class Net(nnx.Module):
    def __init__(self, rngs):
        self.cell = Cell(rngs)
        self.norm = nnx.BatchNorm(2, rngs=rngs)
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, xs):
        xs = jax.vmap(lambda x: self.cell(x))(xs)  # NNX829: 32
        xs = jax.vmap(lambda x: self.layer(x))(xs)
        xs = jax.vmap(self.layer)(xs)
        return self.norm(xs)


def run(net: Net, xs):
    def body(i, x):
        return net(x)  # NNX829: 15

    xs = jax.lax.fori_loop(0, 3, body, xs)
    xs = jax.lax.cond(True, lambda x: net(x), lambda x: x, xs)  # NNX829: 38
    xs = nnx.switch(0, [lambda x: net.cell(x), lambda x: x], xs)  # NNX829: 34
    return jax.grad(lambda x: net(x).sum())(xs)  # NNX829: 30


def merged(net: Net, x):
    graphdef, params, rest = nnx.split(net, nnx.Param, ...)
    grads = jax.grad(lambda params: nnx.merge(graphdef, params, rest)(x).sum())(params)  # NNX829: 36
    grads = jax.grad(lambda params: nnx.merge(graphdef, params, rest, copy=True)(x).sum())(params)
    jax.jit(lambda params, rest: nnx.merge(graphdef, params, rest)(x))(params, rest)
    graphdef, state = nnx.split(net)
    return grads, jax.grad(lambda state: nnx.merge(graphdef, state)(x).sum())(state)


# ---- silent -------------------------------------------------------------------------------------------------------


def right(net: Net, layer: nnx.Linear, xs):
    nnx.grad(lambda net: net(xs).sum())(net)
    nnx.scan(lambda net, x: (net, net(x)), in_axes=(nnx.Carry, 0), out_axes=(nnx.Carry, 0))(net, xs)
    jax.lax.scan(lambda c, x: (c, layer(x)), 0.0, xs)
    jax.vmap(lambda x: jnp.sin(x))(xs)
    y = net(xs)
    return jax.vmap(lambda x: x + y)(xs)


def made_inside(xs):
    def body(x):
        cell = Cell(nnx.Rngs(0))
        return cell(x)

    return jax.vmap(body)(xs)


def plain_split(layer: nnx.Linear, x):
    graphdef, params, rest = nnx.split(layer, nnx.Param, ...)
    return jax.grad(lambda params: nnx.merge(graphdef, params, rest)(x).sum())(params)


def others(model: eqx.nn.Dropout, xs, unknown):
    return jax.vmap(lambda x: model(x) + unknown(x))(xs), hk.vmap(lambda x: hk.dropout(1, 0.5, x), split_rng=True)(xs)


def mapped_by_python(net: Net, xs):
    return list(map(lambda x: net(x), xs))
