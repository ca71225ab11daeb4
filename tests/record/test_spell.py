"""Values as text: what is spelled evaluates to the same, and what has no text is refused with a reason."""
from __future__ import annotations

import dataclasses
import enum
import functools
import math
import operator
from collections import namedtuple
from typing import Any

import pytest

from flake8_nnx.record.spell import LONGEST_TEXT, Speller, Unspellable


class Colour(enum.Enum):
    red = 1


class Bits(enum.Flag):
    one = 1
    two = 2


@dataclasses.dataclass
class Config:
    width: int = 8
    act: Any = math.sin
    inner: Any = None
    sizes: list[int] = dataclasses.field(default_factory=list)
    derived: int = dataclasses.field(default=0, init=False)


@dataclasses.dataclass
class Outer:
    @dataclasses.dataclass
    class Inner:
        x: int = 1


class Opaque:
    pass


Pair = namedtuple("Pair", "a b")
make_local = lambda: (lambda x: x)  # noqa: E731
named_lambda = lambda x: x  # noqa: E731
partial = functools.partial
CONSTANT = Opaque()


def scaled(by: float) -> Any:
    def scale(x: float) -> float:
        return by * x

    return scale


def spell(value: Any, names: dict[str, Any] | None = None) -> str:
    return Speller(globals() if names is None else names).spell(value)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -2.5, 1e30, 2 + 3j, "f32[2]", b"x", ..., (), (1,), (1, (2, 3)), [1, [2]], {"a": (1, 2), "b": {}}, {3, 4},
        frozenset([1]), Colour.red, Bits.one | Bits.two, Config(), Config(9, math.cos, Config(sizes=[1])), Pair(1, 2),
        Outer.Inner(4), math.sin, operator.add, named_lambda, CONSTANT, Opaque, int, Config, functools.reduce,
    ],
)  # fmt: skip
def test_the_text_of_a_value_evaluates_to_it(value: Any) -> None:
    found = eval(spell(value), globals())  # noqa: S307
    assert found == value and type(found) is type(value)


def test_values_that_are_not_equal_to_themselves() -> None:
    assert math.isnan(eval(spell(math.nan))) and eval(spell(-math.inf)) == -math.inf
    assert eval(spell(complex(math.inf, 1))) == complex(math.inf, 1)


def test_partial_functions() -> None:
    found = eval(spell(functools.partial(scaled, by=Config(3))), globals())
    assert (found.func, found.args, found.keywords) == (scaled, (), {"by": Config(3)})


def test_a_file_that_names_nothing_imports() -> None:
    text = spell(functools.reduce, {})
    assert text == "__import__('importlib').import_module('functools').reduce"
    assert eval(text, {}) is functools.reduce


def test_a_builtin_that_the_file_hides_is_imported() -> None:
    assert spell(int, {}) == "int"
    assert spell(int, {"int": float}) == "__import__('importlib').import_module('builtins').int"


def test_modules_of_the_file_are_used() -> None:
    assert spell(math.sin, {"m": math}) == "m.sin"
    assert spell(math.sin, {"m": math, "sinus": math.sin}) == "sinus"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (make_local(), "a lambda, which has no name"),
        (scaled(2.0), "scale, which is made inside scaled and has no name in the file"),
        (Opaque(), "Opaque, which has no constructor text"),
        ((1, [Opaque()]), "Opaque, which has no constructor text"),
        (Config(act=make_local()), r"Config\.act: a lambda"),
        (Config(inner=Config(act=make_local())), r"Config\.inner: Config\.act: a lambda"),
        (functools.partial(make_local()), "a lambda"),
    ],
)
def test_what_has_no_text_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(Unspellable, match=reason):
        spell(value)


def test_a_local_class_and_a_replaced_one_are_refused() -> None:
    @dataclasses.dataclass
    class Local:
        x: int = 1

    with pytest.raises(Unspellable, match="Local has no name at the top of a file"):
        spell(Local())
    with pytest.raises(Unspellable, match="has no name at the top of a file"):
        Speller({"Config": Opaque}).construct(type("Config", (Config,), {"__module__": "gone"}), {})


def test_too_long_and_too_deep_are_refused() -> None:
    with pytest.raises(Unspellable, match="characters long"):
        Speller(globals()).construct(Config, {"sizes": list(range(LONGEST_TEXT))})
    deep: list[Any] = []
    deep.append(deep)
    with pytest.raises(Unspellable, match="nested too deeply"):
        spell(deep)


def test_defaults_are_left_out_and_only_certain_ones() -> None:
    construct = Speller(globals()).construct
    assert construct(Config, {"width": 8, "act": math.sin, "inner": None, "sizes": []}) == "Config(sizes=[])"
    assert construct(Config, {"width": 8.0, "sizes": []}) == "Config(width=8.0, sizes=[])"
    assert construct(Config, {"width": True, "derived": 3, "sizes": []}) == "Config(width=True, sizes=[])"


def test_nothing_is_asked_of_a_module() -> None:
    class Curious(Opaque):
        def __getattr__(self, name: str) -> Any:
            if not name.startswith("__"):
                raise AssertionError(f"asked for {name}")
            raise AttributeError(name)

    module = dataclasses.make_dataclass("Module", [("x", int)], bases=(Curious,))
    globals()["Module"] = module
    assert spell(module(3)) == "Module(x=3)"
