"""What a verification says: the verdict, its reason in one line, and the evidence.

PROVED > MATCHED > DIFFERS > UNVERIFIED; only the first two are good.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flake8_nnx.case import Case

STATUSES = ("PROVED", "MATCHED", "DIFFERS", "UNVERIFIED")
GOOD = ("PROVED", "MATCHED")
SCHEMA_VERSION = 1
INTERRUPTED = "interrupted before it was verified"
DEVICE = re.compile(r"\(([a-z]+)(?::\d+)?\)$")  # at the end of what a run is called in the evidence


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

    @property
    def platforms(self) -> tuple[str, ...]:
        """The kinds of devices (`cpu`, `gpu`) that the runs in the evidence were on."""
        runs = [*self.evidence, *(run for case in self.evidence.get("cases", ()) for run in case["evidence"])]
        return tuple(sorted({match[1] for run in runs if (match := DEVICE.search(run))}))

    def explained(self, old: object, new: object) -> str:
        """What was found about two classes and what to do next, for a failing test."""
        lines = [f"{self.status}: {_name(new)} against {_name(old)}", self.reason]
        if str(self.evidence.get("variable map", "")).startswith("proposed"):
            lines.append("no variable map was given; the one proposed from names and shapes pairs:")
            lines += [f"  {linen} -> {nnx}" for linen, nnx in self.variable_map.items()]
        if isinstance(old, str):
            lines.append(f"all figures: flake8-nnx verify {old} {new}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field (schema: `docs/schemas/verdict.json`)."""
        return {
            "schema_version": SCHEMA_VERSION,
            "status": self.status,
            "reason": self.reason,
            "evidence": dict(self.evidence),
            "variable_map": dict(self.variable_map),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_json` wrote."""
        return cls(data["status"], data["reason"], data.get("evidence", {}), data.get("variable_map", {}))


def _name(side: object) -> str:
    return side if isinstance(side, str) else f"{side.__module__}.{getattr(side, '__qualname__', side)}"


def unverified(reason: str) -> Verdict:
    """Nothing was shown; `reason` says what to do about it."""
    return Verdict("UNVERIFIED", " ".join(reason.split()))


def combined(cases: Sequence[Case], verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of a class with several cases: the worst counts, DIFFERS above all; the evidence has every case."""
    if len(verdicts) == 1:
        return verdicts[0]
    order = ("DIFFERS", "UNVERIFIED", "MATCHED", "PROVED")
    worst = min(range(len(verdicts)), key=lambda i: order.index(verdicts[i].status))
    found = verdicts[worst]
    evidence = {
        "cases": [
            {**verdict.to_json(), "method": case.method, "init": case.init, "case": case.origin}
            for case, verdict in zip(cases, verdicts)
        ]
    }
    which = f"case {worst + 1} of {len(cases)} ({cases[worst].method})" if not found.good else f"{len(cases)} cases"
    names = {old: new for verdict in verdicts for old, new in verdict.variable_map.items()}
    return Verdict(found.status, f"{which}: {found.reason}", evidence, names)


class Unverifiable(Exception):
    """Why nothing can be said about a case; the message is the verdict's reason."""


class Unfit(Unverifiable):
    """A case that does not tell how the NNX class is constructed, or gives the Linen class what its source may never give."""


class Different(Exception):
    """A difference found before any number was computed; the message is the verdict's reason."""
