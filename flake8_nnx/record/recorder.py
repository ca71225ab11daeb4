"""What one process has recorded so far: counts by key, and when they are written to the database.

New records are written when the outermost call returns, so that a process which is killed loses only counts.
"""
from __future__ import annotations

import atexit
import os
import threading
import time

from flake8_nnx.record.store import Record, write

AT_ONCE, LATER = 200, 1.0  # so many writes at once, then one a second at most: a test suite makes thousands of records


class Recorder:
    """Records of this process on their way to the database.

    Args:
        database: where they go; it exists already.
        run: name of the run, by which `flake8-nnx record` finds what came of it.
        root: the folder that places of calls are relative to.
    """

    def __init__(self, database: str, run: str, root: str) -> None:
        self.database, self.run, self.root = database, run, root
        self.errors: dict[str, int] = {}
        self._records: list[Record] = []
        self._new = False
        self._writes, self._written = 0, 0.0
        self._lock = threading.Lock()
        atexit.register(self.write)
        os.register_at_fork(after_in_child=self._forked)

    def add(self, record: Record) -> None:
        self._records.append(record)
        self._new = True

    def error(self, error: BaseException) -> None:
        """Count an error of ours, which the program never sees."""
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if text in self.errors or len(self.errors) < 20:
            self.errors[text] = self.errors.get(text, 0) + 1

    def idle(self) -> None:
        """No call is open: a good moment to write."""
        if self._new and (self._writes < AT_ONCE or time.monotonic() - self._written > LATER):
            self.write()

    def write(self) -> None:
        """Write what is new; what cannot be written now is kept for the next time."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            counted = [(record, record.calls - record.written) for record in list(self._records)]
            self._new = False
            errors = dict(self.errors)
            if errors or any(calls for _, calls in counted):
                write(self.database, self.run, [(record, calls) for record, calls in counted if calls], errors, os.getpid())
            for record, calls in counted:
                record.written += calls
        except Exception as error:
            self.error(error)
        finally:
            self._writes, self._written = self._writes + 1, time.monotonic()
            self._lock.release()

    def _forked(self) -> None:
        """In a forked process: what was counted before is written by the parent."""
        self._lock = threading.Lock()
        self.errors.clear()
        for record in self._records:
            record.written = record.calls
