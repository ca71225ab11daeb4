"""Parameters by path.

A path of names through the variables dictionary is a chain of attributes in NNX.

**What it flags.** Subscripts such as `params['Dense_0']['kernel']` of what is known to be a collection of Linen
variables, at the outermost subscript.

**Why.** An NNX model has its layers as attributes, so `params['Dense_0']['kernel']` is `model.dense_0.kernel[...]`,
for whatever attribute holds the layer now.

**Caveats.** Automatic names count by class (`Dense_0`), attributes are named by you; the path of a layer in an
`nnx.List` has a number.

Source: Flax guide "Linen to NNX", section "Variable creation".
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text, _traced
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.values import Site
from flake8_nnx.source.variables import tree_of

RULE = Rule(
    "NNX205",
    "parameter-path",
    "`{code}`: in NNX it is the attribute `{path}`",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import jax


def kernel(model, key: jax.Array, x: jax.Array):
    return model.init(key, x)["params"]["Dense_0"]["kernel"]
''',
            nnx='''
from flax import nnx


def kernel(model: nnx.Module):
    return model.dense_0.kernel[...]
''',
            also=("NNX301",),
        ),
    ),
)


@RULE.on(ast.Subscript)
def check(node: ast.Subscript, facts: Facts) -> Iterator[Report]:
    """One finding per path, at its last subscript."""
    above = facts.names.parent(node)
    if isinstance(above, ast.Subscript) and above.value is node and _is_name(above.slice):
        return
    tree = tree_of(node, facts) if _is_name(node.slice) else None
    if tree is not None and tree.path:
        leaf = "[...]" if tree.path[-1] in LEAVES else ""
        ref = facts.instance(tree.model) if tree.model is not None else None
        path = ".".join([_calls.owner(tree, facts), *_attributes(tree.path, ref.local if ref else None, facts)])
        yield node, {"code": _text.quote(node), "path": path + leaf}


# Variables of the layers of flax.linen; other names may be layers.
LEAVES = frozenset("kernel bias scale embedding mean var negative_slope cached_key cached_value cache_index".split())


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _attributes(path: tuple[str, ...], cls: LinenClass | None, facts: Facts) -> Iterator[str]:
    """The attributes on a path: a layer that is the only one of its kind has the name without a number."""
    for name in path:
        site = _only(name, cls, facts) if cls is not None else None
        yield _traced.traced(cls.node, facts).names[site.call] if site and cls else _attribute(name)  # type: ignore[union-attr]
        cls = site.ref.local if site is not None and site.ref is not None else None


def _only(name: str, cls: LinenClass, facts: Facts) -> Site | None:
    """The layer `Dense_0` of a class of this file that makes one such layer, and gives it no name."""
    found = _traced.traced(cls.node, facts)
    kind = name.removesuffix("_0")
    sites = [site for site in found.sites.values() if site.ref is not None and site.ref.name == kind] if found else []
    if found is None or len(sites) != 1 or kind == name or sites[0].loops or "name" in sites[0].keywords:
        return None
    return sites[0] if sites[0].call in found.names and sites[0].method != "setup" else None


def _attribute(name: str) -> str:
    """`dense_0` for `Dense_0`, `layers[0]` for `layers_0`."""
    listed = re.fullmatch(r"([a-z]\w*s)_(\d+)", name)
    return f"{listed[1]}[{listed[2]}]" if listed else _text.identifier(_text.snake(name), set())
