"""What linting costs: flake8 alone, with flake8-bugbear, with TorchFix and with flake8-nnx, on the same real files.

`python benchmarks/lint.py [--files N] [--rounds N]` prints CPU seconds, the overhead above flake8 alone, and our ratios.
Each plugin stands alone in a virtual environment below the corpus folder; rounds are interleaved and the fastest counts.
TorchFix skips files without the word "torch", this plugin files without "flax" and "jax": the files are taken as they are.
"""
from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from corpus import cache, corpus, python_files  # noqa: E402

PLUGINS = {
    "flake8": None,
    "flake8-bugbear": "flake8-bugbear==26.10.27",
    "TorchFix": "TorchFix==0.7.0",
    "flake8-nnx": None,  # this checkout
}


def environment(name: str) -> Path:
    """The Python of a virtual environment with flake8 and one plugin."""
    folder = cache() / "bench-venvs" / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        install(python, "flake8==7.5.0")
    if PLUGINS[name]:
        install(python, PLUGINS[name])
    if name == "flake8-nnx":
        with clean_copy() as source:
            install(python, "--force-reinstall", "--no-deps", str(source))
    return python


def install(python: Path, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "install", "-q", *arguments], check=True)


@contextmanager
def clean_copy() -> Iterator[Path]:
    """The package alone: an install from the checkout would take along what an older build left in its build folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "flake8_nnx", Path(folder, "flake8_nnx"), ignore=shutil.ignore_patterns("__pycache__", ".*"))
        yield Path(folder)


def seconds(python: Path, files: list[str], listing: Path, remembered: str = "off") -> float:
    """User CPU seconds of one flake8 run over the files, in one process; `remembered` is where ours keeps findings."""
    env = {**os.environ, "FLAKE8_NNX_CACHE": remembered}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [str(python), "-m", "flake8", "--isolated", "-j1", "--exit-zero", "-q", "--output-file", str(listing)]
    for start in range(0, len(files), 2000):
        subprocess.run([*command, *files[start:start + 2000]], check=True, stdout=subprocess.DEVNULL, env=env)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


# Runs one plugin as flake8 does, on trees parsed beforehand, and prints the CPU seconds that it took, its loading among them:
# some load all they need at once, some at the first file that needs it.
DRIVER = """
import ast, importlib.metadata, inspect, sys, time
(entry,) = [e for e in importlib.metadata.entry_points(group="flake8.extension") if e.name == sys.argv[1]]
start = time.process_time()
plugin = entry.load()
total = time.process_time() - start
for path in sys.stdin.read().splitlines():
    text = open(path, encoding="utf-8", errors="replace").read()
    lines = text.splitlines(keepends=True)
    try:
        given = {"tree": ast.parse(text), "lines": lines, "filename": path}
    except SyntaxError:
        continue
    names = [name for name in inspect.signature(plugin).parameters if name in given]
    start = time.process_time()
    for _ in plugin(**{name: given[name] for name in names}).run():
        pass
    total += time.process_time() - start
print(total)
"""
ENTRIES = {"flake8-bugbear": "B", "TorchFix": "TOR", "flake8-nnx": "NNX"}


def plugin_seconds(name: str, python: Path, files: list[str], remembered: str = "off") -> float:
    """CPU seconds of the plugin's own work, without flake8 around it."""
    command = [str(python), "-W", "ignore", "-c", DRIVER, ENTRIES[name]]
    env = {**os.environ, "FLAKE8_NNX_CACHE": remembered}
    done = subprocess.run(command, input="\n".join(files), capture_output=True, text=True, check=True, env=env)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=0, help="a random sample of this many files; default: all")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each; the fastest counts")
    options = parser.parse_args()
    paths = [str(path) for name in ("transformers", "diffusers") for path in python_files(corpus(name))]
    if options.files:
        paths = sorted(random.Random(0).sample(paths, options.files))
    texts = [Path(path).read_text(encoding="utf-8", errors="replace") for path in paths]
    marked = {word: sum(word in text for text in texts) for word in ("torch", "flax")}
    print(f"{len(paths)} files, {sum(text.count(chr(10)) for text in texts)} lines; {marked['torch']} mention torch "
          f"(TorchFix's marker), {marked['flax']} mention flax")  # fmt: skip
    pythons = {name: environment(name) for name in PLUGINS}
    listing = cache() / "bench-findings.txt"
    runs: dict[str, list[float]] = {name: [] for name in PLUGINS}
    own: dict[str, list[float]] = {name: [] for name in ENTRIES}
    for _ in range(options.rounds):
        for name, python in pythons.items():
            runs[name].append(seconds(python, paths, listing))
        for name in ENTRIES:
            own[name].append(plugin_seconds(name, pythons[name], paths))
    with tempfile.TemporaryDirectory() as remembered:
        again = [plugin_seconds("flake8-nnx", pythons["flake8-nnx"], paths, remembered) for _ in range(1 + options.rounds)]
    alone = min(runs["flake8"])
    print(f"{'':16}{'user CPU s':>14}{'above flake8':>14}{'plugin alone':>14}")
    for name in PLUGINS:
        of_plugin = f"{min(own[name]):14.2f}" if name in own else ""
        print(f"{name:16}{min(runs[name]):14.2f}{min(runs[name]) - alone:14.2f}{of_plugin}")
    print(f"{'  remembered':16}{min(again[1:]):42.2f}   ours, on files that are as they were in the run before")
    if options.rounds > 1:
        print(f"flake8 alone varied by {max(runs['flake8']) - alone:.2f} s over {options.rounds} rounds")
    # The difference of two long runs is noisy on a shared machine: the plugins' own time is the sharper ratio.
    ours = min(runs["flake8-nnx"]) - alone
    for name in ("flake8-bugbear", "TorchFix"):
        above = f"1/{(min(runs[name]) - alone) / ours:.1f}" if ours > 0 else "not measurable"
        print(f"ours to {name}: plugin alone 1/{min(own[name]) / min(own['flake8-nnx']):.1f}, above flake8 {above}")


if __name__ == "__main__":
    main()
