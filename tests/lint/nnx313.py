"""`rngs=` of calls of Linen modules; the streams of NNX and of other functions stay silent."""
import flax.linen as nn
import jax
from flax import nnx

model = nn.Dropout(0.5)  # NNX113: 8
key = jax.random.key(0)


def found(variables, x, keys, state):
    y = model.apply(variables, x, rngs={"dropout": key})  # NNX310: 8 NNX313: 34
    z = model.apply(variables, x, rngs=keys)  # NNX310: 8 NNX313: 34
    w = model.bind(variables, rngs={"noise": key})  # NNX310: 8 NNX313: 30
    return y, z, w, state.apply_fn({"params": x}, x, rngs=dict(dropout=key))  # NNX316: 20 NNX313: 53


# ---- silent -------------------------------------------------------------------------------------------------------


class Native(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 3, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, rngs=None):
        return self.drop(self.layer(x), rngs=rngs)


def draw(rngs):
    return rngs


def silent(x, sampler, frame, variables):
    native = Native(rngs=nnx.Rngs(0))
    y = native(x, rngs=nnx.Rngs(1))
    z = draw(rngs={"dropout": key})
    w = sampler.run(rngs=key)
    v = frame.apply(draw, rngs=1)
    u = model.apply(variables, x, rngs=None)  # NNX310: 8
    return y, z, w, v, u
