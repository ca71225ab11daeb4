"""Collections by name.

Linen keeps variables in a dictionary of collections; an NNX model holds them itself, and a filter on their type
selects them.

**What it flags.** `variables['params']`, read or set, `variables.get('batch_stats')`, `variables.pop('params')` and
dictionaries such as `{'params': p, 'batch_stats': b}`, where they are known to hold Linen variables.

**Why.** There is no dictionary in NNX: `nnx.state(model, nnx.Param)` is a view of the parameters, `nnx.split` takes a
model apart and `nnx.update` puts values back.

**Caveats.** `nnx.state` aliases the model: a copy to keep needs `nnx.clone`. The first argument of `apply` is
reported by NNX310.

Source: Flax guide "Linen to NNX", section "Collections and variable types".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.catalog.collections import COLLECTIONS
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.clues import is_variables
from flake8_nnx.source.variables import Tree, applied, model_call, tree_of

RULE = Rule(
    "NNX204",
    "collection-name",
    "`{code}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import jax


def parameters(network, key: jax.Array, x: jax.Array):
    return network.init(key, x)["params"]
''',
            nnx='''
from flax import nnx


def parameters(model):
    return nnx.state(model, nnx.Param)
''',
            also=("NNX301",),
        ),
    ),
)


@RULE.on(ast.Subscript)
def subscript(node: ast.Subscript, facts: Facts) -> Iterator[Report]:
    """`variables['params']`, read or set."""
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if not isinstance(key, str) or isinstance(node.ctx, ast.Del):
        return
    tree = tree_of(node.value, facts)
    if tree is not None and tree.collection is None and not _part_of_path(node, facts):
        fields = _fields(node, tree, key, facts)
        setting = facts.names.parent(node) if isinstance(node.ctx, ast.Store) else None
        if isinstance(setting, ast.Assign):
            update = f"nnx.update({_calls.owner(tree, facts)}, {_text.quote(setting.value)})"
            fields["advice"] = f"in NNX `{update}` sets them"
        yield node, fields


@RULE.on(ast.Call)
def lookup(node: ast.Call, facts: Facts) -> Iterator[Report]:
    """`variables.get('params')`, `variables.pop('params')`."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("get", "pop") or not node.args:
        return
    key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    tree = tree_of(node.func.value, facts) if isinstance(key, str) else None
    if tree is not None and tree.collection is None and isinstance(key, str):
        yield node, _fields(node, tree, key, facts)


@RULE.on(ast.Dict)
def display(node: ast.Dict, facts: Facts) -> Iterator[Report]:
    """`{'params': params, 'batch_stats': stats}` outside of an `apply`, also when its name is given to one."""
    if not is_variables(node):
        return
    above = facts.names.parent(node)
    given = applied(above, facts) if isinstance(above, ast.Assign) else None
    if given is None and not any(_same_collection(k, v, facts) for k, v in zip(node.keys, node.values)):
        return
    if isinstance(above, ast.Call) and above.args[:1] == [node] and model_call(above, facts) is not None:
        return
    model = _calls.owner(given, facts) if given is not None else "model"
    advice = f"the model holds its variables, `nnx.split({model})` takes them out"
    yield node, {"code": _text.quote(node), "advice": advice}


def _same_collection(key: ast.expr | None, value: ast.expr, facts: Facts) -> bool:
    """Whether the value is known to be that collection of Linen variables."""
    tree = tree_of(value, facts)
    return tree is not None and isinstance(key, ast.Constant) and tree.collection == key.value and not tree.path


def _part_of_path(node: ast.Subscript, facts: Facts) -> bool:
    """Whether more subscripts follow, which NNX205 reports as one path."""
    above = facts.names.parent(node)
    return (
        isinstance(above, ast.Subscript)
        and above.value is node
        and isinstance(above.slice, ast.Constant)
        and isinstance(above.slice.value, str)
    )


def _fields(node: ast.expr, tree: Tree, collection: str, facts: Facts) -> dict[str, str]:
    advice = f"in NNX it is `{_calls.state(tree, collection, facts)}`"
    if collection not in COLLECTIONS:
        advice += f" with {_calls.type_advice(collection)}"
    return {"code": _text.quote(node), "advice": advice}
