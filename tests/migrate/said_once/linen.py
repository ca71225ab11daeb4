"""What several branches made and one attribute holds, in the indentation of the file."""
from typing import Tuple

import flax.linen as nn
import jax.numpy as jnp


class Gated(nn.Module):
  kind: str
  width: int
  size: int = 3

  @nn.compact
  def __call__(self, x):
    # The layer below is as wide as its gate.
    if self.kind == 'gate':
      between = self.width * 2
    else:
      between = self.width
    first = nn.Dense(between, name='first')
    # One of three
    if self.kind == 'gate':
      act = nn.Dense(self.width, name='act')
    elif self.kind == 'plain':
      act = nn.Dense(self.width, use_bias=False, name='act')
    else:
      act = nn.Dense(self.width, bias_init=nn.initializers.ones, name='act')
    return act(first(x)) * self.size


class Told(nn.Module):
  """Its branches are the same but for what they say, or for what the test does."""

  kind: str

  def is_gate(self):
    return self.kind == 'gate'

  @nn.compact
  def __call__(self, x):
    if self.kind == 'gate':
      act = nn.Dense(3, name='act')  # with a bias
    else:
      act = nn.Dense(3, use_bias=False, name='act')
    if self.is_gate():
      out = nn.Dense(2, name='out')
    else:
      out = nn.Dense(2, use_bias=False, name='out')
    if self.kind == 'gate':
      x = nn.relu(x)
    else:
      x = nn.relu(x)
    return out(act(x))


class Table(nn.Module):
  highest: int
  wide: bool = False

  def setup(self):
    index = []
    if self.wide:
      # each as often as it has parts
      for degree in range(1, self.highest + 1):
        length = 2 * degree + 1
        for _ in range(length):
          index.append(degree - 1)
    else:
      for degree in range(self.highest):
        index.append(degree)
    self.index = jnp.array(index)

  def __call__(self, x):
    return x[:, self.index]


class Stack(nn.Module):
  layer_sizes: Tuple[int, ...]

  @nn.compact
  def __call__(self, hidden):
    for i, hidden_size in enumerate(self.layer_sizes):
      if i != len(self.layer_sizes) - 1:
        hidden = nn.relu(nn.Dense(hidden_size)(hidden))
      else:
        hidden = nn.Dense(hidden_size, use_bias=False)(hidden)
    return hidden


class Period(nn.Module):
  length: int
  period: int | None = None

  def setup(self):
    # nothing of both branches stays
    if self.period is None:
      self._period = self.length
    else:
      self._period = self.period
    self.weight = self.param('weight', nn.initializers.ones, (self._period,))

  def __call__(self, x):
    return x * jnp.tile(self.weight, self.length // self._period)
