"""A snapshot of an NNX model that follows its training.

`nnx.state`, `nnx.split` and plain assignment share the variables of the model; they copy nothing.

**What it flags.** `ema = nnx.state(model)`, `_, best = nnx.split(model)`, `target = nnx.merge(*nnx.split(model))` and
`target = model` under a name that says it is kept apart (ema, target, best, old, …), when the same model is trained
afterwards, at the value.

**Why.** Training changes the variables in place, so that the average, the target network or the best weights so far
are always the newest weights. There is no error.

**Caveats.** `nnx.clone(model)` copies the variables. Where a training step donates its buffers, the arrays have to be
copied too: `jax.tree.map(jnp.copy, …)`.

Source: flax issues 4912 and 5461; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import is_kind
from flake8_nnx.rules._text import quote
from flake8_nnx.rules._training import key, runs_after, trainings
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

APART = frozenset(
    "anchor average averaged avg backup before best ema frozen initial old orig original prev previous ref reference "
    "saved snapshot target teacher".split()
)

RULE = Rule(
    "NNX804",
    "alias",
    "`{kept}` follows the training of `{model}`: `{code}` is a copy",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
import optax
from flax import nnx


def train(x):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    start = jax.numpy.copy(model.kernel[...])
    ema = nnx.state(model, nnx.Param)
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))
    return start, ema["kernel"][...]
''',
            nnx='''
import jax
import optax
from flax import nnx


def train(x):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    start = jax.numpy.copy(model.kernel[...])
    ema = nnx.state(nnx.clone(model), nnx.Param)
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))
    return start, ema["kernel"][...]
''',
        ),
        Example(
            linen='''
import optax
from flax import nnx


def train(x):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    target = model
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))
    return bool((target(x) == model(x)).all())
''',
            nnx='''
import optax
from flax import nnx


def train(x):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    target = nnx.clone(model)
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))
    return bool((target(x) == model(x)).all())
''',
        ),
    ),
)


@RULE.on(ast.Assign)
def check(assign: ast.Assign, facts: Facts) -> Iterator[Report]:
    """One finding per value that shares the variables of a model."""
    if len(assign.targets) != 1 or not nnx.present(facts):
        return
    kept = [target for target in _targets(assign) if _is_kept_apart(target)]
    model = _shared(assign.value, facts) if kept else None
    if model is None or not is_kind(model, facts, "module"):
        return
    name = key(model, facts)
    calls = trainings(facts).get(name, []) if name else []
    own = isinstance(model, ast.Attribute) and isinstance(kept[0], ast.Attribute)  # methods run again and again
    if any(own or runs_after(call, assign, facts) for call in calls):
        yield assign.value, {"kept": quote(kept[0]), "model": quote(model), "code": _copy(assign.value, model)}


def _targets(assign: ast.Assign) -> list[ast.expr]:
    target = assign.targets[0]
    return target.elts if isinstance(target, ast.Tuple) else [target]


def _is_kept_apart(target: ast.expr) -> bool:
    """Whether a name says that its value is to differ from the model's."""
    name = ast.unparse(target).removeprefix("self.")
    return name.isidentifier() and not APART.isdisjoint(name.lower().split("_"))


def _shared(value: ast.expr, facts: Facts) -> ast.expr | None:
    """The model whose variables a value shares."""
    if isinstance(value, (ast.Name, ast.Attribute)):
        return value
    if not isinstance(value, ast.Call) or not value.args:
        return None
    called, first = nnx.name(value.func, facts), value.args[0]
    if called in ("state", "split"):
        return first
    if called == "merge" and isinstance(first, ast.Starred) and isinstance(first.value, ast.Call):
        return _shared(first.value, facts)
    return None


def _copy(value: ast.expr, model: ast.expr) -> str:
    clone = f"nnx.clone({ast.unparse(model)})"
    if not isinstance(value, ast.Call) or isinstance(value.args[0], ast.Starred):
        return clone
    others = [ast.unparse(arg) for arg in (*value.args[1:], *value.keywords)]
    return f"{ast.unparse(value.func)}({', '.join([clone, *others])})"
