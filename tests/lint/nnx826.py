"""Evaluation in training mode; files with a mode, other names and other models stay silent (see nnx826_mode.py)."""
import equinox as eqx
import jax
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)
        self.norm = nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        return self.norm(self.layer(x))


class Noisy(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)


class Plain(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


@nnx.jit
def eval_step(model, x):
    return model(x).sum()  # NNX826: 11


def predict(model: Noisy, x):
    y = model(x)  # NNX826: 8
    return jax.nn.softmax(y)


# ---- silent -------------------------------------------------------------------------------------------------------


def train_step(model, x):
    return model(x).sum()


def evaluate_plain(model, x):
    return model(x).sum()


def evaluate_both(model, x):
    return model(x).sum()


def evaluate_elsewhere(model: Net, x):
    return model(x).sum()


def evaluate_unknown(model, x):
    return model(x).sum()


def retest_all(model, x):
    return model(x)


def predict_equinox(model: eqx.nn.BatchNorm, x):
    return model(x)


def predict_torch(model: torch.nn.Dropout, x):
    return model(x)


def main(x, unknown):
    net, plain = Net(nnx.Rngs(0)), Plain(nnx.Rngs(0))
    net = Net(nnx.Rngs(0))
    noisy = Noisy(nnx.Rngs(0))
    plain = Plain(nnx.Rngs(0))
    train_step(net, x)
    eval_step(net, x)
    predict(noisy, x)
    evaluate_plain(plain, x)
    evaluate_both(net, x)
    evaluate_both(plain, x)
    evaluate_unknown(unknown, x)
    retest_all(net, x)
    predict_equinox(unknown, x)
    predict_torch(unknown, x)
