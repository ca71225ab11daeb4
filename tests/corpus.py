"""Real code for tests and benchmarks: pinned, downloaded once into `.corpus/`, checked by SHA-256, only ever read.

A download that fails is an error with the command and its output, never a skip.
"""
from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CORPORA = json.loads((HERE / "corpora.json").read_text())


def cache() -> Path:
    """Where corpora are kept: `$FLAKE8_NNX_CORPUS`, or `.corpus` in the checkout."""
    return Path(os.environ.get("FLAKE8_NNX_CORPUS") or HERE.parent / ".corpus")


def corpus(name: str) -> Path:
    """The folder of an unpacked corpus.

    Raises:
        RuntimeError: it cannot be downloaded, or what came is not what was pinned.
    """
    entry = CORPORA[name]
    folder = cache() / entry["pin"]
    if folder.is_dir():
        return folder
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        archive = download(entry["pin"], Path(scratch) / "archive", sdist=entry.get("sdist", False))
        # torch has one build per platform, all with the same Python files: no single digest to pin.
        if entry["sha256"] is not None:
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            if digest != entry["sha256"]:
                raise RuntimeError(f"{archive.name}: SHA-256 is {digest}, pinned is {entry['sha256']}")
        unpacked = Path(scratch) / "unpacked"
        unpack(archive, unpacked, python_only=entry.get("python_only", False))
        try:
            unpacked.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was faster
                raise
    return folder


def download(pin: str, target: Path, sdist: bool = False) -> Path:
    """Fetch one distribution with pip."""
    form = ["--no-binary", ":all:"] if sdist else ["--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", *form, "--dest", str(target), pin]
    done = subprocess.run(command, capture_output=True, text=True)
    found = [path for path in target.glob("*") if path.is_file()] if target.is_dir() else []
    if done.returncode or len(found) != 1:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return found[0]


def unpack(archive: Path, target: Path, python_only: bool = False) -> None:
    if archive.suffix == ".gz":
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    else:
        with zipfile.ZipFile(archive) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(".py") or not python_only]
            wheel.extractall(target, names)


def python_files(folder: Path) -> Iterator[Path]:
    """Python files below a folder, in a fixed order."""
    return iter(sorted(folder.rglob("*.py")))


def installed(name: str) -> list[Path]:
    """Python files of an installed distribution.

    Raises:
        RuntimeError: it is not installed.
    """
    try:
        files = importlib.metadata.files(name)
    except importlib.metadata.PackageNotFoundError:
        raise RuntimeError(f"{name} is not installed; install the test extra") from None
    return sorted(Path(str(file.locate())) for file in files or () if file.suffix == ".py")


def imports_linen(source: str) -> bool:
    """Whether a file imports flax.linen, by its import statements alone (the linter has no part in this).

    `import flax` counts where `flax.linen` is then named in the code, not in comments or strings.
    """
    whole = named = False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            whole = whole or any(alias.name == "flax" and alias.asname is None for alias in node.names)
            if any((alias.name + ".").startswith("flax.linen.") for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if any((f"{node.module}.{alias.name}.").startswith("flax.linen.") for alias in node.names):
                return True
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            named = named or (node.value.id, node.attr) == ("flax", "linen")
    return whole and named
