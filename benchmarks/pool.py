"""What the warm pool saves: many small verifications in one worker against a new process for each, as a ratio in one run.

`python benchmarks/pool.py [--jobs 100] [--cold 10]`; the cold time of all jobs is the mean of `--cold` of them. Both the time
that a user waits and processor time, in which other work on the machine and the number of workers do not count.
"""
from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flake8_nnx.verify.pool import Pool

LINEN = """
import flax.linen as nn

class Model(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(self.features)(x)) * {scale}
"""
NNX = """
from flax import nnx

class Model(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.dense(x)) * {scale}
"""


def jobs(folder: Path, count: int) -> list[dict[str, Any]]:
    """Pairs of classes that differ in their sizes and in a constant, so that nothing compiled can be used again."""
    made = []
    for number in range(count):
        sides = {}
        for side, text in (("old", LINEN), ("new", NNX)):
            path = folder / f"{side}_{number}.py"
            path.write_text(text.format(scale=number + 2))
            sides[side] = {"path": str(path), "class": "Model"}
        case = {"target": "m.py:Model", "init": f"Model({3 + number % 7})", "args": ["(tuple)", f"f32[b,{2 + number % 5}]"]}
        made.append({**sides, "case": case, "variable_map": None})
    return made


def timed(work: Sequence[Mapping[str, Any]], workers: int) -> tuple[float, float]:
    """Seconds waited and of processor time, workers included, for these jobs in one pool, or (0) in a new process for each."""
    started = time.perf_counter(), processor()
    for part in [work] if workers else [[job] for job in work]:
        with Pool(workers or 1) as pool:
            verdicts = pool.run(part)
        bad = [verdict for verdict in verdicts if verdict is None or verdict.status != "PROVED"]
        if bad:
            raise SystemExit(f"not proved: {bad[0]}")
    return time.perf_counter() - started[0], processor() - started[1]


def processor() -> float:
    """Of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--cold", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = jobs(Path(folder), options.jobs)
        cold = timed(work[: options.cold], workers=0)
        warm = {workers: timed(work, workers) for workers in range(1, (os.cpu_count() or 1) + 1)}
    print(f"{options.jobs} verifications, all PROVED; the start of the workers is included")
    for number, what in enumerate(("waited", "of processor time")):
        each = cold[number] / options.cold
        print(f"seconds {what}: a new process each {each * options.jobs:.1f}, {each:.3f} each (mean of {options.cold})")
        for workers, took in warm.items():
            ratio = each * options.jobs / took[number]
            print(f"  pool of {workers}: {took[number]:.1f}, {took[number] / options.jobs:.3f} each: {ratio:.1f} times faster")


if __name__ == "__main__":
    main()
