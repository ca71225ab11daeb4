"""What a file says of its Linen modules: classes, fields, instances and module classes."""
from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_nnx.source.declared import Declared
from flake8_nnx.source.linen import LINEN_MODULES, Facts

IMPORT = "import flax.linen as nn\nfrom flax import nnx\nimport functools\nfrom typing import *\n"
MODEL = """\
class Model(nn.Module):
    width: int = 3

    def setup(self):
        self.inner = nn.Dense(3)

    @nn.compact
    def __call__(self, x):
        return x

    def make(self):
        return Model()

"""


def facts(source: str, declared: Declared | None = None) -> Facts:
    return Facts(ast.parse(IMPORT + textwrap.dedent(source)), elsewhere=declared)


def classes(source: str, declared: Declared | None = None) -> list[str]:
    return [cls.name for cls in facts(source, declared).classes]


def probe(source: str) -> tuple[Facts, ast.expr]:
    """The argument of the last `probe(…)` of a source."""
    found = facts(MODEL + textwrap.dedent(source))
    calls = [n for n in found.names.nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "probe"]
    return found, calls[-1].args[0]


def instance(source: str) -> str | None:
    found, expression = probe(source)
    ref = found.instance(expression)
    return ref.name if ref else None


def module_class(source: str) -> str | None:
    found, expression = probe(source)
    ref = found.module_class(expression)
    return ref.name if ref else None


# ---- classes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("class A(nn.Module): ...", ["A"]),
        ("class A(nn.Module): ...\nclass B(A): ...\nclass C(B): ...", ["A", "B", "C"]),
        ("class A(nn.Module, Generic[T]): ...", ["A"]),
        ("class A(Generic[T], nn.Module): ...\nclass B(A[int]): ...", ["A", "B"]),
        ("class A(nn.Dense): ...", ["A"]),
        ("class A(nn.RNNCellBase): ...", ["A"]),
        ("Base = nn.Module\nclass A(Base): ...", ["A"]),
        ("class A(nn.Module): ...\nAlias = A\nclass B(Alias): ...", ["A", "B"]),
        ("def f():\n    class A(nn.Module): ...\n    class B(A): ...", ["A", "B"]),
        ("class A(nn.Module):\n    class B(nn.Module): ...", ["A", "B"]),
        ("class A(Unseen):\n    @nn.compact\n    def __call__(self, x): ...", ["A"]),
        ("class A(nn.remat(nn.Dense)): ...", ["A"]),
    ],
)
def test_linen_classes(source: str, names: list[str]) -> None:
    assert classes(source) == names


@pytest.mark.parametrize(
    "source",
    [
        "class A: ...",
        "class A(Unseen): ...",
        "class A(nnx.Module): ...",
        "class A(nnx.Module):\n    @nn.compact\n    def __call__(self, x): ...",
        "class A:\n    @nn.compact\n    def __call__(self, x): ...",
        "class A(nn.initializers): ...",
        "class A(nn.relu): ...",
        "class A(A): ...",
        "class A(B): ...\nclass B(A): ...",
        "class A(metaclass=nn.Module): ...",
        "class A(type(nn.Module)): ...",
        "class A(nn.Module.Inner): ...",
        "def f(nn):\n    class A(nn.Module): ...",
        "def f():\n    import torch.nn as nn\n    class A(nn.Module): ...",
        "from torch import nn\nclass A(nn.Module): ...",
        "class Module: ...\nclass A(Module): ...",
        "class A(Unseen):\n    def setup(self): ...",
    ],
)
def test_other_classes(source: str) -> None:
    assert classes(source) == []


def test_declared_classes() -> None:
    declared = Declared(frozenset({"mylib.layers.Base"}))
    for line in ("from mylib.layers import Base", "from mylib import layers\nBase = layers.Base", "from .layers import Base"):
        assert classes(f"{line}\nclass A(Base): ...", declared) == ["A"]
    for line in ("from mylib.layers import Other as Base", "from yourlib.layers import Base", "from .other import Base"):
        assert classes(f"{line}\nclass A(Base): ...", declared) == []


@pytest.mark.jax
def test_linen_module_names_are_those_of_flax() -> None:
    import flax.linen as nn

    real = {name for name in dir(nn) if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)}
    assert LINEN_MODULES - {"BatchApply"} == real  # which is constructed like a layer, but is none


# ---- what a class holds -------------------------------------------------------------------------------------------


def test_facts_of_a_class() -> None:
    (cls,) = facts(MODEL).classes
    assert (cls.name, cls.bases, cls.compact) == ("Model", ("flax.linen.Module",), {"__call__"})
    assert list(cls.methods) == ["setup", "__call__", "make"]
    assert [(f.name, ast.unparse(f.annotation), f.default and ast.unparse(f.default)) for f in cls.fields] == [
        ("width", "int", "3")
    ]
    assert cls.has_setup


def test_what_is_no_field() -> None:
    source = """
        class A(nn.Module):
            one: int
            two: ClassVar[int] = 2
            three: typing.ClassVar = 3
            four: "ClassVar[int]" = 4
            _: KW_ONLY
            five = 5
            six: "int" = 6
            def f(self):
                seven: int = 7
                self.eight: int = 8
    """
    (cls,) = facts(source).classes
    assert [field.name for field in cls.fields] == ["one", "six"]


def test_inherited_fields_come_first_and_methods_nearest_first() -> None:
    found = facts("""
        class A(nn.Module):
            a: int
            b: int = 1
            def f(self): ...
        class B(A):
            c: int = 2
            b: int = 3
        class C(B):
            def f(self): ...
    """)
    a, b, c = found.classes
    assert list(found.fields_of(c)) == ["a", "b", "c"]
    assert ast.unparse(found.fields_of(c)["b"].node) == "b: int = 3"
    assert found.method_of(b, "f") is a.methods["f"]
    assert found.method_of(c, "f") is c.methods["f"]
    assert found.method_of(c, "g") is None
    assert [cls.name for cls in found.ancestors(c)] == ["C", "B", "A"]


def test_enclosing_class_and_method() -> None:
    found = facts("""
        class A(nn.Module):
            x = here
            def f(self):
                def g():
                    return [here for _ in y]
                return g
        here
        class Plain:
            def f(self):
                return here
    """)
    places = [n for n in found.names.nodes if isinstance(n, ast.Name) and n.id == "here"]
    owners = [found.enclosing_class(n) for n in places]
    methods = [found.enclosing_method(n) for n in places]
    assert [owner and owner.name for owner in owners] == ["A", "A", None, None]
    assert [method and method.name for method in methods] == [None, "f", None, None]


# ---- module classes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("probe(nn.Dense)", "Dense"),
        ("probe(Model)", "Model"),
        ("probe(functools.partial(nn.Dense, use_bias=False))", "Dense"),
        ("D = functools.partial(functools.partial(Model, width=3))\nprobe(D)", "Model"),
        ("probe(nn.remat(Model))", "Model"),
        ("probe(nn.scan(nn.remat(Model), variable_axes={}))", "Model"),
        ("D = nn.vmap(Model)\nE = D\nprobe(E)", "Model"),
        ("probe(nn.jit(nn.Dense))", "Dense"),
    ],
)
def test_module_classes(source: str, name: str) -> None:
    assert module_class(source) == name


@pytest.mark.parametrize(
    "source",
    [
        "probe(nn.relu)",
        "probe(nn.Dense(3))",
        "probe(Model.__call__)",
        "probe(nnx.Linear)",
        "probe(functools.partial(nn.relu))",
        "probe(functools.partial())",
        "probe(functools.reduce(nn.Dense, x))",
        "probe(jax.jit(nn.Dense))",
        "def f(Model):\n    probe(Model)",
        "Model = build()\nprobe(Model)",
        "for D in (nn.Dense, nn.Conv):\n    probe(D)",
        "D = nn.Dense if x else nnx.Linear\nprobe(D)",
        "D = D\nprobe(D)",
    ],
)
def test_no_module_classes(source: str) -> None:
    assert module_class(source) is None


# ---- instances ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("probe(Model())", "Model"),
        ("probe(nn.Dense(3))", "Dense"),
        ("m = Model()\nprobe(m)", "Model"),
        ("m: Model = build()\nprobe(m)", "Model"),
        ("m: 'Model' = build()\nprobe(m)", "Model"),
        ("def f(m: Model):\n    probe(m)", "Model"),
        ("def f(m: 'Model'):\n    probe(m)", "Model"),
        ("def f(m: Optional[Model]):\n    probe(m)".replace("Optional", "typing.Optional"), None),
        ("from typing import Optional\ndef f(m: Optional[Model] = None):\n    probe(m)", "Model"),
        ("def f(m: Model | None):\n    probe(m)", "Model"),
        ("def f(m: nn.Module):\n    probe(m)", "Module"),
        ("m = functools.partial(Model, width=3)()\nprobe(m)", "Model"),
        ("m = nn.remat(Model)()\nprobe(m)", "Model"),
        ("m = Model().clone()\nprobe(m)", "Model"),
        ("m = Model().bind({})\nprobe(m)", "Model"),
        ("def make():\n    return Model()\nprobe(make())", "Model"),
        ("def make(x):\n    if x:\n        return nn.Dense(3)\n    return nn.Dense(4)\nm = make(1)\nprobe(m)", "Dense"),
        ("m = Model() if x else nn.Dense(3)\nprobe(m)", "Model"),
        ("m = given or Model()\nprobe(m)", "Model"),
        ("a, m = 1, Model()\nprobe(m)", "Model"),
        ("probe(Model().inner)", "Dense"),
        ("class T:\n    def __init__(self):\n        self.m = Model()\n    def f(self):\n        probe(self.m)", "Model"),
        ("class T:\n    m: Model\n    def f(self):\n        probe(self.m)", "Model"),
        ("class T(nn.Module):\n    def f(self):\n        probe(self)", "T"),
        ("class T(nn.Module):\n    def f(self):\n        def g():\n            probe(self)\n        return g", "T"),
    ],
)
def test_instances(source: str, name: str | None) -> None:
    assert instance(source) == name


@pytest.mark.parametrize(
    "source",
    [
        "probe(Model)",
        "probe(build())",
        "probe(nnx.Linear(3, 4, rngs=r))",
        "m = Model()\nm = build()\nprobe(m)",
        "def f(m):\n    probe(m)",
        "def f(m: int):\n    probe(m)",
        "def f(m: list[Model]):\n    probe(m)",
        "def f(m: type[Model]):\n    probe(m)",
        "def f(m: Callable[..., Model]):\n    probe(m)",
        "m = Model()\ndef f(m):\n    probe(m)",
        "for m in [Model()]:\n    probe(m)",
        "a, m = build()\nprobe(m)",
        "def make(x):\n    if x:\n        return Model()\n    return 3\nprobe(make(1))",
        "def make():\n    def inner():\n        return Model()\n    return inner\nprobe(make())",
        "def make():\n    pass\nprobe(make())",
        "def make():\n    return make()\nprobe(make())",
        "m = Model().apply({}, x)\nprobe(m)",
        "m = Model().init(key, x)\nprobe(m)",
        "class T:\n    def f(self):\n        probe(self)",
        "class T:\n    def f(self):\n        probe(self.m)",
        "probe(nn.relu(x))",
        "m = m\nprobe(m)",
        "probe(lambda: Model())",
        "probe([Model()])",
    ],
)
def test_no_instances(source: str) -> None:
    assert instance(source) is None


def test_attribute_values_belong_to_their_class() -> None:
    found = facts("""
        class A:
            def __init__(self):
                self.x = 1
                self.x = 2
                self.y: int = 3
        class B:
            def f(self):
                self.x = 4
                other.x = 5
    """)
    a, b = [node for node in found.tree.body if isinstance(node, ast.ClassDef)]
    values = [[ast.unparse(v) for v in found.attribute_values(*where)] for where in ((a, "x"), (a, "y"), (b, "x"), (b, "y"))]
    assert values == [["1", "2"], ["3"], ["4"], []]
