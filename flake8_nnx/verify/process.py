"""One worker process: a clean environment, a home of its own, limits that are watched from outside, and its whole family ended.

Linux tells memory, processor time and descendants through `/proc`; elsewhere only time and output are limited.
"""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

POLL = 0.02  # seconds
KEPT = frozenset("PATH LANG LC_ALL LC_CTYPE TMPDIR TZ PYTHONPATH VIRTUAL_ENV LD_LIBRARY_PATH SYSTEMROOT".split())
KEPT_PREFIXES = ("JAX_", "XLA_", "CUDA_", "NVIDIA_", "ROCM_", "TPU_", "LIBTPU_", "OMP_", "COVERAGE_")


@dataclass(frozen=True)
class Limits:
    """What one job may use: seconds of wall clock and of processor time, MiB of resident memory."""

    timeout: float = 120.0
    memory_mb: int = 8192

    @property
    def processor(self) -> float:
        """Every core for the whole time, which only processes that outlive a call can exceed."""
        return self.timeout * (os.cpu_count() or 1)

    def exceeded(self, seconds: float, processor: float, memory_mb: float) -> str | None:
        """Why a job has to be ended, None while it may go on."""
        if seconds > self.timeout:
            return f"took longer than {self.timeout:g} s; give more time (--timeout) or a smaller case"
        if memory_mb > self.memory_mb:
            return f"used more than {self.memory_mb} MiB of memory; give more (--memory-mb) or a smaller case"
        if processor > self.processor:
            return f"used more than {self.processor:g} s of processor time; give more time (--timeout) or a smaller case"
        return None


def start(home: Path, results: Path, log: Path, platforms: str | None = None) -> subprocess.Popen[bytes]:
    """A worker that reads jobs from its standard input and appends what it found to `results`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flake8_nnx.verify.worker", str(results)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=clean_environment(home, platforms),
            start_new_session=True,
        )


def clean_environment(home: Path, platforms: str | None = None) -> dict[str, str]:
    """What Python and JAX need of the environment, and nothing else."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_PREFIXES)}
    package = str(Path(__file__).resolve().parents[2])
    paths = [p for p in kept.get("PYTHONPATH", "").split(os.pathsep) if p]
    own = {"HOME": str(home), "PYTHONPATH": os.pathsep.join([*paths, package]), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **own, **({"JAX_PLATFORMS": platforms} if platforms else {})}


def usage(pids: Iterable[int]) -> tuple[float, float]:
    """Seconds of processor time and MiB of resident memory of these processes."""
    seconds, memory = 0.0, 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):  # ended meanwhile
            continue
        seconds += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        memory += pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return seconds, memory


def family(home: Path) -> list[int]:
    """The worker and what it started, also in other sessions: all with its home directory, which no other run has."""
    mark = b"HOME=" + os.fsencode(home)
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
        except OSError:  # ended meanwhile, or of another user
            continue
    return found


def end_children(home: Path, worker: int) -> None:
    """End what a worker started, and not the worker."""
    deadline = time.monotonic() + 5
    while (rest := [pid for pid in family(home) if pid != worker]) and time.monotonic() < deadline:
        for pid in rest:  # again for what was started while others were ended
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL)


def kill(process: subprocess.Popen[bytes], home: Path) -> None:
    """End the worker and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    process.wait()
    end_children(home, process.pid)


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
