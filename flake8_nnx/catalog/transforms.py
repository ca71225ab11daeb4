"""Lifted transforms of `flax.linen` and what each of their arguments is in `flax.nnx`.

Compared with the installed flax by `tests/catalog`, so that a drift between the two fails there.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Transform:
    """How one lifted transform is spelled in NNX.

    linen, nnx: its names; `nnx` is empty where there is no such function.
    args: parameters in positional order, the target first.
    renames: Linen parameter -> NNX parameter.
    dropped: Linen parameter without a twin -> what to do instead; empty where the rules say it in their own words.
    neutrals: Linen parameter -> texts that ask for nothing special, besides its default.
    variadic: the parameter that takes all further positional arguments, or empty.
    """

    linen: str
    nnx: str
    args: tuple[str, ...]
    renames: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    neutrals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variadic: str = ""

    def neutral(self, name: str) -> tuple[str, ...]:
        """Texts of an option that may be left out."""
        return ("None", *self.neutrals.get(name, ()))


ALL = "nnx transforms see the whole module"
NOTHING = ("()", "{}", "[]")
VISIBLE = {"variables": ALL, "rngs": ALL}
EVERYTHING = {"variables": ("True",), "rngs": ("True",)}
AXES = {"variable_axes": "", "split_rngs": ""}
SHARED = {"variable_broadcast": "", "variable_carry": ""}
REMAT_ARGS = (
    "target", "variables", "rngs", "concrete", "prevent_cse", "static_argnums", "policy", "methods",
)  # fmt: skip
REMAT_DROPPED = {**VISIBLE, "concrete": "jax traces every argument that is not static", "methods": ""}
REMAT_NEUTRAL = {
    **EVERYTHING, "concrete": ("False",), "prevent_cse": ("True",), "static_argnums": NOTHING,
}  # fmt: skip
GRAD = ("fn", "mdl", "primals", "has_aux", "reduce_axes", "variables", "rngs")
GRAD_NEUTRAL = {**EVERYTHING, "has_aux": ("False",), "reduce_axes": NOTHING}
METADATA = {"metadata_params": "transform_metadata"}

TRANSFORMS: Mapping[str, Transform] = {
    each.linen: each
    for each in (
        Transform(
            "scan", "nnx.scan",
            ("target", "variable_axes", "variable_broadcast", "variable_carry", "split_rngs", "in_axes", "out_axes",
             "length", "reverse", "unroll", "data_transform", "metadata_params", "methods", "_split_transpose",
             "check_constancy_invariants"),
            {"target": "f", **METADATA},
            {**AXES, **SHARED, "methods": "", "data_transform": "transform the values in the function that is scanned",
             "check_constancy_invariants": "nnx.scan has no such check"},
            {"reverse": ("False",), "unroll": ("1",), "metadata_params": NOTHING, "_split_transpose": ("False",),
             "check_constancy_invariants": ("True",)},
        ),
        Transform(
            "vmap", "nnx.vmap",
            ("target", "variable_axes", "split_rngs", "in_axes", "out_axes", "axis_size", "axis_name", "spmd_axis_name",
             "metadata_params", "methods"),
            {"target": "f", **METADATA}, {**AXES, "methods": ""}, {"metadata_params": NOTHING},
        ),
        Transform("remat", "nnx.remat", REMAT_ARGS, {"target": "f"}, REMAT_DROPPED, REMAT_NEUTRAL),
        Transform("checkpoint", "nnx.remat", REMAT_ARGS, {"target": "f"}, REMAT_DROPPED, REMAT_NEUTRAL),
        Transform(
            "remat_scan", "",
            ("target", "lengths", "policy", "variable_broadcast", "variable_carry", "variable_axes", "split_rngs"),
            dropped={"target": "", "lengths": "", "policy": "", **SHARED, **AXES},
        ),
        Transform(
            "jit", "nnx.jit",
            ("target", "variables", "rngs", "static_argnums", "static_argnames", "donate_argnums", "device", "backend",
             "methods"),
            {"target": "fun"}, {**VISIBLE, "methods": ""},
            {**EVERYTHING, "static_argnums": NOTHING, "static_argnames": NOTHING, "donate_argnums": NOTHING},
        ),
        Transform("grad", "nnx.grad", GRAD, {"fn": "f"}, {"mdl": "", "primals": "", **VISIBLE}, GRAD_NEUTRAL, "primals"),
        Transform(
            "value_and_grad", "nnx.value_and_grad", GRAD,
            {"fn": "f"}, {"mdl": "", "primals": "", **VISIBLE}, GRAD_NEUTRAL, "primals",
        ),
        Transform(
            "vjp", "nnx.vjp",
            ("fn", "mdl", "primals", "has_aux", "reduce_axes", "vjp_variables", "variables", "rngs", "multi_scope"),
            {"fn": "f"},
            {"mdl": "", **VISIBLE, "vjp_variables": "", "multi_scope": ALL},
            {**GRAD_NEUTRAL, "vjp_variables": ("'params'",), "multi_scope": ("False",)},
            "primals",
        ),
        Transform(
            "jvp", "nnx.jvp", ("fn", "mdl", "primals", "tangents", "variable_tangents", "variables", "rngs"),
            {"fn": "f"}, {"mdl": "", "variable_tangents": "", **VISIBLE}, EVERYTHING,
        ),
        Transform(
            "custom_vjp", "nnx.custom_vjp", ("fn", "forward_fn", "backward_fn", "grad_vars", "nondiff_argnums"),
            {"fn": "fun"}, {"forward_fn": "", "backward_fn": "", "grad_vars": ""},
            {"grad_vars": ("'params'",), "nondiff_argnums": NOTHING},
        ),
        Transform(
            "while_loop", "nnx.while_loop",
            ("cond_fn", "body_fn", "mdl", "init", "carry_variables", "broadcast_variables", "split_rngs"),
            {"cond_fn": "cond_fun", "body_fn": "body_fun", "init": "init_val"},
            {"mdl": "", "carry_variables": "", "broadcast_variables": "", "split_rngs": ""},
        ),
        Transform(
            "cond", "nnx.cond", ("pred", "true_fun", "false_fun", "mdl", "operands", "variables", "rngs"),
            {}, {"mdl": "", **VISIBLE}, EVERYTHING, "operands",
        ),
        Transform(
            "switch", "nnx.switch", ("index", "branches", "mdl", "operands", "variables", "rngs"),
            {}, {"mdl": "", **VISIBLE}, EVERYTHING, "operands",
        ),
        Transform(
            "map_variables", "",
            ("target", "mapped_collections", "trans_in_fn", "trans_out_fn", "init", "mutable", "rngs", "variables",
             "methods"),
            dropped=dict.fromkeys(
                ("target", "mapped_collections", "trans_in_fn", "trans_out_fn", "init", "mutable", "rngs", "variables",
                 "methods"), "",
            ),
        ),
        Transform(
            "add_metadata_axis", "nnx.transform_metadata", ("target", "variable_axes", "metadata_params"),
            {"target": "f", "metadata_params": "partition"}, {"variable_axes": ""},
        ),
        Transform(
            "fold_rngs", "", ("target", "variables", "rngs"), dropped={"target": "", "variables": "", "rngs": ""},
        ),
    )
}  # fmt: skip
