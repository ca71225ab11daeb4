"""Fields with the name of a method of nnx.Module, which it could not be asked for any more."""
from flax import linen as nn


class Block(nn.Module):
    features: int
    train: bool = True

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.features)(x)
        x = nn.BatchNorm(use_running_average=not self.train)(x)
        return nn.Dropout(0.5)(x, deterministic=not self.train)


class Scaled(Block):
    @nn.compact
    def __call__(self, x):
        x = super().__call__(x)
        return x * (2 if self.train else 1)


class Net(nn.Module):
    train: bool

    def setup(self):
        self.block = Block(4, train=self.train)
        self.scaled = Scaled(4, self.train)

    def __call__(self, x):
        x = self.scaled(self.block(x))
        if self.train:
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
