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
    print(f"{'':16}{'CPU s':>9}{'overhead s':>12}")
    for name, value in best.items():
        print(f"{name:16}{value:9.2f}{value - alone:12.2f}")
    ours = best["flake8-nnx"] - alone
    for name in ("flake8-bugbear", "TorchFix"):
        other = best[name] - alone
        print(f"our overhead is 1/{other / ours:.1f} of {name}'s" if ours > 0 else f"our overhead is not measurable ({name})")


if __name__ == "__main__":
    main()
