"""A pool of warm workers: jax is imported once per worker, and each job that kills one costs its own verdict only.

Jobs of one project share a worker and what it has imported; for another project, or after an edit, modules are loaded anew.
"""
from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from flake8_nnx.verify import process
from flake8_nnx.verify.process import POLL, Limits
from flake8_nnx.verify.verdict import INTERRUPTED, Verdict, unverified

STARTUP = Limits(timeout=120.0)  # to import jax on a slow disk
WATCH = 0.25  # seconds between two looks at memory and processor time, which read all of /proc
Job = Mapping[str, Any]
Progress = Callable[[int, int], None]


class Worker:
    """One process that verifies one job after the other; a new one takes its place when it dies."""

    def __init__(self, limits: Limits, platforms: str | None) -> None:
        self._limits, self._platforms = limits, platforms
        self._directory = tempfile.TemporaryDirectory(prefix="flake8-nnx-")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _results(self) -> Path:
        return Path(self._directory.name) / "results.jsonl"

    @property
    def _log(self) -> Path:
        return Path(self._directory.name) / "output.txt"

    @property
    def _home(self) -> Path:
        return Path(self._directory.name) / "home"

    def run(self, job: Job) -> Verdict | None:
        """The verdict of a job, None where its cases have none for the class."""
        if self._process is None or self._process.poll() is not None:
            death = self._start()
            if death:
                return unverified(f"no worker could be started: {death}")
        assert self._process is not None and self._process.stdin is not None
        os.truncate(self._log, 0)
        os.truncate(self._results, 0)
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:  # it died on its own between two jobs
            self.close()
            return self.run(job)
        found, death = self._wait(self._limits)
        if found is None:
            self._end()
            return unverified(death)
        process.end_children(self._home, self._process.pid)
        if process.usage([self._process.pid])[1] > self._limits.memory_mb / 2:  # compiled code must not count for the next job
            self._end()
        return Verdict.from_json(found["verdict"]) if found["verdict"] else None

    def _start(self) -> str:
        """Start a process and wait for its jax; the reason when that fails."""
        self._home.mkdir(exist_ok=True)
        for file in (self._results, self._log):
            file.write_bytes(b"")
        self._process = process.start(self._home, self._results, self._log, self._platforms)
        ready, death = self._wait(STARTUP)
        if ready is None:
            self._end()
        return "" if ready else death

    def _wait(self, limits: Limits) -> tuple[dict[str, Any] | None, str]:
        """The next line of results, or why there is none."""
        assert self._process is not None
        started = looked = time.monotonic()
        before = process.usage([self._process.pid])[0]
        while True:
            ended = self._process.poll() is not None
            text = self._results.read_bytes()
            if text.endswith(b"\n"):
                return json.loads(text), ""
            if ended:
                return None, process.explain(self._process.returncode, self._log)
            now = time.monotonic()
            seconds, memory = 0.0, 0.0
            if now - looked > WATCH:
                looked = now
                seconds, memory = process.usage({self._process.pid, *process.family(self._home)})
            death = limits.exceeded(now - started, seconds - before, memory)
            if death:
                return None, death
            time.sleep(POLL)

    def interrupt(self) -> None:
        """End the process from another thread; the job that waits for it learns that it has died."""
        running = self._process
        if running is not None:
            process.kill(running, self._home)

    def _end(self) -> None:
        if self._process is not None:
            process.kill(self._process, self._home)
            self._process = None

    def close(self) -> None:
        """End the process; the next job starts another."""
        self._end()

    def remove(self) -> None:
        """End the process and remove its directory."""
        self._end()
        self._directory.cleanup()


class Pool:
    """Warm workers for many verifications; use it as a context manager, or close it.

    Args:
        workers: how many processes run at the same time.
        limits: of one job.
        platforms: what `JAX_PLATFORMS` is in the workers, None for every local device.
    """

    def __init__(self, workers: int = 1, limits: Limits = Limits(), platforms: str | None = None) -> None:  # noqa: B008
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._stopped = threading.Event()
        self._workers = [Worker(limits, platforms) for _ in range(max(1, workers))]
        for worker in self._workers:
            self._idle.put(worker)

    def run(self, jobs: Sequence[Job], progress: Progress = lambda done, total: None) -> list[Verdict | None]:
        """The verdict of each job in order (see `run_jobs`)."""
        found: list[Verdict | None] = [unverified(INTERRUPTED)] * len(jobs)
        self._stopped.clear()
        with ThreadPoolExecutor(len(self._workers)) as threads:
            numbers = {threads.submit(self._one, job): number for number, job in enumerate(jobs)}
            try:
                for done, future in enumerate(as_completed(numbers), 1):
                    found[numbers[future]] = future.result()
                    progress(done, len(jobs))
            except BaseException as error:
                self._stop()
                if not isinstance(error, KeyboardInterrupt):
                    raise
        return found

    def _one(self, job: Job) -> Verdict | None:
        worker = self._idle.get()
        try:
            return unverified(INTERRUPTED) if self._stopped.is_set() else worker.run(job)
        finally:
            self._idle.put(worker)

    def _stop(self) -> None:
        """Have the running jobs end, by ending their processes, and those that wait not start."""
        self._stopped.set()
        for worker in self._workers:
            worker.interrupt()

    def close(self) -> None:
        for worker in self._workers:
            worker.remove()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


_SHARED: dict[tuple[Limits, str | None], Pool] = {}
_LOCK = threading.Lock()


def shared(limits: Limits, platforms: str | None = None) -> Pool:
    """The pool that this process keeps warm for these limits until it ends."""
    with _LOCK:
        if (limits, platforms) not in _SHARED:
            pool = _SHARED[limits, platforms] = Pool(1, limits, platforms)
            atexit.register(pool.close)
        return _SHARED[limits, platforms]


def run_jobs(
    jobs: Sequence[Job],
    *,
    timeout: float = 120.0,
    memory_mb: int = 8192,
    workers: int = 1,
    device: str | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Verdict | None]:
    """The verdict of each job, None where a cases file has no case for the class.

    Args:
        jobs: `{"old": {"path", "class"}, "new": {"path", "class", "source"?}, "variable_map"}` and where the cases come from:
            `"case"`, or the first of `"cases_file"`, `"recorded"` (a database of `flake8-nnx record`) and `"synthesise"` (true)
            that has one for the class.
        timeout: seconds for one job.
        memory_mb: resident memory of a worker in MiB.
        workers: how many jobs run at the same time; one worker is kept warm for the next call.
        device: run on the devices of this platform only (`cpu`, `gpu`, `tpu`), or on this one (`gpu:1`).
        progress: told how many jobs of how many are done.

    An interrupt (Ctrl-C) ends the jobs that run: these and those after them are UNVERIFIED because of `INTERRUPTED`.
    """
    limits = Limits(timeout, memory_mb)
    platforms = "cpu" if device == "cpu" else None
    jobs = [{**job, "device": device} for job in jobs]
    if workers <= 1 or len(jobs) <= 1:
        return shared(limits, platforms).run(jobs, progress)
    with Pool(min(workers, len(jobs)), limits, platforms) as pool:
        return pool.run(jobs, progress)
