"""A mesh of the annotation, or annotations as in Linen: the old context is right; flagged is a line of another rule."""
import jax
from flax import nnx

mesh = jax.make_mesh((1,), ("model",))
init = nnx.with_partitioning(nnx.initializers.ones, (None, "model"), mesh=mesh)

with mesh:
    layer = nnx.Linear(2, 2, kernel_init=init, rngs=nnx.Rngs(0))
    print(layer.kernel.value)  # NNX822: 10
