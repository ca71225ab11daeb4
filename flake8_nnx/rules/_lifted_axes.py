"""Axes of scan and vmap: which variables are stacked, shared or carried, and the axes of the inputs.

Written as NNX wants them: the module is one input more, and a broadcast input has the axis None.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_nnx.rules import _text
from flake8_nnx.rules._lifted import Lift, Run, in_init
from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.literals import is_none

MAX_INPUT = 24
BROADCAST = (f"{LINEN}broadcast", "flax.core.broadcast", "flax.core.lift.broadcast")


@dataclass(frozen=True)
class Layout:
    """What a transform does with the variables of a module.

    axis: the axis on which parameters are stacked; None where all turns share them.
    others: collections on another axis than the parameters, with their axes.
    carried: collections that move from turn to turn.
    shared: collections that stacked modules share.
    split, unsplit: random streams besides `params` that differ from turn to turn, or do not.
    unsplit_params: whether stacked parameters all start with the same values.
    """

    axis: str | None
    others: tuple[str, ...]
    carried: tuple[str, ...]
    shared: tuple[str, ...]
    split: tuple[str, ...]
    unsplit: tuple[str, ...]
    unsplit_params: bool


def layout(lift: Lift, facts: Facts) -> Layout:
    """The layout of the variables, as far as the options are literals."""
    axes: dict[str, str | None] = {}
    for key, value in _entries(lift.given.get("variable_axes")):
        for name in collections(key):
            axes[name] = axis_text(value, facts)
    splits = {
        name: not (isinstance(value, ast.Constant) and value.value is False)
        for key, value in _entries(lift.given.get("split_rngs"))
        for name in collections(key)
    }
    axis = axes.get("params", axes.get("True"))
    others = tuple(f"`{name}` on {value}" for name, value in axes.items() if value not in (None, axis))
    broadcast = [name for name, value in axes.items() if value is None]
    broadcast += collections(lift.given.get("variable_broadcast"))
    return Layout(
        axis=axis,
        others=others if axis is not None else (),
        carried=tuple(collections(lift.given.get("variable_carry"))),
        shared=tuple(dict.fromkeys(broadcast)) if axis is not None else (),
        split=tuple(name for name, value in splits.items() if value and name not in ("params", "True")),
        unsplit=tuple(name for name, value in splits.items() if not value and name != "params"),
        unsplit_params=axis is not None and splits.get("params") is False,
    )


def readable(lift: Lift) -> bool:
    """Whether the axes of variables are written as a literal, or left out."""
    node = lift.given.get("variable_axes")
    if isinstance(node, ast.Dict):
        return None not in node.keys
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("dict", "FrozenDict"):
        return all(keyword.arg for keyword in node.keywords) and all(isinstance(arg, ast.Dict) for arg in node.args)
    return node is None


def unread(lift: Lift) -> str:
    """What to do where the axes cannot be read."""
    if "variable_axes" not in lift.given:
        return ""
    return f"; the axis of the module is that of the parameters in `variable_axes={_text.quote(lift.given['variable_axes'])}`"


def collections(node: ast.expr | None) -> list[str]:
    """The names in a filter of collections: `'params'`, `['params', 'cache']`, `True`."""
    if node is None or (isinstance(node, ast.Constant) and not node.value):
        return []
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [name for element in node.elts for name in collections(element)]
    return [_text.quote(node)]


def _entries(node: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Keys and values of `{'params': 0}` and `dict(params=0)`."""
    if isinstance(node, ast.Dict):
        yield from ((key, value) for key, value in zip(node.keys, node.values) if key is not None)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("dict", "FrozenDict"):
        yield from ((ast.Constant(k.arg), k.value) for k in node.keywords if k.arg)
        for argument in node.args:
            yield from _entries(argument)


def axis_text(node: ast.expr, facts: Facts) -> str | None:
    """Source of one axis; None for a broadcast value."""
    if is_none(node) or facts.origin(node) in BROADCAST:
        return None
    if isinstance(node, ast.Call) and node.args:  # In(0), Out(0)
        return axis_text(node.args[0], facts)
    return _text.quote(node)


def input_axes(node: ast.expr | None, count: int | None, facts: Facts) -> tuple[list[str], bool]:
    """The axes of the inputs, and whether the last one stands for each further input."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return [_nested(element, facts) for element in node.elts], False
    axis = _nested(node, facts) if node is not None else "0"
    return ([axis], True) if count is None else ([axis] * count, False)


def _nested(node: ast.expr, facts: Facts) -> str:
    """An axis, or a tree of axes, with None for every broadcast."""
    if facts.origin(node) in BROADCAST:
        return "None"
    if isinstance(node, (ast.Tuple, ast.List)):
        parts = [_nested(element, facts) for element in node.elts]
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    return _text.quote(node)


def splits(lift: Lift, option: str, axes: list[str], facts: Facts) -> tuple[str, list[str]]:
    """The number of modules, and where it comes from when it is not written."""
    if option in lift.given and lift.text(option) != "None":
        return in_init(lift.given[option], facts), []
    axis = next((axis for axis in axes if axis != "None"), "0")
    return "n", [f"n is the size of axis {axis} of the inputs"]


def metadata(lift: Lift) -> str:
    """`, transform_metadata={nnx.PARTITION_NAME: 'layers'}` where the metadata of the new axis is written."""
    text = lift.text("metadata_params")
    if text is None or text in lift.transform.neutral("metadata_params"):
        return ""
    named = text.replace("nn.PARTITION_NAME", "nnx.PARTITION_NAME").replace("nn.meta.PARTITION_NAME", "nnx.PARTITION_NAME")
    return f", transform_metadata={named}"


def notes(lift: Lift, found: Layout, run: Run) -> Iterator[str]:
    """What else has to change for the options that are written."""
    if found.others:
        yield f"NNX gives all variables of a module one axis, so {_text.listed(list(found.others))} moves to {found.axis}"
    if found.axis not in (None, "0"):
        yield f"axis {found.axis} needs a module without random streams and scalars, else take 0"
    if found.unsplit_params:
        yield "Linen gave all copies the same initial parameters"
    if found.axis is not None and found.unsplit:
        yield f"Linen gave all copies the same {_streams(found.unsplit)}"
    if run.call is not None and run.call.keywords and all(k.arg for k in run.call.keywords):
        yield f"close over {_text.listed([f'`{k.arg}`' for k in run.call.keywords])}, which is not mapped"
    methods = lift.given.get("methods")
    if isinstance(methods, ast.Dict):
        names = [f"`{ast.literal_eval(key)}`" for key in methods.keys if isinstance(key, ast.Constant)]
        yield f"one function for each of {_text.listed(names)}, with its own axes" if names else "one for each method"
    elif methods is not None and ast.unparse(methods) != "None":
        yield f"one function for each of {_text.quote(methods)}"


def _streams(names: tuple[str, ...]) -> str:
    return _text.listed([f"`{name}`" for name in names]) + (" stream" if len(names) == 1 else " streams")


def input_names(inputs: list[ast.expr] | None) -> list[str]:
    """How a function that takes the inputs would name them."""
    texts = [_text.one_line(ast.unparse(node)) for node in inputs or []]
    return [text if len(text) <= MAX_INPUT else f"input{i or ''}" for i, text in enumerate(texts)]


def is_flag(node: ast.expr) -> bool:
    """Whether an input is certainly a Python value that a trace would lose."""
    flags = ("train", "training", "deterministic", "is_training", "use_running_average")
    return (isinstance(node, ast.Constant) and isinstance(node.value, (bool, str))) or (
        isinstance(node, ast.Name) and node.id in flags
    )
