"""Evaluation by another model than the one that is trained: its train state is lent that one's variables."""
import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax.training.train_state import TrainState


class Narrow(nn.Module):
    features: int
    deterministic: bool = True

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.features)(x)
        return x if self.deterministic else 2 * x


class Deep(nn.Module):
    features: int
    depth: int
    deterministic: bool = True

    @nn.compact
    def __call__(self, x):
        for _ in range(self.depth):
            x = nn.relu(nn.Dense(self.features)(x))
        return x if self.deterministic else 2 * x


def create_model(
    kind: str, deterministic: bool
) -> nn.Module:
    if kind == "narrow":
        return Narrow(features=3, deterministic=deterministic)
    if kind == "deep":
        return Deep(features=3, depth=2, deterministic=deterministic)
    raise ValueError(kind)


@jax.jit
def output(state: TrainState, x):
    return state.apply_fn(state.params, x)


@jax.jit
def step(state, x):
    def loss(params):
        return output(state.replace(params=params), x).mean()

    value, grads = jax.value_and_grad(loss)(state.params)
    return state.apply_gradients(grads=grads), value


def train(x, kind):
    first = create_model(kind, deterministic=True)  # of which only the parameters are used
    params = jax.jit(first.init)(jax.random.key(0), x)
    net = create_model(kind, deterministic=False)
    state = TrainState.create(apply_fn=net.apply, params=params, tx=optax.sgd(0.1))
    eval_net = create_model(kind, deterministic=True)
    eval_state = state.replace(apply_fn=eval_net.apply)
    outputs = [output(eval_state, x)]
    losses = []
    for _ in range(3):
        state, loss = step(state, x)
        losses.append(loss)
        outputs.append(output(eval_state, x))  # as it was
        eval_state = eval_state.replace(params=state.params)
        outputs.append(output(eval_state, x))
    return jnp.stack(outputs), jnp.stack(losses)
