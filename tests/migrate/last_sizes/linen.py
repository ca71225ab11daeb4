"""Sizes after a loop over the widths of a class: the last of them, as the class that constructs it says it."""
from typing import Sequence

import flax.linen as nn


class MLP(nn.Module):
    widths: Sequence[int]

    @nn.compact
    def __call__(self, x):
        for i, width in enumerate(self.widths):
            x = nn.Dense(width, name=f"hidden_{i}")(x)
        return x


class Twice(nn.Module):
    widths: Sequence[int]

    @nn.compact
    def __call__(self, x):
        y = MLP(list(self.widths))(x)
        return nn.Dense(3)(y)


class OneMore(nn.Module):
    widths: Sequence[int]

    @nn.compact
    def __call__(self, x):
        y = MLP(list(self.widths) + [7])(x)
        z = MLP([*self.widths, 5])(y)
        return nn.Dense(3)(z)


class Numbers(nn.Module):
    """The numbers of the turns are no sizes."""

    widths: Sequence[int]

    @nn.compact
    def __call__(self, x):
        for i, _ in enumerate(self.widths):
            x = nn.Dense(i + 1)(x)
        return nn.Dense(3)(x)
