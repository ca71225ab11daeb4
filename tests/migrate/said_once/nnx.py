"""What several branches made and one attribute holds, in the indentation of the file."""
from typing import Tuple

from flax import nnx
import jax.numpy as jnp


class Gated(nnx.Module):
  def __init__(
      self,
      in_features: int,
      kind: str,
      width: int,
      size: int = 3,
      *,
      rngs: nnx.Rngs,
  ):
    self.size = size
    # The layer below is as wide as its gate.
    if kind == 'gate':
      between = width * 2
    else:
      between = width
    self.first = nnx.Linear(in_features, between, rngs=rngs)
    if kind == 'gate':
      self.act = nnx.Linear(between, width, rngs=rngs)
    elif kind == 'plain':
      self.act = nnx.Linear(between, width, use_bias=False, rngs=rngs)
    else:
      self.act = nnx.Linear(
          between, width, bias_init=nnx.initializers.ones, rngs=rngs
      )

  def __call__(self, x):
    first = self.first
    # One of three
    act = self.act
    return act(first(x)) * self.size


class Told(nnx.Module):
  """Its branches are the same but for what they say, or for what the test does."""

  def __init__(self, in_features: int, kind: str, *, rngs: nnx.Rngs):
    self.kind = kind
    if kind == 'gate':
      self.act = nnx.Linear(in_features, 3, rngs=rngs)
    else:
      self.act = nnx.Linear(in_features, 3, use_bias=False, rngs=rngs)
    if kind == 'gate':
      self.out = nnx.Linear(3, 2, rngs=rngs)
    else:
      self.out = nnx.Linear(3, 2, use_bias=False, rngs=rngs)

  def is_gate(self):
    return self.kind == 'gate'

  def __call__(self, x):
    if self.kind == 'gate':
      act = self.act  # with a bias
    else:
      act = self.act
    if self.is_gate():
      out = self.out
    else:
      out = self.out
    if self.kind == 'gate':
      x = nnx.relu(x)
    else:
      x = nnx.relu(x)
    return out(act(x))


class Table(nnx.Module):
  def __init__(self, highest: int, wide: bool = False, *, rngs: nnx.Rngs):
    index = []
    if wide:
      # each as often as it has parts
      for degree in range(1, highest + 1):
        length = 2 * degree + 1
        for _ in range(length):
          index.append(degree - 1)
    else:
      for degree in range(highest):
        index.append(degree)
    self.index = jnp.array(index)

  def __call__(self, x):
    return x[:, self.index]


class Stack(nnx.Module):
  def __init__(
      self, in_features: int, layer_sizes: Tuple[int, ...], *, rngs: nnx.Rngs
  ):
    self.layer_sizes = layer_sizes
    self.dense_layers_0 = nnx.List([])
    self.dense_layers_1 = nnx.List([])
    hidden_features = in_features
    for i, hidden_size in enumerate(layer_sizes):
      if i != len(layer_sizes) - 1:
        self.dense_layers_0.append(
            nnx.Linear(hidden_features, hidden_size, rngs=rngs)
        )
        self.dense_layers_1.append(None)
      else:
        self.dense_layers_1.append(
            nnx.Linear(hidden_features, hidden_size, use_bias=False, rngs=rngs)
        )
        self.dense_layers_0.append(None)
      hidden_features = hidden_size

  def __call__(self, hidden):
    for (i, hidden_size), dense_0, dense_1 in zip(
        enumerate(self.layer_sizes), self.dense_layers_0, self.dense_layers_1
    ):
      if i != len(self.layer_sizes) - 1:
        hidden = nnx.relu(dense_0(hidden))
      else:
        hidden = dense_1(hidden)
    return hidden


class Period(nnx.Module):
  def __init__(self, length: int, period: int | None = None, *, rngs: nnx.Rngs):
    self.length = length
    # nothing of both branches stays
    if period is None:
      self._period = length
    else:
      self._period = period
    self.weight = nnx.Param(
        nnx.initializers.ones(rngs.params(), (self._period,))
    )

  def __call__(self, x):
    return x * jnp.tile(self.weight[...], self.length // self._period)
