"""What this version does not rewrite, each class for its own reason."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp


class Scanned(nn.Module):
    @functools.partial(nn.scan, variable_axes={"params": 0}, split_rngs={"params": True})
    @nn.compact
    def __call__(self, carry, x):
        return nn.LSTMCell(4)(carry, x)


class Counter(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = self.variable("counter", "count", lambda: jnp.zeros(()))
        count.value += 1
        return x * count.value


class OnlyInTraining(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        if train:
            x = nn.Dense(3)(x)
        return x


class Hidden(nn.Module):
    @nn.compact
    def __call__(self, x):
        def layer(y):
            return nn.Dense(3)(y)

        return jax.checkpoint(layer)(x)


class Inherited(nn.Dense):
    pass


class NameHidesMethod(nn.Module):
    train: bool = False

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class Cell(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return nn.GRUCell(3)(carry, x)


class UsesCell(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return Cell()(carry, x)


class Shared(nn.Module):
    @nn.compact
    def __call__(self, x):
        return self.again(self.again(x))

    @nn.compact
    def again(self, x):
        return nn.Dense(3)(x)


class Setup(nn.Module):
    size: int

    def setup(self):
        self.dense = nn.Dense(self.size)
        print(self.dense)

    def __call__(self, x):
        return self.dense(x)


class WithoutTwin(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.ConvLocal(3, (3,))(x)


class Leaf(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class KeepsLeaf(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.remat(Leaf, concrete=True)()(x)


class RematOfALayer(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.remat(nn.Dense)(3)(x)


class MapsTheInput(nn.Module):
    @nn.compact
    def __call__(self, x):
        maps = nn.vmap(Leaf, in_axes=1, axis_size=3, variable_axes={"params": 0}, split_rngs={"params": True})
        return maps()(x)


class SharesParameters(nn.Module):
    @nn.compact
    def __call__(self, x):
        maps = nn.vmap(Leaf, in_axes=None, axis_size=3, variable_axes={"params": None}, split_rngs={"params": False})
        return maps()(x)


class MapsWithKeywords(nn.Module):
    @nn.compact
    def __call__(self, x):
        maps = nn.vmap(Leaf, in_axes=None, axis_size=3, variable_axes={"params": 0}, split_rngs={"params": True})
        return maps()(x=x)


class SizeOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x):
        size = x.shape[0]
        maps = nn.vmap(Leaf, in_axes=None, axis_size=size, variable_axes={"params": 0}, split_rngs={"params": True})
        return maps()(x)


RematLeaf = nn.remat(Leaf)


class LiftedElsewhere(nn.Module):
    @nn.compact
    def __call__(self, x):
        return RematLeaf()(x)


class OtherCollection(nn.Module):
    @nn.compact
    def __call__(self, x):
        seen = self.variable("counts", "seen", jnp.zeros, ())
        seen.value = seen.value + 1
        return x


class StatisticsOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x):
        mean = self.variable("batch_stats", "mean", lambda: x.mean(0))
        return x - mean.value


class VariableInALoop(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = x + self.variable("cache", f"step_{i}", jnp.zeros, ()).value
        return x


class AsksForAnother(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * 2 if self.has_variable("cache", "of_somebody_else") else x


@jax.jit
class Decorated(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class ChoosesAClass(nn.Module):
    size: int

    def setup(self):
        kind = Leaf if self.size > 3 else nn.Dropout
        self.layer = kind()

    def __call__(self, x):
        return self.layer(x)


def made():
    return Leaf()


class CollectsWhatItCannotSee(nn.Module):
    def setup(self):
        layers = []
        layers.extend(made() for _ in range(2))
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class ChecksItsLayers(nn.Module):
    def setup(self):
        self.leaf = Leaf()
        for name in ("a", "b"):
            print(name, self.leaf)

    def __call__(self, x):
        return self.leaf(x)


class HoldsANorm(nn.Module):
    layer: nn.BatchNorm

    @nn.compact
    def __call__(self, x):
        return self.layer(x)


class AppliesWhatItIsGiven(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def __call__(self, x, weights):
        return self.dense.apply({"params": weights}, x)


class ReadsItsLayers(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def __call__(self, x):
        return self.dense(x) + len(self.dense.variables)


class AppliesAClone(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def __call__(self, x):
        return self.dense.clone()(x)


class Policies(nn.Module):
    """The class that is rematerialised would have to know a field of this one."""

    policy: str = "nothing_saveable"

    @nn.compact
    def __call__(self, x):
        return nn.remat(Rematerialised, policy=getattr(jax.checkpoint_policies, self.policy))()(x)


class Rematerialised(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class Intercepted(nn.Module):
    """What `in_half` does to the parameters of Linen it does not do to those of NNX."""

    @nn.compact
    def __call__(self, x):
        with in_half("params"):
            return nn.Dense(3)(x)


class Borrows(nn.Module):
    """The other class has a scale."""

    @nn.compact
    def __call__(self, x):
        return x + self.param("bias", nn.initializers.zeros, (3,))

    def scaled(self, x):
        return Lends.__call__(self, x)


class Lends(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (3,))


class GivesItsClassAway(nn.Module):
    @nn.compact
    def __call__(self, x):
        made = over_heads(ReadsItsLayers, heads=2)
        return made()(x)


def over_heads(cls, heads):
    return nn.vmap(cls, variable_axes={"params": 0}, split_rngs={"params": True}, axis_size=heads)


def in_half(collection):
    return nn.intercept_methods(lambda call, args, kwargs, context: call(*args, **kwargs))


def is_trained(model):
    return model.train
