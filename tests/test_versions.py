"""Advice for the flax that a project uses: older ones get their own words, and no finding that is not true of them."""
import re
import subprocess
import sys

import pytest
from corpus import corpus

from flake8_nnx import versions
from flake8_nnx.lint import lint_source
from flake8_nnx.versions import adapted, installed, parse

STATE = """from flax.training.train_state import TrainState
import optax


def make(model, params):
    return TrainState.create(apply_fn=model.apply, params=params, tx=optax.adam(1e-3))


def step(state, grads):
    return state.apply_gradients(grads=grads)
"""
LISTS = """import flax.linen as nn


class MLP(nn.Module):
    def setup(self):
        self.layers = [nn.Dense(3) for _ in range(2)]

    def __call__(self, x):
        self.sow("intermediates", "x", x)
        for layer in self.layers:
            x = layer(x)
        return x
"""
NEW = """from flax import nnx
import optax


class Model(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.layers = [nnx.Linear(2, 2, rngs=rngs)]

    def __call__(self, x):
        return x


def train(model: nnx.Linear, rngs: nnx.Rngs):
    optimizer = nnx.Optimizer(model, optax.adam(1e-3))
    return optimizer, model.kernel.value, rngs.fork(split=3), nnx.BatchStats
"""


def messages(source, version):
    return [found.message for found in adapted(lint_source(source), parse(version))]


def codes(source, version):
    return [found.code for found in adapted(lint_source(source), parse(version))]


def test_the_newest_says_what_the_rules_say():
    for source in (STATE, LISTS, NEW):
        assert adapted(lint_source(source), versions.NEWEST) == lint_source(source)


def test_optimizers():
    new, old = "\n".join(messages(STATE, "0.11")), "\n".join(messages(STATE, "0.10.7"))
    assert "wrt=nnx.Param" in new and "optimizer.update(model, grads)" in new
    assert "wrt=" not in old and "nnx.Optimizer(model, optax.adam(0.001))`" in old
    assert "optimizer.update(grads)" in old and "update(model" not in old


def test_containers_and_collected_values():
    new, between, old = ("\n".join(messages(LISTS, version)) for version in ("0.12.8", "0.12.1", "0.11.2"))
    assert "nnx.List" in new and "nnx.List" in between and "nnx.List" not in old
    assert "nnx.capture(" in new and "nnx.capture(" not in between and "nnx.pop(" in between and "nnx.pop(" in old
    assert len(messages(LISTS, "0.12.8")) == len(messages(LISTS, "0.10"))


def test_what_is_no_trap_of_an_older_flax_is_silent():
    assert codes(NEW, "0.12.8").count("NNX822") == 3 and {"NNX823", "NNX825"} <= set(codes(NEW, "0.12.8"))
    assert codes(NEW, "0.12.0") == ["NNX823", "NNX825", "NNX822"]
    assert codes(NEW, "0.11.2") == ["NNX825", "NNX822"]
    assert codes(NEW, "0.10.7") == ["NNX822"]  # nnx.BatchStats never was


@pytest.mark.parametrize("text, version", [("0.11", (0, 11, 0)), ("0.12.8", (0, 12, 8)), ("0.13.0rc1", (0, 13, 0))])
def test_versions_are_read(text, version):
    assert parse(text) == version


@pytest.mark.parametrize("text", ["", "new", "0.8.5", "v0.12"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(ValueError, match="version of flax|not supported"):
        parse(text)


@pytest.mark.parametrize("command", [["flake8", "--isolated"], ["flake8_nnx", "check"]])
def test_the_option(tmp_path, command):
    (tmp_path / "state.py").write_text(STATE)

    def run(version):
        option = f"--nnx-flax-version={version}"
        return subprocess.run([sys.executable, "-m", *command, "state.py", option], cwd=tmp_path, capture_output=True, text=True)

    assert "wrt=" in run("0.12").stdout and "wrt=" not in run("0.10").stdout
    wrong = run("banana")
    assert wrong.returncode != 0 and "banana" in wrong.stderr and "Traceback" not in wrong.stderr


def test_the_installed_one_is_not_imported(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"flax": "0.11.1"}[name])
    assert installed() == (0, 11, 1)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.6.0")
    assert installed() == versions.NEWEST


@pytest.mark.corpus
def test_an_old_flax_has_not_what_it_is_said_not_to_have():
    (nnx,) = corpus("flax-lm1b").glob("*/flax/nnx")  # flax 0.10.7
    names = (nnx / "__init__.py").read_text()
    for name in ("List", "capture"):
        assert not re.search(rf"\bas {name}\b", names), name
    optimizer = (nnx / "training" / "optimizer.py").read_text()
    assert "wrt: filterlib.Filter = nnx.Param" in optimizer and "def update(self, grads, **kwargs)" in optimizer
    variable = (nnx / "variablelib.py").read_text()
    assert "def value(self)" in variable and "deprecated" not in variable.split("def value(self)")[1][:400]
    assert not re.search(r"def split\(self", (nnx / "rnglib.py").read_text())


@pytest.mark.jax
def test_the_installed_flax_has_what_it_is_said_to_have():
    from flax import nnx

    assert all(hasattr(nnx, name) for name in ("List", "capture")) and hasattr(nnx.Rngs, "split")


MODES = """from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)
        self.count = nnx.Variable(0)

    def grow(self):
        self.count += 1


def predict(model, x):
    return model(x)


def run(x):
    return predict(Net(nnx.Rngs(0)), x)
"""
JITTED = """from flax import nnx


@nnx.jit
def evaluate(model, x):
    model.eval()
    return model(x)


step = nnx.grad(evaluate)
"""


def test_modes_and_operations_in_place():
    assert codes(MODES, "0.12.8") == ["NNX813", "NNX826"] and codes(MODES, "0.11.2") == ["NNX826"]
    (new,), (old,) = messages(JITTED, "0.12.8"), messages(JITTED, "0.12.0")
    assert "nnx.view(" in new and "nnx.view" not in old and old.endswith("call `model.train()` in the training step")
    assert "nnx.view(" in messages(MODES, "0.12.8")[1] and messages(MODES, "0.11.2")[0].endswith("call `model.eval()` before")
