"""Warm workers: jax is imported once, edits and other projects are seen, and nothing of one project reaches the next."""
from pathlib import Path

import pytest
from mlp import LINEN, NNX

from flake8_nnx.verify import Case
from flake8_nnx.verify.pool import Pool
from flake8_nnx.verify.process import Limits
from flake8_nnx.verify.verdict import INTERRUPTED

pytestmark = pytest.mark.jax

CASE = Case("old.py:MLP", init="MLP(features=3)", args=("f32[2,4]",)).to_json()
GOOD = NNX.format(before="pass")
TELL_PID = "import os; raise RuntimeError(f'pid {os.getpid()}')"


@pytest.fixture(scope="module")
def pool():
    with Pool(limits=Limits(timeout=60)) as pool:
        yield pool


def job(folder: Path, new: str, old: str = LINEN):
    folder.mkdir(exist_ok=True)
    for name, text in (("old.py", old), ("new.py", new)):
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)
    sides = {side: {"path": str(folder / f"{side}.py"), "class": "MLP"} for side in ("old", "new")}
    return {**sides, "case": CASE, "variable_map": None}


def test_one_process_serves_many_jobs(pool, tmp_path):
    telling = job(tmp_path, NNX.format(before=TELL_PID))
    first, second = pool.run([telling, telling])
    assert first.reason == second.reason and "pid" in first.reason


def test_a_dead_worker_is_replaced(pool, tmp_path):
    died, told = pool.run([job(tmp_path / "a", NNX.format(before="import os; os._exit(3)")), job(tmp_path / "b", GOOD)])
    assert (died.status, told.status) == ("UNVERIFIED", "PROVED") and "exit code 3" in died.reason


def test_an_edited_file_is_read_again(pool, tmp_path):
    assert pool.run([job(tmp_path, GOOD)])[0].status == "PROVED"
    assert pool.run([job(tmp_path, GOOD.replace("self.dense_0(x)", "self.dense_0(x) * 2"))])[0].status == "DIFFERS"


def test_projects_with_modules_of_the_same_name(pool, tmp_path):
    """`sizes.py` of one project must not be the one of the next."""
    old = LINEN.replace("import flax", "from sizes import WIDTH\nimport flax").replace("Dense(self.features)", "Dense(WIDTH)")
    verdicts = []
    for width in (3, 5):
        folder = tmp_path / str(width)
        found = job(folder, GOOD.replace("features, rngs=rngs", f"{width}, rngs=rngs"), old)
        (folder / "sizes.py").write_text(f"WIDTH = {width}\n")
        verdicts += pool.run([found])
    assert [verdict.status for verdict in verdicts] == ["PROVED", "PROVED"], verdicts


def test_settings_of_one_project_end_with_it(pool, tmp_path):
    setting = "import jax\njax.config.update('jax_enable_x64', True)\n"
    checking = GOOD.replace("import flax", "import jax\nassert not jax.config.jax_enable_x64\nimport flax", 1)
    assert pool.run([job(tmp_path / "x", setting + GOOD, setting + LINEN)])[0].status == "PROVED"
    assert pool.run([job(tmp_path / "y", checking)])[0].status == "PROVED"


def test_user_code_cannot_read_the_jobs(pool, tmp_path):
    reading = NNX.format(before="import sys; assert sys.stdin.read() == ''")
    assert [verdict.status for verdict in pool.run([job(tmp_path, reading)] * 2)] == ["PROVED", "PROVED"]


def test_several_workers_keep_the_order(tmp_path):
    wrong = GOOD.replace("self.dense_0(x)", "self.dense_0(x) * 2")
    with Pool(2, Limits(timeout=60)) as pool:
        found = pool.run([job(tmp_path / str(i), wrong if i % 2 else GOOD) for i in range(4)])
    assert [verdict.status for verdict in found] == ["PROVED", "DIFFERS"] * 2


def test_a_device_that_is_not_there(pool, tmp_path):
    (verdict,) = pool.run([{**job(tmp_path, GOOD), "device": "abacus"}])
    assert verdict.status == "UNVERIFIED" and "no device abacus" in verdict.reason and "cpu" in verdict.reason


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_keeps_what_was_verified(tmp_path, workers):
    """Ctrl-C after the first verdict: that counts, the others say that they were not verified, and no process is left."""
    hangs = job(tmp_path / "b", NNX.format(before="import time; time.sleep(600)"))

    def stop(done, total):
        assert (done, total) == (1, 3)
        raise KeyboardInterrupt

    with Pool(workers, Limits(timeout=60)) as pool:
        found = pool.run([job(tmp_path / "a", GOOD), hangs, hangs], stop)
        assert [verdict.status for verdict in found] == ["PROVED", "UNVERIFIED", "UNVERIFIED"]
        assert {verdict.reason for verdict in found[1:]} == {INTERRUPTED}
        assert pool.run([job(tmp_path / "a", GOOD)])[0].status == "PROVED"
