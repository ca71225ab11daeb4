"""What the linter misses, by an oracle that shares nothing with it: the code runs, and every real use of Linen is recorded.

`python benchmarks/recall.py [PATH…]` runs the flax Linen test suite (or the tests of PATH) with hooks on `flax.linen`, notes
the expression of every use with the help of code positions, lints the same files, and prints the share that has a finding.
"""
from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UNDER, RECORD = "RECALL_UNDER", "RECALL_RECORD"

# Which rules may answer for a use: any of these families, with the finding inside of the recorded expression.
FAMILIES = {
    "class": ("NNX1", "NNX4"),
    "init and apply": ("NNX3", "NNX4", "NNX7", "NNX210"),  # the last is of clone and copy
    "variables": ("NNX2",),
    "transforms": ("NNX5",),
}
METHODS = {
    "init and apply": ("init", "init_with_output", "lazy_init", "apply", "bind", "unbind", "tabulate", "clone"),
    "variables": ("param", "variable", "sow", "make_rng", "perturb", "has_variable", "get_variable", "put_variable",
                  "is_initializing", "is_mutable_collection", "has_rng"),
}  # fmt: skip
TRANSFORMS = (
    "scan", "vmap", "remat", "checkpoint", "remat_scan", "jit", "grad", "value_and_grad", "vjp", "jvp", "custom_vjp",
    "while_loop", "cond", "switch", "map_variables", "add_metadata_axis",
)  # fmt: skip
FUNCTIONS = {"init and apply": ("apply", "init", "init_with_output"), "transforms": TRANSFORMS}


# ---- the oracle: runs inside of pytest, as a plugin -------------------------------------------------------------


def position(code: CodeType, instruction: int) -> tuple[int, int, int, int] | None:
    """First line, last line, first column and end column of the expression that an instruction belongs to."""
    for number, place in enumerate(code.co_positions()):
        if number == instruction // 2:
            return None if None in place else place  # type: ignore[return-value]
    return None


class Recorder:
    """Every use whose caller is a file below a folder: of calls the expression, of classes the first line."""

    def __init__(self, under: str) -> None:
        self.under, self.seen = under + os.sep, set[tuple[Any, ...]]()
        self.cache: dict[tuple[CodeType, int], Any] = {}

    def note(self, family: str, name: str, frame: FrameType | None) -> None:
        if frame is None or not frame.f_code.co_filename.startswith(self.under):
            return
        key = (frame.f_code, frame.f_lasti)
        if key not in self.cache:
            self.cache[key] = position(*key)
        if self.cache[key] is not None:
            self.seen.add((family, name, frame.f_code.co_filename, *self.cache[key]))

    def hook(self, family: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def hooked(*args: Any, **kwargs: Any) -> Any:
            self.note(family, name, sys._getframe(1))
            return function(*args, **kwargs)

        return hooked


def pytest_configure(config: Any) -> None:
    """Hooks on `flax.linen`, before the tests import it."""
    import flax.linen as nn

    recorder = config._recall = Recorder(os.environ[UNDER])
    for family, names in METHODS.items():
        for name in names:
            if hasattr(nn.Module, name):
                setattr(nn.Module, name, recorder.hook(family, name, getattr(nn.Module, name)))
    for family, names in FUNCTIONS.items():
        for name in names:
            setattr(nn, name, recorder.hook(family, f"nn.{name}", getattr(nn, name)))
    made = nn.Module.__dict__["__init_subclass__"].__func__

    def subclassed(cls: type, **kwargs: Any) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not frame.f_code.co_filename.startswith(recorder.under):
            frame = frame.f_back if "flax" not in frame.f_code.co_filename else None  # made by flax itself
        recorder.note("class", cls.__name__, frame)
        made(cls, **kwargs)

    nn.Module.__init_subclass__ = classmethod(subclassed)  # type: ignore[assignment]


def pytest_unconfigure(config: Any) -> None:
    Path(os.environ[RECORD]).write_text(json.dumps(sorted(config._recall.seen)))


# ---- the comparison ---------------------------------------------------------------------------------------------


def recorded(paths: list[Path]) -> list[list[Any]]:
    """The uses in the files below some paths, found by running their tests, each file in a process of its own."""
    under = os.path.commonpath([path if path.is_dir() else path.parent for path in paths])
    files = [file for path in paths for file in (sorted(path.rglob("*_test.py")) if path.is_dir() else [path])]
    return sorted({tuple(use) for file in files for use in _recorded(file, under)})  # type: ignore[misc]


def _recorded(file: Path, under: str) -> list[list[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.json")
        environment = {
            **os.environ, UNDER: under, RECORD: str(record), "JAX_PLATFORMS": "cpu", "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]),
        }  # fmt: skip
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "recall", "-p", "no:cacheprovider", "-p", "no:xdist", "--noconftest",
            "--rootdir", folder, "-c", os.devnull, "--import-mode=importlib", str(file),
        ]  # fmt: skip
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)
        print(f"{file.name}:", (done.stdout.strip() or done.stderr.strip()).splitlines()[-1], flush=True)
        return json.loads(record.read_text())


def linted(files: list[str]) -> dict[str, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "flake8_nnx", "check", *files, "--output-format", "json", "--nnx-cache", "off"]
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(subprocess.run(command, capture_output=True, text=True).stdout)["findings"]:
        found.setdefault(finding["file"], []).append(finding)
    return found


def answered(use: list[Any], findings: list[dict[str, Any]], classes: dict[int, ast.ClassDef]) -> bool:
    """Whether a finding of the right family is inside of the expression, or of the header and body of the class."""
    family, name, _, first, last, column, end = use
    if family == "class":
        node = classes.get(first)
        first, last, column, end = (node.lineno, node.end_lineno, 0, 10_000) if node else (first, last, 0, 10_000)
    return any(
        (first, column) <= (finding["line"], finding["column"] - 1) <= (last, end)
        for finding in findings
        if finding["code"].startswith(FAMILIES[family])
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="tests to run (default: those of flax.linen)")
    parser.add_argument("--misses", type=int, default=60, help="print this many")
    parser.add_argument("--uses", type=Path, help="keep the recorded uses in this file, or read them from it when it is there")
    options = parser.parse_args()
    options.paths = [path.resolve() for path in options.paths]
    if not options.paths:
        sys.path.insert(0, str(ROOT / "tests"))
        from corpus import corpus

        options.paths = [next(corpus("flax").glob("*/tests/linen"))]
    if options.uses and options.uses.exists():
        uses = json.loads(options.uses.read_text())
    else:
        uses = recorded(options.paths)
    if options.uses:
        options.uses.write_text(json.dumps(uses))
    files = sorted({use[2] for use in uses})
    findings = linted(files)
    sources = {file: Path(file).read_text(encoding="utf-8") for file in files}
    classes = {
        file: {line: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)
               for line in (node.lineno, *(decorator.lineno for decorator in node.decorator_list))}
        for file, source in sources.items()
    }  # fmt: skip
    total, hit, misses = Counter[str](), Counter[str](), Counter[str]()
    shown = []
    for use in uses:
        family, name, file, first, last, column, end = use
        total[family] += 1
        if answered(use, findings.get(file, []), classes[file]):
            hit[family] += 1
            continue
        misses[f"{family}: {name}"] += 1
        line = sources[file].splitlines()[first - 1].strip()
        shown.append(f"{Path(file).name}:{first}: {name}: {line[:100]}")
    for family, count in sorted(total.items()):
        print(f"{family:16} {hit[family]:5} of {count:5} ({hit[family] / count:.1%})")
    calls = {family for family in total if family != "class"}
    got, of = sum(hit[family] for family in calls), sum(total[family] for family in calls)
    print(f"{'all calls':16} {got:5} of {of:5} ({got / max(1, of):.1%})")
    print("misses by kind:", dict(misses.most_common()))
    print("\n".join(shown[: options.misses]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
