"""A method under jax.jit with its module static.

`static_argnums=0` on a method makes the module a compile-time constant, with the weights it has at the first call.

**What it flags.** `jax.jit` and `jax.pmap` on a method of an `nnx.Module` with `self` among `static_argnums`
(`static_broadcasted_argnums`) or `static_argnames`, at the decorator.

**Why.** An NNX module hashes by identity. A Linen module holds no weights, so the idiom was right for it; an NNX
module keeps its identity while training changes its weights, and the compiled function keeps the old ones.

**Caveats.** `nnx.jit` takes the module as an ordinary argument and sees every change.

Source: established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import wrapper
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX803",
    "static-self",
    "`{method}` keeps the weights of `{name}` at its first call: use `@nnx.jit` without static arguments for `{name}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from functools import partial

import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    @partial(jax.jit, static_argnums=0)
    def predict(self, x):
        return self.layer(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    @nnx.jit
    def predict(self, x):
        return self.layer(x)
''',
        ),
    ),
)


@RULE.on(ast.FunctionDef)
def check(method: ast.FunctionDef, facts: Facts) -> Iterator[Report]:
    """One finding per decorator that makes the instance static."""
    if not method.decorator_list:
        return
    ref = nnx.local_class(facts.names.parent(method), facts)
    name = nnx.self_name(method)
    if ref is None or ref.kind != "module" or name is None:
        return
    for decorator in method.decorator_list:
        found = wrapper(decorator, facts, "jax.jit", "jax.pmap")
        if found is not None and found.is_static(0, name):
            yield decorator, {"method": method.name, "name": name}
