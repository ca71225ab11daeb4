"""Loads Linen variables into an NNX model, one to one: every name, shape, dtype and kind must fit."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flax.linen as nn

from flake8_nnx.variable_map import resolve
from flake8_nnx.verify.sides import flat, flat_state, own_variables, spell
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
    targets = {spell(path): variable for path, variable in own_variables(flat_state(model)).items()}
    names = resolve(variable_map, values, targets) if "slots" in variable_map else dict(variable_map)
    try:
        check_map(names, values, targets)
    except Exception as error:
        raise ValueError(str(error)) from None
    for old, new in names.items():
        targets[new].set_value(values[old])
