"""The process in which user code runs: reads jobs, writes one verdict per line, dies without hurting anyone.

Started by `flake8_nnx.verify.pool` as `python -m flake8_nnx.verify.worker JOBS.json RESULTS.jsonl`.
"""
from __future__ import annotations

import functools
import json
import resource
import signal
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAX_OUTPUT = 64 * 2**20  # bytes that user code may print, or write to any one file


def main(jobs_file: str, results_file: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; a flood must end the process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    jobs = json.loads(Path(jobs_file).read_text(encoding="utf-8"))
    import jax  # noqa: F401  (before the first job's clock starts)

    with open(results_file, "a", encoding="utf-8") as results:
        for number, job in jobs:
            _say(results, {"start": number})
            verdict = run(job)
            _say(results, {"done": number, "verdict": verdict})


def _say(results: Any, line: Mapping[str, Any]) -> None:
    results.write(json.dumps(line, default=str) + "\n")
    results.flush()


def run(job: Mapping[str, Any]) -> dict[str, Any] | None:
    """The verdict on one job, None when its cases file has no case for the class."""
    from flake8_nnx.verify.check import blame, check
    from flake8_nnx.verify.verdict import unverified, worst

    try:
        cases = _cases(job)
    except BaseException as error:  # noqa: B036  (user code may call sys.exit)
        return unverified(f"the cases cannot be loaded: {blame(error)}").to_json()
    if not cases:
        return None
    try:
        old = _module(job["old"]["path"], None)
    except BaseException as error:  # noqa: B036
        return unverified(f"the Linen file cannot be imported: {blame(error)}").to_json()
    try:
        new = _module(job["new"]["path"], job["new"].get("source"))
    except BaseException as error:  # noqa: B036
        return unverified(f"the NNX file cannot be imported: {blame(error)}").to_json()
    cls = getattr(new, job["new"]["class"], None)
    if cls is None:
        return unverified(f"{job['new']['path']} has no class {job['new']['class']}").to_json()
    verdicts = [check(case, vars(old), cls, vars(new), job.get("variable_map")) for case in cases]
    return worst(verdicts).to_json()


@functools.lru_cache(maxsize=64)
def _module(path: str, source: str | None) -> types.ModuleType:
    from flake8_nnx.verify.load import load

    return load(Path(path), source)


@functools.lru_cache(maxsize=8)
def _cases_of(path: str) -> list[Any]:
    from flake8_nnx.verify.load import load_cases

    return load_cases(Path(path))


def _cases(job: Mapping[str, Any]) -> list[Any]:
    from flake8_nnx.verify.case import Case

    if "case" in job:
        return [Case.from_json(job["case"])]
    return [case for case in _cases_of(job["cases_file"]) if case.is_for(job["old"]["path"], job["old"]["class"])]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
