"""Stands in for clu.metrics: what a program collects of its outputs, over batches, and what it makes of all of them."""
from __future__ import annotations

from typing import Any

import flax.struct
import jax
import numpy as np


@flax.struct.dataclass
class Collected:
    """Outputs by name."""

    values: Any

    @classmethod
    def from_model_output(cls, **outputs):
        return cls(cls.chosen(outputs))

    def merge(self, other):
        return type(self)(jax.tree.map(lambda *both: np.concatenate(both), self.values, other.values))

    def compute(self):
        return jax.tree.map(np.asarray, self.values)


def choosing(base, function):
    """A kind of metric that keeps what a function makes of the outputs."""
    return flax.struct.dataclass(type("Metric", (base,), {"chosen": staticmethod(function), "__annotations__": {}}))


class CollectingMetric:
    @staticmethod
    def from_outputs(names):
        return choosing(Collected, lambda outputs: {name: outputs[name] for name in names})


@flax.struct.dataclass
class Average(Collected):
    """The mean of what is not masked."""

    def compute(self):
        value, mask = (np.asarray(each) for each in self.values)
        return value[mask].mean()

    @classmethod
    def from_fun(cls, function):
        return choosing(cls, lambda outputs: (function(**outputs), outputs["mask"]))

    @classmethod
    def from_output(cls, name):
        return choosing(cls, lambda outputs: (outputs[name], outputs["mask"]))


@flax.struct.dataclass
class Collection:
    """Metrics by name, which a program names with their kinds."""

    @classmethod
    def single_from_model_output(cls, **outputs):
        return cls(**{name: kind.from_model_output(**outputs) for name, kind in cls.__annotations__.items()})

    def merge(self, other):
        return type(self)(**{name: getattr(self, name).merge(getattr(other, name)) for name in type(self).__annotations__})

    def compute(self):
        return {name: getattr(self, name).compute() for name in type(self).__annotations__}


def average_precision(labels, scores):
    """Of sklearn.metrics: the mean precision at the places of the positives."""
    hits = labels[np.argsort(-np.asarray(scores), kind="stable")] > 0
    return (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()
