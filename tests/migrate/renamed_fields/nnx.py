"""Fields with the name of a method of nnx.Module, which it could not be asked for any more."""
from flax import linen as nn
from flax import nnx


class Block(nnx.Module):
    def __init__(
        self, in_features: int, features: int, train: bool = True, *, rngs: nnx.Rngs
    ):
        self.training = train
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(
            features, use_running_average=not train, rngs=rngs
        )
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        x = self.dense(x)
        x = self.batch_norm(x)
        return self.dropout(x, deterministic=not self.training)


class Scaled(Block):
    def __call__(self, x):
        x = super().__call__(x)
        return x * (2 if self.training else 1)


class Net(nnx.Module):
    def __init__(self, in_features: int, train: bool, *, rngs: nnx.Rngs):
        self.training = train
        self.block = Block(in_features, 4, train=train, rngs=rngs)
        self.scaled = Scaled(4, 4, train, rngs=rngs)

    def __call__(self, x):
        x = self.scaled(self.block(x))
        if self.training:
            x = x + 1
        return x


class Both(nn.Module):
    """The other name is taken."""

    train: bool = False
    training: bool = False

    @nn.compact
    def __call__(self, x):
        return nn.Dense(2 if self.train or self.training else 3)(x)


class Sets(nn.Module):
    train: bool = False

    def setup(self):
        self.training = 3
        self.dense = nn.Dense(self.training)

    def __call__(self, x):
        return self.dense(x)


class Evaluates(nn.Module):
    eval: bool = False

    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(x) if self.eval else x


def run(trainer, model, x):
    trainer.train(model)
    return model(x)
