"""The store: one SQLite file of verdicts, read by flake8 and written by `flake8-nnx check --verify`.

Reading never waits, never raises and takes nothing from the file but words that are checked; nothing in it is ever run.
"""
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flake8_nnx.verdicts import WORDS

VERSION = 1  # of the table
SHORT = "length(inputs) + length(versions) + length(reason) < 1000000 LIMIT 200"  # an honest store has no more
MOST_STEPS = 2_000_000  # of SQLite's machine for one question, far above what an honest store takes
TABLE = """
CREATE TABLE IF NOT EXISTS verdicts (
    name TEXT, own TEXT, full TEXT, versions TEXT, platform TEXT, text TEXT, inputs TEXT,
    status TEXT, place TEXT, reason TEXT, PRIMARY KEY (name, own, full, versions, platform)
) WITHOUT ROWID
"""
INDEX = "CREATE INDEX IF NOT EXISTS by_text ON verdicts (text)"
PUNCTUATION = frozenset(" ._/,:;()[]+-")


class Stored(NamedTuple):  # quicker to define than a dataclass, and loaded by every flake8 run that has verdicts
    """A verdict on one platform and what it holds for (see `flake8_nnx.verdicts.closure.Key`).

    `text` stands for the whole file and `inputs` for those it was computed from: when none of them has changed the key
    need not be computed anew. `versions` are those of flax, jax and the libraries the class uses. `place` is the layer that
    differs, or of good verdicts the methods that they are not about.
    """

    name: str
    own: str
    full: str
    versions: Mapping[str, str]
    platform: str
    text: str
    inputs: Mapping[str, str]
    status: str
    place: str = ""
    reason: str = ""


def read(path: str, text: str, names: Sequence[str], own: Callable[[str], str]) -> list[Stored]:
    """The verdicts on classes of a file; none when the store is missing, locked, corrupt or of another version.

    Args:
        text: the digest of the file; rows with it are taken as they are.
        names: the classes.
        own: computes the key of a class, asked for classes that the store knows from another text only.
    """
    try:
        import sqlite3
    except ImportError:
        return []
    try:
        connection = sqlite3.connect(f"{_uri(path)}?mode=ro", timeout=0, uri=True)
    except (sqlite3.Error, ValueError):
        return []
    try:
        connection.set_progress_handler(lambda: 1, MOST_STEPS)  # a store made to keep us busy is left
        connection.execute("PRAGMA trusted_schema = OFF")
        if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
            return []
        rows = connection.execute(f"SELECT * FROM verdicts WHERE text = ? AND {SHORT}", (text,)).fetchall()
        found = [stored for row in rows if (stored := _stored(row)) is not None and stored.name in names]
        for name in set(names) - {stored.name for stored in found}:
            if connection.execute("SELECT 1 FROM verdicts WHERE name = ? LIMIT 1", (name,)).fetchone():
                question = f"SELECT * FROM verdicts WHERE name = ? AND own = ? AND {SHORT}"
                rows = connection.execute(question, (name, own(name))).fetchall()
                found += [stored for row in rows if (stored := _stored(row)) is not None]
        return found
    except (sqlite3.Error, UnicodeError, MemoryError, OverflowError):
        return []
    finally:
        connection.close()


def _uri(path: str) -> str:
    """A file name as SQLite's URIs want it."""
    quoted = "".join(f"%{ord(c):02x}" if c in "%?#" else c for c in os.path.abspath(path))
    return "file:" + quoted


def _stored(row: tuple[Any, ...]) -> Stored | None:
    """A row as a verdict, None for one that we did not write; what will be shown is made harmless."""
    if len(row) != len(Stored._fields) or not all(isinstance(value, str) for value in row):
        return None
    found = Stored(*row)
    platform = found.platform
    if found.status not in WORDS or not (platform.isascii() and platform.isalpha() and len(platform) <= 20):
        return None
    try:
        return found._replace(versions=_words(row[3]), inputs=_words(row[6]), place=_shown(found.place))
    except (ValueError, RecursionError):
        return None


def _words(text: str) -> dict[str, str]:
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("not an object of strings")
    return found


def _shown(text: str) -> str:
    """One short line of plain characters."""
    plain = (c if c.isascii() and (c.isalnum() or c in PUNCTUATION) else " " for c in text[:80])
    return " ".join("".join(plain).split())


def write(path: str, verdicts: Iterable[Stored]) -> None:
    """Store verdicts; those on the same sources and platforms are replaced.

    Raises:
        OSError: the store cannot be written, or the file is something else; the message says what to do.
    """
    import sqlite3

    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")  # others that write wait here
            if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
                for statement in ("DROP TABLE IF EXISTS verdicts", TABLE, INDEX, f"PRAGMA user_version = {VERSION}"):
                    connection.execute(statement)
            for verdict in verdicts:
                _replace(connection, verdict)
            connection.execute("COMMIT")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OSError(0, f"cannot hold verdicts ({error}); delete it, or name another with --nnx-verdicts", path) from error


def _replace(connection: Any, verdict: Stored) -> None:
    versions = json.dumps(verdict.versions, sort_keys=True)
    key = (verdict.name, verdict.own, verdict.full, versions)
    same = "name = ? AND own = ? AND full = ? AND versions = ?"
    # A difference found before anything ran is one on every platform.
    connection.execute(
        f"DELETE FROM verdicts WHERE {same} AND (platform = 'any' OR ? IN ('any', platform))", (*key, verdict.platform)
    )
    row = verdict._replace(versions=versions, inputs=json.dumps(verdict.inputs))  # type: ignore[arg-type]
    connection.execute(f"INSERT INTO verdicts VALUES ({','.join('?' * len(row))})", row)
