"""Sharding helpers of Linen: the modules that name them, their parameters, and the NNX name where there is one.

Compared with the installed flax by `tests/catalog`, so that a drift between the two fails there.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Modules that hold the same functions under the same names; `flax.linen` itself comes first.
HOMES = ("flax.linen", "flax.linen.spmd", "flax.linen.meta", "flax.core.meta", "flax.linen.partitioning")


@dataclass(frozen=True)
class Helper:
    """One helper.

    linen, nnx: its names; `nnx` is dotted, and empty where nothing of the kind is left.
    args: parameters in positional order, then those that are keywords only.
    renames: Linen parameter -> NNX parameter.
    dropped: Linen parameters that the NNX function does not take.
    home: the module of a helper that `flax.linen` itself does not export.
    """

    linen: str
    nnx: str
    args: tuple[str, ...]
    renames: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    home: str = "flax.linen"


LEGACY = "flax.linen.partitioning"
META = "flax.core.meta"
BOX = ("value", "names", "mesh")
NAMES = {"names": "sharding", "fn": "initializer"}
WITH_AXES = ("axes", "module")
SCAN = (
    "target", "variable_axes", "variable_broadcast", "variable_carry", "split_rngs", "in_axes", "out_axes", "length",
    "reverse", "unroll", "axis_name", "axes_collections", "data_transform", "methods",
)  # fmt: skip
VMAP = (
    "target", "variable_axes", "split_rngs", "in_axes", "out_axes", "axis_size", "axis_name", "partitioning_axis_names",
    "spmd_axis_name", "methods",
)  # fmt: skip

HELPERS: Mapping[str, Helper] = {
    each.linen: each
    for each in (
        Helper("with_partitioning", "nnx.with_partitioning", ("fn", "names", "mesh"), NAMES),
        Helper(
            "with_logical_partitioning", "nnx.with_partitioning", ("fn", "names", "mesh", "rules"),
            {**NAMES, "rules": "sharding_rules"},
        ),
        Helper(
            "with_logical_constraint", "jax.lax.with_sharding_constraint",
            ("x", "logical_axis_resources", "rules", "mesh", "fallback"),
            {"logical_axis_resources": "shardings"}, ("rules", "mesh", "fallback"),
        ),
        Helper("Partitioned", "nnx.Param", BOX),
        Helper("LogicallyPartitioned", "nnx.Param", (*BOX, "rules")),
        Helper("unbox", "", ("tree",)),
        Helper("replace_boxed", "", ("tree", "updates"), home=META),
        Helper("is_axis_metadata", "", ("val",), home=META),
        Helper("map_axis_meta", "", ("fn", "tree"), home=META),
        Helper("add_axis", "", ("tree", "index", "params"), home=META),
        Helper("remove_axis", "", ("tree", "index", "params"), home=META),
        Helper("get_logical_axis_rules", "flax.core.spmd.get_logical_axis_rules", ()),
        Helper("set_logical_axis_rules", "flax.core.spmd.set_logical_axis_rules", ("rules",)),
        Helper("get_partition_spec", "nnx.get_partition_spec", ("tree",)),
        Helper("get_sharding", "nnx.get_named_sharding", ("tree", "mesh")),
        Helper("logical_to_mesh", "", ("tree", "rules")),
        Helper(
            "logical_to_mesh_axes", "flax.core.spmd.get_pspec", ("array_dim_names", "rules"),
            {"array_dim_names": "sharding", "rules": "sharding_rules"},
        ),
        Helper("logical_to_mesh_sharding", "nnx.get_named_sharding", ("tree", "mesh", "rules"), {}, ("rules",)),
        Helper("param_with_axes", "", ("name", "init_fn", "init_args", *WITH_AXES, "init_kwargs"), home=LEGACY),
        Helper(
            "variable_with_axes", "",
            ("collection", "name", "init_fn", "init_args", *WITH_AXES, "fallback", "init_kwargs"), home=LEGACY,
        ),
        Helper("get_axis_names", "", ("axes_metadata",), home=LEGACY),
        Helper("scan_with_axes", "nnx.scan", SCAN, home=LEGACY),
        Helper("vmap_with_axes", "nnx.vmap", VMAP, home=LEGACY),
    )
}  # fmt: skip

# Both are `nnx.with_partitioning` where they are given an initialiser and names alone.
PARTITIONED = ("with_partitioning", "with_logical_partitioning")

# Other names of the same objects.
ALIASES: Mapping[str, str] = {
    f"{LEGACY}.with_sharding_constraint": "with_logical_constraint",
    f"{LEGACY}.set_axis_rules": "set_logical_axis_rules",
    f"{LEGACY}.get_axis_rules": "get_logical_axis_rules",
}


def helper(origin: str | None) -> Helper | None:
    """The helper with this dotted name, whichever module names it."""
    if not origin or not origin.startswith("flax."):
        return None
    if origin in ALIASES:
        return HELPERS[ALIASES[origin]]
    home, _, name = origin.rpartition(".")
    found = HELPERS.get(name) if home in HOMES else None
    return found if found is not None and (found.home == home or home != "flax.linen") else None
