"""Dataclass fields.

The fields of a Linen module are the parameters of a constructor that Linen writes; NNX leaves `__init__` to the class.

**What it flags.** Each annotated field in the body of a Linen module, at the field.

**Why.** On an `nnx.Module` an annotation in the class body is only an annotation: nothing is set, and the constructor does
not take it. Each field becomes a parameter of `__init__`, and an attribute where a method reads it after construction.

**Caveats.** A default that is made anew for each instance (`default_factory`) becomes `None` and is made in `__init__`. Names of
`nnx.Module` methods (`train`, `eval`, `sow`, `perturb`) cannot be attributes. Arrays in attributes must be `nnx.Variable`s.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text
from flake8_nnx.source.linen import Facts, Field

RULE = Rule(
    "NNX104",
    "dataclass-field",
    "field `{field}` of `{cls}`: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Scale(nn.Module):
    factor: float = 2.0

    def __call__(self, x):
        return x * self.factor
''',
            nnx='''
from flax import nnx


class Scale(nnx.Module):
    def __init__(self, factor: float = 2.0):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor
''',
            also=("NNX103",),
            init="Scale(factor=3.0)",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.ClassDef)
def check(node: ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """One finding per field of a Linen class."""
    cls = facts.linen_class(node)
    if cls is None or not cls.fields:
        return
    readers = dict(_readers(node, facts))
    for field in cls.fields:
        yield field.node, {
            "field": _text.quote(field.node), "cls": cls.name, "advice": _advice(field, readers.get(field.name), facts)
        }


def _advice(field: Field, reader: str | None, facts: Facts) -> str:
    name = field.name
    if name in _layers.RESERVED:
        return f"`{name}` is a method of nnx.Module, so take it as a parameter of `__init__` under another name"
    parameter, value = f"{name}: {_text.quote(field.annotation)}", name
    default = field.default
    if isinstance(default, ast.Call) and (facts.origin(default.func) or "").endswith(".field"):
        given = {keyword.arg: keyword.value for keyword in default.keywords}
        if "default_factory" in given:
            factory = given["default_factory"]
            made = factory.body if isinstance(factory, ast.Lambda) else ast.Call(factory, [], [])
            parameter, value = f"{parameter} | None = None", f"{_text.quote(made)} if {name} is None else {name}"
        elif "default" in given:
            parameter = f"{parameter} = {_text.quote(given['default'])}"
    elif default is not None:
        parameter = f"{parameter} = {_text.quote(default)}"
    stored = f", stored as `self.{name} = {value}` for `{reader}`" if reader or value != name else ""
    return f"make it the parameter `{parameter}` of `__init__`{stored}"


def _readers(node: ast.ClassDef, facts: Facts) -> Iterator[tuple[str, str]]:
    """Fields that a method reads outside the constructions, which `__init__` makes from its parameters."""
    stack: list[tuple[ast.AST, str]] = [(m, m.name) for m in node.body if isinstance(m, ast.FunctionDef) and m.name != "setup"]
    while stack:
        current, method = stack.pop()
        if isinstance(current, ast.Call) and facts.module_class(current.func):
            continue
        if isinstance(current, ast.Attribute) and isinstance(current.value, ast.Name) and current.value.id == "self":
            yield current.attr, method
        stack.extend((child, method) for child in ast.iter_child_nodes(current))
