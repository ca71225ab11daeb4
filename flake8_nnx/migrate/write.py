"""Reads and writes source files without losing a byte of what was not changed: encoding, byte order mark, line endings.

Files are replaced together, and only if they still hold what was read.
"""
from __future__ import annotations

import contextlib
import io
import os
import signal
import tempfile
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flake8_nnx.source.read import SourceError


@dataclass(frozen=True)
class SourceFile:
    """A file as it was read."""

    path: Path
    data: bytes
    encoding: str

    @property
    def text(self) -> str:
        """The text, line endings as they stand, without the byte order mark."""
        return self.data.decode(self.encoding)


def read_file(path: Path) -> SourceFile:
    """Read a Python file.

    Raises:
        SourceError: it cannot be read, or is not text in the encoding that it declares.
    """
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        data.decode(encoding)
    except OSError as error:
        raise SourceError(str(path), error.strerror or str(error)) from error
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise SourceError(str(path), f"cannot be decoded: {error}") from error
    return SourceFile(path, data, encoding)


@dataclass(frozen=True)
class Change:
    """A file to be written; `old` is what it was made of, where that is a file that may have changed meanwhile."""

    target: Path
    data: bytes
    old: SourceFile | None = None


def changed_text(old: SourceFile, text: str, target: Path) -> Change:
    """The new text of a file, in its own encoding."""
    return Change(target, text.encode(old.encoding), old)


def replace_all(changes: Sequence[Change]) -> None:
    """Write these files, all of them or none: they may need one another.

    Raises:
        OSError: one cannot be written, or what it was made of has changed since it was read.
    """
    staged: list[tuple[str, Path]] = []
    try:
        for change in changes:
            staged.append((_staged(change), change.target))
        for old in (change.old for change in changes):
            if old is not None and old.path.read_bytes() != old.data:
                raise OSError(0, "has changed since it was read, so nothing was written; run again", str(old.path))
        with uninterrupted():
            while staged:
                os.replace(*staged[0])
                staged.pop(0)
    finally:
        for name, _ in staged:
            Path(name).unlink(missing_ok=True)


def _staged(change: Change) -> str:
    """The content in a temporary file beside its target."""
    target = change.target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(change.data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, change.old.path.stat().st_mode & 0o777 if change.old is not None else 0o666 & ~_umask())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and termination wait until the block is done, where the system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
