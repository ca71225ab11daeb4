"""What a file says of its NNX code: classes, instances, what they hold, and what cannot be known."""
from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

PRELUDE = """\
import functools
from typing import Optional
import flax, torch
import flax.linen as nn
import equinox as eqx
from flax import nnx
from flax.nnx import Linear as Lin
from flax.nnx.nn.linear import Conv

class Block(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)
        self.scale = nnx.Param(1.0)
        self.none = None
        self.both = nnx.Param(1.0) if rngs else 3
        self.mixed = nnx.Param(1.0)

    def change(self):
        self.mixed = 3

class Net(Block):
    def __init__(self, rngs):
        self.block = Block(rngs)
        self.norm = nnx.BatchNorm(2, rngs=rngs)

class Old(nn.Module):
    pass

class Torch(torch.nn.Module):
    pass

class Both(nn.Module, nnx.Module):
    pass

class Loss(nnx.Intermediate):
    pass

def make(rngs):
    return Block(rngs) if False else None

def build(rngs):
    if rngs:
        return Net(rngs)
    return Block(rngs)

def either(rngs):
    if rngs:
        return Net(rngs)
    return 3

"""


def facts(source: str = "") -> Facts:
    return Facts(ast.parse(PRELUDE + textwrap.dedent(source)))


def probe(source: str) -> tuple[Facts, ast.expr]:
    """The argument of the last `probe(…)` of a source."""
    found = facts(source)
    calls = [n for n in found.names.nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "probe"]
    return found, calls[-1].args[0]


def shown(ref: nnx.Ref | None) -> str | None:
    return f"{ref.kind} {ref.name}" if ref else None


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("nnx.Linear", "Linear"),
        ("flax.nnx.Linear", "Linear"),
        ("Lin", "Linear"),
        ("Conv", "Conv"),
        ("nnx.nn.linear.Linear", "Linear"),
        ("nnx.initializers.ones", "initializers.ones"),
        ("nnx.bridge.Module", "bridge.Module"),
        ("nnx.metrics.Average", "metrics.Average"),
        ("nn.Dense", None),
        ("torch.nn.Linear", None),
        ("Block", None),
        ("unknown.nnx.Linear", None),
    ],
)
def test_public_names(expression: str, name: str | None) -> None:
    found, node = probe(f"probe({expression})")
    assert nnx.name(node, found) == name


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from flax import nnx", True),
        ("import flax.nnx as n", True),
        ("import flax.experimental.nnx", True),
        ("from flax.nnx import Linear", True),
        ("import flax\nflax.nnx.Linear", True),
        ("import flax.linen as nn", False),
        ("import nnxlike\nfrom a import nnx_like", False),
        ("x = 'flax.nnx'", False),
    ],
)
def test_whether_a_file_names_nnx(source: str, expected: bool) -> None:
    assert nnx.present(Facts(ast.parse(source))) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("nnx.var_defaults(hijax=True)", True),
        ("nnx.Param(1.0, hijax=True)", True),
        ("nnx.vars_as(3, mutable=False)", True),
        ("f(ref=3)", True),
        ("nnx.Param(1.0)", False),
        ("hijax = 3", False),
        ("x.with_vars(3)", False),
    ],
)
def test_whether_variables_may_be_references(source: str, expected: bool) -> None:
    assert nnx.has_references(facts(source)) is expected


def test_module_classes() -> None:
    assert [cls.name for cls in nnx.module_classes(facts())] == ["Block", "Net"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Net", "module Net"),
        ("nnx.Linear", "module Linear"),
        ("functools.partial(nnx.Linear, 2)", "module Linear"),
        ("nnx.Optimizer", "optimizer Optimizer"),
        ("nnx.Optimizer[Net]", "optimizer Optimizer"),
        ("Loss", "variable Loss"),
        ("nnx.Linear(2, 2)", None),
        ("nnx.relu", None),
        ("nnx.State", None),
        ("Old", None),
        ("Both", None),
        ("Torch", None),
        ("nn.Dense", None),
    ],
)
def test_what_is_a_class(expression: str, expected: str | None) -> None:
    found, node = probe(f"probe({expression})")
    assert shown(nnx.module_class(node, found)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("probe(Net(nnx.Rngs(0)))", "module Net"),
        ("net = Net(nnx.Rngs(0))\nprobe(net)", "module Net"),
        ("net = Net(nnx.Rngs(0))\nprobe(net.block)", "module Block"),
        ("net = Net(nnx.Rngs(0))\nprobe(net.block.layer)", "module Linear"),
        ("net = Net(nnx.Rngs(0))\nprobe(net.block.layer.kernel)", "variable Param"),
        ("net = Net(nnx.Rngs(0))\nprobe(net.block.scale)", "variable Param"),
        ("net = Net(nnx.Rngs(0))\nprobe(nnx.clone(net))", "module Net"),
        ("net = Net(nnx.Rngs(0))\nprobe(nnx.merge(*nnx.split(net)))", "module Module"),
        ("net = Net(nnx.Rngs(0))\ng, s = nnx.split(net)\nprobe(nnx.merge(g, s))", "module Module"),
        ("probe(build(nnx.Rngs(0)))", "module Module"),
        ("new = lambda: nnx.Linear(2, 2, rngs=0)\nprobe(new())", "module Linear"),
        ("probe(nnx.Rngs(0))", "rngs Rngs"),
        ("probe(nnx.MultiMetric(a=nnx.metrics.Average()))", "metric MultiMetric"),
        ("def f(net: Net): probe(net)", "module Net"),
        ("def f(net: 'Net'): probe(net)", "module Net"),
        ("def f(net: 'nnx.Module'): probe(net)", "module Module"),
        ("def f(net: Optional[Net]): probe(net)", "module Net"),
        ("def f(net: Net | None): probe(net)", "module Net"),
        ("def f(opt: nnx.Optimizer): probe(opt)", "optimizer Optimizer"),
        ("class T:\n  def __init__(self): self.net = Net(0)\n  def f(self): probe(self.net)", "module Net"),
        # what cannot be known
        ("net = Net(nnx.Rngs(0))\nprobe(net.none)", None),
        ("net = Net(nnx.Rngs(0))\nprobe(net.both)", None),
        ("net = Net(nnx.Rngs(0))\nprobe(net.mixed)", None),
        ("net = Net(nnx.Rngs(0))\nprobe(net.block.layer.use_bias)", None),
        ("net = Net(nnx.Rngs(0))\nprobe(net(3))", None),
        ("probe(either(nnx.Rngs(0)))", None),
        ("probe(make(nnx.Rngs(0)))", None),
        ("def f(net: Net | Old): probe(net)", None),
        ("def f(net: list[Net]): probe(net)", None),
        ("def f(net): probe(net)", None),
        ("def f(net: Net):\n  net = 3\n  probe(net)", None),
        ("for net in [Net(0)]: probe(net)", None),
        ("probe(torch.nn.Linear(2, 2))", None),
        ("probe(eqx.nn.Linear(2, 2))", None),
        ("probe(nn.Dense(2))", None),
        ("probe(functools.partial(nnx.Linear, 2))", None),
    ],
)
def test_what_is_an_instance(source: str, expected: str | None) -> None:
    found, node = probe(source)
    assert shown(nnx.instance(node, found)) == expected


@pytest.mark.parametrize(
    ("expression", "layers", "expected"),
    [
        ("Net", ("BatchNorm",), True),
        ("Net", ("Linear",), True),
        ("Block", ("BatchNorm",), False),
        ("nnx.Dropout", ("Dropout", "BatchNorm"), True),
        ("nnx.Linear", ("Dropout",), False),
    ],
)
def test_what_a_module_holds(expression: str, layers: tuple[str, ...], expected: bool) -> None:
    found, node = probe(f"probe({expression})")
    ref = nnx.module_class(node, found)
    assert ref is not None and nnx.holds(ref, found, *layers) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class A(nnx.Module):\n  def f(self): probe(1)", ("A", "f")),
        ("class A(nnx.Module):\n  def f(self):\n    def g(): probe(1)", ("A", "f")),
        ("class A(nnx.Module):\n  x = probe(1)", None),
        ("class A(nn.Module):\n  def f(self): probe(1)", None),
        ("class A(nnx.Module):\n  def f(self):\n    class B:\n      def g(self): probe(1)", None),
        ("def f(): probe(1)", None),
    ],
)
def test_the_class_and_method_around(source: str, expected: tuple[str, str] | None) -> None:
    found, node = probe(source)
    around = nnx.enclosing(node, found)
    assert (around and (around[0].name, around[1].name)) == expected


def test_a_class_among_its_own_bases_ends() -> None:
    found = facts("class A(B): pass\nclass B(A): pass\nprobe(A)")
    assert [cls.name for cls in nnx.module_classes(found)] == ["Block", "Net"]
