"""The reference models of flax against their NNX ports: verdict, what the proof took, and the evidence.

`python benchmarks/reference.py [words…]` verifies every configuration in whose name a word occurs (all of them
without words) and prints one line each. Variable maps are proposed, not given; seconds are CPU seconds of this process.
"""
from __future__ import annotations

import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # the programs run once, on a few numbers
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from reference_cases import REFERENCES, Reference  # noqa: E402

from flake8_nnx.verify import Verdict, check  # noqa: E402

ROW = "{:9} {:18} {:9} {:>9} {:>7} {:>8} {:>9} {:>7}  {}"
HEAD = ("model", "configuration", "verdict", "variables", "proof s", "all s", "sizes", "max ulp", "precision or blame")


@contextmanager
def timed(owner: Any, name: str) -> Iterator[list[float]]:
    """The seconds of every call of a function."""
    spent: list[float] = []
    real: Callable[..., Any] = getattr(owner, name)

    def run(*args: Any, **kwargs: Any) -> Any:
        start = time.process_time()
        try:
            return real(*args, **kwargs)
        finally:
            spent.append(time.process_time() - start)

    with mock.patch.object(owner, name, run):
        yield spent


def line(reference: Reference) -> str:
    start = time.process_time()
    with timed(check.proof, "attempt") as spent:
        verdict = reference.verdict()
    proofs = list(verdict.evidence.get("proof", {}).values())
    symbolic = [set(proof["symbolic"]) for proof in proofs]
    sizes = sorted(set.intersection(*symbolic)) if symbolic else []
    runs = [run for run in verdict.evidence.values() if isinstance(run, dict) and "max_ulp" in run]
    return ROW.format(
        reference.model,
        reference.configuration,
        verdict.status + ("" if verdict.status == reference.status else " (!)"),
        len(verdict.variable_map),
        f"{sum(spent):.2f}" if spent else "-",
        f"{time.process_time() - start:.1f}",
        f"every {', '.join(sizes)}" if sizes else "-",
        f"{max(run['max_ulp'] for run in runs):.2g}" if verdict.good else "-",
        remark(verdict, proofs),
    )


def remark(verdict: Verdict, proofs: list[dict[str, Any]]) -> str:
    """How precise the proof is, the part that has none, or the module that a difference is blamed on."""
    unproved = [part for part in proofs if not part["proved"]]
    if verdict.status == "PROVED":
        order = ("bits", "zeros", "reals")
        return max((part["precision"] for part in proofs), key=order.index)
    if unproved:
        return unproved[0]["reason"]
    blamed = re.search(r"submodule (\S+) .*?known difference ([\w-]+)|submodule (\S+)", verdict.reason)
    return " ".join(filter(None, blamed.groups())) if blamed else verdict.reason


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    words = sys.argv[1:]
    print(ROW.format(*HEAD))
    wanted = [reference for reference in REFERENCES if not words or any(word in reference.name for word in words)]
    for reference in wanted:
        print(line(reference), flush=True)


if __name__ == "__main__":
    main()
