"""A block of dense layer, dropout and ReLU, used inside a classifier."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Block(nn.Module):
    """Dense layer, dropout, ReLU."""

    features: int
    dropout_rate: float = 0.5

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.features)(x)
        x = nn.Dropout(self.dropout_rate, deterministic=not train)(x)
        return nn.relu(x)


class Model(nn.Module):
    """A block and a classification head."""

    hidden_features: int
    num_classes: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = Block(self.hidden_features)(x, train)
        return nn.Dense(self.num_classes)(x)


def main():
    x = jax.random.normal(jax.random.key(0), (4, 16))
    model = Model(hidden_features=32, num_classes=10)
    variables = model.init(jax.random.key(1), x, train=False)

    logits = model.apply(variables, x, train=False)
    first, second = (model.apply(variables, x, train=True, rngs={"dropout": jax.random.key(seed)}) for seed in (2, 3))
    print(f"logits {logits.shape}, mean {logits.mean():+.3f}")
    print(f"two training passes differ by up to {jnp.abs(first - second).max():.3f}")


if __name__ == "__main__":
    main()
