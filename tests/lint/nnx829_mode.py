"""Captured modules in a file whose classes take flags are silent; the line that is flagged is another rule's."""
import jax
from flax import nnx


class Flagged(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, quiet):
        return self.drop(x, deterministic=quiet)


def decided_by_the_caller(net: Flagged, xs):
    print(net.drop.rngs, nnx.Linear(2, 2, rngs=nnx.Rngs(0)).bias.value)  # NNX822: 25
    return jax.vmap(lambda x: net(x, True))(xs), jax.vmap(lambda x: net.size)(xs)
