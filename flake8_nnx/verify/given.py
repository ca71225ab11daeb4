"""Linen modules and classes that the fields of a case hold, as the NNX classes take them.

A built-in layer is made anew, with the sizes that its fields or its variables tell; a class is the one of its name on the other
side, also in a partial.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import flax.linen as nn
import jax
from flax import nnx

from flake8_nnx.catalog.construct import bind, construct
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.verify.verdict import Unfit


def given(
    value: Any, name: str, namespace: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
) -> Callable[[nnx.Rngs], Any]:
    """What makes the value of a Linen field for the NNX constructor too, from the random streams.

    Args:
        shapes: of the variables of the layer that the field holds, by `collection/name`.

    Raises:
        Unfit: it holds a Linen module or module class, which the NNX class cannot use.
    """
    if isinstance(value, nn.Module) and type(value) in SIZED and "params/kernel" in shapes:
        return functools.partial(SIZED[type(value)], value, shapes)
    layer = _layer(value) if isinstance(value, nn.Module) else _partial(value)
    if layer is not None:
        names = {"nnx": nnx, "partial": functools.partial, "given": value}
        return lambda rngs: eval(layer, {**names, "rngs": rngs})  # noqa: S307
    same = _plain(_twin(value, namespace), name)
    return lambda rngs: same


def fields_of(module: nn.Module) -> dict[str, Any]:
    """The fields that a class gives itself, by name."""
    return {name: field for name, field in getattr(module, "__dataclass_fields__", {}).items() if name not in ("parent", "name")}


def layers_given(module: nn.Module) -> set[str]:
    """The fields that hold a Linen module."""
    return {name for name in fields_of(module) if isinstance(getattr(module, name, None), nn.Module)}


def variables_of(
    name: str, variable_map: Mapping[str, Any] | None, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """The shapes of the variables of the layer in a field, by `collection/name`, wherever the map says that they are."""
    slots = (variable_map or {}).get("slots", ())
    slot = next((slot for slot in slots if slot.get("nnx") == name and "leaves" in slot), {"linen": name})
    prefix = "" if slot.get("shared") else f"{slot['linen']}/"
    found = {tuple(path.split("/", 1)): shape for path, shape in shapes.items()}
    return {f"{top}/{rest.removeprefix(prefix)}": shape for (top, rest), shape in found.items() if rest.startswith(prefix)}


def given_class(module: nn.Module) -> str:
    """The fields that hold a Linen class which is not their default: the variables may be named after others."""
    fields = fields_of(module)
    held = {name: getattr(module, name, None) for name in fields}
    classes = {name: value for name, value in held.items() if _of_linen(value) and not isinstance(value, nn.Module)}
    return "`, `".join(name for name, value in classes.items() if value is not fields[name].default)


def _of_linen(value: Any) -> bool:
    made = value.func if isinstance(value, functools.partial) else value
    return isinstance(made, nn.Module) or isinstance(made, type) and issubclass(made, nn.Module)


def _name(value: Any) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


def _twin(value: Any, namespace: Mapping[str, Any]) -> Any:
    """For a Linen class as a value its NNX class: of the same name in the new file, or of flax.nnx."""
    if not isinstance(value, type) or not issubclass(value, nn.Module):
        return value
    name = getattr(value, "__name__", "")
    layer = LAYERS.get(name) if getattr(nn, name, None) is value else None
    new: Any = getattr(nnx, layer.nnx, None) if layer is not None and layer.nnx else namespace.get(name)
    return new if isinstance(new, type) and issubclass(new, nnx.Module) else value


def _layer(module: nn.Module) -> str | None:
    """The code of the NNX layer with the fields of a Linen one, `given`; None where it needs sizes or has no exact twin."""
    kind = type(module)
    layer = LAYERS.get(kind.__name__) if getattr(nn, kind.__name__, None) is kind else None
    if layer is None or layer.sizes or not layer.nnx:
        return None
    differ = [name for name, field in fields_of(module).items() if getattr(module, name) is not field.default]
    made = construct(layer, [], {name: f"given.{name}" for name in differ}, {})
    return None if made.problems else made.code


def _dense(layer: Any, shapes: Mapping[str, tuple[int, ...]], rngs: nnx.Rngs) -> nnx.Linear:
    return nnx.Linear(shapes["params/kernel"][-2], layer.features, **_settings(layer, "features"), rngs=rngs)


def _general(layer: Any, shapes: Mapping[str, tuple[int, ...]], rngs: nnx.Rngs) -> nnx.LinearGeneral:
    kernel, settings = shapes["params/kernel"], _settings(layer, "features", "batch_dims")
    batch, out = ((value,) if isinstance(value, int) else tuple(value) for value in (layer.batch_dims, layer.features))
    sizes = kernel[len(batch): len(kernel) - len(out)]
    return nnx.LinearGeneral(sizes, layer.features, batch_axis=dict(zip(batch, kernel)), **settings, rngs=rngs)


def _einsum(layer: Any, shapes: Mapping[str, tuple[int, ...]], rngs: nnx.Rngs) -> nnx.Einsum:
    if layer.einsum_str is None:
        raise Unfit("the equation of an nn.Einsum is known only in the call, that of nnx.Einsum when it is made")
    settings = _settings(layer, "shape", "einsum_str", "use_bias")
    return nnx.Einsum(layer.einsum_str, layer.shape, shapes.get("params/bias"), **settings, rngs=rngs)


def _conv(layer: Any, shapes: Mapping[str, tuple[int, ...]], rngs: nnx.Rngs) -> nnx.Conv:
    settings = _settings(layer, "features", "kernel_size")
    width = shapes["params/kernel"][-2] * layer.feature_group_count
    return nnx.Conv(width, layer.features, layer.kernel_size, **settings, rngs=rngs)


SIZED: Mapping[type, Callable[..., Any]] = {nn.Dense: _dense, nn.DenseGeneral: _general, nn.Einsum: _einsum, nn.Conv: _conv}
# Functions that NNX calls with other arguments.
OTHERWISE = ("promote_dtype", "dot_general", "dot_general_cls", "conv_general_dilated", "conv_general_dilated_cls")


def _settings(layer: nn.Module, *sizes: str) -> dict[str, Any]:
    """What a layer is made with besides its sizes, where that is not the default, which both sides share."""
    given = {name: getattr(layer, name) for name, field in fields_of(layer).items() if getattr(layer, name) is not field.default}
    for name in OTHERWISE:
        if name in given:
            raise Unfit(f"the layer that the case gives is made with `{name}=`, which NNX calls with other arguments")
    return {name: value for name, value in given.items() if name not in sizes}


def _partial(value: Any) -> str | None:
    """The code of a partial of an NNX layer with the keywords of a partial of a Linen one; None where they have no twins."""
    if not isinstance(value, functools.partial) or value.args or not isinstance(value.func, type):
        return None
    layer = LAYERS.get(value.func.__name__)
    if layer is None or getattr(nn, value.func.__name__, None) is not value.func or not layer.nnx or layer.refuse:
        return None
    arguments, problems = bind(layer, {name: f"given.keywords[{name!r}]" for name in value.keywords})
    return None if problems else f"partial({', '.join([f'nnx.{layer.nnx}', *arguments])})"


def _plain(value: Any, name: str) -> Any:
    """The value, which holds no Linen module."""
    for leaf in jax.tree.leaves(value, is_leaf=lambda leaf: isinstance(leaf, nn.Module)):
        if _of_linen(leaf):
            made = leaf.func if isinstance(leaf, functools.partial) else leaf
            raise Unfit(
                f"the field `{name}` holds the Linen module {_name(made)}, which the NNX "
                "class cannot use; give the constructor call as new_init (--new-init)"
            )
    return value
