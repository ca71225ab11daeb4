"""The database of recorded calls: schema, writing from any number of processes, and reading as cases.

One row is one distinct call; each write is one transaction, so a process that dies leaves whole rows only.
"""
from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flake8_nnx.case import Case

FORMAT = 1
BUSY_SECONDS = 10.0
SCHEMA = f"""
CREATE TABLE calls (
    id TEXT PRIMARY KEY,    -- digest of everything that tells two calls apart
    path TEXT NOT NULL,     -- of the Linen file, from the folder of the database
    class TEXT NOT NULL,
    source TEXT NOT NULL,   -- digest of the text of the class
    record TEXT NOT NULL,   -- JSON of the fields of `Record` that the other columns do not have
    place TEXT NOT NULL,
    calls INTEGER NOT NULL,
    run TEXT NOT NULL       -- the last run that made this call
);
CREATE INDEX calls_by_class ON calls (class, path);
CREATE TABLE errors (run TEXT, process INTEGER, message TEXT, times INTEGER, PRIMARY KEY (run, process, message));
PRAGMA user_version = {FORMAT};
"""
UPSERT = """
INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET calls = calls + excluded.calls, run = excluded.run, place = excluded.place
"""


@dataclass
class Record:
    """One distinct call of a module.

    Args:
        path: absolute path of the Linen file.
        class_name, method: what was called.
        source: digest of the text of the class.
        phase: `init` or `apply`.
        place: `train.py:34`, where the call came from.
        init: constructor call as text, evaluated in the Linen file.
        args, kwargs: nodes (see `flake8_nnx.record.abstract`).
        flags: boolean parameters that the call left at these defaults.
        streams: random streams that were drawn from.
        collections, mutable: where the module has variables, and which of them the call may update.
        problem: why there is no case for this call.
        calls, written: how often it was made, and how many of those are in the database.
    """

    path: str
    class_name: str
    source: str = ""
    method: str = "__call__"
    phase: str = "apply"
    place: str = ""
    init: str = ""
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    streams: list[str] = field(default_factory=list)
    collections: list[str] = field(default_factory=list)
    mutable: list[str] = field(default_factory=list)
    problem: str = ""
    calls: int = 1
    written: int = 0

    def packed(self) -> str:
        """The fields that tell two calls of a class apart, as JSON."""
        return json.dumps({name: getattr(self, name) for name in PACKED}, sort_keys=True)


PACKED = ("method", "phase", "init", "args", "kwargs", "flags", "streams", "collections", "mutable", "problem")


@dataclass(frozen=True)
class Summary:
    """What came of a run: calls and classes with usable records, classes without, and the errors of the hook."""

    calls: int
    classes: int
    unusable: int
    errors: Mapping[str, int]


# ---- writing ----------------------------------------------------------------------------------------------------


def create(database: Path) -> bool:
    """Make the database where there is none; whether it was made.

    Raises:
        ValueError: the file is no database of recorded calls, or cannot be made.
    """
    made = not database.exists()
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            with transaction(connection):
                empty = not connection.execute("SELECT name FROM sqlite_master").fetchone()
                if empty:
                    for statement in SCHEMA.split(";"):
                        connection.execute(statement)
            check_format(connection, database)
    except (sqlite3.Error, OSError) as error:
        raise ValueError(f"{database}: {error}") from None
    return made


def write(
    database: str, run: str, records: Sequence[tuple[Record, int]], errors: Mapping[str, int], process: int
) -> None:
    """Add calls to their rows, or make the rows; rows of an older text of the same classes are dropped.

    Args:
        records: each with the number of calls to add.
        errors: how often each error of the hook has happened in this process.

    Raises:
        sqlite3.Error: nothing was written.
    """
    folder = os.path.dirname(os.path.abspath(database))
    with closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")
        with transaction(connection):
            for record, calls in records:
                path = os.path.relpath(record.path, folder)
                packed = record.packed()
                identity = json.dumps([path, record.class_name, record.source, packed])
                row = (path, record.class_name, record.source, packed, record.place, calls, run)
                connection.execute(UPSERT, (hashlib.sha256(identity.encode()).hexdigest()[:32], *row))
                connection.execute(
                    "DELETE FROM calls WHERE path = ? AND class = ? AND source != ? AND run != ?", (*row[:3], run)
                )
            for message, times in errors.items():
                connection.execute("INSERT OR REPLACE INTO errors VALUES (?, ?, ?, ?)", (run, process, message, times))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything or nothing, and no other writer in between."""
    connection.isolation_level = None
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


# ---- reading ----------------------------------------------------------------------------------------------------


def recorded_cases(database: Path, path: str, class_name: str) -> list[Case]:
    """At most four diverse cases of a class, from its recorded calls; none when there are none.

    Args:
        path: of the Linen file.

    Raises:
        ValueError: the file is no database of recorded calls.
    """
    from flake8_nnx.record.choose import cases

    return cases(f"{path}:{class_name}", [record for record in records(database, path, class_name) if not record.problem])


def problems(database: Path, path: str, class_name: str) -> list[str]:
    """Why recorded calls of a class are no cases, one line each.

    Raises:
        ValueError: the file is no database of recorded calls.
    """
    found = [record for record in records(database, path, class_name) if record.problem]
    return list(dict.fromkeys(f"{path}: {class_name}: {record.problem} ({record.place})" for record in found))


def records(database: Path, path: str, class_name: str) -> list[Record]:
    """The recorded calls of a class, in the order in which they were first made.

    Raises:
        ValueError: the file is no database of recorded calls.
    """
    query = "SELECT path, source, record, place, calls FROM calls WHERE class = ? ORDER BY rowid"
    wanted, folder = os.path.realpath(path), os.path.dirname(os.path.abspath(database))
    return [
        Record(path=wanted, class_name=class_name, source=source, place=place, calls=calls, **json.loads(packed))
        for file, source, packed, place, calls in _read(database, query, class_name)
        if os.path.realpath(os.path.join(folder, file)) == wanted
    ]


def recorded_classes(database: Path) -> list[tuple[str, str]]:
    """Path and name of every class with recorded calls.

    Raises:
        ValueError: the file is no database of recorded calls.
    """
    folder = os.path.dirname(os.path.abspath(database))
    found = _read(database, "SELECT DISTINCT path, class FROM calls ORDER BY path, class")
    return [(os.path.realpath(os.path.join(folder, path)), name) for path, name in found]


def summary(database: Path, run: str) -> Summary:
    """What came of a run.

    Raises:
        ValueError: the file is no database of recorded calls.
    """
    usable: dict[tuple[str, str], int] = {}
    seen = set()
    for path, name, packed, calls in _read(database, "SELECT path, class, record, calls FROM calls WHERE run = ?", run):
        seen.add((path, name))
        if not json.loads(packed)["problem"]:
            usable[path, name] = usable.get((path, name), 0) + calls
    errors = dict(_read(database, "SELECT message, sum(times) FROM errors WHERE run = ? GROUP BY message", run))
    return Summary(sum(usable.values()), len(usable), len(seen - set(usable)), errors)


def _read(database: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    if not Path(database).is_file():
        raise ValueError(f"{database}: no such file; `flake8-nnx record -- python train.py` makes one")
    # In a folder that may not be written SQLite cannot make its side files; nobody writes the database there either.
    mode = "mode=rw" if os.access(Path(database).absolute().parent, os.W_OK) else "immutable=1"
    try:
        address = f"{Path(database).absolute().as_uri()}?{mode}"
        with closing(sqlite3.connect(address, timeout=BUSY_SECONDS, uri=True)) as connection:
            check_format(connection, Path(database))
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{database}: {error}") from None


def check_format(connection: sqlite3.Connection, database: Path) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found != FORMAT:
        raise ValueError(f"{database}: no recorded calls of this version (format {found}, not {FORMAT}); record anew")
