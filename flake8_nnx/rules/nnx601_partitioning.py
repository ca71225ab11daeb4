"""Partitioned initialisers.

In Linen a wrapped initialiser returns a box around the value; in NNX it gives the variable its metadata.

**What it flags.** `flax.linen.with_partitioning` and `flax.linen.with_logical_partitioning`, at the call or name.

**Why.** Linen's wrapper under an NNX layer leaves a box inside of the parameter (NNX820). `nnx.with_partitioning` takes
the same names, logical ones too; what they mean is said by `nnx.logical_axis_rules`. A parameter of one's own takes
`out_sharding=` itself.

**Caveats.** NNX shards a variable when it is made, so build the model under `jax.set_mesh(mesh)`; `with mesh:` is not
enough. A logical name without a rule raises, while Linen replicates. Of several rules for one name NNX takes the last,
Linen the first whose mesh axis is free.

Source: Flax guide "Scale up on multiple devices"; FLIP 4844; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.catalog.sharding import PARTITIONED
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _own, _sharding, _text
from flake8_nnx.rules._sharding import Use
from flake8_nnx.source.linen import Facts


RULE = Rule(
    "NNX601",
    "partitioned-initializer",
    "`{call}` becomes {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Dense(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        init = nn.with_logical_partitioning(nn.initializers.lecun_normal(), ("embed", "mlp"))
        return nn.Dense(self.features, kernel_init=init)(x)
''',
            nnx='''
from flax import nnx


class Dense(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        init = nnx.with_partitioning(nnx.initializers.lecun_normal(), ("embed", "mlp"))
        self.dense = nnx.Linear(in_features, features, kernel_init=init, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)
''',
            also=("NNX101", "NNX103", "NNX104", "NNX110"),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per wrapped initialiser."""
    for use in _sharding.uses(facts, *PARTITIONED):
        if not _in_nnx_layer(use.place, facts):
            yield use.place, {"call": _text.quote(use.place), "advice": _advice(use, facts)}


def _in_nnx_layer(node: ast.expr, facts: Facts) -> bool:
    """Whether an initialiser is given to a layer of NNX, which NNX820 reports."""
    above = facts.names.parent(node)
    call = facts.names.parent(above) if isinstance(above, ast.keyword) else above
    named = [call.func, *call.args[:1]] if isinstance(call, ast.Call) else []
    return any((facts.origin(part) or "").startswith("flax.nnx.") for part in named)


def _advice(use: Use, facts: Facts) -> str:
    logical = use.helper.linen == "with_logical_partitioning"
    rules = ", which needs a rule for every name in `nnx.logical_axis_rules`" if logical and "rules" not in use.given else ""
    if use.call is None:
        named = [f"{use.helper.renames.get(key, key)}={_text.quote(value)}" for key, value in use.given.items()]
        code = f"partial({', '.join(['nnx.with_partitioning', *named])})" if named else "nnx.with_partitioning"
        return f"`{code}`{rules}"
    init, names = _sharding.initializer(use.given.get("fn"), facts), use.text("names")
    extra = [f"{'sharding_rules' if key == 'rules' else key}={use.text(key)}" for key in ("mesh", "rules") if key in use.given]
    above = facts.names.parent(use.call)
    given = _own.arguments(above, "name", "init_fn") if isinstance(above, ast.Call) else None
    if given and given[1] is use.call and isinstance(above, ast.Call) and _own.own_call(above, facts, "param"):
        rest = ", ".join(["rngs.params()", *map(_text.quote, _own.others(above, "name", "init_fn"))])
        value = ", ".join([f"{init}({rest})", f"out_sharding={names}", *extra])
        return f"`{_own.attribute(given[0], f'nnx.Param({value})')}` in `__init__`{rules}"
    return f"`nnx.with_partitioning({', '.join([init, names, *extra])})`{rules}"
