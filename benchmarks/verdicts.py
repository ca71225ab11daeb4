"""What stored verdicts add to a flake8 run: loading the code that reads them, and reading them, in fresh processes.

`python benchmarks/verdicts.py [--rounds N]` writes a project of one file with three classes, and one of 50 such files,
stores a verdict for every class, and prints milliseconds (smallest and median of the rounds) and those of the whole run.
The bar is 5 ms for a run over one file. No JAX is needed: a stored verdict is read the same whatever it says.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from operator import itemgetter
from pathlib import Path

from flake8_nnx.verdicts.closure import key
from flake8_nnx.verdicts.lookup import versions
from flake8_nnx.verdicts.sources import Sources
from flake8_nnx.verdicts.store import Stored, write
from flake8_nnx.verdicts.text import digest

MODELS = '''"""A variational autoencoder, in the layout of the flax example."""
import flax.linen as nn
import jax
import jax.numpy as jnp

HIDDEN = 500


class Encoder(nn.Module):
    latents: int

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(HIDDEN, name="fc1")(x))
        return nn.Dense(self.latents, name="fc2_mean")(x), nn.Dense(self.latents, name="fc2_logvar")(x)


class Decoder(nn.Module):
    @nn.compact
    def __call__(self, z):
        return nn.Dense(784, name="fc2")(nn.relu(nn.Dense(HIDDEN, name="fc1")(z)))


class VAE(nn.Module):
    latents: int = 20

    def setup(self):
        self.encoder = Encoder(self.latents)
        self.decoder = Decoder()

    def __call__(self, x, key):
        mean, logvar = self.encoder(x)
        return self.decoder(reparameterize(key, mean, logvar)), mean, logvar


def reparameterize(key, mean, logvar):
    return mean + jax.random.normal(key, logvar.shape) * jnp.exp(0.5 * logvar)
'''
CLASSES = ("Encoder", "Decoder", "VAE")
LOAD, READ, WHOLE = itemgetter(0), itemgetter(1), itemgetter(2)
# One flake8 run in a fresh process, the two parts that verdicts add to it timed.
DRIVER = """
import json, sys, time
start = time.perf_counter()
import flake8.main.cli, flake8.plugins.finder, flake8_nnx.lint
loading = time.perf_counter()
import flake8_nnx.verdicts
loading = time.perf_counter() - loading
spent = shown = 0
real = flake8_nnx.verdicts.annotate
def annotate(*args, **kwargs):
    global spent, shown
    begin = time.perf_counter()
    found = real(*args, **kwargs)
    spent += time.perf_counter() - begin
    shown += len(found)
    return found
flake8_nnx.verdicts.annotate = annotate
flake8.main.cli.main(["--isolated", "-j1", "--select", "NNX", "-q", "--exit-zero", *sys.argv[1:]])
print(json.dumps([loading * 1e3, spent * 1e3, (time.perf_counter() - start) * 1e3, shown]))
"""


def project(folder: Path, files: int) -> list[str]:
    """A project of this many files and a store with a verdict for every class of them."""
    (folder / "setup.cfg").write_text("")
    rows = []
    for number in range(files):
        text = MODELS.replace("500", str(500 + number))
        path = folder / f"models_{number}.py"
        path.write_text(text)
        os.utime(path, (1, 1))  # as after a checkout: not of this second
        for name in CLASSES:
            found = key(Sources(), str(path), name)
            assert found is not None
            held = (found.own, found.full, versions(found.heads), "cpu", digest(text), found.inputs)
            rows.append(Stored(name, *held, "MATCHED"))
    write(str(folder / ".flake8_nnx" / "verdicts.sqlite"), rows)
    return [f"models_{number}.py" for number in range(files)]


def run(folder: Path, *arguments: str) -> list[float]:
    """Load, read, whole run in milliseconds, and the number of findings with a verdict."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "pycache")}  # as an installed package has it
    command = [sys.executable, "-c", DRIVER, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{'ms':34}{'load':>14}{'read':>14}{'added':>14}{'whole run':>16}")
    for files in (1, 50):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            names = project(folder, files)
            run(folder, *names)
            edited = Path(folder, names[0]).read_text().replace("0.5 * logvar", "logvar")
            for label, arguments in (("unchanged", names), ("no verdicts (off)", ["--nnx-verdicts", "off", *names])):
                report(f"{files} files, {label}", [run(folder, *arguments) for _ in range(rounds)])
            Path(folder, names[0]).write_text(edited)
            report(f"{files} files, one edited", [run(folder, *names) for _ in range(rounds)])


def report(label: str, found: list[list[float]]) -> None:
    columns = [[pick(row) for row in found] for pick in (LOAD, READ, lambda row: row[0] + row[1], WHOLE)]
    cells = "".join(f"{min(column):8.2f}/{statistics.median(column):<7.2f}" for column in columns)
    print(f"{label:34}{cells}  {found[0][3]:.0f} shown")


if __name__ == "__main__":
    main()
