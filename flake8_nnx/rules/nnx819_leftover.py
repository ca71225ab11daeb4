"""Linen leftovers on an NNX class.

`@nn.compact`, `setup` and `@nn.nowrap` mean nothing to an `nnx.Module`, and nothing says so.

**What it flags.** Decorators `nn.compact` and `nn.nowrap` on a method of an `nnx.Module`, at the decorator; a method
`setup` in place of a constructor that nothing calls, at its `def`; a field that a
construction in the file sets although the class has no constructor, at the field.

**Why.** `@nn.compact` on an NNX method does nothing: layers made there are made anew in every call. `setup` is never
called. Annotated fields are not a dataclass: `Net(features=8)` raises a TypeError.

**Caveats.** A `setup` that another function may call is left alone, and so are fields under `@nnx.dataclass`,
`@dataclasses.dataclass` or any other decorator of the class.

Source: established by running it on flax 0.12.8 and 0.12.12; MaxText pull request 5203 removed such a leftover.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import LINEN, Facts

DECORATORS = {LINEN + name: name for name in ("compact", "nowrap", "compact_name_scope")}

RULE = Rule(
    "NNX819",
    "linen-leftover",
    "{what} on the `nnx.Module` `{cls}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    @nn.compact
    def __call__(self, x):
        return self.layer(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x):
        return self.layer(x)
''',
        ),
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def setup(self):
        self.layer = nnx.Linear(2, 2, rngs=nnx.Rngs(0))

    def __call__(self, x):
        return self.layer(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x):
        return self.layer(x)
''',
        ),
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    features: int

    def __call__(self, x):
        return x[:, : self.features]


def make():
    return Net(features=1)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, features: int):
        self.features = features

    def __call__(self, x):
        return x[:, : self.features]


def make():
    return Net(features=1)
''',
        ),
    ),
)


@RULE.on(ast.ClassDef)
def check(cls: ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """Leftover decorators, a setup that nothing calls, and fields without a constructor."""
    ref = nnx.local_class(cls, facts)
    if ref is None or ref.kind != "module":
        return
    for method in nnx.methods(cls).values():
        for decorator in method.decorator_list:
            name = DECORATORS.get(facts.origin(decorator) or "")
            if name:
                advice = "it does nothing, delete it and make the layers in `__init__`"
                yield decorator, {"what": f"`@nn.{name}`", "cls": cls.name, "advice": advice}
    setup = nnx.methods(cls).get("setup")
    if setup is not None and _never_runs(setup, cls, facts):
        advice = "NNX never calls it, make it `__init__` with `rngs`"
        yield setup, {"what": "`setup`", "cls": cls.name, "advice": advice}
    field = _field(cls, facts)
    if field is not None:
        advice = "NNX makes no constructor of fields, write `__init__`"
        yield field, {"what": f"field `{ast.unparse(field.target)}`", "cls": cls.name, "advice": advice}


def _never_runs(setup: ast.FunctionDef, cls: ast.ClassDef, facts: Facts) -> bool:
    """Whether a `setup` that sets attributes is the only constructor that the class has, and nobody names it."""
    if len(setup.args.args) != 1 or setup.decorator_list or not nnx.known_line(cls, facts):
        return False
    stores = any(isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) for node in ast.walk(setup))
    return stores and nnx.method_of(cls, "__init__", facts) is None and "setup" not in _read(facts)


@functools.lru_cache(maxsize=4)
def _read(facts: Facts) -> frozenset[str]:
    """The attributes that a file reads, and its texts, which `getattr` may read."""
    read = {node.attr for node in facts.names.nodes if isinstance(node, ast.Attribute)}
    return frozenset(read | {str(node.value) for node in facts.names.nodes if isinstance(node, ast.Constant)})


def _field(cls: ast.ClassDef, facts: Facts) -> ast.AnnAssign | None:
    """The first field that a construction in this file sets, when no constructor or decorator can take it."""
    line = nnx.ancestors(cls, facts)
    if not nnx.known_line(cls, facts) or any(each.decorator_list or each.keywords for each in line):
        return None
    if any(nnx.method_of(cls, name, facts) for name in ("__init__", "__new__", "__init_subclass__")):
        return None
    refs = [nnx.module_class(base, facts) for each in line for base in each.bases]
    if any(ref.nnx and ref.name != "Module" for ref in refs if ref is not None):
        return None  # the constructor of a layer
    given = {keyword.arg for call in _constructions(facts).get(id(cls), ()) for keyword in call.keywords}
    for stmt in cls.body:
        if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name) and stmt.target.id in given:
            return stmt
    return None


@functools.lru_cache(maxsize=4)
def _constructions(facts: Facts) -> dict[int, list[ast.Call]]:
    """The calls of each NNX class of the file."""
    found: dict[int, list[ast.Call]] = {}
    for node in facts.names.nodes:
        ref = nnx.module_class(node.func, facts) if isinstance(node, ast.Call) and node.keywords else None
        if ref is not None and ref.local is not None and isinstance(node, ast.Call):
            found.setdefault(id(ref.local), []).append(node)
    return found
