"""Variable collections of Linen and the Variable types that hold the same in NNX."""
from __future__ import annotations

import re
from collections.abc import Mapping

COLLECTIONS: Mapping[str, str] = {
    "params": "nnx.Param",
    "batch_stats": "nnx.BatchStat",
    "cache": "nnx.Cache",
    "intermediates": "nnx.Intermediate",
    "perturbations": "nnx.Perturbation",
}
# Names of flax.nnx that a generated subclass may not take.
TAKEN = frozenset({"Param", "BatchStat", "Cache", "Intermediate", "Perturbation", "Variable", "State", "Module", "Object"})


def variable_type(collection: str) -> str:
    """`nnx.BatchStat` for `batch_stats`; a subclass to write, `Counter`, for a collection of one's own."""
    if collection in COLLECTIONS:
        return COLLECTIONS[collection]
    words = [word for word in re.split(r"[^0-9A-Za-z]+", collection) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Custom"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}Variable" if name in TAKEN else name
