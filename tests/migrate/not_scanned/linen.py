"""What nn.scan and nn.vmap do that has no equal form."""
import functools

import flax.linen as nn


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        y = nn.LayerNorm()(x)
        y = nn.Dense(self.features)(y)
        y = nn.Dropout(0.2)(nn.gelu(y), deterministic=not train)
        return x + y, None


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(3)(x))


class SameMask(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        blocks = nn.scan(
            Block, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": False}, in_axes=nn.broadcast, length=3
        )
        return blocks(4)(x, train)[0]


class SharedMask(nn.Module):
    @nn.compact
    def __call__(self, x, xs):
        blocks = nn.scan(Block, variable_broadcast="params", split_rngs={"params": False, "dropout": True})
        return blocks(4)(x, xs)[0]


class SharedStats(nn.Module):
    @functools.partial(nn.vmap, variable_axes={"params": None, "batch_stats": None}, split_rngs={"params": False})
    @nn.compact
    def __call__(self, x):
        return nn.BatchNorm(use_running_average=False)(x)


class HowMany(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.vmap(Net, variable_axes={"params": 0}, split_rngs={"params": True})()(x)


class LastAxis(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.vmap(Net, variable_axes={"params": 1}, split_rngs={"params": True}, in_axes=None, axis_size=3)()(x)


class SameWeights(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.vmap(Net, variable_axes={"params": 0}, split_rngs={"params": False}, in_axes=None, axis_size=3)()(x)


class Computed(nn.Module):
    axis: int = 0

    @nn.compact
    def __call__(self, x):
        return nn.vmap(Net, {"params": 0}, {"params": True}, in_axes=self.axis, axis_size=3)()(x)


class Turned(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        blocks = nn.scan(Block, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": True}, in_axes=nn.broadcast, length=2)
        return nn.remat(blocks)(4)(x, train)[0]
