"""One block, compiled once and scanned over the layers; each layer has weights and dropout keys of its own."""
import jax
import jax.numpy as jnp
from flax import nnx


class Block(nnx.Module):
    """A residual feed-forward block, as a step of a scan over layers."""

    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.norm = nnx.LayerNorm(features, rngs=rngs)
        self.dense = nnx.Linear(features, features, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)

    def __call__(self, x, train: bool):
        y = self.norm(x)
        y = self.dense(y)
        y = nnx.gelu(y)
        y = self.dropout(y, deterministic=not train)
        return x + y, None


class Model(nnx.Module):
    """An embedding, a stack of blocks, a head."""

    def __init__(self, in_features: int, features: int, num_layers: int, out_features: int, *, rngs: nnx.Rngs):
        self.embed = nnx.Linear(in_features, features, rngs=rngs)
        # Keys split per layer: each block draws its own weights, and keeps a dropout stream of its own.
        self.blocks = nnx.vmap(lambda rngs: Block(features, rngs=rngs))(rngs.split(num_layers))
        self.head = nnx.Linear(features, out_features, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.embed(x)
        # The blocks are scanned over, not captured, so that the scan also advances their dropout streams.
        scan = nnx.scan(lambda x, block: block(x, train), in_axes=(nnx.Carry, 0), out_axes=(nnx.Carry, 0))
        x, _ = scan(x, self.blocks)
        return self.head(x)


def main():
    x = jax.random.normal(jax.random.key(0), (4, 16))
    model = Model(16, features=32, num_layers=6, out_features=3, rngs=nnx.Rngs(params=1, dropout=2))

    output = model(x, train=False)
    first, second = model(x, train=True), model(x, train=True)
    print("stacked kernel:", model.blocks.dense.kernel.shape)
    print("output:", output.shape)
    print(f"two training passes differ by up to {jnp.abs(first - second).max():.3f}")


if __name__ == "__main__":
    main()
