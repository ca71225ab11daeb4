"""Linen variables into an NNX model and back, one to one: every name, shape, dtype and kind must fit."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flax.linen as nn

from flake8_nnx.variable_map import resolve
from flake8_nnx.verify.sides import flat, flat_state, nested, own_variables, spell
from flake8_nnx.verify.structure import check_map


def load_linen_variables(model: Any, variables: Mapping[str, Any], variable_map: Mapping[str, Any]) -> None:
    """Put the variables of a Linen module, as `init` or a checkpoint gives them, into an NNX model in place.

    Args:
        model: the NNX module; nothing is changed unless everything fits.
        variables: `{"params": {...}, "batch_stats": {...}}`; boxed values (sharding metadata) are unboxed.
        variable_map: Linen path to NNX path (`params/Dense_0/kernel` to `dense_0/kernel`), or the slots that `migrate` writes.

    Raises:
        ValueError: a variable that only one side or only the map has, or one with another shape, dtype or kind.
    """
    values = flat(nn.unbox(dict(variables)))
    names, targets = _matched(model, values, variable_map)
    for old, new in names.items():
        targets[new].set_value(values[old])


def linen_variables(model: Any, like: Mapping[str, Any], variable_map: Mapping[str, Any]) -> dict[str, Any]:
    """The way back: the variables of an NNX model as those of the Linen module, for `apply` or a Linen checkpoint.

    Args:
        model: the NNX module, which is only read.
        like: the variables of the Linen module, or their shapes (`jax.eval_shape(module.init, …)`).
        variable_map: as for `load_linen_variables`.

    Raises:
        ValueError: a variable that only one side or only the map has, or one with another shape, dtype or kind.
    """
    names, targets = _matched(model, flat(nn.unbox(dict(like))), variable_map)
    return nested({old: targets[new].get_value() for old, new in names.items()})


def _matched(model: Any, values: Mapping[str, Any], variable_map: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """NNX path of every Linen variable, and the NNX variables by path."""
    targets = {spell(path): variable for path, variable in own_variables(flat_state(model)).items()}
    names = resolve(variable_map, values, targets) if "slots" in variable_map else dict(variable_map)
    try:
        check_map(names, values, targets)
    except Exception as error:
        raise ValueError(str(error)) from None
    return names, targets
