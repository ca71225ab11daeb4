"""Linen's arguments given to a layer of NNX.

NNX layers take the sizes of their inputs first and `rngs=` always; what was right for Linen means something else.

**What it flags.** Constructions of layers of flax.nnx with keywords that only Linen has (`features=`, `name=`), with a
flag where the size belongs (`nnx.BatchNorm(True)`), with the arguments of `nnx.Einsum` in Linen's order, without
`rngs=` or without a size.

**Why.** `nnx.BatchNorm(False)` is a layer for no features, made without an error; the others fail when they run.

**Caveats.** Calls with `*args` or `**kwargs` are looked at as far as they can be seen.

Source: signatures of flax 0.12.8 and 0.12.12; Flax guide "Linen to NNX".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

# Layer -> the names of its positional parameters, and how many of them have no default.
PLACES: Mapping[str, tuple[tuple[str, ...], int]] = {
    **dict.fromkeys(("Linear", "LinearGeneral"), (("in_features", "out_features"), 2)),
    **dict.fromkeys(("Conv", "ConvTranspose"), (("in_features", "out_features", "kernel_size", "strides"), 3)),
    **dict.fromkeys(("BatchNorm", "LayerNorm", "RMSNorm", "InstanceNorm"), (("num_features",), 1)),
    **dict.fromkeys(
        ("GRUCell", "LSTMCell", "OptimizedLSTMCell", "SimpleCell"), (("in_features", "hidden_features"), 2)
    ),
    "GroupNorm": (("num_features", "num_groups", "group_size"), 1),
    "Einsum": (("einsum_str", "kernel_shape", "bias_shape"), 2),
    "Embed": (("num_embeddings", "features"), 2),
    "MultiHeadAttention": (
        ("num_heads", "in_features", "qkv_features", "out_features", "num_kv_heads", "in_kv_features"), 2,
    ),
}  # fmt: skip
# NNX has these too, with another meaning.
SAME_NAME = {"GroupNorm": {"reduction_axes"}, "WeightNorm": {"variable_filter"}}

RULE = Rule(
    "NNX816",
    "layer-arguments",
    "`nnx.{layer}` {problems}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


def make():
    return nnx.BatchNorm(False, rngs=nnx.Rngs(0))
''',
            nnx='''
from flax import nnx


def make():
    return nnx.BatchNorm(2, use_running_average=False, rngs=nnx.Rngs(0))
''',
        ),
        Example(
            linen='''
from flax import nnx


def make():
    return nnx.Linear(features=2, name="out")
''',
            nnx='''
from flax import nnx


def make():
    return nnx.Linear(in_features=2, out_features=2, rngs=nnx.Rngs(0))
''',
        ),
        Example(
            linen='''
from flax import nnx


def make():
    return nnx.Einsum((2, 2), "bi,ij->bj", rngs=nnx.Rngs(0))
''',
            nnx='''
from flax import nnx


def make():
    return nnx.Einsum("bi,ij->bj", (2, 2), rngs=nnx.Rngs(0))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction, with all that is wrong."""
    layer = nnx.name(call.func, facts)
    if layer is None or layer not in nnx.LAYERS:
        return
    problems = [*_keywords(layer, call), *_places(layer, call), *_missing(layer, call)]
    if problems:
        yield call, {"layer": layer, "problems": "; ".join(problems)}


def _keywords(layer: str, call: ast.Call) -> Iterator[str]:
    """Keywords that only the Linen layers of which this is the twin take."""
    twins = [twin for twin in LAYERS.values() if twin.nnx == layer]
    renames = {old: new for twin in twins for old, new in twin.renames.items()}
    dropped = {old: advice for twin in twins for old, advice in twin.dropped.items()}
    for name in (keyword.arg for keyword in call.keywords if keyword.arg):
        if name in SAME_NAME.get(layer, ()):
            continue
        if name == "name":
            yield "has no `name=`: the attribute that holds the layer names it"
        elif name == "parent":
            yield "has no `parent=`: delete it"
        elif name in renames:
            yield f"has no `{name}=`: it is called `{renames[name]}=`"
        elif name in dropped:
            yield f"has no `{name}=`: {dropped[name]}"


def _places(layer: str, call: ast.Call) -> Iterator[str]:
    """Positional arguments that can only be meant for Linen's parameters."""
    names, _ = PLACES.get(layer, ((), 0))
    first = call.args[0] if call.args else None
    if names[:1] == ("num_features",) and first is not None and _is_flag(first):
        yield f"takes `num_features` first: `{ast.unparse(first)}` makes a layer for other features"
    elif layer == "Einsum" and (
        isinstance(first, (ast.Tuple, ast.List))
        or (len(call.args) > 1 and isinstance(call.args[1], ast.Constant) and isinstance(call.args[1].value, str))
    ):
        yield "takes the equation first and the shape second"


def _is_flag(node: ast.expr) -> bool:
    """Whether an expression is a truth value, None or a small float, and so no number of features."""
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, (bool, float))
    return isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def _missing(layer: str, call: ast.Call) -> Iterator[str]:
    """Parameters without a default that the call does not give."""
    names, needed = PLACES.get(layer, ((), 0))
    if not names or any(keyword.arg is None for keyword in call.keywords):
        return
    given = {keyword.arg for keyword in call.keywords}
    twins = [twin for twin in LAYERS.values() if twin.nnx == layer]
    given |= {new for twin in twins for old, new in twin.renames.items() if old in given}
    if not any(isinstance(arg, ast.Starred) for arg in call.args):
        lacking = [name for name in names[len(call.args): needed] if name not in given]
        if lacking:
            yield f"needs `{'=`, `'.join(lacking)}=`"
    if "rngs" not in given:
        yield "needs `rngs=`"
