"""Constants in the table, known by their bytes; one that repeats a single number is a view of that number."""
from __future__ import annotations

from typing import Any

import numpy as np

from flake8_nnx.verify.prove import params as parameters
from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.table import Node, Params, Refuse, Table


def array(table: Table, data: np.ndarray[Any, Any]) -> int:
    """The value of an array of constants."""
    if data.dtype == object:
        raise Refuse("a constant is no array")
    if data.ndim and data.size:
        first = data.reshape(-1)[:1]
        if data.tobytes() == first.tobytes() * data.size:
            return views.broadcast_scalar(table, array(table, first[0]), parameters.shape(data.shape))
    small = data.shape == () and data.dtype.kind in "biuf"
    about: Params = (
        ("data", parameters.array(data)),
        ("shown", str(data) if data.shape == () else f"constant{list(data.shape)}"),
        ("value", int(data) if small and data.dtype.kind in "iu" else None),
        ("zero", bool(data.shape == () and data == 0)),
    )
    return table.make(Node("const", (), about, parameters.shape(data.shape), str(data.dtype)))


def number(table: Table, value: float, dtype: str) -> int:
    """The value of one float, rounded to the dtype."""
    return array(table, np.asarray(value, dtype))


def number_of(table: Table, value: int) -> float | None:
    """The float that a value is, where it is the constant of one."""
    node = table.nodes[value]
    if node.op != "const" or node.shape != () or node.dtype not in ("float32", "float64"):
        return None
    return float(np.frombuffer(node.param("data")[2], node.dtype)[0])
