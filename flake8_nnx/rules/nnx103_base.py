"""The base class.

A class that derives from `nn.Module` is a dataclass whose constructor Linen writes; an `nnx.Module` has its own
`__init__`.

**What it flags.** A base class that is a class of `flax.linen` itself, at the base. Classes derived from them follow.

**Why.** A Linen module is a frozen description without weights; an NNX module holds them. So the class gets a
constructor that takes its former fields, the sizes which Linen would infer from the first input, and `rngs`, the
source of its keys.

**Caveats.** `in_features` is the last axis of the first argument, `<arg>_features` that of another argument;
`in_shape` is the whole shape without the batch axis, where a layer depends on more than the last axis. Another axis
that is needed alone has the name that the method gives it, `length = x.shape[-2]`. Sizes come first, `rngs` last.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text, _traced
from flake8_nnx.source.linen import Facts, LinenClass

RULE = Rule(
    "NNX103",
    "module-base",
    "`{cls}({base})`: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import jax.numpy as jnp
from flax import linen as nn


class Square(nn.Module):
    def __call__(self, x):
        return jnp.square(x)
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Square(nnx.Module):
    def __call__(self, x):
        return jnp.square(x)
''',
            init="Square()",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.ClassDef)
def check(node: ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """One finding per base that is a class of flax.linen."""
    cls = facts.linen_class(node)
    if cls is None:
        return
    for base in node.bases:
        ref = facts.module_class(base)
        if ref is not None and ref.linen is not None:
            yield base, {"cls": cls.name, "base": _text.quote(base), "advice": _advice(cls, ref.linen, facts)}


def _advice(cls: LinenClass, linen: str, facts: Facts) -> str:
    layer = LAYERS.get(linen)
    if layer is not None and (layer.refuse or not layer.nnx):
        return f"nn.{linen} has no exact NNX twin: {layer.refuse}"
    if layer is not None:
        return f"derive from `nnx.{layer.nnx}` and pass its `__init__` the arguments it takes, with `rngs=rngs`"
    return f"derive from `nnx.{linen}`" + (
        f" and write `{_signature(cls, facts)}`" if _traced.has_constructor(cls) else ""
    )


def _signature(cls: LinenClass, facts: Facts) -> str:
    """`def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs)`."""
    found = _traced.traced(cls.node, facts)
    sizes = [f"{p.name}: {'tuple[int, ...]' if p.whole else 'int'}" for p in found.parameters] if found else []
    fields = [_layers.parameter(field, facts)[0] for field in facts.fields_of(cls).values()]
    defaults = [" = " in field for field in fields]
    by_name = ["*"] if True in defaults and False in defaults[defaults.index(True):] else []  # of a class with `kw_only=True`
    return f"def __init__({', '.join(['self', *sizes, *by_name, *fields, *(() if by_name else '*'), 'rngs: nnx.Rngs'])})"
