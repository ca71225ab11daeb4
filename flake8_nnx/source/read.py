"""Finding, reading and parsing Python files as Python itself does: encoding cookie, byte order mark, any line ending.

Whatever can be wrong with a file is a `SourceError` of one line that names the file.
"""
from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED = frozenset({"__pycache__", "node_modules"})
# What the parser and the codecs say may span lines; a message is one.
SPACES = re.compile(r"\s+")


@dataclass(eq=False)
class SourceError(Exception):
    """A path that cannot be read or is not Python; `line` counts from 1, 0 when no line is to blame."""

    file: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


def python_files(paths: Iterable[Path]) -> Iterator[tuple[Path, Path] | SourceError]:
    """Each Python file once with the directory it was found from, in the order given, sorted inside a directory.

    A path that names a file is taken whatever its suffix. Hidden directories, caches, virtual environments,
    `node_modules` and `build` (unless it is a package) are left out below a directory that is given.
    """
    seen: set[Path] = set()
    for path in paths:
        for found in _below(path) if path.is_dir() else [_single(path)]:
            if isinstance(found, SourceError):
                yield found
            elif (real := found.resolve()) not in seen:
                seen.add(real)
                yield found, path if path.is_dir() else path.parent


def _single(path: Path) -> Path | SourceError:
    try:
        path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return SourceError(str(path), _reason(error))
    return path


def _below(top: Path) -> Iterator[Path | SourceError]:
    closed: list[OSError] = []
    for directory, below, names in os.walk(top, onerror=closed.append):
        here = Path(directory)
        below[:] = sorted(name for name in below if not _skipped(here / name))
        yield from (here / name for name in sorted(names) if name.endswith(".py"))
    yield from (SourceError(str(error.filename), _reason(error)) for error in closed)


def _skipped(directory: Path) -> bool:
    name = directory.name
    if name.startswith(".") or name in SKIPPED or (directory / "pyvenv.cfg").exists():
        return True
    return name == "build" and not (directory / "__init__.py").exists()


def read_source(path: Path) -> str:
    """The text of a file.

    Raises:
        SourceError: the file cannot be opened, or its bytes are not text in the encoding it declares.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(str(path), _reason(error)) from None
    return decode(data, str(path))


def decode(data: bytes, name: str) -> str:
    """Bytes to text as `tokenize.open` does it: cookie, byte order mark, `\\r\\n` and `\\r` as `\\n`.

    Raises:
        SourceError: unknown encoding, or bytes that the encoding does not allow.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except SyntaxError as error:
        raise SourceError(name, f"cannot be decoded: {_one_line(error.msg)}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(name, f"cannot be decoded as {error.encoding}: {error.reason}", line) from None


def parse(source: str, name: str) -> ast.Module:
    """The tree of a source text; warnings about its literals are not ours to give.

    Raises:
        SourceError: the text is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, name)
    except SyntaxError as error:
        raise SourceError(name, f"is not valid Python: {_one_line(error.msg)}", error.lineno or 0) from None
    except ValueError as error:  # a NUL byte, before Python 3.12
        raise SourceError(name, f"is not valid Python: {_one_line(str(error))}") from None
    except (RecursionError, MemoryError):
        raise SourceError(name, "is nested too deeply to be parsed") from None


@contextlib.contextmanager
def nesting(name: str, purpose: str) -> Iterator[None]:
    """Code that recurses into a tree; the parser takes deeper ones than Python code can follow.

    Raises:
        SourceError: the text is nested too deeply for the purpose, such as `migrated`.
    """
    try:
        yield
    except RecursionError:
        raise SourceError(name, f"is nested too deeply to be {purpose}") from None


def noqa_lines(source: str) -> list[str]:
    """The text in which a `# noqa` counts, for each line: with flake8, all lines of a string or continuation together."""
    lines = io.StringIO(source).readlines()
    if "noqa" not in source.lower():
        return lines
    first = last = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                continue
            first, last = first or token.start[0], max(last, token.end[0])
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                if last > first:
                    above = first - 1
                    lines[above:last] = ["".join(lines[above:last])] * (last - above)
                first = last = 0
    except (tokenize.TokenError, SyntaxError):
        pass  # flake8, too, then reads the lines as they are
    return lines


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _one_line(text[:1].lower() + text[1:])


def _one_line(text: str) -> str:
    return SPACES.sub(" ", text).strip()
