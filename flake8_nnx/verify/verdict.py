"""What a verification says: the verdict, its reason in one line, and the evidence.

PROVED > MATCHED > DIFFERS > UNVERIFIED; only the first two are good.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = ("PROVED", "MATCHED", "DIFFERS", "UNVERIFIED")
GOOD = ("PROVED", "MATCHED")


@dataclass(frozen=True)
class Verdict:
    """Outcome of comparing a Linen module with its NNX counterpart.

    `evidence` holds, per check and device, `max_abs`, `max_rel`, `max_ulp` and the `bound` with its origin;
    `variable_map` is flat, Linen path to NNX path.
    """

    status: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    variable_map: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"{self.status!r} is none of {', '.join(STATUSES)}")

    @property
    def good(self) -> bool:
        """Whether the two were shown to compute the same."""
        return self.status in GOOD

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field."""
        return {
            "status": self.status,
            "reason": self.reason,
            "evidence": dict(self.evidence),
            "variable_map": dict(self.variable_map),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_json` wrote."""
        return cls(data["status"], data["reason"], data.get("evidence", {}), data.get("variable_map", {}))


def unverified(reason: str) -> Verdict:
    """Nothing was shown; `reason` says what to do about it."""
    return Verdict("UNVERIFIED", " ".join(reason.split()))


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of a class with several cases: the worst counts, DIFFERS above all."""
    order = ("DIFFERS", "UNVERIFIED", "MATCHED", "PROVED")
    return min(verdicts, key=lambda verdict: order.index(verdict.status))


class Unverifiable(Exception):
    """Why nothing can be said about a case; the message is the verdict's reason."""


class Different(Exception):
    """A difference found before any number was computed; the message is the verdict's reason."""
