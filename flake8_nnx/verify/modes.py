"""Flags of a Linen method that are modes of the NNX module: a case runs in both, set by `train()` and `eval()`.

The variable map names them, `{"modes": {"__call__": {"train": true}}}`, with their value in training.
"""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flake8_nnx.case import Case
from flake8_nnx.verify.synthesis import UNTRAINED, trains
from flake8_nnx.verify.verdict import Unverifiable

STREAM = "dropout"  # which training draws from, whatever a case for evaluation says


@dataclass(frozen=True)
class ModeFlag:
    """The flag of the called method."""

    name: str
    training: bool
    place: int  # among the arguments by position

    def applied(self, model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments without the flag, after the model was put in the mode that it says."""
        if (kwargs[self.name] if self.name in kwargs else args[self.place]) is self.training:
            model.train()
        else:
            model.eval()
        return tuple(a for i, a in enumerate(args) if i != self.place), {k: v for k, v in kwargs.items() if k != self.name}


def mode_flag(method: Any, variable_map: Mapping[str, Any] | None) -> ModeFlag | None:
    """The flag of a Linen method that is a mode by this map."""
    found = ((variable_map or {}).get("modes") or {}).get(method.__name__, {})
    names = [name for name in inspect.signature(method).parameters if name != "self"]
    return next((ModeFlag(name, training, names.index(name)) for name, training in found.items() if name in names), None)


def in_both_modes(case: Case, module: Any, namespace: Mapping[str, Any], variable_map: Mapping[str, Any] | None) -> Case:
    """The case with a run in evaluation and one in training, where the map says that a flag became a mode.

    There is no run in training where that needs a mapped axis.

    Raises:
        Unverifiable: the module has the flag from its constructor.
    """
    method = getattr(type(module), case.method, None)
    flag = mode_flag(method, variable_map) if method is not None else None
    if method is None or flag is None:
        return case
    if getattr(module, flag.name, None) is not None:
        raise Unverifiable(f"the case for {case.target} gives `{flag.name}` to the constructor: it is a mode now, leave it out")
    names = [name for name in inspect.signature(method).parameters if name != "self"]
    args, kwargs = case.args[: flag.place], {**dict(zip(names[flag.place:], case.args[flag.place:])), **case.kwargs}
    both = replace(
        case,
        args=args,
        kwargs={**kwargs, flag.name: not flag.training},
        train_kwargs={**(case.train_kwargs or {}), flag.name: flag.training},
        rngs=tuple(dict.fromkeys((*case.rngs, STREAM))),
    )
    if UNTRAINED in case.origin or case.train_kwargs is None and not trains(namespace, both):
        origin = case.origin if UNTRAINED in case.origin else f"{case.origin}, {UNTRAINED}"
        return replace(both, train_kwargs=None, origin=origin)
    return both
