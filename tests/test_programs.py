"""Whole programs of the flax distribution: migrations are reproduced, train as the Linen programs do, and load checkpoints."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import AS_USERS_FUSE
from corpus import corpus

from flake8_nnx.migrate.run import migrate_paths

pytestmark = [pytest.mark.corpus, pytest.mark.jax]

HERE = Path(__file__).parent
MIGRATED = HERE.parent / "examples" / "programs"
# Its sums have another order on each side unless they are fused the way they are for users.
TO_THE_LAST_BIT = "ogbg_molpcba"
NAMES = sorted(path.parent.name for path in MIGRATED.glob("*/models.py"))
# What a careless migration gets wrong: program, file, right text, wrong text, what must be said.
WRONG = {
    "another optimiser": ("vae", "train.py", "adam(config.learning_rate)", "adam(2 * config.learning_rate)", "the bound"),
    "one key for every step": ("vae", "train.py", "\n      rng, key = random.split(rng)", "", "random keys"),
}


def original(name):
    return corpus("flax") / "flax-0.12.8" / "examples" / name


def results(script, jobs, **variables):
    """What a script of `programs` prints of each job: a name, the Linen program, the NNX program."""
    command = [sys.executable, HERE / "programs" / script, *(part for job in jobs for part in job)]
    environment = {**os.environ, **variables}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=900, env=environment)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0 and len(found) == len(jobs), done.stderr
    return found


@pytest.mark.parametrize("name", NAMES)
def test_migration_is_reproduced(name, tmp_path):
    run = migrate_paths([original(name)], verify=False, unverified=True)
    assert run.errors == []
    run.write(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.rglob("*.*")} == {
        path.name: path.read_text() for path in (MIGRATED / name).iterdir()
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Every program, and every wrong variant, in one process; one to the last bit in another."""
    jobs = {name: (name, original(name), MIGRATED / name) for name in NAMES}
    exact = jobs.pop(TO_THE_LAST_BIT)
    for title, (name, file, right, wrong, _) in WRONG.items():
        folder = tmp_path_factory.mktemp("wrong") / name
        shutil.copytree(MIGRATED / name, folder)
        text = (folder / file).read_text()
        assert text.count(right) == 1, title
        (folder / file).write_text(text.replace(right, wrong))
        jobs[title] = (name, original(name), folder)
    found = dict(zip(jobs, results("run.py", jobs.values())))
    (found[TO_THE_LAST_BIT],) = results("run.py", [exact], XLA_FLAGS=AS_USERS_FUSE)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_equal(name, runs):
    found = runs[name]
    assert found["problem"] is None
    assert len(found["nnx"]) == 20 and len(set(found["linen"])) > 15
    assert name == "sst2" or found["linen"] == found["nnx"]
    assert found["same keys"] == (name in ("vae", "ppo", "imagenet"))


def test_steps_that_overflow_are_among_them(runs):
    scales = runs["imagenet"]["scales"]
    assert scales[0] < 2.0**24 and len(set(scales)) > 1


@pytest.mark.parametrize("title", WRONG)
def test_wrong_programs_differ(title, runs):
    assert WRONG[title][-1] in runs[title]["problem"]


def test_checkpoints_go_there_and_back():
    for found in results("checkpoint.py", [(name, original(name), MIGRATED / name) for name in ("vae", "ppo")]):
        assert found["there"] and found["back"], "evaluations differ"
        assert found["trained"] and found["moved"], "the checkpoint says nothing"
        less, more = found["refused"]
        assert "has no counterpart in Linen" in less and "has no counterpart in the NNX module" in more
