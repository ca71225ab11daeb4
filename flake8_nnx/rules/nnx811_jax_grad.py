"""jax.grad with respect to an NNX module that has more than weights.

`jax.grad` differentiates every array of a module, running statistics included.

**What it flags.** `jax.grad` and `jax.value_and_grad` with respect to an NNX module whose class holds `nnx.BatchNorm`
or `nnx.Dropout`, or puts a variable of one layer into another, at the transform.

**Why.** The gradient of a model with BatchNorm has entries for its running mean and variance, which are no weights: an
optimizer over all of them, or the norm of the gradient, is wrong without an error. Random keys raise a TypeError. And a
Param that stands in two places of a model gets two separate gradients.

**Caveats.** `nnx.grad` takes the gradient of `nnx.Param` alone. `jax.grad` of a state, of arrays or of a module
without other variables is right, and not looked at.

Source: Flax proposal 5310; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import GRADS, parameters
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX811",
    "jax-grad",
    "`{grad}` {problem}: use `{new}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def grads(x):
    model = Net(nnx.Rngs(0))
    return jax.grad(lambda model: model(x).sum())(model)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def grads(x):
    model = Net(nnx.Rngs(0))
    return nnx.grad(lambda model: model(x).sum())(model)
''',
        ),
        Example(
            linen='''
import jax
from flax import nnx


class Tied(nnx.Module):
    def __init__(self, rngs):
        self.encoder = nnx.Linear(2, 2, rngs=rngs)
        self.decoder = nnx.Linear(2, 2, rngs=rngs)
        self.decoder.kernel = self.encoder.kernel

    def __call__(self, x):
        return self.decoder(self.encoder(x))


def grads(x):
    model = Tied(nnx.Rngs(0))
    return jax.grad(lambda model: model(x).sum())(model)
''',
            nnx='''
import jax
from flax import nnx


class Tied(nnx.Module):
    def __init__(self, rngs):
        self.encoder = nnx.Linear(2, 2, rngs=rngs)
        self.decoder = nnx.Linear(2, 2, rngs=rngs)
        self.decoder.kernel = self.encoder.kernel

    def __call__(self, x):
        return self.decoder(self.encoder(x))


def grads(x):
    model = Tied(nnx.Rngs(0))
    return nnx.grad(lambda model: model(x).sum())(model)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per transform whose function takes such a module first."""
    origin = facts.origin(call.func) or ""
    if origin not in GRADS or not call.args or not nnx.present(facts) or nnx.has_references(facts):
        return
    numbers = next((k.value for k in call.keywords if k.arg == "argnums"), ast.Constant(0))
    if not isinstance(numbers, ast.Constant) or numbers.value != 0 or len(call.args) > 1:
        return
    ref = _first(call, facts)
    if ref is None or ref.kind != "module":
        return
    problem = ""
    if nnx.holds(ref, facts, "BatchNorm", "Dropout"):
        what = "the running statistics" if nnx.holds(ref, facts, "BatchNorm") else "the random keys"
        problem = f"differentiates {what} of `{ref.name}` as well"
    elif _ties(ref, facts):
        problem = f"gives the weights that `{ref.name}` shares one gradient for each place, and not their sum"
    if problem:
        yield call, {"grad": origin, "problem": problem, "new": "nnx." + origin.rpartition(".")[2]}


def _ties(ref: nnx.Ref, facts: Facts) -> bool:
    """Whether the constructor puts a variable of one layer into another: `self.head.kernel = self.embed.embedding`."""
    constructors = [nnx.methods(cls).get("__init__") for cls in (nnx.ancestors(ref.local, facts) if ref.local else ())]
    assignments = (node for method in constructors if method for node in ast.walk(method) if isinstance(node, ast.Assign))
    return any(
        isinstance(target, ast.Attribute) and isinstance(target.value, ast.Attribute) and _is_variable(node.value, facts)
        for node in assignments
        for target in node.targets
    )


def _is_variable(node: ast.expr, facts: Facts) -> bool:
    ref = nnx.instance(node, facts) if isinstance(node, ast.Attribute) else None
    return ref is not None and ref.kind == "variable"


def _first(call: ast.Call, facts: Facts) -> nnx.Ref | None:
    """What the transformed function is called with, or takes by its annotation."""
    above = facts.names.parent(call)
    if isinstance(above, ast.Call) and above.func is call and above.args:
        found = nnx.instance(above.args[0], facts)
        if found is not None:
            return found
    binding = facts.names.binding(call.args[0]) if isinstance(call.args[0], ast.Name) else None
    function = binding.node if binding is not None and binding.kind == "def" else None
    taken = parameters(function) if isinstance(function, ast.FunctionDef) else []
    return nnx.annotated(taken[0].annotation, facts) if taken else None
