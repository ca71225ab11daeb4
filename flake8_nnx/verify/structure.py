"""The structure of both sides, before anything runs: every variable has its one counterpart of the same shape, dtype and kind."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flax import nnx

from flake8_nnx.verify.verdict import Different, Unverifiable


def check_map(
    names: Mapping[str, str], linen: Mapping[str, Any], new: Mapping[str, Any], hint: str = "", complete: bool = True
) -> None:
    """The map is one to one, complete on both sides, and keeps shape, dtype and kind of every variable.

    Raises:
        Unverifiable: the map itself is wrong.
        Different: the variables are; `hint` is added, and NNX variables without a counterpart pass unless `complete`.
    """
    for old, target in names.items():
        if old not in linen:
            raise Unverifiable(f"the variable map names {old}, which the Linen module does not have")
        if target not in new:
            raise Unverifiable(f"the variable map names {target}, which the NNX module does not have")
    twice = [target for target in names.values() if list(names.values()).count(target) > 1]
    if twice:
        raise Unverifiable(f"the variable map uses {twice[0]} twice")
    for old, shape in linen.items():
        if old not in names:
            layer = _layer(old, names)
            raise Different(f"the Linen variable {old} {spelled(shape)} has no counterpart in the NNX module{layer}{hint}")
        value = new[names[old]].get_value()
        if tuple(value.shape) != tuple(shape.shape) or value.dtype != shape.dtype:
            raise Different(f"{old} is {spelled(shape)} in Linen and {spelled(value)} in NNX ({names[old]})")
        _check_kind(old, names[old], new[names[old]])
    if complete:
        for target, variable in new.items():
            if target not in names.values():
                raise Different(f"the NNX variable {target} {spelled(variable.get_value())} has no counterpart in Linen{hint}")


def _layer(old: str, names: Mapping[str, str]) -> str:
    """The NNX layer that has the other variables of this one's layer, where there is one."""
    beside = {new.rpartition("/")[0] for path, new in names.items() if path.rpartition("/")[0] == old.rpartition("/")[0]}
    return f"; its layer is {beside.pop()}" if len(beside) == 1 and "" not in beside else ""


def _check_kind(old: str, target: str, variable: Any) -> None:
    collection = old.split("/")[0]
    wanted = {"params": nnx.Param, "batch_stats": nnx.BatchStat, "cache": nnx.Cache}.get(collection)
    if wanted is not None and not isinstance(variable, wanted):
        raise Different(f"{old} is an nnx.{type(variable).__name__} in NNX ({target}), not an nnx.{wanted.__name__}")
    if wanted is None and isinstance(variable, nnx.Param):
        raise Different(f"{old} is an nnx.Param in NNX ({target}), so an optimiser would train it")


def spelled(value: Any) -> str:
    return f"{value.dtype}{list(value.shape)}"
