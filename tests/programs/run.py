"""Runs programs and their migrations for a few steps and compares what they compute: `run.py NAME LINEN_DIR NNX_DIR …`.

Prints one JSON object per program. The migrated one starts from the same weights and draws from the same random keys.
"""
from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import jax
import numpy as np
import standins
from absl import flags
from recorder import EPS, Recording, recorded, replayed
from settings import PROGRAMS, STEPS

from flake8_nnx.verify.measure import HALF_OF_THE_DIGITS, SLACK
from flake8_nnx.verify.reference import PERTURBED_RUNS


@contextlib.contextmanager
def modules_of(folder, program):
    """Imports modules from one folder, and forgets them afterwards."""
    before = set(sys.modules)
    for name, contents in program.modules.items():
        sys.modules[name] = standins.module(name, **contents)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            path = getattr(sys.modules[name], "__file__", None) or ""
            if name in program.modules or path.startswith(str(folder)) or name == "configs":
                del sys.modules[name]
        for name in list(flags.FLAGS):
            if name not in ("help", "helpfull", "helpshort", "helpxml"):
                with contextlib.suppress(AttributeError):
                    delattr(flags.FLAGS, name)


@contextlib.contextmanager
def overlaid(linen_folder, nnx_folder):
    """A folder with the whole migrated program: what the migration left alone is that of the Linen program."""
    with tempfile.TemporaryDirectory() as whole:
        for folder in (linen_folder, nnx_folder):
            shutil.copytree(folder, whole, dirs_exist_ok=True)
        yield Path(whole)


def run(name, folder, recording, context):
    program = PROGRAMS[name]
    standins.Writer.scalars.clear()
    with tempfile.TemporaryDirectory() as scratch, modules_of(folder, program) as load, context:
        program.run(load, scratch)
    recording.scalars = list(standins.Writer.scalars)
    return recording


def compare(name, linen_folder, nnx_folder):
    """Losses of both sides, how far they are apart and how far they may be."""
    linen, nnx = Recording(), Recording()
    run(name, linen_folder, linen, recorded(linen))
    with overlaid(linen_folder, nnx_folder) as folder:
        run(name, folder, nnx, replayed(nnx, linen, folder))
    old, new = series(linen), series(nnx)
    found = {
        "name": name, "linen": old["loss"], "nnx": new["loss"], "draws": len(linen.pattern()),
        "same keys": [keys.tobytes() for keys in linen.keys] == [keys.tobytes() for keys in nnx.keys],
        "scalars": len(linen.scalars), "scales": old.get("reported train_scale"),
    }  # fmt: skip
    if not nnx.variables:
        return {**found, "problem": "no nnx.Optimizer was made, so the programs started from different weights"}
    if nnx.unseeded:
        return {**found, "problem": f"nnx.reseed finds no stream {nnx.unseeded} in the model"}
    if len(old["loss"]) != STEPS:
        return {**found, "problem": f"the Linen program took {len(old['loss'])} steps, not {STEPS}"}
    if linen.pattern() != nnx.pattern():
        return {**found, "problem": "the programs share or renew random keys in different ways"}
    if {key: len(values) for key, values in old.items()} != {key: len(values) for key, values in new.items()}:
        return {**found, "problem": f"the programs report {shape(old)} and {shape(new)}"}
    if old == new:
        return {**found, "bits": "equal", "problem": None}
    runs = [series(moved) for moved in perturbed(name, linen_folder)]
    found["of bound"] = max(used(old[key], new[key], [moved[key] for moved in runs]) for key in old)
    worst = found["of bound"]
    return {**found, "bits": "differ", "problem": None if worst <= 1 else f"the difference is {worst:.3g} x the bound"}


def perturbed(name, folder):
    """The Linen program from weights that are one rounding away."""
    for seed in range(PERTURBED_RUNS):
        moved = Recording()
        yield run(name, folder, moved, recorded(moved, nudge=seed))


def series(recording):
    """Every sequence of numbers that a program reports, by name."""
    found = {"loss": [float(loss) for loss in recording.losses]}
    for name, value in recording.scalars:
        found.setdefault(f"reported {name}", []).append(value)
    return found


def shape(found):
    return ", ".join(f"{key}: {len(values)}" for key, values in found.items())


def used(old, new, runs):
    """The largest difference as a part of its bound, step by step.

    The bound is that of the verifier: four times the largest of one rounding and what rounding did to the Linen run up to
    there, measured by runs from weights that are one rounding away.
    """
    old, new, runs = np.array(old), np.array(new), np.array(runs)
    stray = np.maximum.accumulate(np.abs(runs - old).max(0))
    if (stray > HALF_OF_THE_DIGITS * np.abs(old).max()).any():
        raise SystemExit(f"rounding alone moves the Linen run by {stray.max():.3g}, so a difference says nothing")
    bound = SLACK * np.maximum(stray, EPS * np.abs(old))
    return float((np.abs(new - old) / bound).max())


def main(arguments):
    standins.install()
    for name, linen, nnx in zip(*[iter(arguments)] * 3):
        try:
            found = compare(name, Path(linen).resolve(), Path(nnx).resolve())
        except Exception:
            found = {"name": name, "problem": traceback.format_exc()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_disable_most_optimizations", True)  # steps run a few times: compiling them takes longer
    main(sys.argv[1:])
