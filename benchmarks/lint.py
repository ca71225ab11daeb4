"""What linting costs: flake8 alone, with flake8-bugbear, with TorchFix and with flake8-nnx, on the same real files.

`python benchmarks/lint.py [--files N] [--rounds N]` prints CPU seconds, the overhead above flake8 alone, and our ratios.
Each plugin stands alone in a virtual environment below the corpus folder; rounds are interleaved and the fastest counts.
"""
from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from corpus import cache, corpus, python_files  # noqa: E402

PLUGINS = {
    "flake8": [],
    "flake8-bugbear": ["flake8-bugbear==26.10.27"],
    "TorchFix": ["TorchFix==0.7.0"],
    "flake8-nnx": ["--no-deps", str(ROOT)],
}


def environment(name: str) -> Path:
    """The Python of a virtual environment with flake8 and one plugin."""
    folder = cache() / "bench-venvs" / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "flake8==7.5.0"], check=True)
    if PLUGINS[name]:
        force = ["--force-reinstall"] if name == "flake8-nnx" else []
        subprocess.run([python, "-m", "pip", "install", "-q", *force, *PLUGINS[name]], check=True)
    return python


def seconds(python: Path, files: list[str], listing: Path) -> float:
    """CPU seconds of one flake8 run over the files, in one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(python), "-m", "flake8", "--isolated", "-j1", "--exit-zero", "-q", "--output-file", str(listing)]
    for start in range(0, len(files), 2000):
        subprocess.run([*command, *files[start:start + 2000]], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# Runs one plugin as flake8 does, on trees parsed beforehand, and prints the CPU seconds that it took.
DRIVER = """
import ast, importlib.metadata, inspect, sys, time
(entry,) = [e for e in importlib.metadata.entry_points(group="flake8.extension") if e.name == sys.argv[1]]
total = 0.0
plugin = entry.load()
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


def plugin_seconds(name: str, python: Path, files: list[str]) -> float:
    """CPU seconds of the plugin's own work, without flake8 around it."""
    command = [str(python), "-W", "ignore", "-c", DRIVER, ENTRIES[name]]
    done = subprocess.run(command, input="\n".join(files), capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=0, help="a random sample of this many files; default: all")
    parser.add_argument("--rounds", type=int, default=1)
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
    best = {name: float("inf") for name in PLUGINS}
    for _ in range(options.rounds):
        for name, python in pythons.items():
            best[name] = min(best[name], seconds(python, paths, listing))
    alone = best["flake8"]
    own = {name: plugin_seconds(name, pythons[name], paths) for name in ENTRIES}
    print(f"{'':16}{'flake8 CPU s':>14}{'above flake8':>14}{'plugin alone':>14}")
    for name, value in best.items():
        alone_text = f"{own[name]:14.2f}" if name in own else ""
        print(f"{name:16}{value:14.2f}{value - alone:14.2f}{alone_text}")
    # The difference of two long runs is noisy on a shared machine: ratios are of the plugins' own time.
    for name in ("flake8-bugbear", "TorchFix"):
        print(f"our own time is 1/{own[name] / own['flake8-nnx']:.1f} of {name}'s")


if __name__ == "__main__":
    main()
