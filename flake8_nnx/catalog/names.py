"""Every public name of `flax.linen`: what becomes of it in NNX, and which rules say so.

Put together from the catalogue of layers, transforms, helpers and functions; `tests/catalog` compares it with the
installed flax.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from flake8_nnx.catalog.functions import FUNCTIONS
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.moved import MOVED
from flake8_nnx.catalog.sharding import HELPERS
from flake8_nnx.catalog.transforms import TRANSFORMS

Fate = Literal["unchanged", "renamed", "signature", "none", "module"]


@dataclass(frozen=True)
class Name:
    """One name.

    fate: `unchanged`: `nnx` is the same object or one that does the same; `renamed`: the same under another name;
        `signature`: its twin takes other arguments; `none`: no twin; `module`: its names are judged one by one.
    nnx: dotted name of the twin, or empty.
    rules: codes that report it; empty for what is unchanged.
    """

    linen: str
    fate: Fate
    nnx: str = ""
    rules: tuple[str, ...] = ()


MODULES = (
    "activation attention batch_apply combinators dtypes fp8_ops kw_only_dataclasses linear meta module normalization "
    "pooling recurrent spmd stochastic summary transforms"
).split()
# Rules on names that stand in no other part of the catalogue.
OTHERS = (
    Name("Module", "signature", "nnx.Module", ("NNX103",)),
    Name("RNNCellBase", "signature", "nnx.RNNCellBase", ("NNX103",)),
    Name("compact", "none", rules=("NNX101",)),
    Name("apply", "none", rules=("NNX317",)),
    Name("init", "none", rules=("NNX317",)),
    Name("init_with_output", "none", rules=("NNX317",)),
    Name("broadcast", "none", rules=("NNX501", "NNX502")),
    Name("nowrap", "none", rules=("NNX211",)),
    Name("share_scope", "none", rules=("NNX212",)),
    Name("merge_param", "none", rules=("NNX213",)),
    Name("FrozenDict", "none", rules=("NNX701",)),
    Name("intercept_methods", "none", rules=("NNX707",)),
    Name("tabulate", "signature", "nnx.tabulate", ("NNX706",)),
)
TRANSFORM_RULES: Mapping[str, str] = {
    "scan": "NNX501",
    "vmap": "NNX502",
    **dict.fromkeys(("remat", "checkpoint"), "NNX503"),
    "remat_scan": "NNX504",
    "jit": "NNX505",
    **dict.fromkeys(("grad", "value_and_grad", "vjp", "jvp"), "NNX506"),
    "custom_vjp": "NNX507",
    **dict.fromkeys(("cond", "switch", "while_loop"), "NNX508"),
    "map_variables": "NNX509",
    **dict.fromkeys(("add_metadata_axis", "fold_rngs"), "NNX510"),
}
HELPER_RULES: Mapping[str, str] = {
    **dict.fromkeys(("with_partitioning", "with_logical_partitioning"), "NNX601"),
    "with_logical_constraint": "NNX602",
    **dict.fromkeys(("Partitioned", "LogicallyPartitioned", "unbox"), "NNX603"),
    **dict.fromkeys(("get_logical_axis_rules", "set_logical_axis_rules"), "NNX604"),
    **dict.fromkeys(
        ("get_partition_spec", "get_sharding", "logical_to_mesh", "logical_to_mesh_axes", "logical_to_mesh_sharding"),
        "NNX605",
    ),
}
# Public in modules of flax.linen, but not in flax.linen itself.
INNER = ("promote_dtype",)


def _names() -> Iterator[Name]:
    for layer in LAYERS.values():
        if layer.refuse:
            yield Name(layer.linen, "none" if not layer.nnx else "signature", layer.nnx and f"nnx.{layer.nnx}", ("NNX112",))
        else:
            rules = ("NNX110",) if layer.lazy else ("NNX111", "NNX113")
            yield Name(layer.linen, "signature", f"nnx.{layer.nnx}", rules)
    for name, twin in FUNCTIONS.items():
        if "." not in name and name not in MOVED:
            yield Name(name, "unchanged", twin)
    for name, moved in MOVED.items():
        if name not in INNER:
            fate: Fate = "none" if not moved.nnx else "signature" if moved.dropped or moved.advice else "renamed"
            yield Name(name, fate, moved.nnx, ("NNX114",))
    for transform in TRANSFORMS.values():
        rule = TRANSFORM_RULES[transform.linen]
        yield Name(transform.linen, "signature" if transform.nnx else "none", transform.nnx, (rule,))
    for helper in HELPERS.values():
        if helper.linen in HELPER_RULES:
            same = not helper.renames and not helper.dropped and helper.nnx.startswith("flax.core")
            fate = "none" if not helper.nnx else "renamed" if same else "signature"
            yield Name(helper.linen, fate, helper.nnx, (HELPER_RULES[helper.linen],))
    yield from OTHERS
    yield from (Name(name, "module") for name in MODULES)


NAMES: Mapping[str, Name] = {name.linen: name for name in _names()}
