"""`lazy_init` of Linen modules; that of bridges and of other objects stays silent."""
import flax.linen as nn
import jax
from flax import nnx

model = nn.Dense(3)  # NNX110: 8
key = jax.random.key(0)
shape = jax.ShapeDtypeStruct((2, 3), "float32")


def found(net: nn.Module):
    variables = model.lazy_init(key, shape)  # NNX303: 16
    return variables, net.lazy_init({"params": key}, shape)  # NNX303: 22


# ---- silent -------------------------------------------------------------------------------------------------------


class Lazy:
    def lazy_init(self, key):
        return key


def bridged(x):
    wrapped = nnx.bridge.ToNNX(model, rngs=nnx.Rngs(0))
    wrapped.lazy_init(x)
    nnx.bridge.lazy_init(wrapped, x)
    return wrapped(x)


def silent(lazy: Lazy, x):
    lazy.lazy_init(key)
    return nnx.eval_shape(lambda: nnx.Linear(2, 3, rngs=nnx.Rngs(0)))


def lazy_init(key):
    return key


result = lazy_init(key)
