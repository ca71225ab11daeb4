"""Walks over variables.

Linen code flattens dictionaries of variables to find parameters by path; an NNX state knows its paths.

**What it flags.** Calls of `flax.traverse_util` with Linen variables as an argument, at the call.

**Why.** `nnx.to_flat_state` and `nnx.from_flat_state` do the same for a state, with attribute names in place of
Linen's, `nnx.map_state` calls a function with path and value, and filters such as `nnx.PathContains` choose by path.

**Caveats.** The paths change: `params/Dense_0/kernel` is `dense/kernel`. A mask by path that finds nothing any more
raises no error, so test it.

Source: API pages `flax.traverse_util`, `flax.nnx.to_flat_state` and `flax.nnx.map_state`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import tree_of

RULE = Rule(
    "NNX702",
    "traverse-variables",
    "`{call}` walks Linen variables: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from flax import traverse_util


def paths(model: nn.Module, key, x):
    variables = model.init(key, x)
    return traverse_util.flatten_dict(variables["params"], sep="/")
''',
            nnx='''
from flax import nnx


def paths(model: nnx.Module):
    return {"/".join(map(str, path)): value for path, value in nnx.to_flat_state(nnx.state(model, nnx.Param))}
''',
            also=("NNX204", "NNX301",),
        ),
    ),
)

MODULE = "flax.traverse_util."
ADVICE = {
    "flatten_dict": "`nnx.to_flat_state(nnx.state(model, nnx.Param))` gives paths and values",
    "unflatten_dict": "`nnx.from_flat_state(flat)` is the way back",
    "path_aware_map": "`nnx.map_state(f, nnx.state(model, nnx.Param))` calls `f` with each path, whose names change",
}


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per walk over what is known to be Linen variables."""
    origin = facts.origin(call.func) or ""
    advice = ADVICE.get(origin.removeprefix(MODULE)) if origin.startswith(MODULE) else None
    if advice and any(tree_of(argument, facts) for argument in [*call.args, *(k.value for k in call.keywords)]):
        yield call, {"call": _text.quote(call), "advice": advice}
