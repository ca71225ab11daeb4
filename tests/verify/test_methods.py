"""What a verdict is about: every public method that ran, and by name those that did not."""
from collections.abc import Callable

import flax.linen as nn
import pytest
from flax import nnx

from flake8_nnx.verify import Case, verify
from flake8_nnx.verify.methods import not_run, public, with_not_run
from flake8_nnx.verify.synthesis import synthesise
from flake8_nnx.verify.verdict import Verdict
from flake8_nnx.verify.worker import run

pytestmark = pytest.mark.jax

LINEN = '''
import flax.linen as nn

class Coder(nn.Module):
    latents: int = 20

    def setup(self):
        self.inner, self.outer = nn.Dense(self.latents), nn.Dense(7)

    def __call__(self, x):
        return self.decode(self.inner(x))

    def decode(self, z):
        return nn.relu(self._last(z))

    def generate(self, z):
        return nn.sigmoid(self.outer(z))

    def named(self, which: str):
        return self.variables["params"][which]["kernel"]

    def _last(self, z):
        return self.outer(z)

    @staticmethod
    def helper(x):
        return x
'''
NNX = '''
from flax import nnx

class Coder(nnx.Module):
    def __init__(self, in_features, latents=20, *, rngs):
        self.inner, self.outer = nnx.Linear(in_features, latents, rngs=rngs), nnx.Linear(latents, 7, rngs=rngs)

    def __call__(self, x):
        return self.decode(self.inner(x))

    def decode(self, z):
        return nnx.relu(self.outer(z))

    def generate(self, z):
        return nnx.sigmoid(self.outer(z))
'''


@pytest.fixture
def verdict_on(tmp_path):
    def found(new, **job):
        for name, text in (("old.py", LINEN), ("new.py", new)):
            (tmp_path / name).write_text(text)
        sides = {side: {"path": str(tmp_path / f"{side}.py"), "class": "Coder"} for side in ("old", "new")}
        return run({**sides, "synthesise": True, **job})

    return found


def test_other_methods_run_too(verdict_on):
    found = verdict_on(NNX)
    assert found["status"] == "PROVED", found
    cases = found["evidence"]["cases"]
    assert [case["method"] for case in cases] == ["__call__", "generate"]
    assert cases[0]["evidence"]["methods"] == ["__call__", "_last", "decode"]
    assert cases[1]["evidence"]["methods"] == ["generate"]
    assert found["evidence"]["not run"] == ["named"]
    assert found["reason"].endswith("; not run: `named` (give a case with that method)")


def test_another_method_that_differs(verdict_on):
    found = verdict_on(NNX.replace("sigmoid", "tanh"))
    assert found["status"] == "DIFFERS"
    assert found["reason"].startswith("case 2 of 2 (generate): ")


def test_a_method_that_is_not_there_does_not_count_as_checked(verdict_on):
    found = verdict_on(NNX.replace("def generate", "def other"))
    assert found["status"] == "PROVED"
    assert found["evidence"]["not run"] == ["generate", "named"]


def test_given_cases_say_what_they_leave_out(verdict_on):
    found = verdict_on(NNX, case=Case("old.py:Coder", init="Coder()", args=("f32[b,5]",)).to_json())
    assert found["status"] == "PROVED"
    assert found["evidence"]["not run"] == ["generate", "named"]
    given = {"init_args": ("f32[b,5]",), "init_method": "__call__", "method": "generate"}
    found = verdict_on(NNX, case=Case("old.py:Coder", init="Coder()", args=("f32[b,20]",), **given).to_json())
    assert found["status"] == "PROVED", found
    assert found["evidence"]["methods"] == ["generate"]


class Base(nn.Module):
    def shared(self, x):
        return x


class Plain(Base):
    activation: Callable = nn.relu

    @nn.compact
    def __call__(self, x):
        return self.shared(self.activation(nn.Dense(3)(x)))

    def _private(self, x):
        return x

    @property
    def size(self):
        return 3


class NewPlain(nnx.Module):
    def __init__(self, in_features, *, rngs):
        self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.dense_0(x))


def test_nothing_is_left_out():
    assert public(Plain) == ["shared", "__call__"]
    assert public(NewPlain) == [] and public(nn.Dense) == []
    found = verify(Plain, NewPlain, Case("m:Plain", build=Plain, args=("f32[b,5]",)))
    assert found.status == "PROVED"
    assert found.evidence["methods"] == ["__call__", "shared"]
    assert "not run" not in found.evidence and "not run" not in found.reason
    assert [case.method for case in synthesise(globals(), "Plain")] == ["__call__"]


def test_bad_verdicts_are_about_what_they_say():
    bad = Verdict("DIFFERS", "the output differs")
    assert with_not_run(bad, ["other"]) is bad
    assert not_run(Plain, [bad]) == ["shared", "__call__"]
