"""Where things are: the top of a project, and the store of verdicts of a file."""
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

# A folder that holds one of these is the top of a project; `setup.py` alone does not make a place for a store.
STORE_MARKS = ("pyproject.toml", "setup.cfg", ".git", "tox.ini")
TOP_MARKS = (*STORE_MARKS, "setup.py")
STORE = os.path.join(".flake8_nnx", "verdicts.sqlite")


def folders_above(folder: str) -> Iterator[str]:
    """A folder and those around it, inside out."""
    while True:
        yield folder
        folder, before = os.path.dirname(folder), folder
        if folder == before:
            return


def project_top(folder: str, marks: Sequence[str] = TOP_MARKS) -> str | None:
    """The nearest folder with a mark, the folder itself included."""
    return next((f for f in folders_above(folder) if any(os.path.exists(f"{f}/{mark}") for mark in marks)), None)


def store_of(file: str) -> str:
    """The store for a file: in the nearest folder above it with a mark, else in the current one."""
    top = project_top(os.path.dirname(os.path.abspath(file)), STORE_MARKS)
    return os.path.join(top if top is not None else os.getcwd(), STORE)
