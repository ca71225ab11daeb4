"""How a canonical rule is written: a function under `@rule(name, operations...)`.

The function gets the table and a call and gives the numbers of the results, or None where it does not apply.
Its docstring says what is equal, why that is sound, and the near miss that must stay different.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from flake8_nnx.verify.prove.table import Call, Table

Precision = Literal["bits", "zeros", "reals"]
Rewrite = Callable[[Table, Call], Sequence[int] | None]
RULES: list["Rule"] = []


@dataclass(frozen=True)
class Rule:
    """A named rewrite of some operations.

    Attributes:
        precision: equal to the bit, up to the sign of zeros, or over the reals only.
        condition: what the values must be like, in words; empty where they may be anything.
    """

    name: str
    ops: frozenset[str]
    rewrite: Rewrite
    precision: Precision
    condition: str = ""

    @property
    def doc(self) -> str:
        return self.rewrite.__doc__ or ""


def rule(name: str, *ops: str, precision: Precision = "bits", condition: str = "") -> Callable[[Rewrite], Rewrite]:
    """Registers a rewrite; rules are tried in the order of registration."""

    def register(rewrite: Rewrite) -> Rewrite:
        RULES.append(Rule(name, frozenset(ops), rewrite, precision, condition))
        return rewrite

    return register
