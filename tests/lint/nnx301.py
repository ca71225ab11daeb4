"""Initialisation: `init`, `init_with_output` and `lazy_init` of Linen modules, and everybody else's `init`."""
import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import optax
import pygame
import wandb
from flax import linen, nnx
from flax.training import train_state
from jax.example_libraries import optimizers, stax

from .models import Network


class Net(nn.Module):  # NNX103: 10
    def __call__(self, x):
        return x

    def start(self, key, x):
        return self.init(key, x), self.clone().init(key, x)  # NNX301: 15 NNX301: 34 NNX210: 34


key = jax.random.key(0)
x = jnp.ones((2, 4))
net = Net()
variables = net.init(key, x)  # NNX301: 12
variables = Net().init(jax.random.PRNGKey(0), x)  # NNX301: 12
variables = linen.Embed(3, 4).init({"params": key}, x)  # NNX301: 12 NNX113: 12
params = net.bind(variables).init(rngs=key)["params"]  # NNX310: 9 NNX301: 9 NNX204: 9
y, variables = net.init_with_output(key, x)  # NNX302: 15
y, variables = Network().init_with_output(key, x)  # NNX302: 15
variables = net.lazy_init(key, jax.ShapeDtypeStruct((2, 4), x.dtype))  # NNX303: 12


class Agent:
    policy: nn.Module

    def __init__(self, policy_class):
        self.net = Net()
        self.value = policy_class()
        self.params = self.net.init(key, x)["params"]  # NNX301: 22 NNX204: 22
        self.other = self.policy.init(key, x)  # NNX301: 21
        self.variables = self.value.init({"params": key, "dropout": key}, x)  # NNX301: 25

    def state(self, tx):
        return train_state.TrainState.create(  # NNX401: 15
            apply_fn=self.value.apply,  # unknown: the file imports haiku, whose functions look alike
            params=self.value.init(key, x),
            tx=tx,
        )


def by_annotation(model: nn.Module, maybe: "Net | None", network):
    model.init(key, x)  # NNX301: 4
    maybe.init(key, x)  # NNX301: 4
    weights = network.init(key, inputs=x)  # NNX301: 14
    return weights["params"], network.init(key, x)["params"]  # NNX204: 11 NNX301: 30 NNX204: 30


# ---- silent -------------------------------------------------------------------------------------------------------

tx = optax.adam(1e-3)
state = tx.init(params)
state = tx.init({"params": x})
state = optax.chain(optax.clip(1.0), tx).init({"params": x, "batch_stats": x})
wandb.init(project="flax", config={"params": 3})
pygame.init()
wandb_params = wandb.init(project="x")
transformed = hk.transform(lambda x: hk.Linear(3)(x))
haiku_params = transformed.init(key, x)
init_fun, apply_fun = stax.serial(stax.Dense(3))
shape, stax_params = init_fun(key, (-1, 3))
opt_init, opt_update, get_params = optimizers.adam(0.1)
opt_state = opt_init(stax_params)
bridged = nnx.bridge.ToNNX(nn.Embed(3, 4), rngs=nnx.Rngs(0)).lazy_init(x)
initializer = nn.initializers.lecun_normal()
kernel = initializer(key, (3, 4))
tree = eqx.filter_jit(tx.init)(params)


class Environment:
    def init(self, key, options):
        return {"params": options}

    def init_with_output(self, key):
        return key

    def reset(self, key):
        return self.init(key, x)["params"], self.init_with_output(key)


class OwnInit(nn.Module):  # noqa: NNX103
    def init(self, key, size):
        return super().init(key, size)

    def again(self, key):
        return self.init(key, 3)


class Converted(nnx.Module):
    def init(self, key):
        return {"params": key}

    def init_with_output(self, key):
        return key, self.init(key)


def init(key, x):
    return {"params": key}


def init_cache(model, key):
    cache = model.init(key, 3)
    return cache["count"], init(key, x)["params"]


environment = Environment()
made = environment.init(key, 3)["params"]
again = Environment().init(key, 3)["params"]
both = environment.init_with_output(key)
converted = Converted().init(key)["params"]
own = OwnInit().init(key, 3)


def shadowed(net, Net):
    return net.init(key, x), Net().init(key, x)


def solver_state(solver, params, data):
    solver.init({"params": params, "scale": data}, data)
    state = solver.init(params, data)
    return state["error"]


def annotated(env: Environment):
    state = env.init(key, 3)
    return state["params"]
