"""Dataclass fields.

The fields of a Linen module are the parameters of a constructor that Linen writes; NNX leaves `__init__` to the
class.

**What it flags.** Each annotated field in the body of a Linen module, at the field.

**Why.** On an `nnx.Module` an annotation in the class body is only an annotation: nothing is set, and the constructor
does not take it. Each field becomes a parameter of `__init__`, and an attribute where a method reads it after
construction.

**Caveats.** A default that is made anew for each instance (`default_factory`) becomes `None` and is made in
`__init__`. Names of `nnx.Module` methods (`train`, `eval`, `sow`, `perturb`) cannot be attributes. Arrays in
attributes must be `nnx.Variable`s.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text, _traced
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
    def __init__(self, factor: float = 2.0, *, rngs: nnx.Rngs):
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
    if name in _traced.RESERVED:
        kept = f"keep it as `self.{_traced.RENAMED[name]}`" if name in _traced.RENAMED else "keep it under another name"
        return f"`{name}` is a method of nnx.Module, so make it a parameter of `__init__` and {kept}"
    parameter, value = _layers.parameter(field, facts)
    stored = f", stored as `self.{name} = {value}`" if reader or value != name else ""
    return f"make it the parameter `{parameter}` of `__init__`{stored}" + (f" for `{reader}`" if reader else "")


def _readers(node: ast.ClassDef, facts: Facts) -> Iterator[tuple[str, str]]:
    """Fields that a method reads outside the constructions, which `__init__` makes from its parameters."""
    methods = [stmt for stmt in node.body if isinstance(stmt, ast.FunctionDef) and stmt.name != "setup"]
    stack: list[tuple[ast.AST, str]] = [(method, method.name) for method in methods]
    while stack:
        current, method = stack.pop()
        if isinstance(current, ast.Call) and facts.module_class(current.func):
            continue
        if isinstance(current, ast.Attribute) and isinstance(current.value, ast.Name) and current.value.id == "self":
            yield current.attr, method
        stack.extend((child, method) for child in ast.iter_child_nodes(current))
