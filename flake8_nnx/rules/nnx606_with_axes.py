"""Parameters and transforms with axes.

`flax.linen.partitioning` keeps axis names in collections of their own, such as `params_axes`; in NNX they belong to the
variable.

**What it flags.** `param_with_axes`, `variable_with_axes`, `get_axis_names`, `scan_with_axes` and `vmap_with_axes` of
`flax.linen.partitioning`, at the call or name.

**Why.** `out_sharding=` of a variable names its axes, and `nnx.get_partition_spec` reads them. The transforms name the
axis that they add with `transform_metadata=`.

**Caveats.** Linen's variables are constrained again at each access, those of NNX when they are made; build the model
under `jax.set_mesh(mesh)`.

Source: Flax guide "Scale up on multiple devices"; module `flax.linen.partitioning` 0.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.catalog.collections import variable_type
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _own, _sharding, _text
from flake8_nnx.rules._sharding import Use
from flake8_nnx.source.linen import Facts

VARIABLES = {"param_with_axes": ("name", "init_fn"), "variable_with_axes": ("collection", "name", "init_fn")}
OWN = ("axes", "module", "fallback")

RULE = Rule(
    "NNX606",
    "with-axes",
    "`{call}` becomes {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from flax.linen.partitioning import param_with_axes


class Scale(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return x * param_with_axes("scale", nn.initializers.ones, (self.features,), axes=("embed",))
''',
            nnx='''
from flax import nnx


class Scale(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs):
        value = nnx.initializers.ones(rngs.params(), (features,))
        self.scale = nnx.Param(value, out_sharding=("embed",))

    def __call__(self, x):
        return x * self.scale
''',
            also=("NNX101", "NNX103", "NNX104"),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for use in _sharding.uses(facts, *VARIABLES, "get_axis_names", "scan_with_axes", "vmap_with_axes"):
        yield use.place, {"call": _text.quote(use.place), "advice": _advice(use, facts)}


def _advice(use: Use, facts: Facts) -> str:
    name = use.helper.linen
    if name == "get_axis_names":
        return "`nnx.get_partition_spec(nnx.state(model))`"
    if name in VARIABLES:
        return _variable(use, facts)
    axis = use.text("axis_name", "'layers'") if name == "scan_with_axes" else use.text("partitioning_axis_names", "'axis'")
    option = f"transform_metadata={{nnx.PARTITION_NAME: {axis}}}" if name == "scan_with_axes" else "transform_metadata="
    named = "" if name == "scan_with_axes" else f" for {axis}"
    return f"`{use.helper.nnx}` over modules built by `nnx.vmap`, both with `{option}`{named}"


def _variable(use: Use, facts: Facts) -> str:
    """`self.scale = nnx.Param(init(rngs.params(), (4,)), out_sharding=('embed',))`."""
    names = VARIABLES[use.helper.linen]
    given = _own.arguments(use.call, *names) if use.call is not None else None
    if use.call is None or given is None:
        return "a variable with `out_sharding=`"
    others = [part for part in _own.others(use.call, *names) if not (isinstance(part, ast.keyword) and part.arg in OWN)]
    rest = list(map(_text.quote, others))
    kind = "nnx.Param"
    if len(given) == 3:
        collection = given[0]
        known = isinstance(collection, ast.Constant) and isinstance(collection.value, str)
        kind = variable_type(collection.value) if known else "nnx.Variable"  # type: ignore[attr-defined]
    else:
        rest = ["rngs.params()", *rest]
    init = _sharding.initializer(given[-1], facts)
    callee = f"({init})" if isinstance(given[-1], ast.Lambda) else init
    axes = f", out_sharding={use.text('axes')}" if "axes" in use.given else ""
    made = f"{kind}({callee}({', '.join(rest)}){axes})"
    return f"`{_own.attribute(given[-2], made)}` in `__init__`"
