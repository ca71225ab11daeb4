"""Gradual migration: what bridges are written, that both sides of them compute the same, and where none can stand."""
import ast
import importlib.util
import json

import pytest

from flake8_nnx.migrate.file import rewrite
from flake8_nnx.migrate.gradual import plan_bridged
from flake8_nnx.migrate.bridged import migrate_bridged
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.read import parse

MODELS = '''\
import flax.linen as nn
import jax
import jax.numpy as jnp


class Mlp(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(nn.gelu(nn.Dense(self.features * 2)(x)))


class Counting(nn.Module):
    """Stays Linen: an NNX module has no scope."""

    @nn.compact
    def __call__(self, x, train: bool = False):
        assert self.scope is not None
        calls = self.variable("calls", "count", lambda: jnp.zeros(()))
        if train:
            calls.value += 1
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.Dropout(0.5, deterministic=not train)(Mlp(3)(x))
        for i in range(2):
            x = Mlp(3, name=f"mlp_{i}")(x)
        return x * (1 + calls.value)

    @nn.nowrap
    def halved(self, x):
        return x / 2


class Net(nn.Module):
    features: int = 4

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = Mlp(self.features)(x)
        x = nn.ConvLocal(self.features, (3,))(x)
        counting = Counting()
        for _ in range(2):
            x = Counting()(x, train)
        return nn.Dense(2)(counting.halved(counting(x, train=train)))
'''


def planned(source, **without):
    facts = Facts(parse(source, "models.py"), "models.py", source=source)
    (found,) = plan_bridged([(source, facts)], {id(cls.node): without[cls.name] for cls in facts.classes if cls.name in without})
    new = rewrite(found)
    ast.parse(new)
    return {plan.name: plan for plan in found.plans}, new


def test_what_stays_linen_is_wrapped_in_native_classes():
    plans, new = planned(MODELS)
    assert [*plans["Net"].bridges] == ["ConvLocal", "Counting"] and not plans["Net"].refusals
    assert "self.conv_local = nnx.bridge.ToNNX(nn.ConvLocal(features, (3,)), rngs=rngs)" in new
    assert "self.countings_1.append(nnx.bridge.ToNNX(Counting(), rngs=rngs))" in new
    assert 'x = counting_1(x, train, mutable=["batch_stats", "calls"])' in new
    assert "lazy_init" in plans["Net"].notes[0]


def test_what_has_moved_is_wrapped_in_classes_that_stay():
    plans, new = planned(MODELS)
    assert plans["Counting"].refusals and [*plans["Counting"].bridges] == ["Mlp"]
    assert 'nnx.bridge.to_linen(Mlp, x.shape[-1], 3, name="Mlp_0")(x)' in new
    assert 'x = nnx.bridge.to_linen(Mlp, x.shape[-1], 3, name=f"mlp_{i}")(x)' in new
    assert "class Counting(nn.Module)" in new and "import flax.linen as nn" in new and "from flax import nnx" in new


def test_a_call_in_a_helper_of_several_methods_says_once_what_it_updates():
    methods = "".join(f"\n    def {name}(self, x):\n        return self.helper(x)\n" for name in ("first", "second"))
    text = f"""{MODELS}

class Helped(nn.Module):
    def setup(self):
        self.counting = Counting()

    def helper(self, x):
        return self.counting(x)
{methods}"""
    plans, new = planned(text)
    assert not plans["Helped"].refusals
    assert 'return self.counting(x, mutable=["batch_stats", "calls"])' in new


def test_without_bridges_nothing_changes():
    plans, new = planned(MODELS, Mlp="not chosen", Net="not chosen")
    assert new == MODELS and not plans["Counting"].bridges


@pytest.mark.jax
def test_both_directions_are_verified(tmp_path):
    """Outputs, gradients, statistics and counters in training, dropout masks, under the map that goes through the bridges."""
    path = tmp_path / "models.py"
    path.write_text(MODELS)
    cases = tmp_path / "cases.py"
    cases.write_text(CASES)
    run = migrate_bridged([path], cases=cases)
    assert run.errors == []
    assert [(r.cls, r.status, r.verdict, r.written) for r in run.classes] == [
        ("Mlp", "native", "PROVED", True),
        ("Counting", "bridged", "PROVED", True),
        ("Net", "bridged", "PROVED", True),
    ]
    assert run.classes[1].reason.startswith("stays Linen (line ")


CASES = """
from flake8_nnx.verify import Case

MODES = {"kwargs": {"train": False}, "train_kwargs": {"train": True}, "rngs": ("dropout",)}
CASES = [
    Case("models.py:Mlp", init="Mlp(4)", args=("f32[2,5]",)),
    Case("models.py:Counting", init="Counting()", args=("f32[2,5,4]",), mutable=("calls", "batch_stats"), **MODES),
    Case("models.py:Net", init="Net(3)", args=("f32[2,5,4]",), mutable=("calls", "batch_stats"), **MODES),
]
"""
STAYS = "\n\nclass Stays(nn.Module):\n    rate: float = 0.5\n\n    {}\n"
HEAD = MODELS.partition("class Counting")[0]


@pytest.mark.parametrize(
    "body, reason",
    [
        ("@nn.compact\n    def __call__(self, x):\n        return nn.remat(Mlp)(4)(x)", "no bridge can stand"),
        ("@nn.compact\n    def __call__(self, x, block=Mlp):\n        return block(4)(x)", "no bridge can stand"),
        ("block: Mlp = None\n\n    def __call__(self, x):\n        return self.block(x)", "the field `block` of `Stays`"),
        ("def setup(self):\n        self.mlp = Mlp(4)\n\n    def __call__(self, x):\n        return self.mlp(x)", "in_features"),
        ("@nn.compact\n    def __call__(self, x):\n        return Mlp(4)(jnp.sin(x))", "`in_features` cannot be told"),
        ("@nn.compact\n    def __call__(self, x):\n        for f in (3, 4):\n            x = Mlp(f)(x)", "the name"),
    ],
)
def test_where_no_bridge_can_stand_the_class_stays(body, reason):
    source = HEAD + STAYS.format(body)
    plans, new = planned(source, Stays="not chosen")
    assert new == source and reason in plans["Mlp"].refusals[0].reason


@pytest.mark.parametrize(
    "body, reason",
    [
        ("x = nn.Dense(3)(x)\n        self.sow('intermediates', 'h', x)\n        return x", "would lose"),
        ("return nn.Dense(3)(x) * (1 if mutable else 2)", "takes `mutable=` itself"),
    ],
)
def test_what_a_bridge_would_lose_is_refused(body, reason):
    source = HEAD + (
        f"class Stays(nn.Module):\n    @nn.compact\n    def __call__(self, x, mutable=False):\n        {body}\n\n\n"
        "class Uses(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return Stays()(x)\n"
    )
    plans, _ = planned(source, Stays="not chosen")
    assert reason in plans["Uses"].refusals[0].reason


DROPPING = HEAD.replace("return nn.Dense", "x = nn.Dropout(0.1)(x, deterministic=True)\n        return nn.Dense")


@pytest.mark.parametrize(
    "keys, moves", [("jax.random.key(0)", False), ('{"params": jax.random.key(0), "dropout": jax.random.key(1)}', True)]
)
def test_a_stream_that_init_is_not_given(keys, moves):
    """Linen's init takes the params key where a stream is missing, nnx.bridge.to_linen fails."""
    source = DROPPING + STAYS.format("@nn.compact\n    def __call__(self, x):\n        return Mlp(4)(x)") + (
        f"\n\nvariables = Stays().init({keys}, jnp.ones((2, 3)))\n"
    )
    plans, new = planned(source, Stays="not chosen")
    assert bool(plans["Mlp"].refusals) is not moves
    if not moves:
        assert "'dropout'" in plans["Mlp"].refusals[0].reason and new == source


def test_only_takes_its_neighbours_as_they_are(tmp_path):
    path = tmp_path / "models.py"
    path.write_text(MODELS)
    run = migrate_bridged([path], unverified=True, only={path: ["Net"]})
    assert [(r.cls, r.status) for r in run.classes] == [("Net", "bridged")]
    assert "nnx.bridge.ToNNX(Mlp(features), rngs=rngs)" in run.files[0].new


def test_only_names_a_class_of_the_file(tmp_path):
    path = tmp_path / "models.py"
    path.write_text(MODELS)
    run = migrate_bridged([path], unverified=True, only={path: ["Nets"]})
    assert run.classes == [] and "has no Linen class Nets" in run.errors[0]


@pytest.mark.jax
def test_what_differs_is_never_written(tmp_path):
    """A bridge that leaves the statistics of the wrapped module alone would be noticed."""
    from flake8_nnx.verify import Case, verify

    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_text(MODELS)
    new.write_text(planned(MODELS)[1].replace(', mutable=["batch_stats", "calls"]', ', mutable=["calls"]'))
    assert new.read_text() != planned(MODELS)[1]
    case = Case(f"{old}:Net", init="Net(3)", args=("f32[2,5,4]",), kwargs={"train": False}, train_kwargs={"train": True})
    assert not verify(f"{old}::Net", f"{new}::Net", case).good


STEPS = '''\
import flax.linen as nn


class Block(nn.Module):
    features: tuple[int, ...]

    @nn.compact
    def __call__(self, x, train: bool = False):
        for f in self.features:
            x = nn.relu(nn.Dense(f)(x))
        return nn.BatchNorm(use_running_average=not train)(x)


class Net(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = Block((self.features, 3))(x, train)
        x = Block((4, self.features))(x, train)
        return nn.Dense(2)(x)
'''


@pytest.mark.jax
def test_step_by_step(tmp_path):
    """After each step the file runs as before, and in the end the first checkpoint still loads."""
    from flake8_nnx.verify import Case, verify

    path, first = tmp_path / "models.py", tmp_path / "first.py"
    for place in (path, first):
        place.write_text(STEPS)
    cases = tmp_path / "cases.py"
    modes = '"kwargs": {"train": False}, "train_kwargs": {"train": True}, "mutable": ("batch_stats",)'
    cases.write_text(
        f"from flake8_nnx.verify import Case\n\nMODES = {{{modes}}}\n"
        'CASES = [Case("models.py:Block", init="Block((4, 3))", args=("f32[2,5]",), **MODES),\n'
        '         Case("models.py:Net", init="Net(6)", args=("f32[2,5]",), **MODES)]\n'
    )
    statuses = []
    for name in ("Block", "Net"):
        run = migrate_bridged([path], cases=cases, only={path: [name]})
        statuses += [(r.cls, r.status, r.verdict) for r in run.classes]
        run.write(None)
    assert statuses == [("Block", "native", "PROVED"), ("Net", "bridged", "PROVED"), ("Net", "native", "PROVED")]
    new = path.read_text()
    assert "linen" not in new and "self.block_1 = Block(3, (4, features), rngs=rngs)" in new
    case = Case(f"{first}:Net", init="Net(6)", args=("f32[2,5]",), kwargs={"train": False}, train_kwargs={"train": True})
    verdict = verify(f"{first}::Net", f"{path}::Net", case)
    assert verdict.good and verdict.evidence["variable map"] == "given"  # the one beside the file


@pytest.mark.skipif(importlib.util.find_spec("networkx") is None, reason="needs the extra for reports")
def test_an_order_can_be_carried_out(tmp_path):
    """The report's steps, each with bridges: every text in between compiles, and none is left Linen."""
    from flake8_nnx.report.build import build

    path = tmp_path / "models.py"
    path.write_text(STEPS + DROPPING.partition("\n\n\n")[2] + (
        "\n\nclass Top(nn.Module):\n    def setup(self):\n        self.mlp = Mlp(4)\n        self.net = Net(3)\n\n"
        "    def __call__(self, x):\n        return self.net(self.mlp(x))\n"
    ))
    waiting = []
    for step in build([tmp_path], store="off").steps:
        chosen = [name.partition("::")[2] for name in step.classes] + waiting
        run = migrate_bridged([path], unverified=True, only={path: chosen})
        run.write(None)
        ast.parse(path.read_text())
        waiting = [r.cls for r in run.classes if "migrate it together with" in r.reason]
    assert waiting == [] and "linen" not in path.read_text()


BLOCKS, _, NET = STEPS.partition("class Net")
FILES = {
    "pkg/__init__.py": "",
    "pkg/blocks.py": BLOCKS,
    "pkg/net.py": "import flax.linen as nn\n\nfrom . import blocks\n\n\nclass Net" + NET.replace("Block(", "blocks.Block("),
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "pkg"


def test_bridges_across_files(package):
    """What another file of the project constructs is wrapped there, and comes out of its bridge when that moves."""
    run = migrate_bridged([], unverified=True, only={package / "blocks.py": ["Block"]})
    assert run.errors == [] and [(r.cls, r.status) for r in run.classes] == [("Block", "native"), ("Net", "bridged")]
    run.write(None)
    net = "".join((package / "net.py").read_text().split())
    assert 'nnx.bridge.to_linen(blocks.Block,x.shape[-1],(self.features,3),name="Block_0")(x,train)' in net
    assert "fromflaximportnnx" in net
    run = migrate_bridged([], unverified=True, only={package / "net.py": ["Net"]})
    new = next(file.new for file in run.files if file.source.path.name == "net.py")
    assert "self.block_1 = blocks.Block(3, (4, features), rngs=rngs)" in new


def test_what_stays_in_another_file_is_wrapped(package):
    run = migrate_bridged([], unverified=True, only={package / "net.py": ["Net"]})
    new = next(file.new for file in run.files if file.source.path.name == "net.py")
    assert "self.block_0 = nnx.bridge.ToNNX(blocks.Block((features, 3)), rngs=rngs)" in new
    assert 'self.block_0(x, train, mutable=["batch_stats"])' in new and "in_features" not in new.partition("x_features")[0]


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "name files or directories"),
        (["--only", "models.py"], "does not name a class"),
        (["--only", "nothing.py::Net"], "no such file"),
        (["--only", "models.py::Nets"], "has no Linen class Nets"),
    ],
)
def test_what_is_asked_for_is_checked(tmp_path, monkeypatch, capsys, arguments, said):
    from flake8_nnx.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(STEPS)
    assert main(["migrate", "--no-verify", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_command_line_takes_one_class(tmp_path, monkeypatch, capsys):
    from flake8_nnx.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(STEPS)
    (tmp_path / "broken.py").write_text("import flax.linen as nn\nclass (:\n")  # of the project, but none of its business
    main(["migrate", "--only", "models.py::Block", "--unverified", "--write", "--log", "log.json"])
    records = json.loads((tmp_path / "log.json").read_text())
    assert [(r["class"], r["status"], r["written"]) for r in records] == [("Block", "native", True), ("Net", "bridged", True)]
    assert "class Net(nn.Module)" in (tmp_path / "models.py").read_text()
