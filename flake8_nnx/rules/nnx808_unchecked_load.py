"""Weights that are loaded into a model unchecked.

`nnx.update` takes what it is given: other shapes, unknown names, missing names.

**What it flags.** `nnx.update(model, loaded)` and `nnx.replace_by_pure_dict(state, loaded)` where `loaded` comes straight
from `pickle.load`, `numpy.load`, `flax.serialization.msgpack_restore` or a `restore` that is given no target, at the call.

**Why.** A checkpoint of another size replaces the weights without an error, and what it lacks keeps its initial values:
the model runs, with the wrong numbers.

**Caveats.** Orbax compares with the target that `restore` is given, such as `nnx.state(model)`. Weights of a Linen model
go through the variable map: `flake8_nnx.verify.load_linen_variables` checks names, shapes, dtypes and that none is missing.

Source: orbax issue 2561; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

LOADERS = frozenset({
    "pickle.load", "pickle.loads", "numpy.load", "jax.numpy.load", "cloudpickle.load", "joblib.load",
    "flax.serialization.msgpack_restore", "safetensors.flax.load_file", "safetensors.numpy.load_file",
})  # fmt: skip

RULE = Rule(
    "NNX808",
    "unchecked-load",
    "`{call}` takes other shapes, and unknown or missing names, without an error: compare `{loaded}` with `nnx.state` of the "
    "model first, or restore it with that as the target",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import pickle

from flax import nnx


def load(model: nnx.Linear, path):
    with open(path, "rb") as file:
        weights = pickle.load(file)
    nnx.update(model, weights)
''',
            nnx='''
import pickle

import jax
from flax import nnx


def load(model: nnx.Linear, path):
    def fits(old, new):
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            raise ValueError(f"{new.dtype}{new.shape} for {old.dtype}{old.shape}")
        return new

    with open(path, "rb") as file:
        weights = pickle.load(file)
    nnx.update(model, jax.tree.map(fits, nnx.state(model), weights))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per update."""
    if nnx.name(call.func, facts) not in ("update", "replace_by_pure_dict") or len(call.args) != 2:
        return
    loaded = call.args[1]
    binding = facts.names.binding(loaded) if isinstance(loaded, ast.Name) else None
    value = binding.value if binding is not None and binding.kind == "assign" else loaded
    if _loads(value, facts):
        yield call, {"call": quote(call), "loaded": quote(loaded)}


def _loads(node: ast.expr | None, facts: Facts) -> bool:
    """Whether an expression is what a file holds, compared with nothing."""
    if not isinstance(node, ast.Call):
        return False
    if facts.origin(node.func) in LOADERS:
        return True
    # `checkpointer.restore(path)`, of Orbax: a target is its second argument, or a keyword.
    restores = isinstance(node.func, ast.Attribute) and node.func.attr == "restore"
    return restores and len(node.args) == 1 and not node.keywords and _is_checkpointer(node.func, facts)


def _is_checkpointer(func: ast.expr, facts: Facts) -> bool:
    """Whether `x` of `x.restore` was made by orbax."""
    owner = func.value if isinstance(func, ast.Attribute) else None
    binding = facts.names.binding(owner) if isinstance(owner, ast.Name) else None
    made = binding.value if binding is not None else owner
    return isinstance(made, ast.Call) and (facts.origin(made.func) or "").startswith("orbax.checkpoint.")
