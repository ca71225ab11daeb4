"""jax.grad over modules with statistics; nnx.grad, states, plain modules and other libraries stay silent."""
import equinox as eqx
import haiku as hk
import jax
import torch
from flax import nnx


class Block(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)


class Net(nnx.Module):
    def __init__(self, rngs):
        self.block = Block(rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)


class Noisy(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)


class Plain(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


class Tied(nnx.Module):
    def __init__(self, rngs):
        self.embed = nnx.Embed(8, 2, rngs=rngs)
        self.head = nnx.Linear(2, 8, rngs=rngs)
        self.head.kernel = self.embed.embedding


class Copied(nnx.Module):
    def __init__(self, rngs):
        self.a = nnx.Linear(2, 2, rngs=rngs)
        self.b = nnx.Linear(2, 2, rngs=rngs)
        self.b.kernel[...] = self.a.kernel[...]
        self.size = self.a.in_features


def shared(tied: Tied, copied: Copied, x):
    nnx.grad(lambda m: m(x))(tied)
    jax.grad(lambda m: m(x))(copied)
    return jax.grad(lambda m: m(x))(tied)  # NNX811: 11


def loss_fn(model: Net, x):
    return model(x).sum()


def found(model: Net, noisy: Noisy, x):
    grads = jax.grad(loss_fn)(model, x)  # NNX811: 12
    loss, grads = jax.value_and_grad(lambda m: m(x))(model)  # NNX811: 18
    grads = jax.grad(lambda m: m(x), argnums=0)(noisy)  # NNX811: 12
    step = jax.value_and_grad(loss_fn, has_aux=True)  # NNX811: 11
    return loss, grads, step


# ---- silent -------------------------------------------------------------------------------------------------------


def right(model: Net, plain: Plain, x, unknown):
    grads = nnx.grad(loss_fn)(model, x)
    loss, grads = nnx.value_and_grad(loss_fn)(model, x)
    grads = jax.grad(lambda m: m(x))(plain)
    grads = jax.grad(lambda m: m(x))(unknown)
    grads = jax.grad(lambda m, y: m(y), argnums=1)(model, x)
    return loss, grads


def pure(model: Net, x):
    graphdef, params, rest = nnx.split(model, nnx.Param, ...)

    def of_params(params):
        return nnx.merge(graphdef, params, rest)(x).sum()  # NNX829: 15

    return jax.grad(of_params)(params), jax.grad(lambda x: model(x).sum())(x)  # NNX829: 59


def equinox(model: eqx.nn.BatchNorm, x):
    return jax.grad(lambda m: m(x))(model), eqx.filter_grad(lambda m: m(x))(model)


def haiku(params, x):
    net = hk.transform(lambda x: hk.BatchNorm(True, True, 0.9)(x, True))
    return jax.grad(net.apply)(params, x)


def torch_grad(model: torch.nn.BatchNorm1d, x):
    return torch.func.grad(model)(x)
