"""Sizes as constructor parameters: those that the source does not tell, and where the Linen variables tell them.

A layer whose input nobody can follow takes its size as a parameter named after it, `dense_1_in_features`.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.lines import quoted
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

KERNEL = [["params/kernel", -2]]
FEATURES = [["params/scale", -1], ["params/bias", -1], ["batch_stats/mean", -1]]
ATTENTION = ("MultiHeadDotProductAttention", "MultiHeadAttention", "SelfAttention")
# Linen layer -> its size parameter and the leaves and axes that tell it.
TOLD: Mapping[str, tuple[str, list[list[Any]]]] = {
    "Dense": ("in_features", KERNEL),
    "Conv": ("in_features", KERNEL),
    **dict.fromkeys(("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm"), ("num_features", FEATURES)),
    **dict.fromkeys(ATTENTION, ("in_features", [["params/query/kernel", -3]])),
}
TOLD_BESIDES = dict.fromkeys(ATTENTION, ("in_kv_features", [["params/key/kernel", -3]]))
# With these the axis is not the size.
OTHERWISE = {"feature_group_count", "feature_axes", "axis", "reduction_axes"}


@dataclass
class Sizes:
    """The size parameters of one class while it is planned."""

    taken: set[str]
    opened: dict[str, str] = field(default_factory=dict)  # parameter -> size, shape or dtype
    told: dict[Site, dict[str, Any]] = field(default_factory=dict)  # what the slot of a site says of parameters

    def open(self, site: Site, size: str, name: str, kind: str) -> str | None:
        """A parameter of this name for a size; None where it cannot be one, as for layers that differ from turn to turn."""
        assert site.ref is not None
        built_in = site.ref.linen is not None
        if built_in and (site.loops or TOLD.get(site.ref.linen or "", ("",))[0] != size or set(site.keywords) & OTHERWISE):
            return None
        if name in self.taken:
            return None
        self.opened.setdefault(name, kind)
        return name

    def note(self, site: Site, sizes: Mapping[str, str], parameters: Sequence[str]) -> None:
        """Remember which parameters of the class the variables of this site tell."""
        for size, text in sizes.items():
            if text in parameters or text in self.opened:
                self.tell(site, size, text)

    def told_by_param(self, site: Site, shape: str, parameters: Sequence[str]) -> None:
        """Remember which parameters of the class are whole axes of a parameter with this shape."""
        parts = ast.parse(shape, mode="eval").body
        if not isinstance(parts, (ast.Tuple, ast.List)) or any(isinstance(part, ast.Starred) for part in parts.elts):
            return
        for axis, part in enumerate(parts.elts, -len(parts.elts)):  # from the end: under nn.vmap others stand before them
            if isinstance(part, ast.Name) and part.id in (*parameters, *self.opened):
                self.told.setdefault(site, {})[part.id] = axis

    def tell(self, site: Site, size: str, parameter: str) -> None:
        """Remember that this size of the site, in a loop that of its first turn, is that parameter."""
        assert site.ref is not None
        if site.ref.local is not None or site.ref.nnx is not None:
            self.told.setdefault(site, {})[parameter] = size
        elif not set(site.keywords) & OTHERWISE:
            for known in (TOLD, TOLD_BESIDES):
                told, leaves = known.get(site.ref.linen or "", ("", []))
                if told == size:
                    self.told.setdefault(site, {})[parameter] = leaves


def open_size(planner: Planner, site: Site, name: str, kind: str = "size", each: bool = False) -> str | None:
    """A parameter for a size that the source does not tell, refused where it cannot be one: where `each` turn has another."""
    stem, variable = planner.attributes.stem_of(site), input_of(planner, site)
    own = f"{variable}_features" if variable else f"{stem}_{name}"
    own = own.lstrip("_")  # what the caller has to give is not private, as `self._actor` is
    one = kind == "size" and bool(site.inputs) or not site.loops  # that each turn may have
    one = one and not each and (kind == "size" or not site.lifts)  # whose variables may have more axes
    text = planner.open.open(site, name, own, kind) if stem is not None and one else None
    if text is None:
        what = f"the input size ({name})" if kind == "size" else f"`{name}`"
        planner.refuse(
            site.call,
            f"{what} of `{quoted(site.call)}` cannot be told from the source",
            "compute its input with functions of known shape, or keep the Linen class for now",
        )
    return text


def input_of(planner: Planner, site: Site) -> str | None:
    """The variable that a layer runs on, where that keeps its value from there on: `context` gives `context_features`."""
    if site.ref is None or site.ref.linen is None or len(site.inputs) != 1:
        return None
    node, method, _ = site.inputs[0]
    value = node.args[0] if isinstance(node, ast.Call) and node.args and method == "__call__" else None
    function = planner.facts.names.enclosing(node, ast.FunctionDef)
    if not isinstance(value, ast.Name) or not isinstance(function, ast.FunctionDef):
        return None
    stores = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == value.id and isinstance(n.ctx, ast.Store)]
    if stores and value.id in {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}:
        return None  # `x_features` is the size of what the call is given
    loops = [n for n in ast.walk(function) if isinstance(n, (ast.For, ast.While))]
    changing = any(store in ast.walk(loop) for loop in loops for store in stores)
    return None if changing or any(store.lineno >= node.lineno for store in stores) else value.id


def open_sizes_of(planner: Planner, site: Site) -> Mapping[str, str]:
    """Sizes that the source of a class of this file does not tell, so that it has to be given them."""
    plan = planner.planned(site.ref.local) if site.ref is not None and site.ref.local is not None else None
    return plan.open_sizes if plan is not None else {}
