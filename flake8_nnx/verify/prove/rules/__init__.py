"""The canonical rules of the proof engine: each rewrites an operation about to be written into the table.

A rule is either exact (every element of the result is computed by the same floating-point operations in the same order)
or holds over the reals only; proofs that need a rule of the second kind say so.
Everywhere, NaN payloads are ignored.
"""
from __future__ import annotations

from flake8_nnx.verify.prove.rules import contractions, elementwise, movement, reductions, slices  # noqa: F401 registers
from flake8_nnx.verify.prove.rules.registry import RULES, Rule

EXACT: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.exact)
ALL: tuple[Rule, ...] = tuple(RULES)

__all__ = ["ALL", "EXACT", "RULES", "Rule"]
