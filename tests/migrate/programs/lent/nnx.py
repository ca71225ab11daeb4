"""Evaluation by another model than the one that is trained: its train state is lent that one's variables."""
import jax.numpy as jnp
import optax
from flax import nnx


class Narrow(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        deterministic: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.deterministic = deterministic
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        x = self.dense(x)
        return x if self.deterministic else 2 * x


class Deep(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        depth: int,
        deterministic: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.deterministic = deterministic
        self.dense_layers = nnx.List([])
        x_features = in_features
        for _ in range(depth):
            self.dense_layers.append(nnx.Linear(x_features, features, rngs=rngs))
            x_features = features

    def __call__(self, x):
        for dense in self.dense_layers:
            x = nnx.relu(dense(x))
        return x if self.deterministic else 2 * x


def create_model(
    kind: str, deterministic: bool, *, in_features: int, rngs: nnx.Rngs
) -> nnx.Module:
    if kind == "narrow":
        return Narrow(
            in_features=in_features, features=3, deterministic=deterministic, rngs=rngs
        )
    if kind == "deep":
        return Deep(
            in_features=in_features,
            features=3,
            depth=2,
            deterministic=deterministic,
            rngs=rngs,
        )
    raise ValueError(kind)


@nnx.jit
def output(model: nnx.Module, x):
    return model(x)


@nnx.jit
def step(model, optimizer, x):
    def loss(model):
        return output(model, x).mean()

    value, grads = nnx.value_and_grad(loss)(model)
    optimizer.update(model, grads)
    return value


def train(x, kind):
    net = create_model(
        kind, deterministic=False, in_features=x.shape[-1], rngs=nnx.Rngs(0)
    )  # of which only the parameters are used
    optimizer = nnx.Optimizer(net, optax.sgd(0.1), wrt=nnx.Param)
    eval_net = create_model(
        kind, deterministic=True, in_features=x.shape[-1], rngs=nnx.Rngs(0)
    )
    nnx.update(eval_net, nnx.state(net, nnx.Not(nnx.RngState)))
    outputs = [output(eval_net, x)]
    losses = []
    for _ in range(3):
        loss = step(net, optimizer, x)
        losses.append(loss)
        outputs.append(output(eval_net, x))  # as it was
        nnx.update(eval_net, nnx.state(net, nnx.Param))
        outputs.append(output(eval_net, x))
    return jnp.stack(outputs), jnp.stack(losses)
