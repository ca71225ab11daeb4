"""Limits of the worker that its children could get around, and values that JSON does not have."""
import time

import numpy as np
import pytest
from mlp import LINEN, NNX
from flake8_nnx.verify import Case, verify

pytestmark = pytest.mark.jax

CASE = Case("old.py:MLP", init="MLP(features=3)", args=("f32[2,4]",))


@pytest.fixture
def run(tmp_path):
    """The verdict on an NNX class whose call first runs some code."""

    def verdict(before, case=CASE, **limits):
        (tmp_path / "old.py").write_text(LINEN)
        (tmp_path / "new.py").write_text(NNX.format(before=before))
        return verify(f"{tmp_path}/old.py::MLP", f"{tmp_path}/new.py::MLP", case, **limits)

    return verdict


def test_children_in_a_session_of_their_own_die_with_the_worker(run, tmp_path):
    child, marker = tmp_path / "child.py", tmp_path / "alive"
    child.write_text(f"import time; time.sleep(4); open({str(marker)!r}, 'w')")
    start = f"subprocess.Popen([sys.executable, {str(child)!r}], start_new_session=True)"
    verdict = run(f"import os, subprocess, sys; {start}; os._exit(3)")
    assert verdict.status == "UNVERIFIED" and "exit code 3" in verdict.reason
    time.sleep(5)
    assert not marker.exists()


def test_memory_of_children_counts(run, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import time; kept = b'x' * (2 * 10**9); time.sleep(9)")
    verdict = run(f"import subprocess, sys; subprocess.run([sys.executable, {str(child)!r}])", memory_mb=1500)
    assert verdict.status == "UNVERIFIED" and "more than 1500 MiB" in verdict.reason, verdict.reason


def test_arrays_and_tuples_reach_the_worker():
    case = Case("m:M", args=(np.arange(4, dtype=np.int8), (1, [2, (3,)])), kwargs={"axes": (0, 1)})
    back = Case.from_json(case.to_json())
    assert back.args[1:] == case.args[1:] and back.kwargs == case.kwargs
    assert back.args[0].dtype == np.int8 and back.args[0].tolist() == [0, 1, 2, 3]


def test_a_function_of_the_library_that_is_exchanged_shows_nothing_and_comes_back(run):
    verdict = run("from flax import nnx as library; library.gelu = library.tanh")
    assert verdict.status == "UNVERIFIED" and "exchanges flax.nnx.gelu" in verdict.reason
    assert run("pass").status == "PROVED"
