"""The canonical rules of the proof engine: each rewrites an operation about to be written into the table.

A rule keeps every bit (the same floating-point operations in the same order), or everything but the sign of zeros,
or holds over the reals only; a proof says what its rules keep. NaN payloads are ignored everywhere.
"""
from __future__ import annotations

from flake8_nnx.verify.prove.rules import attention, contractions, elementwise, movement, reductions, slices  # noqa: F401
from flake8_nnx.verify.prove.rules.registry import RULES, Precision, Rule

_ORDER: tuple[Precision, ...] = ("bits", "zeros", "reals")


def keeping(precision: Precision) -> tuple[Rule, ...]:
    """The rules that keep at least this much."""
    return tuple(rule for rule in RULES if _ORDER.index(rule.precision) <= _ORDER.index(precision))


__all__ = ["RULES", "Precision", "Rule", "keeping"]
