"""A module with dropout or batch statistics that a transform does not get as an argument.

JAX traces the function, and NNX refuses to change a variable that was made outside of the trace.

**What it flags.** Functions given to `jax.lax.scan`, `cond`, `fori_loop`, `jax.vmap`, `jax.grad`, … and to their NNX
twins, that call a module from around them which holds `nnx.BatchNorm` or `nnx.Dropout`, at the call; and
`nnx.merge(graphdef, params, rest)` without `copy=True` under `jax.grad` of `params` alone, at the merge.

**Why.** The call raises a TraceContextError: the running statistics, or the count of the random stream, belong to an
outer trace. It shows only in training mode.

**Caveats.** After `model.eval()` nothing changes and nothing raises: files that change modes are left alone. For
`jax.jit` of a function that reads a model see NNX802. What a merge with `copy=True` changes has to be returned.

Source: flax issues 3997, 4151 and 5050; established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _modes
from flake8_nnx.rules._given import function
from flake8_nnx.rules._jit import GRADS, Function, parameters
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

LAX = "scan map cond switch while_loop fori_loop associative_scan".split()
TRANSFORMS = {
    **{f"jax.lax.{name}": f"nnx.{name}" for name in LAX},
    **{f"jax.{name}": f"nnx.{name}" for name in ("vmap", "grad", "value_and_grad")},
    **{f"flax.nnx.{name}": f"nnx.{name}" for name in (*LAX, "vmap", "grad", "value_and_grad")},
    **dict.fromkeys(("jax.checkpoint", "jax.remat", "flax.nnx.remat", "flax.nnx.checkpoint"), "nnx.remat"),
}
INSTEAD = {"nnx.map": "nnx.scan", "nnx.associative_scan": "nnx.scan"}

RULE = Rule(
    "NNX829",
    "trace-level",
    "{what} raises in training mode: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


def run(steps):
    net = Net(nnx.Rngs(0))

    def step(x, _):
        return net(x), None

    return jax.lax.scan(step, jnp.ones(4), length=steps)[0]
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


def run(steps):
    net = Net(nnx.Rngs(0))

    @nnx.scan(in_axes=(nnx.Carry,), out_axes=nnx.Carry, length=steps)
    def step(carry):
        net, x = carry
        return net, net(x)

    return step((net, jnp.ones(4)))[1]
''',
        ),
        Example(
            linen='''
import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(4, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def run(x):
    graphdef, params, rest = nnx.split(Net(nnx.Rngs(0)), nnx.Param, ...)

    def loss_fn(params):
        return nnx.merge(graphdef, params, rest)(x).sum()

    return jax.grad(loss_fn)(params)
''',
            nnx='''
import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(4, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def run(x):
    graphdef, params, rest = nnx.split(Net(nnx.Rngs(0)), nnx.Param, ...)

    def loss_fn(params):
        net = nnx.merge(graphdef, params, rest, copy=True)
        return net(x).sum(), nnx.state(net, nnx.BatchStat)

    grads, statistics = jax.grad(loss_fn, has_aux=True)(params)
    return grads
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of a captured module, and per merge."""
    origin = facts.origin(call.func) or ""
    twin = TRANSFORMS.get(origin)
    if twin is None or not nnx.present(facts) or nnx.has_references(facts) or _modes.switched(facts):
        return
    given = [each for arg in call.args for each in (arg.elts if isinstance(arg, (ast.List, ast.Tuple)) else [arg])]
    for of in (function(node, facts) for node in given):
        for inner in ast.walk(of) if of is not None else ():
            if of is None or not isinstance(inner, ast.Call):
                continue
            if _captured(inner.func, of, facts) and _modes.changes(nnx.instance(inner.func, facts), facts):
                advice = f"use `{INSTEAD.get(twin, twin)}` and pass the module as an argument"
                yield inner, {"what": f"`{quote(inner)}` inside of `{quote(call.func)}`", "advice": advice}
            elif origin in GRADS and _merges(inner, of, facts):
                advice = "add `copy=True` and return the new state, or use `nnx.grad` of the model"
                yield inner, {"what": f"a call of `{quote(inner)}` under `{quote(call.func)}`", "advice": advice}


def _captured(node: ast.expr, of: Function, facts: Facts) -> bool:
    """Whether an expression is a name, or an attribute of one, that is bound outside of the function."""
    while isinstance(node, ast.Attribute):
        node = node.value
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    inside: ast.AST | None = binding.node if binding is not None else of
    while inside is not None and inside is not of:
        inside = facts.names.parent(inside)
    return inside is None


def _merges(call: ast.Call, of: Function, facts: Facts) -> bool:
    """Whether this is a merge of the differentiated state with one from elsewhere, of a model that changes."""
    if nnx.name(call.func, facts) != "merge" or len(call.args) < 3 or any(k.arg == "copy" for k in call.keywords):
        return False
    first = parameters(of)[0].arg if parameters(of) else ""
    states = [arg.id for arg in call.args[1:] if isinstance(arg, ast.Name)]
    if first not in states or len(states) < len(call.args) - 1:
        return False
    binding = facts.names.binding(call.args[0]) if isinstance(call.args[0], ast.Name) else None
    split = binding.value if binding is not None else None
    if not isinstance(split, ast.Call) or nnx.name(split.func, facts) != "split" or not split.args:
        return False
    return _modes.changes(nnx.instance(split.args[0], facts), facts) is not None
