"""Empty stand-ins for libraries that are not installed: importing them works, and any name of them can be had and called.

`worker_stands_in` has the processes of the verifier use them too: it writes a `sitecustomize` and puts it on their path.
"""
from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import tempfile
import types
from collections.abc import Collection
from pathlib import Path
from unittest import mock

CUSTOMIZE = """\
import sys

sys.path.append({folder!r})
import standins

sys.path.remove({folder!r})
sys.meta_path.append(standins.StandIns(frozenset(), {names!r}))
"""


class Stand(types.ModuleType):
    """A library that is not installed."""

    __path__: list[str] = []
    __version__ = "0.0"

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return mock.MagicMock(name=f"{self.__name__}.{name}", unsafe=True)  # also names that start with assert


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds whatever nobody else has."""

    def __init__(self, own: Collection[str], wanted: Collection[str]) -> None:
        self.own, self.wanted, self.used = own, wanted, set()

    def find_spec(self, name: str, path=None, target=None):
        head = name.partition(".")[0]
        never = {*self.own, "flax", "jax", "numpy", "optax", *sys.stdlib_module_names}
        if head in never or self.wanted and head not in self.wanted:
            return None
        self.used.add(name.partition(".")[0])
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Stand(spec.name)

    def exec_module(self, module) -> None:
        return None


def worker_stands_in(names: Collection[str]) -> None:
    """Have every Python that this process starts from now on stand in for these libraries."""
    folder = tempfile.mkdtemp()
    text = CUSTOMIZE.format(folder=str(Path(__file__).parent.resolve()), names=sorted(names))
    Path(folder, "sitecustomize.py").write_text(text, encoding="utf-8")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
