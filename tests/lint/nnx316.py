"""Train states and functional forms: `apply_fn`, `nn.apply`, `nn.init`, and functions of those names."""
import flax.linen as nn
import jax
import optax
from flax import linen, nnx
from flax.linen import apply as run
from flax.training import train_state
from flax.training.train_state import TrainState

key = jax.random.key(0)


class State(train_state.TrainState):  # NNX401: 12
    batch_stats: dict


def by_annotation(state: TrainState, own: State, x):
    y = state.apply_fn({"params": state.params}, x)  # NNX316: 8
    return own.apply_fn(own.params, x, rngs={"dropout": key}), y  # NNX316: 11 NNX313: 39


def evident(state, target, params, x):
    y = state.apply_fn({"params": params}, x)  # NNX316: 8
    z = state.apply_fn(state.params, x)  # NNX316: 8
    w, updates = state.apply_fn(params, x, mutable=["batch_stats"])  # NNX316: 17 NNX312: 43
    stats = updates["batch_stats"]  # NNX204: 12
    return y, z, w, stats, target.apply_fn(target.target_params, x, rngs={"noise": key})  # NNX316: 27 NNX313: 68


def kept(state: TrainState, variables, x, grads):
    def loss(weights):
        return state.apply_fn(weights, x)  # NNX316: 15

    state = state.apply_gradients(grads=grads)  # NNX402: 12
    state = unknown(state)  # noqa: F821
    return loss(variables), fresh().apply_fn(variables, x)  # NNX316: 28


def fresh() -> TrainState:
    return load()  # noqa: F821


def made(model: nn.Module, params, x):
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1))  # NNX304: 39 NNX401: 12
    return state.apply_fn(params, x, train=True)  # NNX316: 11 NNX315: 37


class Agent:
    def __init__(self, network, policy_class, tx, x):
        self.network = network
        self.policy = policy_class()
        self.state = TrainState.create(  # NNX401: 21
            apply_fn=self.policy.apply,  # NNX304: 21
            params=self.policy.init(key, x),  # NNX301: 19
            tx=tx,
        )
        self.variables = {}

    def run(self, variables, x):
        self.network.apply(self.variables, x)  # NNX310: 8
        return self.network.apply(variables, x, train=True)  # NNX310: 15 NNX315: 48


def functional(function, model: nn.Module, variables, x):
    y = nn.apply(function, model)(variables, x)  # NNX317: 8
    z = nn.init_with_output(function, model)(key, x)  # NNX317: 8
    w = linen.init(function, model)(key, x)  # NNX317: 8
    return y, z, w, run(function, model)(variables, x)  # NNX317: 20


# ---- silent -------------------------------------------------------------------------------------------------------


def lists(ema, variables, x):
    ema.apply(variables)
    variables = [x, x]
    return ema.apply(variables, x)


class Callback:
    def __init__(self, apply_fn):
        self.apply_fn = apply_fn

    def run(self, params, x):
        return self.apply_fn(params, x)


def renamed(state, weights, x):
    state = state.replace(step=0)
    return state.apply_fn(weights, x), load().apply_fn(weights, x)  # noqa: F821


def plain(apply_fn, state, other, x):
    apply_fn({"params": state.params}, x)
    other.apply_fn(x)
    other.apply_fn(state.params, x)
    return state.apply(x), state.apply_gradients(grads=x)  # NNX402: 27


def optimise(model: nnx.Module, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
    return nnx.state(model, nnx.Param)


def activations(x):
    return nn.relu(x), nn.softmax(x), nn.initializers.zeros_init()(key, (3,))


def shadowed(nn, run, x):
    return nn.apply(len, x), nn.init(len, x), run(len, x)


def torch_inside(x):
    from torch import nn

    nn.init(x, x)
    return nn.init.xavier_uniform_(x)


def init(function, model):
    return function, model


def update(state: TrainState, grads):
    new = state.apply_gradients(grads=grads)  # NNX402: 10
    tx_state = state.tx.init(new.params)
    return init(tx_state, new), state.replace(step=0), state.opt_state


callback = Callback(len)
callback.run({"params": 3}, key)
