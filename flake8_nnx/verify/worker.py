"""The process in which user code runs: reads a job per line, writes a verdict per job, dies without hurting anyone.

Started by `flake8_nnx.verify.process` as `python -m flake8_nnx.verify.worker RESULTS.jsonl`.
"""
from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MAX_OUTPUT = 64 * 2**20  # bytes that user code may print, or write to any one file


def main(results_file: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; a flood must end the process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)  # user code that reads its standard input must not read the jobs
    import jax  # noqa: F401  (before the first job's clock starts)

    import flake8_nnx.verify.check  # noqa: F401

    gc.freeze()  # what the libraries made stays: the collector need not look at it again
    _say(results_file, {"ready": True})
    for line in jobs:
        _say(results_file, {"verdict": run(json.loads(line))})


def _say(results_file: str, line: Mapping[str, Any]) -> None:
    with open(results_file, "a", encoding="utf-8") as results:
        results.write(json.dumps(line, default=str) + "\n")


def run(job: Mapping[str, Any]) -> dict[str, Any] | None:
    """The verdict on one job, None when its cases file has no case for the class."""
    from flake8_nnx.verify import load
    from flake8_nnx.verify.blame import blame
    from flake8_nnx.verify.patched import exchanged, functions
    from flake8_nnx.verify.verdict import Unverifiable, unverified

    old_path, new_path = Path(job["old"]["path"]), Path(job["new"]["path"])
    load.forget_changed(old_path)
    try:
        cases = _given(job)
    except BaseException as error:  # noqa: B036  (user code may call sys.exit)
        return unverified(f"the cases cannot be loaded: {blame(error)}").to_json()
    if not cases and not job.get("synthesise"):
        return None
    try:
        old = load.load(old_path, None)
    except BaseException as error:  # noqa: B036
        return unverified(f"the Linen file cannot be imported: {blame(error)}").to_json()
    try:
        new = load.load(new_path, job["new"].get("source"), job["new"].get("others"))
    except BaseException as error:  # noqa: B036
        return unverified(f"the NNX file cannot be imported: {blame(error)}").to_json()
    cls = getattr(new, job["new"]["class"], None)
    if cls is None:
        return unverified(f"{new_path} has no class {job['new']['class']}").to_json()
    if not cases:
        from flake8_nnx.verify.synthesis import synthesise

        try:
            cases = synthesise(vars(old), job["old"]["class"])
        except Unverifiable as error:
            return unverified(f"no case: {error}").to_json()
    before = functions()
    verdict = _verdict(cases, vars(old), cls, vars(new), job)
    changed = exchanged(before)
    if changed is not None:
        return unverified(f"running the classes exchanges {changed} for the whole process: nothing is shown").to_json()
    return verdict.to_json()


def _verdict(cases: Sequence[Any], old: dict[str, Any], cls: Any, new: dict[str, Any], job: Mapping[str, Any]) -> Any:
    """The verdict of all cases; it says what none of them runs."""
    from flake8_nnx.verify.check import check
    from flake8_nnx.verify.methods import not_run, with_not_run
    from flake8_nnx.verify.verdict import combined

    found: list[tuple[Any, Any]] = []
    for case in cases:
        if cases[0].origin.startswith("synthesised") and found and not found[0][1].good:
            break  # what stands for the class is not equal: others add nothing
        verdict = check(case, old, cls, new, job.get("variable_map"), device=job.get("device"))
        # A guess of how another method may be called need not be a good one: that method counts as not run.
        if not (found and case.origin.startswith("synthesised") and verdict.status == "UNVERIFIED"):
            found.append((case, verdict))
    verdicts = [verdict for _, verdict in found]
    whole = combined([case for case, _ in found], verdicts)
    linen = old.get(job["old"]["class"])
    return with_not_run(whole, not_run(linen, verdicts)) if isinstance(linen, type) else whole


def _given(job: Mapping[str, Any]) -> list[Any]:
    """The cases that the job brings, that a file has for the class, or that were recorded for it."""
    from flake8_nnx.case import Case
    from flake8_nnx.verify.load import load_cases

    place, name = job["old"]["path"], job["old"]["class"]
    if "case" in job:
        return [Case.from_json(job["case"])]
    cases = [Case.from_json(case) for case in job.get("cases", ())]
    if job.get("cases_file"):
        cases += [case for case in load_cases(Path(job["cases_file"])) if case.is_for(place, name)]
    if not cases and job.get("recorded"):
        from flake8_nnx.record.store import recorded_cases

        cases = recorded_cases(Path(job["recorded"]), place, name)
    return cases


if __name__ == "__main__":
    main(sys.argv[1])
