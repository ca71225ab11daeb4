"""The setup method.

NNX modules are ordinary Python objects: what Linen does in `setup`, before the first call, they do in `__init__`.

**What it flags.** `def setup` of a Linen module, at the method.

**Why.** Linen runs `setup` lazily, once the module is bound to variables; `flax.nnx` never calls it, so a class that
keeps its `setup` has no layers. The statements move to `__init__` unchanged, layers get their sizes and `rngs`.

**Caveats.** Linen modules are frozen outside `setup`, NNX modules are not. A raw list, tuple or dict of modules
raises since flax 0.12: use `nnx.List` and `nnx.Dict`. `super().setup()` becomes `super().__init__(…)`.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX102",
    "setup-method",
    "`setup` of `{cls}`: nnx never calls it, {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class AutoEncoder(nn.Module):
    def setup(self):
        self.encoder = nn.Dense(3)
        self.decoder = nn.Dense(5)

    def __call__(self, x):
        return self.decoder(nn.tanh(self.encoder(x)))
''',
            nnx='''
from flax import nnx


class AutoEncoder(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.encoder = nnx.Linear(in_features, 3, rngs=rngs)
        self.decoder = nnx.Linear(3, 5, rngs=rngs)

    def __call__(self, x):
        return self.decoder(nnx.tanh(self.encoder(x)))
''',
            also=("NNX103", "NNX110"),
            init="AutoEncoder()",
            args=("f32[2,5]",),
        ),
    ),
)
CONTAINERS: dict[type[ast.AST], str] = {
    **dict.fromkeys((ast.List, ast.ListComp, ast.Tuple), "nnx.List"),
    **dict.fromkeys((ast.Dict, ast.DictComp), "nnx.Dict"),
}


@RULE.on(ast.FunctionDef)
def check(method: ast.FunctionDef, facts: Facts) -> Iterator[Report]:
    """One finding per `setup` method of a Linen class."""
    cls = facts.linen_class(facts.names.parent(method)) if method.name == "setup" else None
    if cls is not None:
        yield method, {"cls": cls.name, "advice": "; ".join(_advice(method, facts))}


def _advice(method: ast.FunctionDef, facts: Facts) -> Iterator[str]:
    created = _text.created_layers(method, facts)
    yield "move its body to `__init__`" + (f" and create {_text.listed(created)} there" if created else "")
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and type(node.value) in CONTAINERS and _text.created_layers(node.value, facts):
            if isinstance(node.targets[0], (ast.Attribute, ast.Name)):  # else it is unpacked at once
                yield f"`{_text.quote(node.targets[0])}` becomes an `{CONTAINERS[type(node.value)]}`"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setup":
            yield f"`{_text.quote(node)}` becomes `super().__init__(…)`"
