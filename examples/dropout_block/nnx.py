"""A block of dense layer, dropout and ReLU, used inside a classifier."""
import jax
import jax.numpy as jnp
from flax import nnx


class Block(nnx.Module):
    """Dense layer, dropout, ReLU."""

    def __init__(self, in_features: int, features: int, dropout_rate: float = 0.5, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.dropout = nnx.Dropout(dropout_rate, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.dense(x)
        x = self.dropout(x, deterministic=not train)
        return nnx.relu(x)


class Model(nnx.Module):
    """A block and a classification head."""

    def __init__(self, in_features: int, hidden_features: int, num_classes: int, *, rngs: nnx.Rngs):
        self.block = Block(in_features, hidden_features, rngs=rngs)
        self.head = nnx.Linear(hidden_features, num_classes, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.block(x, train)
        return self.head(x)


def main():
    x = jax.random.normal(jax.random.key(0), (4, 16))
    model = Model(16, hidden_features=32, num_classes=10, rngs=nnx.Rngs(params=1, dropout=2))

    logits = model(x, train=False)
    first, second = model(x, train=True), model(x, train=True)
    print(f"logits {logits.shape}, mean {logits.mean():+.3f}")
    print(f"two training passes differ by up to {jnp.abs(first - second).max():.3f}")


if __name__ == "__main__":
    main()
