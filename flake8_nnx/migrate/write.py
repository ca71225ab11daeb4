"""Reads and writes source files without losing a byte of what was not changed: encoding, byte order mark, line endings.

A file is replaced in one step, and only if it still holds what was read.
"""
from __future__ import annotations

import io
import os
import tempfile
import tokenize
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


def replace_file(old: SourceFile, text: str, target: Path) -> None:
    """Write `text` in the file's own encoding to `target`, all of it or nothing.

    Raises:
        OSError: the target cannot be written, or the file has changed since it was read.
    """
    if old.path.read_bytes() != old.data:
        raise OSError(0, "has changed since it was read, so it was left alone; run again", str(old.path))
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = old.path.stat().st_mode & 0o777
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode(old.encoding))
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
