"""An estimate of the minutes that are left, from rates that are assumptions and are shown as such.

They are for comparing parts of one code base, and for seeing a trend; nobody has measured them on yours.
"""
from __future__ import annotations

from flake8_nnx.report.model import State

# Minutes for a class, for each of its blockers, and for each ten of its lines.
RATES: dict[State, tuple[int, int, int]] = {
    "nnx": (0, 0, 0),
    "verified": (2, 0, 0),  # look at the diff
    "automatic": (5, 0, 1),  # and give it a case to be verified with
    "review": (10, 10, 2),
    "manual": (20, 20, 3),
}
AROUND = 3  # for each finding outside of the classes: init, apply, training steps
BASIS = (
    "assumed rates, not measurements: a class takes "
    + ", ".join(f"{base} min + {each}/blocker + {ten}/10 lines ({state})" for state, (base, each, ten) in RATES.items() if base)
    + f"; a finding outside of the classes {AROUND} min"
)


def of_class(state: State, blockers: int, lines: int) -> int:
    base, each, ten = RATES[state]
    return base + each * blockers + ten * (lines // 10)


def around(findings: int) -> int:
    return AROUND * findings
