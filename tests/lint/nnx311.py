"""Arguments of `init` and `apply` that Linen alone takes, and the same words in other calls."""
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import optax
import requests
from flax import nnx


class Net(nn.Module):  # NNX103: 10
    def __call__(self, x, train=False):
        return x

    def encode(self, x):
        return x


def head(net, x):
    return net.encode(x)


net = Net()
key = jax.random.key(0)
x = jnp.ones((2, 4))
rngs = {"params": key}
variables = net.init(key, x, method="encode")  # NNX301: 12 NNX311: 29
y = net.apply(variables, x, method=net.encode)  # NNX310: 4 NNX311: 28
y = net.apply(variables, x, method=Net.encode)  # NNX310: 4 NNX311: 28
y = net.apply(variables, x, method=head)  # NNX310: 4 NNX311: 28
y = net.apply(variables, x, method=lambda m, v: m.encode(v))  # NNX310: 4 NNX311: 28
y = net.apply(variables, x, method=None)  # NNX310: 4

y, state = net.apply(variables, x, mutable=["batch_stats", "intermediates"])  # NNX310: 11 NNX312: 35
y, state = net.apply(variables, x, mutable=True)  # NNX310: 11 NNX312: 35
y = net.apply(variables, x, mutable=False)  # NNX310: 4 NNX312: 28
variables = net.init(key, x, mutable=["params"])  # NNX301: 12 NNX312: 29
bound = net.bind(variables, mutable=["cache"])  # NNX310: 8 NNX312: 28

y = net.apply(variables, x, rngs={"dropout": key})  # NNX310: 4 NNX313: 28
y = net.apply(variables, x, rngs=rngs)  # NNX310: 4 NNX313: 28
bound = net.bind(variables, rngs={"dropout": key})  # NNX310: 8 NNX313: 28
variables = net.init(rngs=rngs)  # NNX301: 12

y, state = net.apply(variables, x, capture_intermediates=True)  # NNX310: 11 NNX314: 35
y = net.apply(  # NNX310: 4
    variables,
    x,
    capture_intermediates=lambda module, name: True,  # NNX314: 4
    train=False,  # NNX315: 4
)

y = net.apply(variables, x, train=True)  # NNX310: 4 NNX315: 28
y = net.apply(variables, x, deterministic=not y)  # NNX310: 4 NNX315: 28
y = net.apply(variables, x, use_running_average=True)  # NNX310: 4 NNX315: 28
y = net.apply(variables, x, is_training=False)  # NNX310: 4 NNX315: 28
variables = net.init(key, x, training=False)  # NNX301: 12 NNX315: 29


# ---- silent -------------------------------------------------------------------------------------------------------

requests.request(method="GET", url="url", params={"params": 3})
transformed = hk.transform_with_state(lambda x, is_training: x)
params, hk_state = transformed.init(key, x, is_training=True)
y, hk_state = transformed.apply(params, hk_state, key, x, is_training=True)
norm = nn.BatchNorm.__call__
dropped = nnx.Dropout(0.5, deterministic=True, rngs=nnx.Rngs(0))
y = dropped(x, deterministic=False)
batch = nnx.BatchNorm(3, use_running_average=True, rngs=nnx.Rngs(0))
flags = dict(train=True, mutable=["batch_stats"], method="encode", rngs={"dropout": key})
config = optax.sgd(0.1).init(params)
y = net(x, train=True)
array = jnp.array(x, copy=True)


class Table:
    def apply(self, function, method="cell", mutable=False, train=True):
        return function, method, mutable, train

    def run(self):
        return self.apply(len, method="cell", mutable=["batch_stats"], train=False)


table = Table()
made = table.apply(len, method="row", mutable=["params"], train=True)
made = Table().apply(len, rngs={"dropout": key}, capture_intermediates=True)


def run(model, x, train, deterministic):
    model.apply(x, method="encode")
    model.fit(x, train=train, method="lbfgs", mutable=True)
    model.apply(x, train=train, deterministic=deterministic)
    return model.apply(x, capture_intermediates=True)


def train(state, batch, mutable=False, rngs=None, method=None):
    return run(state, batch, train=mutable, deterministic=rngs)


class Converted(nnx.Module):
    def __call__(self, x, *, rngs=None, deterministic=False):
        return x

    def apply(self, x, mutable, rngs):
        return self(x, rngs=rngs, deterministic=mutable)

    def run(self, x, rngs):
        return self.apply(x, mutable=True, rngs=rngs)


y = Converted()(x, rngs=nnx.Rngs(0), deterministic=True)
y = Converted().apply(x, mutable=["params"], rngs={"dropout": key})
