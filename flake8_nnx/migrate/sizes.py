"""Sizes as constructor parameters: those that the source does not tell, and where the Linen variables tell them.

A layer whose input nobody can follow takes its size as a parameter named after it, `dense_1_in_features`.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flake8_nnx.source.values import Site

KERNEL = [["params/kernel", -2]]
FEATURES = [["params/scale", -1], ["params/bias", -1], ["batch_stats/mean", -1]]
# Linen layer -> its size parameter and the leaves and axes that tell it.
TOLD: Mapping[str, tuple[str, list[list[Any]]]] = {
    "Dense": ("in_features", KERNEL),
    "Conv": ("in_features", KERNEL),
    **dict.fromkeys(("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm"), ("num_features", FEATURES)),
    **dict.fromkeys(
        ("MultiHeadDotProductAttention", "MultiHeadAttention", "SelfAttention"),
        ("in_features", [["params/query/kernel", -3]]),
    ),
}
# With these the axis is not the size.
OTHERWISE = {"feature_group_count", "feature_axes", "axis", "reduction_axes"}


@dataclass
class Sizes:
    """The size parameters of one class while it is planned."""

    taken: set[str]
    opened: list[str] = field(default_factory=list)
    told: dict[Site, dict[str, Any]] = field(default_factory=dict)  # what the slot of a site says of parameters

    def open(self, site: Site, size: str, name: str) -> str | None:
        """A parameter of this name for a size; None where it cannot be one, as for layers that differ from turn to turn."""
        assert site.ref is not None
        built_in = site.ref.linen is not None
        if built_in and (site.loops or TOLD.get(site.ref.linen or "", ("",))[0] != size or set(site.keywords) & OTHERWISE):
            return None
        if name in self.taken:
            return None
        if name not in self.opened:
            self.opened.append(name)
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
        for axis, part in enumerate(parts.elts):
            if isinstance(part, ast.Name) and part.id in (*parameters, *self.opened):
                self.told.setdefault(site, {})[part.id] = axis

    def tell(self, site: Site, size: str, parameter: str) -> None:
        """Remember that this size of the site, in a loop that of its first turn, is that parameter."""
        assert site.ref is not None
        if site.ref.local is not None or site.ref.nnx is not None:
            self.told.setdefault(site, {})[parameter] = size
        elif TOLD.get(site.ref.linen or "", ("",))[0] == size and not set(site.keywords) & OTHERWISE:
            self.told.setdefault(site, {})[parameter] = TOLD[site.ref.linen or ""][1]
