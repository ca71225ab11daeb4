"""Names that flax.nnx does not have any more, or never had.

Tutorials and early releases use names of NNX that are gone.

**What it flags.** Names such as `nnx.Intermediates`, `nnx.BatchStats` and `nnx.Dense`, at the name; `.value` of a known
NNX variable, and `rngs.fork(split=…)`, which are deprecated.

**Why.** A name that is gone raises an AttributeError, often only where the line runs. `.value` warns, and will go.

**Caveats.** Reads and writes of a variable that holds no array are `get_value()` and `set_value(…)`. Names in a `try`
are left alone.

Source: Flax changelog; signatures of flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import is_kind
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

GONE: Mapping[str, str] = {
    "BatchStats": "nnx.BatchStat",
    "Dense": "nnx.Linear",
    "DenseGeneral": "nnx.LinearGeneral",
    "FrozenDict": "a dict",
    "GraphNode": "nnx.Pytree",
    "Intermediates": "nnx.Intermediate",
    "MultiHeadDotProductAttention": "nnx.MultiHeadAttention",
    "Params": "nnx.Param",
    "SelfAttention": "nnx.MultiHeadAttention",
    "VariableState": "nnx.Variable",
    "checkpoint": "nnx.remat",
    "normalize": "nnx.standardize",
    "ones_init": "nnx.initializers.ones_init",
    "register_variable_name_type_pair": "nnx.register_variable_name",
    "with_sharding_constraint": "jax.lax.with_sharding_constraint",
    "zeros_init": "nnx.initializers.zeros_init",
}

RULE = Rule(
    "NNX822",
    "old-name",
    "`{old}` {problem}: use `{new}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


def statistics(model):
    return nnx.state(model, nnx.BatchStats)
''',
            nnx='''
from flax import nnx


def statistics(model):
    return nnx.state(model, nnx.BatchStat)
''',
        ),
        Example(
            linen='''
from flax import nnx


def weights(model: nnx.Linear):
    return model.kernel.value
''',
            nnx='''
from flax import nnx


def weights(model: nnx.Linear):
    return model.kernel[...]
''',
        ),
    ),
)


@RULE.on(ast.Attribute)
def check(node: ast.Attribute, facts: Facts) -> Iterator[Report]:
    """One finding per name."""
    if node.attr in GONE:
        if facts.origin(node) == nnx.NNX + node.attr and facts.names.enclosing(node, ast.Try) is None:
            yield node, {"old": quote(node), "problem": _problem(node.attr), "new": GONE[node.attr]}
    elif node.attr == "value" and is_kind(node.value, facts, "variable"):
        ref = nnx.instance(node.value, facts)
        if ref is not None and (ref.local is None or nnx.method_of(ref.local, "value", facts) is None):
            yield node, {"old": quote(node), "problem": "is deprecated", "new": _access(node, ref)}


@RULE.on(ast.ImportFrom)
def check_import(node: ast.ImportFrom, facts: Facts) -> Iterator[Report]:
    """One finding per imported name."""
    if node.module == "flax.nnx" and not node.level and facts.names.enclosing(node, ast.Try) is None:
        for alias in node.names:
            if alias.name in GONE:
                yield alias, {"old": f"nnx.{alias.name}", "problem": _problem(alias.name), "new": GONE[alias.name]}


@RULE.on(ast.Call)
def check_fork(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per fork that splits."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr == "fork" and is_kind(func.value, facts, "rngs"):
        if any(keyword.arg == "split" for keyword in call.keywords):
            yield call, {"old": quote(call), "problem": "is deprecated", "new": f"{quote(func.value)}.split(…)"}


def _access(node: ast.Attribute, ref: nnx.Ref) -> str:
    """How to read or write a variable; a plain `nnx.Variable` may hold something else than an array."""
    if ref.name != "Variable":
        return f"{quote(node.value)}[...]"
    return f"{quote(node.value)}.{'get_value()' if isinstance(node.ctx, ast.Load) else 'set_value(…)'}"


def _problem(name: str) -> str:
    return "is deprecated" if name == "VariableState" else "does not exist"
