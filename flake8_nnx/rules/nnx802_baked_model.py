"""A jitted function that reads a model from outside.

What a jitted function reads from outside is a constant of the compiled program, with the weights of the first call.

**What it flags.** Functions under `nnx.jit`, `jax.jit` or `pmap` that read an NNX module from around them, where the
module is trained further down in the same scope; and functions kept as `self.predict = nnx.jit(…)` that read a
`self.model` which the class trains; at the name.

**Why.** Later updates of the model do not reach the function: evaluation during training shows the first weights for
ever. There is no error as long as the function only reads.

**Caveats.** Functions written after the training are left alone: their weights are those of the trained model.

Source: Flax guide "Flax NNX vs JAX transformations"; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import JITS, NNX_JITS, Function, is_kind, wrapped
from flake8_nnx.rules._text import quote
from flake8_nnx.rules._training import key, runs_after, same_function, trainings
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX802",
    "baked-model",
    "`{name}` is read from outside a jitted function, which keeps its first weights: make it an argument",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import optax
from flax import nnx


def train(x):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)

    @nnx.jit
    def evaluate(x):
        return model(x)

    losses = [evaluate(x)]
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))
    return [*losses, evaluate(x)]
''',
            nnx='''
import optax
from flax import nnx


def train(x):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)

    @nnx.jit
    def evaluate(model, x):
        return model(x)

    losses = [evaluate(model, x)]
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))
    return [*losses, evaluate(model, x)]
''',
        ),
    ),
)


@RULE.on(ast.FunctionDef, ast.Call)
def check(node: ast.FunctionDef | ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per function and model."""
    if not nnx.present(facts) or nnx.has_references(facts):
        return
    for found in wrapped(node, facts, *JITS, *NNX_JITS):
        seen: set[str] = set()
        names = [n for n in ast.walk(found.function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        for name in sorted(names, key=lambda name: (name.lineno, name.col_offset)):
            binding = facts.names.binding(name)
            if binding is None or binding.kind != "assign" or name.id in seen or not is_kind(name, facts, "module"):
                continue
            outside = not _inside(binding.node, found.function, facts) and same_function(node, binding.node, facts)
            calls = trainings(facts).get((id(binding.node), name.id), ())
            if outside and any(runs_after(call, node, facts) for call in calls):
                seen.add(name.id)
                yield name, {"name": name.id}


@RULE.on(ast.Assign)
def check_kept(assign: ast.Assign, facts: Facts) -> Iterator[Report]:
    """One finding per model of `self` that a function kept on `self` reads, when a method of the class trains it."""
    if not any(isinstance(target, ast.Attribute) for target in assign.targets) or not nnx.present(facts):
        return
    for found in wrapped(assign.value, facts, *JITS, *NNX_JITS) if not nnx.has_references(facts) else ():
        for node in ast.walk(found.function):
            model = key(node, facts) if isinstance(node, ast.Attribute) else None
            if model in trainings(facts) and is_kind(node, facts, "module"):
                yield node, {"name": quote(node)}


def _inside(node: ast.AST | None, function: Function, facts: Facts) -> bool:
    while node is not None and node is not function:
        node = facts.names.parent(node)
    return node is function
