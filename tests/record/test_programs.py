"""Programs below `flake8-nnx record`: they run as ever, and their calls become cases that can be run."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_nnx.record import store

pytestmark = pytest.mark.jax

MODELS = '''
import jax.numpy as jnp
from flax import linen as nn
from jax import random


class Encoder(nn.Module):
    latents: int
    start: object = nn.initializers.zeros

    @nn.compact
    def __call__(self, x, train=False):
        x = nn.Dense(4, kernel_init=self.start)(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        return nn.Dense(self.latents)(x)


class Decoder(nn.Module):
    act: object = nn.relu
    dtype: object = jnp.float32

    @nn.compact
    def __call__(self, z):
        return nn.Dense(6, dtype=self.dtype)(self.act(z))


class VAE(nn.Module):
    latents: int = 20
    decoder: nn.Module = Decoder()

    def setup(self):
        self.encoder = Encoder(self.latents, start=nn.initializers.normal(0.3))

    def __call__(self, x, rng, train=False):
        mean = self.encoder(x, train)
        return self.sample(mean + random.normal(rng, mean.shape))

    def sample(self, z):
        return self.decoder(z)


class Layer(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return nn.Dense(5)(carry) + x, None


class Text(nn.Module):
    @nn.compact
    def __call__(self, ids):
        x = nn.Embed(50, 5)(ids)
        layers = nn.scan(Layer, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return layers()(x.sum(1), jnp.zeros((3, x.shape[0], 5)))[0]
'''
TRAIN = '''
import sys

import jax
import jax.numpy as jnp
from models import VAE, Decoder, Text

model = VAE(8, Decoder(act=jax.nn.gelu, dtype=jnp.bfloat16))
key = jax.random.key(0)
variables = model.init(key, jnp.ones((1, 6)), key)


@jax.jit
def step(x):
    return model.apply(variables, x, key, train=True, rngs={"dropout": key}, mutable=["batch_stats"])


for _ in range(3):
    step(jnp.ones((4, 6)))
model.apply(variables, jnp.ones((4, 6)), key)
model.apply(variables, jnp.ones((2, 8)), method="sample")
jax.jit(Text().init)(key, jnp.ones((4, 7), int))
print(" ".join(sys.argv[1:]))
'''
ROOT = str(Path(__file__).parents[2])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(MODELS)
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


def record(*command: str, options: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": ROOT, **variables}
    whole = [sys.executable, "-m", "flake8_nnx", "record", *options, "--", *command]
    return subprocess.run(whole, capture_output=True, text=True, timeout=300, env=environment)


def python(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return record(sys.executable, *arguments, **options)  # type: ignore[arg-type]


def script(text: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Record a program in `script.py`."""
    Path("script.py").write_text("import jax, jax.numpy as jnp, flax.linen as nn\n" + text)
    return python("script.py", *arguments, **options)


DATABASE = Path(".flake8_nnx/cases.sqlite")


def cases(name: str, file: str = "models.py") -> dict[str, list[object]]:
    """Init text to inputs of the cases of a class."""
    return {str(case.init): list(case.args) for case in store.recorded_cases(DATABASE, file, name)}


def test_a_training_script(here: Path) -> None:
    ran = python("train.py", "--lr", "0.1", "--", "--out", "x")
    assert (ran.returncode, ran.stdout) == (0, "--lr 0.1 -- --out x\n")
    assert re.fullmatch(r"flake8-nnx: recorded \d+ calls of 5 classes in \.flake8_nnx/cases\.sqlite\n", ran.stderr)
    assert (here / ".flake8_nnx" / ".gitignore").read_text() == "*\n"

    whole, sample = store.recorded_cases(DATABASE, "models.py", "VAE")
    assert whole.init == "VAE(latents=8, decoder=Decoder(act=nn.gelu, dtype=jnp.bfloat16))"
    assert (whole.args, whole.kwargs, whole.train_kwargs) == (("f32[b,6]", "key"), {"train": False}, {"train": True})
    assert (whole.rngs, whole.mutable) == (("dropout",), ("batch_stats",))
    assert whole.origin == "recorded: 3 calls, train.py:20"
    assert (sample.method, sample.args, sample.origin) == ("sample", ("f32[2,8]",), "recorded: 1 call, train.py:21")

    (encoder,) = store.recorded_cases(DATABASE, "models.py", "Encoder")
    assert encoder.init == "Encoder(latents=8, start=nn.initializers.normal(stddev=0.3))"
    assert (encoder.kwargs, encoder.train_kwargs, encoder.rngs) == ({"train": False}, {"train": True}, ("dropout",))
    assert cases("Decoder") == {"Decoder(act=nn.gelu, dtype=jnp.bfloat16)": ["f32[b,8]"]}
    assert cases("Text") == {"Text()": ["i32[4,7]<50"]}
    assert cases("Layer") == {"Layer()": ["f32[4,5]", "f32[4,5]"]}  # what one step of the scan gets


RUN = """
import sys, jax, models
from pathlib import Path
from flake8_nnx.record.store import recorded_cases
from flake8_nnx.verify.inputs import materialise
for name in sys.argv[1:]:
    for case in recorded_cases(Path(".flake8_nnx/cases.sqlite"), "models.py", name):
        module, keys = eval(case.init, vars(models)), {name: jax.random.key(0) for name in ("params", *case.rngs)}
        for flags in ({}, case.train_kwargs or {}):
            args, kwargs = materialise(case.args), {**case.kwargs, **flags}
            variables = module.init(keys, *args, **kwargs, method=case.method)
            module.apply(variables, *args, **kwargs, method=case.method, rngs=keys, mutable=list(case.mutable))
        print(name, case.method)
"""


def test_the_cases_can_be_run(here: Path) -> None:
    assert python("train.py").returncode == 0
    command = [sys.executable, "-c", RUN, "VAE", "Encoder", "Decoder", "Text", "Layer"]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": f"{ROOT}:."})
    expected = ["VAE __call__", "VAE sample", "Encoder __call__", "Decoder __call__", "Text __call__", "Layer __call__"]
    assert ran.stdout.splitlines() == expected, ran.stderr


def test_ways_to_start_a_program(here: Path) -> None:
    (here / "package").mkdir()
    (here / "package" / "__init__.py").write_text("")
    (here / "package" / "net.py").write_text(MODELS)
    (here / "package" / "__main__.py").write_text(
        "import sys, jax\nfrom .net import Decoder\nDecoder().init(jax.random.key(0), jax.numpy.ones((2, 3)))\nsys.exit(7)\n"
    )
    (here / "test_net.py").write_text(
        "import jax, pytest\nfrom package.net import Decoder\n\n\n@pytest.mark.parametrize('size', [4, 5])\n"
        "def test_net(size):\n    Decoder().init(jax.random.key(0), jax.numpy.ones((2, size)))\n    assert size == 4\n"
    )
    (here / "tool").write_text(f"#!{sys.executable}\n" + (here / "test_net.py").read_text() + "\ntest_net(6)\n")
    (here / "tool").chmod(0o755)
    assert python("-m", "package").returncode == 7
    ran = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_net.py")
    assert ran.returncode == 1 and "1 failed, 1 passed" in ran.stdout
    assert record("./tool").returncode == 1
    found = {tuple(leaf[2]) for one in store.records(DATABASE, "package/net.py", "Decoder") for leaf in one.args}
    assert found == {(2, 3), (2, 4), (2, 5), (2, 6)}


def test_processes_that_the_program_starts(here: Path) -> None:
    text = """
import multiprocessing, sys
from models import Decoder

def work(size):
    Decoder().init(jax.random.key(0), jnp.ones((2, size)))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(work, [3, 4, 5])
"""
    assert "recorded 3 calls of 1 class" in script(text).stderr
    assert len(store.records(DATABASE, "models.py", "Decoder")) == 3


def test_a_program_that_is_killed_keeps_its_calls(here: Path) -> None:
    ran = script(
        "import os, signal\nfrom models import Decoder\nDecoder().init(jax.random.key(0), jnp.ones((2, 3)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert ran.returncode == 137 and "recorded 1 call of 1 class" in ran.stderr


def test_classes_of_the_script_itself(here: Path) -> None:
    text = """
class Net(nn.Module):
    act: object = None
    @nn.compact
    def __call__(self, x):
        return self.act(nn.Dense(3)(x))

def act(x):
    return x

if __name__ == "__main__":
    alias = nn.gelu
    for act_ in (alias, act):
        Net(act_).init(jax.random.key(0), jnp.ones((2, 3)))
"""
    assert script(text).returncode == 0
    assert set(cases("Net", "script.py")) == {"Net(act=nn.gelu)", "Net(act=act)"}  # not `alias`: no import has it


def test_decorated_methods_are_recorded_from_outside(here: Path) -> None:
    text = """
import functools
scan = functools.partial(nn.scan, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)

class Cell(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return nn.LSTMCell(4)(carry, x)

class Chain(nn.Module):
    @scan
    @nn.compact
    def __call__(self, carry, x):
        return Cell()(carry, x)

class Twice(nn.Module):
    @nn.remat
    @functools.partial(nn.vmap, variable_axes={"params": None}, split_rngs={"params": False})
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)

class Custom(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        carry = nn.Dense(4)(carry) + self.more(x)
        return carry, carry

    def more(self, x):
        return x.sum(-1, keepdims=True)

    @nn.nowrap
    def initialize_carry(self, rng, shape):
        return jnp.zeros((*shape[:-1], 4))

    num_feature_axes = 1

class Whole(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        nn.RNN(Custom())(x)
        return Twice()(Chain()(carry, x)[1])

@jax.jit
def init(carry, x):
    return Whole().init(jax.random.key(0), carry, x)

init((jnp.ones((2, 4)),) * 2, jnp.ones((2, 7, 3)))
"""
    ran = script(text)
    assert ran.returncode == 0 and "error" not in ran.stderr
    carry = ("f32[2,4]", "f32[2,4]")
    assert cases("Whole", "script.py") == {"Whole()": [carry, "f32[2,7,3]"]}
    assert cases("Chain", "script.py") == {"Chain()": [carry, "f32[2,7,3]"]}
    assert cases("Cell", "script.py") == {"Cell()": [carry, "f32[2,3]"]}
    assert cases("Custom", "script.py") == {"Custom()": ["f32[2,4]", "f32[2,3]"]}
    assert {found.method for found in store.records(DATABASE, "script.py", "Custom")} == {"__call__"}  # not what it calls
    assert cases("Twice", "script.py") == {"Twice()": ["f32[2,7,4]"]}


def test_a_database_of_ones_own(here: Path) -> None:
    (here / "sub").mkdir()
    options = ("--out", "sub/mine.sqlite")
    text = "from models import Decoder\nDecoder().init(jax.random.key(0), jnp.ones((2, {})))"
    for size in (3, 4):
        assert "in sub/mine.sqlite" in script(text.format(size), options=options).stderr
    assert len(store.records(Path("sub/mine.sqlite"), "models.py", "Decoder")) == 2
    assert not DATABASE.exists() and os.listdir("sub") == ["mine.sqlite"]


# ---- what has no case ---------------------------------------------------------------------------------------------


def test_calls_without_constructor_text(here: Path) -> None:
    text = """
from models import Decoder

class Holder:
    pass

class Net(nn.Module):
    act: object
    @nn.compact
    def __call__(self, x, extra=None):
        return self.act(x)

def local():
    class Inside(nn.Module):
        def __call__(self, x):
            return x
    Inside().apply({}, jnp.ones(3))

Net(lambda x: x).apply({}, jnp.ones(3))
Net(nn.relu).apply({}, jnp.ones(3), Holder())
local()
"""
    ran = script(text)
    assert ran.stderr.endswith("called no Linen module of yours that has constructor text; 2 classes without a case\n")
    assert store.recorded_cases(DATABASE, "script.py", "Net") == []
    assert store.problems(DATABASE, "script.py", "Net") == [
        "script.py: Net: Net.act: a lambda, which has no name (script.py:20)",
        "script.py: Net: argument extra: a __main__.Holder, which has no constructor text (script.py:21)",
    ]


def test_calls_that_fail_are_no_cases(here: Path) -> None:
    text = """
from models import Decoder
for size in (3, 4):
    try:
        Decoder().apply({}, jnp.ones((2, size)))
    except Exception as error:
        print(type(error).__name__)
"""
    ran = script(text)
    assert ran.stdout.split() == ["ScopeCollectionNotFound"] * 2 and "nothing recorded" in ran.stderr
    assert not DATABASE.exists()


def test_nothing_to_record(here: Path) -> None:
    for text, out in (("nn.Dense(3).init(jax.random.key(0), jnp.ones((1, 2)))", ""), ("print(1)", "1\n")):
        ran = script(text)
        assert (ran.returncode, ran.stdout) == (0, out)
        assert ran.stderr.startswith("flake8-nnx: nothing recorded: `") and ran.stderr.count("\n") == 1
        assert not DATABASE.exists()
    ran = python("-I", "-c", "pass")
    assert ran.stderr.endswith("called no Linen module of yours; Python ignores the hook with -I\n")


def test_packages_are_recorded_when_asked_for(here: Path) -> None:
    text = "import sys\nsys.path.insert(0, 'site')\nimport library\nlibrary.Decoder().init(jax.random.key(0), jnp.ones((2, 3)))"
    site = here / "site"
    site.mkdir()
    (site / "library.py").write_text(MODELS)
    start = (
        "import sysconfig\nget = sysconfig.get_path\n"
        f"sysconfig.get_path = lambda name: {str(site)!r} if name == 'purelib' else get(name)\n"
    )
    Path("script.py").write_text(start + "import jax, jax.numpy as jnp\n" + text)
    assert "nothing recorded" in python("script.py").stderr
    assert "recorded 1 call of 1 class" in python("script.py", options=("--all",)).stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-program"], "no-such-program: no such program"),
        (["./train.py"], "./train.py: Permission denied; write `python ./train.py`"),
    ],
)
def test_commands_that_cannot_be_run(here: Path, command: list[str], message: str) -> None:
    ran = record(*command)
    assert (ran.returncode, ran.stderr) == (2, f"flake8-nnx: {message}\n")


def test_a_file_that_is_no_database(here: Path) -> None:
    ran = python("train.py", options=("--out", "models.py"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("models.py: file is not a database\n") and ran.stderr.count("\n") == 1
    assert (here / "models.py").read_text() == MODELS


# ---- the program comes first --------------------------------------------------------------------------------------


def test_the_hook_loads_nothing_before_the_program(here: Path) -> None:
    ran = python("-c", "import sys; print(sorted({'jax', 'flax', 'numpy', 'sqlite3', 'typer'} & set(sys.modules)))")
    assert ran.stdout == "[]\n"


def test_a_sitecustomize_of_the_program_is_run(here: Path) -> None:
    (here / "site").mkdir()
    (here / "site" / "sitecustomize.py").write_text("import sys\nsys.own = 5\n")
    ran = python("-c", "import sys, sitecustomize; print(sys.own, sitecustomize.__file__)", PYTHONPATH=f"{ROOT}:{here / 'site'}")
    assert ran.stdout.split() == ["5", str(here / "site" / "sitecustomize.py")]
    (here / "site" / "sitecustomize.py").write_text("1 / 0\n")
    ran = python("-c", "print(1)", PYTHONPATH=f"{ROOT}:{here / 'site'}")
    assert ran.stdout == "1\n" and "ZeroDivisionError" in ran.stderr


def test_errors_of_the_hook_are_counted_and_hidden(here: Path) -> None:
    broken = """
from flake8_nnx.record import hook
from models import Decoder
hook.{} = None
for size in (3, 4):
    print(Decoder().apply(Decoder().init(jax.random.key(0), jnp.ones((2, size))), jnp.ones((2, size))).shape)
"""
    for name in ("key", "collections"):
        ran = script(broken.format(name))
        assert (ran.returncode, ran.stdout) == (0, "(2, 6)\n(2, 6)\n")
        assert "Traceback" not in ran.stderr and ran.stderr.count("\n") == 1
        assert "4 errors of the hook, first TypeError: 'NoneType' object is not callable" in ran.stderr


def test_a_database_that_goes_away_does_no_harm(here: Path) -> None:
    ran = script(
        "import shutil\nfrom models import Decoder\nshutil.rmtree('.flake8_nnx')\n"
        "print(Decoder().init_with_output(jax.random.key(0), jnp.ones((2, 3)))[0].shape)"
    )
    assert (ran.returncode, ran.stdout) == (0, "(2, 6)\n")
    assert "Traceback" not in ran.stderr and ran.stderr.count("\n") == 1


def test_exceptions_and_tracebacks_are_those_of_the_program(here: Path) -> None:
    ran = script("from models import Decoder\nDecoder().apply({}, jnp.ones((2, 3)))")
    assert ran.returncode == 1 and "ScopeCollectionNotFound" in ran.stderr and "flake8_nnx/record" not in ran.stderr


def test_no_tracers_are_kept(here: Path) -> None:
    text = """
from models import VAE
class Scaled(nn.Module):
    scale: object
    def __call__(self, x):
        return self.scale * x
with jax.checking_leaks():
    print(jax.jit(lambda s, x: Scaled(s).apply({}, x))(2.0, jnp.ones(3)))
    jax.eval_shape(lambda k, x: VAE().init(k, x, k), jax.random.key(0), jnp.ones((2, 6)))
"""
    ran = script(text)
    assert (ran.returncode, ran.stdout) == (0, "[2. 2. 2.]\n"), ran.stderr
    assert store.problems(DATABASE, "script.py", "Scaled") == ["script.py: Scaled: Scaled.scale: a traced array (script.py:9)"]


def test_a_class_that_is_called_in_ever_new_ways_stops_being_recorded(here: Path) -> None:
    text = """
class Net(nn.Module):
    def __call__(self, x, step):
        return x
for step in range(500):
    Net().apply({}, jnp.ones(3), step)
"""
    script(text)
    assert len(store.records(DATABASE, "script.py", "Net")) == 64
    assert len(store.recorded_cases(DATABASE, "script.py", "Net")) == 4
