"""Lists of layers and functions, and what is asked of their elements."""
import flax.linen as nn
import jax.numpy as jnp


def double(x):
    return 2 * x


class MLP(nn.Module):
    features: int
    rate: float = 0.5

    def setup(self):
        self.steps = [
            jnp.sin,
            nn.Dense(features=4 * self.features, use_bias=False),
            nn.gelu,  # exact enough
            double,
            nn.Dense(features=self.features),
            nn.Dropout(self.rate),
            nn.tanh,
        ]

    def __call__(self, x, train: bool = True):
        for step in self.steps:
            x = step(x) if not isinstance(step, nn.Dropout) else step(x, deterministic=not train)
        return x


class Asked(nn.Module):
    activation: object = nn.relu

    def setup(self):
        self.blocks = [nn.Dense(4), nn.LayerNorm(), self.activation, nn.Dropout(0.5), lambda x: x + 1]

    def __call__(self, x, train: bool = False):
        for block in self.blocks:
            if isinstance(block, (nn.Dropout, nn.BatchNorm)):
                x = block(x, deterministic=not train)
            elif isinstance(block, nn.LayerNorm):
                x = x + block(x)
            else:
                x = block(x)
        return x


class Inside(nn.Module):
    def setup(self):
        self.blocks = [nn.Dense(4), [nn.relu, nn.Dense(3)]]

    def __call__(self, x):
        return self.blocks[1][1](self.blocks[1][0](self.blocks[0](x)))


class Renamed(nn.Module):
    def setup(self):
        blocks = [nn.Dense(4), nn.relu]
        self.blocks = blocks

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class TwinOfTwo(nn.Module):
    def setup(self):
        self.blocks = [nn.SelfAttention(2), nn.relu]

    def __call__(self, x):
        for block in self.blocks:
            x = x + block(x) if isinstance(block, nn.SelfAttention) else block(x)
        return x
