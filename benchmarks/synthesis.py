"""For how many Linen classes of real code a case is synthesised, and why not for the others.

`python benchmarks/synthesis.py [--installed | --stand-in torch,…] NAME=DIRECTORY…` reads every file below a directory that
mentions linen. Libraries that are not installed are replaced by empty stand-ins (with --stand-in those alone, with --installed
none), so classes that use them when initialised fail. A class counts when it can be instantiated by itself: it derives from
nn.Module and defines a public method that is not abstract. Each may take 15 seconds of processor time, each corpus a process
of its own.
"""
from __future__ import annotations

import argparse
import inspect
import multiprocessing
import os
import re
import sys
import tempfile
import types
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import flax.linen as nn
from standins import StandIns

from flake8_nnx.verify.load import load
from flake8_nnx.verify.synthesis import synthesise
from flake8_nnx.verify.verdict import Unverifiable

SECONDS = 15.0


def classes(module: types.ModuleType) -> list[type]:
    """The Linen classes that a file defines and that can be instantiated by themselves."""
    found = []
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, nn.Module) and value.__module__ == module.__name__:
            methods = [f for n, f in inspect.getmembers(value, inspect.isfunction) if n == "__call__" or not n.startswith("_")]
            own = [f for f in methods if not f.__module__.startswith("flax.") and f.__name__ != "setup"]
            abstract = any("raise NotImplementedError" in inspect.getsource(f) for f in own if f.__name__ == "__call__")
            if own and not abstract and not inspect.isabstract(value):
                found.append(value)
    return found


def measure(argument: str, stand_in: str, installed: bool) -> Counter[str]:
    """Prints what was found in one corpus; its libraries may change flax for everything that runs after them."""
    warnings.simplefilter("ignore")
    name, _, folder = argument.partition("=")
    root = Path(folder).resolve()
    os.chdir(tempfile.mkdtemp())  # stand-ins may be taken for the names of files
    stand_ins = StandIns({root.name, name}, set(filter(None, stand_in.split(","))))
    sys.meta_path += [] if installed else [stand_ins]
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "linen" not in text or not re.search(r"^class ", text, re.MULTILINE):
            continue
        try:
            module = load(path.resolve())
        except BaseException as error:  # noqa: B036
            counts["files that cannot be imported"] += 1
            reasons[f"import: {type(error).__name__}: {str(error)[:60]}"] += 1
            continue
        for cls in classes(module):
            counts["classes"] += 1
            try:
                synthesise(vars(module), cls.__name__, seconds=SECONDS)
                counts["found"] += 1
            except Unverifiable as error:
                reasons[f"{cls.__name__}: {str(error).partition('; say how')[0]}"] += 1
            except BaseException as error:  # noqa: B036
                reasons[f"crash: {type(error).__name__}: {str(error)[:60]}"] += 1
    share = counts["found"] / counts["classes"] if counts["classes"] else 0.0
    print(f"{name}: {counts['found']} of {counts['classes']} classes ({share:.0%})")
    print(f"  files that cannot be imported: {counts['files that cannot be imported']}; stand-ins: {sorted(stand_ins.used)}")
    for reason, number in sorted(reasons.items()):
        print(f"  {number} x {reason}", flush=True)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", metavar="NAME=DIRECTORY")
    parser.add_argument("--installed", action="store_true")
    parser.add_argument("--stand-in", default="", metavar="NAMES")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for argument in options.corpora:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            total += process.submit(measure, argument, options.stand_in, options.installed).result()
    print(f"all: {total['found']} of {total['classes']} ({total['found'] / max(1, total['classes']):.0%})")


if __name__ == "__main__":
    main()
