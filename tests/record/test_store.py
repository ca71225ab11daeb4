"""The database of recorded calls: many writers, writers that die, older texts, and files that are something else."""
from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flake8_nnx.record import store
from flake8_nnx.record.store import Record

NOTHING: dict[str, int] = {}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / ".flake8_nnx" / "cases.sqlite"
    assert store.create(path)
    return path


def mlp(folder: Path, **changes: object) -> Record:
    fields = {"init": "MLP(features=8)", "args": [["array", "f32", [2, 16], None]], "place": "train.py:34", **changes}
    return Record(path=str(folder / "models.py"), class_name="MLP", **fields)  # type: ignore[arg-type]


def test_a_call_is_one_row_however_often_it_is_written(database: Path, tmp_path: Path) -> None:
    for calls in (1, 5, 6):
        store.write(str(database), "run", [(mlp(tmp_path), calls)], NOTHING, 1)
    (found,) = store.records(database, str(tmp_path / "models.py"), "MLP")
    assert (found.calls, found.args, found.init) == (12, [["array", "f32", [2, 16], None]], "MLP(features=8)")
    (case,) = store.recorded_cases(database, str(tmp_path / "models.py"), "MLP")
    assert case.origin == "recorded: 12 calls, train.py:34" and case.args == ("f32[2,16]",)


def test_other_files_and_classes_have_no_cases(database: Path, tmp_path: Path) -> None:
    store.write(str(database), "run", [(mlp(tmp_path), 1)], NOTHING, 1)
    assert store.recorded_cases(database, str(tmp_path / "models.py"), "CNN") == []
    assert store.recorded_cases(database, str(tmp_path / "other" / "models.py"), "MLP") == []
    assert store.recorded_cases(database, str(tmp_path / "models.py"), "MLP") != []


def test_relative_paths_and_moved_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old"
    store.create(old / ".flake8_nnx" / "cases.sqlite")
    store.write(str(old / ".flake8_nnx" / "cases.sqlite"), "run", [(mlp(old), 1)], NOTHING, 1)
    old.rename(tmp_path / "new")
    monkeypatch.chdir(tmp_path / "new")
    assert store.recorded_cases(Path(".flake8_nnx/cases.sqlite"), "models.py", "MLP")[0].target == "models.py:MLP"


def test_a_problem_is_told_and_no_case(database: Path, tmp_path: Path) -> None:
    store.write(str(database), "run", [(mlp(tmp_path, init="", problem="MLP.act: a lambda"), 3)], NOTHING, 1)
    assert store.recorded_cases(database, str(tmp_path / "models.py"), "MLP") == []
    assert store.problems(database, "models.py", "MLP") == []
    (line,) = store.problems(database, str(tmp_path / "models.py"), "MLP")
    assert line.endswith("models.py: MLP: MLP.act: a lambda (train.py:34)")


def test_a_new_text_of_the_class_replaces_the_old_one(database: Path, tmp_path: Path) -> None:
    other = Record(str(tmp_path / "models.py"), "CNN", source="a", init="CNN()")
    store.write(str(database), "first", [(mlp(tmp_path, source="a"), 1), (other, 1)], NOTHING, 1)
    store.write(str(database), "second", [(mlp(tmp_path, source="a", init="MLP(features=9)"), 1)], NOTHING, 1)
    assert len(store.records(database, str(tmp_path / "models.py"), "MLP")) == 2  # the same text: both are kept
    store.write(str(database), "third", [(mlp(tmp_path, source="b"), 1)], NOTHING, 1)
    assert [found.source for found in store.records(database, str(tmp_path / "models.py"), "MLP")] == ["b"]
    assert len(store.records(database, str(tmp_path / "models.py"), "CNN")) == 1


WRITER = """
import os, sys
from flake8_nnx.record import store
from flake8_nnx.record.store import Record
for number in range(25):
    shared = Record(path=sys.argv[2], class_name="MLP", init="MLP()")
    own = Record(path=sys.argv[2], class_name="MLP", init=f"MLP({os.getpid()}, {number})")
    store.write(sys.argv[1], "run", [(shared, 2), (own, 1)], {"boom": number}, os.getpid())
print("done", flush=True)
sys.stdin.read()
"""


def test_processes_write_at_the_same_time(database: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(database), str(tmp_path / "models.py")]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    found = store.records(database, str(tmp_path / "models.py"), "MLP")
    assert len(found) == 1 + 4 * 25
    assert next(record.calls for record in found if record.init == "MLP()") == 4 * 25 * 2
    assert store.summary(database, "run") == store.Summary(4 * 25 * 3, 1, 0, {"boom": 4 * 24})


def test_a_killed_writer_loses_nothing_that_was_written(database: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(database), str(tmp_path / "models.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"done\n"
        os.kill(writer.pid, signal.SIGKILL)
    assert len(store.records(database, str(tmp_path / "models.py"), "MLP")) == 26


def test_a_write_that_fails_leaves_nothing(database: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        store.write(str(database), "run", [(mlp(tmp_path), 1), (mlp(tmp_path, init=object()), 1)], NOTHING, 1)
    assert store.records(database, str(tmp_path / "models.py"), "MLP") == []


def test_making_it_twice_keeps_what_is_there(database: Path, tmp_path: Path) -> None:
    store.write(str(database), "run", [(mlp(tmp_path), 1)], NOTHING, 1)
    assert not store.create(database)
    assert len(store.records(database, str(tmp_path / "models.py"), "MLP")) == 1


def test_a_folder_that_may_not_be_written(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(str(database), "run", [(mlp(tmp_path), 1)], NOTHING, 1)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert len(store.records(database, str(tmp_path / "models.py"), "MLP")) == 1


@pytest.mark.parametrize("content", [b"CASES = []\n" * 100, b"not a database"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cases.sqlite"
    path.write_bytes(content)
    for use in (store.create, lambda path: store.recorded_cases(path, "models.py", "MLP")):
        with pytest.raises(ValueError, match=r"cases\.sqlite: file is not a database"):
            use(path)
    assert path.read_bytes() == content


def test_a_database_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "cases.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE calls (x)")
    with pytest.raises(ValueError, match="no recorded calls of this version"):
        store.create(path)
    with pytest.raises(ValueError, match="no recorded calls of this version"):
        store.problems(path, "models.py", "MLP")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file; `flake8-nnx record -- python train.py` makes one"):
        store.recorded_cases(tmp_path / "cases.sqlite", "models.py", "MLP")
    assert not (tmp_path / "cases.sqlite").exists()
