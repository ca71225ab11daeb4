"""Runs jobs in worker processes with limits; a worker that dies costs the job it was at, not the others.

Wall-clock time, resident memory and output are limited, the environment is cleaned, children are killed with it.
"""
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flake8_nnx.verify.verdict import Verdict, unverified

STARTUP = 120.0  # seconds to import jax on a slow disk
POLL = 0.05  # seconds
KEPT = frozenset("PATH LANG LC_ALL LC_CTYPE TMPDIR TZ PYTHONPATH VIRTUAL_ENV LD_LIBRARY_PATH SYSTEMROOT".split())
KEPT_PREFIXES = ("JAX_", "XLA_", "CUDA_", "NVIDIA_", "ROCM_", "TPU_", "LIBTPU_", "OMP_", "COVERAGE_")


def run_jobs(
    jobs: Sequence[Mapping[str, Any]], *, timeout: float = 120.0, memory_mb: int = 8192
) -> list[Verdict | None]:
    """The verdict of each job, None where a cases file has no case for the class.

    Args:
        jobs: `{"old": {"path", "class"}, "new": {"path", "class", "source"?}, "case" or "cases_file", "variable_map"}`.
        timeout: seconds for one job.
        memory_mb: resident memory of the worker in MiB.
    """
    verdicts: dict[int, Verdict | None] = {}
    with tempfile.TemporaryDirectory(prefix="flake8-nnx-") as directory:
        while len(verdicts) < len(jobs):
            rest = [(number, job) for number, job in enumerate(jobs) if number not in verdicts]
            verdicts.update(_run_worker(rest, Path(directory), timeout, memory_mb))
    return [verdicts[number] for number in range(len(jobs))]


def _run_worker(
    jobs: Sequence[tuple[int, Mapping[str, Any]]], directory: Path, timeout: float, memory_mb: int
) -> dict[int, Verdict | None]:
    """Results of one worker; when it dies, an UNVERIFIED for the job that killed it."""
    jobs_file, results_file, log = directory / "jobs.json", directory / "results.jsonl", directory / "output.txt"
    jobs_file.write_text(json.dumps(jobs), encoding="utf-8")
    results_file.write_text("", encoding="utf-8")
    home = directory / "home"
    home.mkdir(exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "flake8_nnx.verify.worker", str(jobs_file), str(results_file)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=clean_environment(home),
            start_new_session=True,
        )
        try:
            death = _watch(process, results_file, home, timeout, memory_mb)
        finally:
            kill(process, home)
    done, current = read_results(results_file)
    if len(done) < len(jobs):
        victim = current if current is not None else jobs[0][0]
        done[victim] = unverified(death or explain(process.returncode, log))
    return done


def clean_environment(home: Path) -> dict[str, str]:
    """What Python and JAX need of the environment, and nothing else."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_PREFIXES)}
    package = str(Path(__file__).resolve().parents[2])
    paths = [p for p in kept.get("PYTHONPATH", "").split(os.pathsep) if p]
    return {**kept, "HOME": str(home), "PYTHONPATH": os.pathsep.join([*paths, package]), "PYTHONDONTWRITEBYTECODE": "1"}


def _watch(process: subprocess.Popen[bytes], results: Path, home: Path, timeout: float, memory_mb: int) -> str | None:
    """Wait for the worker; the reason when it had to be killed."""
    started, seen = time.monotonic(), -1
    limit = STARTUP
    while process.poll() is None:
        size = results.stat().st_size
        if size != seen:  # a job started or ended: its clock starts anew
            started, limit = time.monotonic(), timeout if size else STARTUP
            seen = size
        if time.monotonic() - started > limit:
            return f"took longer than {limit:g} s; give more time (--timeout) or a smaller case"
        if sum(map(resident_mb, {process.pid, *family(home)})) > memory_mb:
            return f"used more than {memory_mb} MiB of memory; give more (--memory-mb) or a smaller case"
        time.sleep(POLL)
    return None


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MiB, 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError, IndexError):
        return 0.0


def family(home: Path) -> list[int]:
    """The worker and what it started, also in other sessions: everything with its home directory, which no other run has."""
    mark = b"HOME=" + os.fsencode(home)
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
        except OSError:  # ended meanwhile, or of another user
            continue
    return found


def kill(process: subprocess.Popen[bytes], home: Path) -> None:
    """End the worker and everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
    deadline = time.monotonic() + 5
    while (rest := family(home)) and time.monotonic() < deadline:  # again for what was started while others were ended
        for pid in rest:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL)


def read_results(path: Path) -> tuple[dict[int, Verdict | None], int | None]:
    """What the worker finished, and the job it was at."""
    done: dict[int, Verdict | None] = {}
    current: int | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            break  # it died while writing
        if "start" in found:
            current = found["start"]
        else:
            done[found["done"]] = Verdict.from_json(found["verdict"]) if found["verdict"] else None
            current = None
    return done, current


def explain(code: int | None, log: Path) -> str:
    """Why a worker ended on its own, in one line."""
    text = log.read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
    last = text[-1].strip()[:200] if text else ""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        known = {
            "SIGSEGV": "crashed with a segmentation fault",
            "SIGXFSZ": "wrote more than 64 MiB of output",
            "SIGKILL": "was killed by the system, most likely for its memory",
            "SIGABRT": "aborted",
        }
        return f"the run {known.get(name, f'ended with {name}')}{': ' + last if last and name == 'SIGABRT' else ''}"
    return f"the run ended early with exit code {code}{': ' + last if last else ''}"
