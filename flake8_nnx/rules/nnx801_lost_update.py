"""An update of an NNX object under jax.jit.

`jax.jit` gives a function copies of its arguments: what it changes in a model or an optimizer is lost.

**What it flags.** `jax.jit` and `jax.pmap` of a function that updates its own parameters in place, by
`optimizer.update(model, grads)` or `metrics.update(…)`, and keeps none of them; or that calls a model with
`nnx.BatchNorm` or `nnx.Dropout` in a file that never changes a mode; at the transform.

**Why.** The model never trains, running means stay at their start, every call draws the same dropout mask, and nothing
says so. `nnx.jit` writes the changes back.

**Caveats.** A function that may return the model, the optimizer or their state is left alone, and so is one that calls
a model without state to change: there `jax.jit` is right. Variables that are references (`hijax`, `ref`) are changed
under `jax.jit` too: files that ask for them are left alone.

Source: Flax guide "Flax NNX vs JAX transformations"; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _modes
from flake8_nnx.rules._given import model_calls
from flake8_nnx.rules._jit import JITS, NNX_GRADS, Function, is_kind, parameter, wrapped
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import FUNCTIONS

RULE = Rule(
    "NNX801",
    "lost-update",
    "{update} is lost under `{jit}`: use `{nnx}`, or return `{name}` and use what comes back",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
from flax import nnx


@jax.jit
def step(model: nnx.Linear, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(model, grads)
''',
            nnx='''
from flax import nnx


@nnx.jit
def step(model: nnx.Linear, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(model, grads)
''',
        ),
        Example(
            linen='''
import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


@jax.jit
def forward(net: Net, x):
    return net(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


@nnx.jit
def forward(net: Net, x):
    return net(x)
''',
        ),
    ),
)


@RULE.on(ast.FunctionDef, ast.Call)
def check(node: ast.FunctionDef | ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per transform of a function with a lost update."""
    if not nnx.present(facts) or nnx.has_references(facts):
        return
    for found in wrapped(node, facts, *JITS):
        for update, changed in _updates(found.function, facts):
            if not _kept(found.function, update, changed, facts):
                jit = found.wrapper.origin
                yield found.place, {"update": _shown(update), "jit": jit, "name": changed[0].arg, "nnx": nnx_jit(jit)}
                break


def _shown(update: ast.Call) -> str:
    """The call, or what a call of a model changes."""
    if isinstance(update.func, ast.Attribute):
        return f"`{quote(update)}`"
    return f"the change of running statistics or random streams by `{quote(update)}`"


def nnx_jit(origin: str) -> str:
    return "nnx." + origin.rpartition(".")[2]


def _updates(function: Function, facts: Facts) -> Iterator[tuple[ast.Call, list[ast.arg]]]:
    """The calls made for their effect on parameters of the function, and these: the receiver, and the model."""
    for node in ast.walk(function):
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "update":
            continue
        receiver = parameter(call.func.value, function, facts)
        if receiver is None or facts.names.enclosing(call, *FUNCTIONS) is not function:
            continue
        first = call.args[0] if call.args else None
        model = parameter(first, function, facts) if len(call.args) == 2 else None
        known = is_kind(call.func.value, facts, "optimizer", "metric")
        if known or (model and (is_kind(first, facts, "module") or _differentiates(function, facts))):
            yield call, [receiver, *([model] if model else [])]
    for call, ref in model_calls(function, facts) if not _modes.switched(facts) else ():
        called = parameter(call.func, function, facts)
        if called is not None and _modes.changes(ref, facts) and facts.names.enclosing(call, *FUNCTIONS) is function:
            yield call, [called]


def _differentiates(function: Function, facts: Facts) -> bool:
    """Whether the function takes gradients by NNX, so that `x.update(y, grads)` is an optimizer's."""
    return any(facts.origin(node) in NNX_GRADS for node in ast.walk(function))


def _kept(function: Function, update: ast.Call, changed: list[ast.arg], facts: Facts) -> bool:
    """Whether what was changed may leave the function: it is used below the update, or put into something, uncalled."""
    for name in ast.walk(function):
        if not isinstance(name, ast.Name) or parameter(name, function, facts) not in changed or _called(name, facts):
            continue
        if name.lineno > (update.end_lineno or update.lineno) or not isinstance(facts.names.parent(name), ast.Call):
            return True
    return False


def _called(name: ast.AST, facts: Facts) -> bool:
    """Whether a name is only called here: `model(x)`, `model.encode(x)`."""
    above = facts.names.parent(name)
    while isinstance(above, ast.Attribute):
        name, above = above, facts.names.parent(above)
    return isinstance(above, ast.Call) and above.func is name
