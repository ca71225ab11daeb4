"""A layer made while an NNX module runs.

A layer made in `__call__` belongs to nobody: it is made anew, with new weights, in every call.

**What it flags.** A layer of flax.nnx, or an NNX module of the file, that a method other than the constructor makes
and calls without keeping it, at the construction.

**Why.** Linen's `@nn.compact` makes layers in `__call__` and keeps their variables by name. In NNX a layer holds its
own weights, so one made in a call is untrained, is missing from `nnx.state` and from checkpoints, and gives other
numbers in the next call.

**Caveats.** Layers that a method stores on the module, returns or passes on are left alone, and so are methods that
only `__init__` calls. Layers without variables may be made anywhere.

Source: established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import FUNCTIONS

RULE = Rule(
    "NNX818",
    "made-in-call",
    "`{call}` in `{method}` has new, untrained weights in every call: make it an attribute in `__init__`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.rngs = rngs

    def __call__(self, x):
        return nnx.Linear(2, 2, rngs=self.rngs)(x)
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
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per layer that a method makes and calls."""
    ref = nnx.module_class(call.func, facts)
    if ref is None or ref.kind != "module" or not nnx.has_weights(ref, facts):
        return
    around = nnx.enclosing(call, facts)
    if around is None or not _is_called(call, facts):
        return
    cls, method = around
    if nnx.self_name(method) is None or method.name == "__init__" or _only_constructs(method, cls, facts):
        return
    yield call, {"call": quote(call), "method": f"{cls.name}.{method.name}"}


def _is_called(call: ast.Call, facts: Facts) -> bool:
    """Whether the new layer is called at once, or all that its name is used for is to be called."""
    above = facts.names.parent(call)
    if isinstance(above, ast.Call) and above.func is call:
        return True
    if not isinstance(above, ast.Assign) or len(above.targets) != 1 or not isinstance(above.targets[0], ast.Name):
        return False
    name, function = above.targets[0].id, facts.names.enclosing(call, *FUNCTIONS)
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name] if function else []
    uses = [node for node in names if isinstance(node.ctx, ast.Load)]
    callers = [facts.names.parent(use) for use in uses]
    return bool(uses) and all(isinstance(c, ast.Call) and c.func is use for c, use in zip(callers, uses))


def _only_constructs(method: ast.FunctionDef, cls: ast.ClassDef, facts: Facts) -> bool:
    """Whether a helper is named only in the constructor and in other such helpers."""
    found = {method.name}
    waiting = [method.name]
    while waiting:
        users = _users(waiting.pop(), cls, facts)
        if not users or "" in users:
            return False
        waiting += users - found - {"__init__"}
        found |= users
    return "__init__" in found


def _users(name: str, cls: ast.ClassDef, facts: Facts) -> set[str]:
    """The methods of the class that name this attribute; an empty name for any other place of the file."""
    users = set()
    for node in facts.names.nodes:
        if isinstance(node, ast.Attribute) and node.attr == name:
            around = nnx.enclosing(node, facts)
            users.add(around[1].name if around and around[0] is cls else "")
    return users
