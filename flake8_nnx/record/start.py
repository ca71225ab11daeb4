"""Waits for the program to import flax.linen and installs the hook then; importing this file costs next to nothing.

What to record where comes in environment variables, so that processes which the program starts record as well.
"""
from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType

TARGET = "flax.linen.module"
DATABASE, RUN, ROOT, ALL = (f"FLAKE8_NNX_RECORD{part}" for part in ("", "_RUN", "_ROOT", "_ALL"))


class Watch(importlib.abc.MetaPathFinder):
    """Finds `flax.linen.module` as the other finders do, and has the hook installed when it has been run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != TARGET:
            return None
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(fullname, path, target) for finder in list(sys.meta_path))
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_install(module: ModuleType) -> None:
                run(module)
                install(module)

            try:
                spec.loader.exec_module = run_and_install  # type: ignore[method-assign]
            except AttributeError as error:
                say(f"flax.linen cannot be watched: {error}")
        return spec


def start() -> None:
    """Watch for flax.linen when this process is to be recorded."""
    if not os.environ.get(DATABASE):
        return
    if TARGET in sys.modules:
        install(sys.modules[TARGET])
    else:
        sys.meta_path.insert(0, Watch())


def install(linen: ModuleType) -> None:
    """Put the hook into the module class of `flax.linen.module`; on failure the program goes on without it."""
    try:
        from flake8_nnx.record.hook import Hook
        from flake8_nnx.record.recorder import Recorder

        environment = os.environ
        recorder = Recorder(environment[DATABASE], environment.get(RUN, ""), environment.get(ROOT) or os.getcwd())
        Hook(linen, recorder, everything=bool(environment.get(ALL))).install()
    except Exception as error:
        say(f"{error!r}")


def say(reason: str) -> None:
    print(f"flake8-nnx: nothing is recorded: {reason}", file=sys.stderr)
