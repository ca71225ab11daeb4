"""The dotted name behind an expression: imports, scopes, shadowing and reassignment."""
from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_nnx.source.names import Names, canonical


def probed(source: str, package: str = "") -> list[str | None]:
    """Origins of the arguments of every `probe(…)` in a source, in source order."""
    tree = ast.parse(textwrap.dedent(source))
    names = Names(tree, package)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "probe"]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [names.origin(argument) for call in calls for argument in call.args]


# ---- imports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("imports", "expression", "origin"),
    [
        ("import flax.linen as nn", "nn.Dense", "flax.linen.Dense"),
        ("import flax.linen", "flax.linen.Dense", "flax.linen.Dense"),
        ("import flax", "flax.linen.Dense", "flax.linen.Dense"),
        ("import flax as f", "f.linen.Dense", "flax.linen.Dense"),
        ("from flax import linen", "linen.Dense", "flax.linen.Dense"),
        ("from flax import linen as nn", "nn.Dense", "flax.linen.Dense"),
        ("from flax.linen import Dense", "Dense", "flax.linen.Dense"),
        ("from flax.linen import Dense as D, Conv", "D", "flax.linen.Dense"),
        ("from flax.linen.linear import Dense", "Dense", "flax.linen.Dense"),
        ("import flax.linen.linear as L", "L.Dense", "flax.linen.Dense"),
        ("import flax.linen as nn", "nn.module.Module", "flax.linen.Module"),
        ("import flax.linen as nn", "nn.initializers.zeros", "flax.linen.initializers.zeros"),
        ("from flax.linen import initializers as init", "init.zeros", "flax.linen.initializers.zeros"),
        ("from flax.experimental import nnx", "nnx.Module", "flax.nnx.Module"),
        ("import flax.experimental.nnx as nnx", "nnx.Linear", "flax.nnx.Linear"),
        ("import torch.nn as nn", "nn.Linear", "torch.nn.Linear"),
        ("from torch import nn", "nn.Linear", "torch.nn.Linear"),
        ("import jax, flax.linen as nn", "nn.Dense", "flax.linen.Dense"),
        ("from jax import nn", "nn.relu", "jax.nn.relu"),
        ("from flax import nnx as nn", "nn.Linear", "flax.nnx.Linear"),
    ],
)
def test_import_forms(imports: str, expression: str, origin: str) -> None:
    assert probed(f"{imports}\nprobe({expression})") == [origin]


@pytest.mark.parametrize(
    ("statement", "package", "origin"),
    [
        ("from . import layers", "lib.models", "lib.models.layers.Dense"),
        ("from .. import layers", "lib.models", "lib.layers.Dense"),
        ("from ..common import layers", "lib.models", "lib.common.layers.Dense"),
        ("from .a.b import layers", "lib", "lib.a.b.layers.Dense"),
        ("from .common import layers", "", ".common.layers.Dense"),
        ("from ...common import layers", "lib", "...common.layers.Dense"),
    ],
)
def test_relative_imports(statement: str, package: str, origin: str) -> None:
    assert probed(f"{statement}\nprobe(layers.Dense)", package) == [origin]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import flax.linen as nn\nexcept ImportError:\n    nn = None\nprobe(nn.Dense)",
        "try:\n    import flax.linen as nn\nexcept ImportError:\n    import torch.nn as nn\nprobe(nn.Dense)",
        "nn = None\nif True:\n    import flax.linen as nn\nprobe(nn.Dense)",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flax.linen as nn\nprobe(nn.Dense)",
        "if has_flax():\n    import flax.linen as nn\nelse:\n    nn = object()\nprobe(nn.Dense)",
        "def f():\n    import flax.linen as nn\n    probe(nn.Dense)",
        "import torch.nn as nn\ndef f():\n    import flax.linen as nn\n    probe(nn.Dense)",
        "class A:\n    import flax.linen as nn\n    probe(nn.Dense)",
        "def f():\n    probe(nn.Dense)\nimport flax.linen as nn",
        "def f():\n    global nn\n    import flax.linen as nn\nprobe(nn.Dense)",
        "import flax.linen as nn\ndef f():\n    def g():\n        return [probe(nn.Dense) for _ in x]",
        "import flax.linen as nn\nf = lambda x: probe(nn.Dense)",
        "with open(x) as f:\n    import flax.linen as nn\nprobe(nn.Dense)",
    ],
)
def test_where_an_import_may_stand(source: str) -> None:
    assert probed(source) == ["flax.linen.Dense"]


# ---- assignments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "L = nn\nprobe(L.Dense)",
        "D = nn.Dense\nprobe(D)",
        "A = nn\nB = A\nprobe(B.Dense)",
        "D: type = nn.Dense\nprobe(D)",
        "D, C = nn.Dense, nn.Conv\nprobe(D)",
        "(D := nn.Dense)\nprobe(D)",
        "D = None\nD = nn.Dense\nprobe(D)",
        "D = other\nD = nn.Dense\nprobe(D)",
        "C = D = nn.Dense\nprobe(D)",
        "D: type\nD = nn.Dense\nprobe(D)",
    ],
)
def test_names_given_by_assignment(source: str) -> None:
    assert probed("import flax.linen as nn\n" + source) == ["flax.linen.Dense"]


def test_the_last_assignment_before_the_use_holds() -> None:
    source = """
        import flax.linen as nn
        probe(nn.Dense)
        import torch.nn as nn
        probe(nn.Linear)
        from flax import nnx as nn
        probe(nn.Linear)
    """
    assert probed(source) == ["flax.linen.Dense", "torch.nn.Linear", "flax.nnx.Linear"]


def test_inner_scopes_see_what_is_left_at_the_end() -> None:
    source = """
        import flax.linen as nn
        def f():
            probe(nn.Dense)
        import torch.nn as nn
    """
    assert probed(source) == ["torch.nn.Dense"]


# ---- silent: what hides a name --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "def f(nn):\n    probe(nn.Dense)",
        "def f(*nn):\n    probe(nn.Dense)",
        "def f(**nn):\n    probe(nn.Dense)",
        "def f(*, nn=None):\n    probe(nn.Dense)",
        "def f(nn, /):\n    probe(nn.Dense)",
        "f = lambda nn: probe(nn.Dense)",
        "[probe(nn.Dense) for nn in x]",
        "{nn: probe(nn.Dense) for nn in x}",
        "[a for nn in x for a in probe(nn.Dense)]",
        "[nn for nn in x if probe(nn.Dense)]",
        "for nn in x:\n    probe(nn.Dense)",
        "for i, nn in x:\n    probe(nn.Dense)",
        "with x as nn:\n    probe(nn.Dense)",
        "with x as (a, nn):\n    probe(nn.Dense)",
        "nn = build()\nprobe(nn.Dense)",
        "nn += 1\nprobe(nn.Dense)",
        "a, nn = build()\nprobe(nn.Dense)",
        "*nn, a = build()\nprobe(nn.Dense)",
        "(nn := build())\nprobe(nn.Dense)",
        "class nn:\n    Dense = 3\nprobe(nn.Dense)",
        "def nn(): ...\nprobe(nn.Dense)",
        "async def nn(): ...\nprobe(nn.Dense)",
        "def f():\n    nn = build()\n    probe(nn.Dense)",
        "def f():\n    nn = build()\n    return lambda: probe(nn.Dense)",
        "try:\n    pass\nexcept E as nn:\n    def f(nn):\n        probe(nn.Dense)",
        "match x:\n    case nn:\n        probe(nn.Dense)",
        "match x:\n    case [*nn]:\n        probe(nn.Dense)",
        "match x:\n    case {**nn}:\n        probe(nn.Dense)",
        "probe(unknown.Dense)",
        "probe(nn().Dense)",
        "probe(nn['Dense'])",
        "probe(self.nn.Dense)",
    ],
)
def test_hidden_names_have_no_origin(source: str) -> None:
    assert probed("import flax.linen as nn\n" + source) == [None]


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    nn = build()\n    def f(self):\n        probe(nn.Dense)",  # class scopes do not reach methods
        "def g():\n    nn = build()\nprobe(nn.Dense)",
        "[nn for nn in x]\nprobe(nn.Dense)",
        "[nn for nn in probe(nn.Dense)]",
        "{nn: nn for nn in [probe(nn.Dense)]}",
        "def f(nn: probe(nn.Dense)) -> int: ...",
        "def f(nn) -> probe(nn.Dense): ...",
        "def f(*nn: probe(nn.Dense)): ...",
        "def f(nn): ...\nprobe(nn.Dense)",
        "def f(x=probe(nn.Dense)):\n    nn = x",
        "def f(nn, x=probe(nn.Dense)): ...",
        "f = lambda nn=probe(nn.Dense): nn",
        "@probe(nn.Dense)\ndef f(nn): ...",
        "class A(probe(nn.Dense)):\n    nn = build()",
    ],
)
def test_other_scopes_hide_nothing(source: str) -> None:
    assert probed("import flax.linen as nn\n" + source) == ["flax.linen.Dense"]


@pytest.mark.parametrize(
    "source",
    [
        "from flax.linen import *\nprobe(Dense)",
        "probe(Dense)",
        "a = b\nb = a\nprobe(a.Dense)",
        "a = a\nprobe(a)",
        "probe(print)",
    ],
)
def test_unknown_names_have_no_origin(source: str) -> None:
    assert probed(source) == [None]


# ---- the walk -----------------------------------------------------------------------------------------------------


def test_every_node_once_parents_first() -> None:
    tree = ast.parse("@d(1)\nclass A(B, c=2):\n    x: int = [i for i in y if i]\n    def f(self, *, z=lambda: 3): return {**z}")
    names = Names(tree)
    position = {id(node): i for i, node in enumerate(names.nodes)}
    skipped = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
    assert set(position) == {id(node) for node in ast.walk(tree) if not isinstance(node, skipped)}
    assert len(names.nodes) == len(position)
    for node in names.nodes[1:]:
        parent = names.parent(node)
        assert parent is not None and position[id(parent)] < position[id(node)]
    assert names.parent(tree) is None


def test_deep_expressions_do_not_overflow_the_stack() -> None:
    tree = ast.parse("x = " + "(" * 80 + "nn.Dense" + ")" * 80 + ".a" * 400)
    assert len(Names(tree).nodes) > 400


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("flax.linen.linear.Dense", "flax.linen.Dense"),
        ("flax.linen.Dense", "flax.linen.Dense"),
        ("flax.linen.linear", "flax.linen.linear"),
        ("flax.linen.fp8_ops.Fp8DotGeneralOp", "flax.linen.Fp8DotGeneralOp"),
        ("flax.experimental.nnx.Module", "flax.nnx.Module"),
        ("flax.linen.initializers.zeros", "flax.linen.initializers.zeros"),
        ("mylib.linen.linear.Dense", "mylib.linen.linear.Dense"),
        ("flax", "flax"),
    ],
)
def test_canonical_names(name: str, public: str) -> None:
    assert canonical(name) == public
