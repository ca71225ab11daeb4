"""Verifies every pair of a Linen and an NNX layer on the flax at hand.

The proof is tried for every pair, those whose numbers differ included, so that the two can contradict each other.
"""
from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check
from flake8_nnx.verify.layers import (
    pairs_attention,
    pairs_batch_norm,
    pairs_conv,
    pairs_linear,
    pairs_norm,
    pairs_other,
    pairs_recurrent,
    pairs_reparam,
    remedies,
)
from flake8_nnx.verify.layers.pair import Pair

FAMILIES: Mapping[str, tuple[Pair, ...]] = {
    "Dense, DenseGeneral, Einsum, Embed": tuple(pairs_linear.PAIRS),
    "Conv, ConvTranspose": tuple(pairs_conv.PAIRS),
    "LayerNorm, RMSNorm, GroupNorm, InstanceNorm": tuple(pairs_norm.PAIRS),
    "BatchNorm": tuple(pairs_batch_norm.PAIRS),
    "SpectralNorm, WeightNorm": tuple(pairs_reparam.PAIRS),
    "Attention": tuple(pairs_attention.PAIRS),
    "Recurrent layers": tuple(pairs_recurrent.PAIRS),
    "PReLU, Dropout, Sequential, and layers without a twin": tuple(pairs_other.PAIRS),
}
PAIRS = tuple(pair for pairs in FAMILIES.values() for pair in pairs)

_NAMES = {"jax": jax, "jnp": jnp, "np": np}
_OLD = {**_NAMES, "nn": nn}
_NEW = {**_NAMES, **vars(remedies), "nnx": nnx}
_NUMBER = r"[0-9.]+(?:e[+-]?\d+)?"
# What one machine measures and another does not: how large an error is.
_FIGURES = re.compile(rf" by up to {_NUMBER}| where values reach {_NUMBER}| \(bound {_NUMBER}\)|, though 16-bit.*")


@dataclass(frozen=True)
class Row:
    """What one flax version says about a pair.

    Attributes:
        status, reason: those of the verdict.
        proved: the parts of the claim that were proved, all of them where the status is PROVED.
        contradicted: everything was proved, and yet the numbers differ.
    """

    status: str
    reason: str
    proved: tuple[str, ...] = ()
    contradicted: bool = False

    @property
    def essence(self) -> tuple[str, str, tuple[str, ...]]:
        """The row without its figures, the same on every machine: the claim of a proof, or the first difference."""
        if self.status == "PROVED":
            claim = self.reason.partition(": ")[2].partition("; ")[0]
        else:
            claim = "" if self.status == "MATCHED" else _FIGURES.sub("", self.reason.partition("; ")[0])
        return self.status, claim, self.proved

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Row:
        return cls(**{**data, "proved": tuple(data["proved"])})


def verify_pair(pair: Pair) -> Row:
    """The verdict on one pair: outputs, state and gradients, in evaluation and, where the pair has it, in training."""
    case = Case(
        f"flax.linen:{pair.layer}", init=pair.linen, new_init=pair.nnx, args=pair.args, kwargs=pair.kwargs,
        train_kwargs=pair.train_kwargs, rngs=pair.rngs, method=pair.method, init_args=pair.init_args,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NNX warns of carry_init, which must not become an error of the row
        verdict = check(case, _OLD, None, _NEW, pair.variable_map, device="cpu", always_prove=True)
    proofs = verdict.evidence.get("proof", {})  # an attempt ends with the first part that is not proved
    proved = tuple(part for part, proof in proofs.items() if proof["proved"])
    contradicted = len(proved) == len(proofs) > 0 and not verdict.good and " initial " not in verdict.reason
    return Row(verdict.status, verdict.reason, proved, contradicted)


def verify_all(pairs: Iterable[Pair] = PAIRS) -> dict[str, Row]:
    """A row for each pair, by its name."""
    return {pair.name: verify_pair(pair) for pair in pairs}
