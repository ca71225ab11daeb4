"""Initialisers of choice, a parameter of one's own, and reading, counting and changing parameters."""
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict


class Scale(nn.Module):
    """Multiplies each feature by a learned factor."""

    @nn.compact
    def __call__(self, x):
        factor = self.param("factor", nn.initializers.ones, (x.shape[-1],))
        return x * factor


class Regressor(nn.Module):
    """A two-layer perceptron on scaled inputs."""

    hidden_features: int

    @nn.compact
    def __call__(self, x):
        x = Scale(name="scale")(x)
        x = nn.Dense(self.hidden_features, kernel_init=nn.initializers.he_normal())(x)
        x = nn.relu(x)
        return nn.Dense(1, bias_init=nn.initializers.constant(0.5), name="head")(x)


def main():
    x = jax.random.normal(jax.random.key(0), (4, 16))
    model = Regressor(hidden_features=32)
    variables = model.init(jax.random.key(1), x)
    params = variables["params"]

    for path, value in sorted(flatten_dict(params, sep="/").items()):
        print(f"{path:20} {value.shape}")
    print("parameters:", sum(value.size for value in jax.tree.leaves(params)))
    print("head bias:", params["head"]["bias"])

    before = model.apply(variables, x)
    params = {**params, "head": {**params["head"], "bias": jnp.zeros(1)}}
    after = model.apply({"params": params}, x)
    print(f"without the bias the output falls by {(before - after).mean():.3f}")


if __name__ == "__main__":
    main()
