"""`mutable=` of calls of Linen modules; the keyword of other functions stays silent."""
import flax.linen as nn
import jax

model = nn.BatchNorm(use_running_average=False)  # NNX110: 8
key = jax.random.key(0)


def found(variables, x, state):
    y, updates = model.apply(variables, x, mutable=["batch_stats"])  # NNX310: 17 NNX312: 43
    y, updates = model.apply(variables, x, mutable="intermediates")  # NNX310: 17 NNX312: 43
    z = model.apply(variables, x, mutable=False)  # NNX310: 8 NNX312: 34
    variables = model.init(key, x, mutable=["params"])  # NNX301: 16 NNX312: 35
    return y, z, updates, state.apply_fn({"params": x}, x, mutable=True)  # NNX316: 26 NNX312: 59


# ---- silent -------------------------------------------------------------------------------------------------------


def field(name, mutable=False):
    return name, mutable


class Column:
    def __init__(self, mutable):
        self.mutable = mutable

    def apply(self, function, mutable):
        return function(mutable)


def silent(frame, x):
    first = field("x", mutable=True)
    second = Column(mutable=True)
    third = second.apply(len, mutable=[1])
    fourth = frame.apply(len, mutable=True)
    mutable = ["batch_stats"]
    fifth = dict(mutable=mutable)
    return first, second, third, fourth, fifth
