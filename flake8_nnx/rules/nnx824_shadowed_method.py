"""An attribute that hides a method of `nnx.Module`.

`train`, `eval`, `sow` and `perturb` are methods of every NNX module.

**What it flags.** `self.train = train` and the like in a method of an NNX module, and class fields of those names, at
the attribute.

**Why.** `model.train()` then calls the value: "'bool' object is not callable". Linen modules have no such methods, so
that a field `train` is common there.

**Caveats.** Methods of these names, which extend those of `nnx.Module`, are left alone.

Source: `flax.nnx.Module`; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

METHODS = frozenset({"train", "eval", "sow", "perturb", "set_attributes"})

RULE = Rule(
    "NNX824",
    "shadowed-method",
    "`{name}` of `{cls}` hides `nnx.Module.{name}()`: give the attribute another name",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, train: bool):
        self.train = train
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, train: bool):
        self.deterministic = not train
''',
        ),
    ),
)


@RULE.on(ast.Attribute)
def check(target: ast.Attribute, facts: Facts) -> Iterator[Report]:
    """One finding per assignment of an attribute."""
    if target.attr not in METHODS or not isinstance(target.ctx, ast.Store) or not isinstance(target.value, ast.Name):
        return
    around = nnx.enclosing(target, facts)
    if around is not None and target.value.id == nnx.self_name(around[1]):
        yield target, {"name": target.attr, "cls": around[0].name}


@RULE.on(ast.ClassDef)
def check_fields(cls: ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """One finding per field of the class."""
    ref = nnx.local_class(cls, facts)
    if ref is None or ref.kind != "module":
        return
    for stmt in cls.body:
        if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name) and stmt.target.id in METHODS:
            yield stmt.target, {"name": stmt.target.id, "cls": cls.name}
