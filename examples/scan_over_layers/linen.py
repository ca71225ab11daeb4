"""One block, compiled once and scanned over the layers; each layer has weights and dropout keys of its own."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Block(nn.Module):
    """A residual feed-forward block, as a step of a scan over layers."""

    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        y = nn.LayerNorm()(x)
        y = nn.Dense(self.features)(y)
        y = nn.gelu(y)
        y = nn.Dropout(0.2)(y, deterministic=not train)
        return x + y, None


class Model(nn.Module):
    """An embedding, a stack of blocks, a head."""

    features: int
    num_layers: int
    out_features: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.features, name="embed")(x)
        blocks = nn.scan(
            Block,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            in_axes=nn.broadcast,
            length=self.num_layers,
        )
        x, _ = blocks(self.features, name="blocks")(x, train)
        return nn.Dense(self.out_features, name="head")(x)


def main():
    x = jax.random.normal(jax.random.key(0), (4, 16))
    model = Model(features=32, num_layers=6, out_features=3)
    variables = model.init(jax.random.key(1), x, train=False)

    output = model.apply(variables, x, train=False)
    first, second = (model.apply(variables, x, train=True, rngs={"dropout": jax.random.key(seed)}) for seed in (2, 3))
    print("stacked kernel:", variables["params"]["blocks"]["Dense_0"]["kernel"].shape)
    print("output:", output.shape)
    print(f"two training passes differ by up to {jnp.abs(first - second).max():.3f}")


if __name__ == "__main__":
    main()
