"""Initialisers of choice, a parameter of one's own, and reading, counting and changing parameters."""
import jax
import jax.numpy as jnp
from flax import nnx


class Scale(nnx.Module):
    """Multiplies each feature by a learned factor."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.factor = nnx.Param(nnx.initializers.ones(rngs.params(), (in_features,)))

    def __call__(self, x):
        return x * self.factor[...]


class Regressor(nnx.Module):
    """A two-layer perceptron on scaled inputs."""

    def __init__(self, in_features: int, hidden_features: int, *, rngs: nnx.Rngs):
        self.scale = Scale(in_features, rngs=rngs)
        self.dense = nnx.Linear(in_features, hidden_features, kernel_init=nnx.initializers.he_normal(), rngs=rngs)
        self.head = nnx.Linear(hidden_features, 1, bias_init=nnx.initializers.constant(0.5), rngs=rngs)

    def __call__(self, x):
        x = self.scale(x)
        x = self.dense(x)
        x = nnx.relu(x)
        return self.head(x)


def main():
    x = jax.random.normal(jax.random.key(0), (4, 16))
    model = Regressor(16, hidden_features=32, rngs=nnx.Rngs(1))
    params = nnx.state(model, nnx.Param)

    for path, param in nnx.to_flat_state(params):
        print(f"{'/'.join(path):20} {param.shape}")
    print("parameters:", sum(value.size for value in jax.tree.leaves(params)))
    print("head bias:", model.head.bias[...])

    before = model(x)
    model.head.bias[...] = jnp.zeros(1)
    after = model(x)
    print(f"without the bias the output falls by {(before - after).mean():.3f}")


if __name__ == "__main__":
    main()
