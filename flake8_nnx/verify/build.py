"""Builds both sides of a case: the Linen module with its variables, and the NNX model from the same fields and sizes."""
from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
from flax import nnx

from flake8_nnx.variable_map import resolve, told_sizes
from flake8_nnx.verify import bridges, sharding
from flake8_nnx.verify import inputs as data
from flake8_nnx.case import Case
from flake8_nnx.verify.given import fields_of, given, given_class, layers_given, variables_of
from flake8_nnx.verify.methods import noted
from flake8_nnx.verify.modes import mode_flag
from flake8_nnx.verify.propose import natural, propose
from flake8_nnx.verify.sides import (
    Arguments,
    LinenSide,
    NnxSide,
    Weights,
    counted,
    flat,
    flat_state,
    own_variables,
    random_state,
    spell,
)
from flake8_nnx.verify.shared import other_paths
from flake8_nnx.verify.structure import check_map
from flake8_nnx.verify.verdict import Different, Unfit, Unverifiable

UNTOLD = (
    "cannot tell the parameter `{}` of {}: it is no field of the Linen class and no size of the "
    "inputs; give the constructor call as new_init (--new-init)"
)


def linen_side(module: Any, case: Case, first: Arguments) -> tuple[LinenSide, Weights]:
    """A Linen module with the shapes of its variables when it is initialised with these inputs, and of what it sows.

    Raises:
        Unverifiable: not a Linen module.
    """
    if not isinstance(module, nn.Module):
        raise Unverifiable(f"the case for {case.target} builds {type(module).__name__}, which is no flax.linen.Module")
    keys = {name: jax.random.key(0) for name in ("params", *case.rngs)}
    ran: set[str] = set()
    with noted(type(module), ran):
        boxed = jax.eval_shape(LinenSide(module, case, first, {}).boxed_init, keys, first.arrays())
    ran = ran if case.initialised_by == case.method else {case.method}
    every = flat(nn.unbox(boxed))
    # `sow` collects in tuples, which no other variable is, so that their paths end with a number.
    numbers = frozenset(counted(nn.unbox(boxed)))
    sown = {path.split("/")[0] for path in every.keys() - numbers if path.rsplit("/", 1)[-1].isdigit()} | {"intermediates"}
    collections = tuple(sorted(sown & {path.split("/")[0] for path in every} - {"params"}))
    if collections and case.initialised_by != case.method:
        raise Unverifiable(f"what `{case.method}` sows is not known from a model initialised by `{case.initialised_by}`")
    names = sharding.linen_names(boxed)
    side = LinenSide(module, case, first, _outside(every, collections), collections, names, frozenset(ran), numbers)
    return side, _within(every, collections)


def _outside(variables: Mapping[str, Any], collections: Sequence[str]) -> dict[str, Any]:
    return {path: value for path, value in variables.items() if path.split("/")[0] not in collections}


def _within(variables: Mapping[str, Any], collections: Sequence[str]) -> dict[str, Any]:
    return {path: value for path, value in variables.items() if path.split("/")[0] in collections}


def nnx_side(
    cls: Any,
    linen: LinenSide,
    case: Case,
    arguments: Arguments,
    variable_map: Mapping[str, Any] | None,
    namespace: dict[str, Any],
    sown: Mapping[str, Any],
) -> tuple[NnxSide, dict[str, str], bool]:
    """The NNX model with its variable map, and whether that map was only proposed.

    Raises:
        Unverifiable: it cannot be constructed from the case.
        Different: its variables are not those of the Linen module.
    """
    _check_call_defaults(type(linen.module), cls, case.method)
    shapes = {path: tuple(value.shape) for path, value in linen.shapes.items()}
    dtypes = {path: value.dtype for path, value in linen.shapes.items()}
    sizes = told_sizes(variable_map, shapes, dtypes) if variable_map is not None and "slots" in variable_map else {}
    axes = (variable_map or {}).get("axes", {})
    below = {name: variables_of(name, variable_map, shapes) for name in layers_given(linen.module)}
    settings = {new: (name, old) for new, (name, old) in (variable_map or {}).get("settings", {}).items()}
    mutable = [*linen.mutable, *linen.sown]
    bare = constructor(cls, linen.module, case, arguments, namespace, sizes, mutable, axes, below, settings)
    make = with_caches(bridges.initialised(bare, linen), linen.shapes)
    model = nnx.eval_shape(lambda: make(jax.random.key(0)))
    variables = flat_state(model)
    if holds_arrays(model) or not all(isinstance(v, nnx.Variable) for v in variables.values()):
        model = make(jax.random.key(0))  # plain arrays (a convolution's mask) are constants: their values matter
        variables = flat_state(model)
    own = own_variables(variables)
    shapes = {spell(path): (path, v) for path, v in own.items()}
    others = other_paths(model, own)
    proposed = variable_map is None
    names = _names(variable_map, linen, {name: v.get_value() for name, (_, v) in shapes.items()}, others, model)
    names = {old: others.get(new, new) for old, new in names.items()}
    hint = "; no variable map was given and none could be proposed" if proposed else ""
    try:
        complete = case.initialised_by == "__call__"
        check_map(names, linen.shapes, {name: v for name, (_, v) in shapes.items()}, hint, complete)
    except Different as error:
        classes = given_class(linen.module)
        if not classes:
            raise
        raise Unfit(f"{error}: the case gives `{classes}` classes that the source may never give") from error
    sharding.check_names(linen.axis_names, {old: shapes[new][1] for old, new in names.items()})
    linen_paths = {shapes[new][0]: old for old, new in names.items()}
    graphdef, _ = nnx.split(model)
    seeded = streams(make, random_state(variables))
    flag = mode_flag(getattr(type(linen.module), case.method), variable_map)
    return NnxSide(graphdef, variables, linen_paths, case, seeded, make, sown, flag), names, proposed


def _names(
    variable_map: Mapping[str, Any] | None, linen: LinenSide, new: Mapping[str, Any], others: Mapping[str, str], model: Any
) -> dict[str, str]:
    """Linen path to NNX path: as the map says, or as far as that can be guessed where it says nothing."""
    if variable_map is None:
        return propose(_signatures(linen.shapes), _signatures(new))
    if "slots" not in variable_map:
        return dict(variable_map)
    names = resolve(variable_map, linen.shapes, [*new, *others])
    rest = {path: shape for path, shape in linen.shapes.items() if path not in names}
    free = {name: value for name, value in new.items() if name not in names.values()}
    if not bridges.has(model):  # what stays Linen may hold what has moved, further down than the map goes
        fields = layers_given(linen.module)  # which belong to whoever gives them, so that the map of the class has none of them
        rest = {path: shape for path, shape in rest.items() if path.split("/")[1] in fields}
        free = {name: value for name, value in free.items() if name.split("/")[0] in fields}
    return names | propose(_signatures(rest), _signatures(free))


def _signatures(arrays: Mapping[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {path: (tuple(array.shape), str(array.dtype)) for path, array in arrays.items()}


def holds_arrays(model: Any) -> bool:
    """Whether a model made abstractly has plain arrays as attributes: what is left of them are traces."""
    plain = (list, tuple, dict, jax.core.Tracer)
    kept = (value for _, module in nnx.iter_modules(model) for value in vars(module).values() if isinstance(value, plain))
    return any(isinstance(leaf, jax.core.Tracer) for value in kept for leaf in jax.tree.leaves(value))


def with_caches(make: Callable[[Any], Any], linen: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The model with the caches for decoding that `init` gives the Linen module, which NNX makes on request only."""
    wanted = sorted((path for path in linen if path.endswith("/cached_key")), key=natural)

    def made(key: Any) -> Any:
        model = make(key)
        layers = sorted(
            ((spell(path), layer) for path, layer in nnx.iter_modules(model) if isinstance(layer, nnx.MultiHeadAttention)),
            key=lambda item: natural(item[0]),
        )
        for path, (_, layer) in zip(wanted, layers):
            if layer.cached_key is None:
                *batch, _, _ = linen[path].shape  # ..., heads, features of a head
                layer.init_cache((*batch, layer.in_features), dtype=linen[path].dtype)
        return model

    return made if wanted else make


def streams(make: Callable[[Any], Any], paths: list[tuple[Any, ...]]) -> list[list[Any]]:
    """What the constructor puts at these paths for seed 0 and seed 1; no initial weights are computed."""

    def values(key: Any) -> list[Any]:
        state = flat_state(make(key))
        return [state[path].get_value() for path in paths]

    compiled = jax.jit(values)
    return [list(compiled(jax.random.key(seed))) if paths else [] for seed in (0, 1)]


def constructor(
    cls: Any,
    module: nn.Module,
    case: Case,
    arguments: Arguments,
    namespace: dict[str, Any],
    sizes: Mapping[str, Any],
    mutable: Sequence[str] = (),
    axes: Mapping[str, tuple[str, int]] = types.MappingProxyType({}),
    below: Mapping[str, Mapping[str, tuple[int, ...]]] = types.MappingProxyType({}),
    settings: Mapping[str, tuple[str, str]] = types.MappingProxyType({}),
) -> Callable[[Any], Any]:
    """How to make the NNX model from a key: `new_init`, or the Linen fields by name and sizes of inputs and of variables.

    A class that is still Linen becomes a model whose calls update the collections `mutable`. `axes` are the arguments and axes
    whose sizes have other names than these tell; `below` are the shapes of the variables of the layers that fields hold, and
    `settings` the parameters for what the class asks of such layers.

    Raises:
        Unfit: a required parameter that neither tells.
        Different: a field has another default.
    """
    names = dict.fromkeys(("params", *case.rngs))

    def rngs(key: Any) -> nnx.Rngs:
        return nnx.Rngs(key, **{name: jax.random.fold_in(key, i) for i, name in enumerate(names)})

    parameters = dict(list(inspect.signature(cls.__init__).parameters.items())[1:])  # nnx.Module has a metaclass __call__
    fields = fields_of(module)
    for name in fields.keys() & parameters.keys():
        _check_default(name, fields[name].default, parameters[name].default)
    if isinstance(cls, type) and issubclass(cls, nn.Module):
        same = {name: getattr(module, name) for name in fields if name in parameters}
        return lambda key: bridges.Wrapped(cls(**same), rngs(key), mutable)
    if case.new_init:
        return lambda key: eval(case.new_init or "", {**namespace, "rngs": rngs(key), "nnx": nnx})  # noqa: S307
    known: dict[str, Any] = {}
    held: dict[str, Callable[[nnx.Rngs], Any]] = {}
    for name, parameter in parameters.items():
        if name == "rngs":
            continue
        if name in fields:
            value = getattr(module, name)
            if parameter.default is parameter.empty or not _is_default(fields[name], value):  # else each side has its own
                held[name] = given(value, name, namespace, below.get(name, {}))
        elif name in settings:
            field, setting = settings[name]
            held[name] = given(getattr(getattr(module, field), setting), name, namespace)
        elif (size := _size(name, module, case, arguments, axes.get(name))) is not None:
            known[name] = size
        elif name in sizes:
            known[name] = sizes[name]
        elif (argument := name.removeprefix("has_")) != name and parameter.default is False:  # see `migrate.tied_heads`
            known[name] = _bound(module, case, arguments).get(argument) is not None
        elif parameter.default is inspect.Parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD
        ):
            if not _left_out(name, module, case, arguments):
                raise Unfit(UNTOLD.format(name, cls.__name__))
            known[name] = None  # no layer runs on it
    untold = [name for name, value in known.items() if value is None]

    def made(key: Any) -> Any:
        streams = rngs(key)
        values = {**known, **{name: make(streams) for name, make in held.items()}}
        try:
            return cls(**values, rngs=streams) if "rngs" in parameters else cls(**values)
        except TypeError as error:
            if untold:  # a size that is used all the same
                raise Unfit(UNTOLD.format(untold[0], cls.__name__)) from error
            raise

    return made


def _check_default(name: str, old: Any, new: Any) -> None:
    """Who leaves an argument out gets the same on both sides, as far as the defaults are plain values.

    Raises:
        Different: they are not the same.
    """
    plain = (bool, int, float, str, tuple, type(None))
    if isinstance(old, plain) and isinstance(new, plain) and (type(old), old) != (type(new), new):
        raise Different(f"the default of `{name}` is {old!r} in Linen and {new!r} in NNX")


def _check_call_defaults(linen: type, nnx_class: type, method: str) -> None:
    """The same for the arguments of the method that is called."""
    try:
        old, new = (inspect.signature(getattr(cls, method)).parameters for cls in (linen, nnx_class))
    except (AttributeError, TypeError, ValueError):  # one that is missing shows when it is called
        return
    for name in old.keys() & new.keys():
        _check_default(name, old[name].default, new[name].default)


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    """Whether a field has the value that it has when nobody gives one; Linen makes lists tuples."""
    if field.default_factory is dataclasses.MISSING:
        return value is field.default
    made = field.default_factory()
    return type(made) in (list, dict) and type(made)(value) == made


def _left_out(name: str, module: nn.Module, case: Case, arguments: Arguments) -> bool:
    """Whether a parameter is the size of an argument that this case leaves out, so that it is None."""
    stem = name.removeprefix("input_").rpartition("_")[0]
    parameter = inspect.signature(getattr(type(module), case.initialised_by)).parameters.get(stem)
    return parameter is not None and parameter.default is None and _bound(module, case, arguments).get(stem) is None


def _bound(module: nn.Module, case: Case, arguments: Arguments) -> Mapping[str, Any]:
    """The arguments of the call that initialises the module, by name."""
    method = getattr(type(module), case.initialised_by)
    try:
        return inspect.signature(method).bind(module, *arguments.args, **arguments.kwargs).arguments
    except TypeError:
        return {}


def _size(name: str, module: nn.Module, case: Case, arguments: Arguments, axis: tuple[str, int] | None) -> Any:
    """`in_features`, `in_shape`, `<arg>_features`, `<arg>_shape` from the inputs; what is this axis of an argument."""
    stem, _, kind = name.removeprefix("input_").rpartition("_")
    stem, place = axis or (stem, -1)
    if axis is None and kind not in ("features", "shape"):
        return None
    bound = _bound(module, case, arguments)
    values = [value for key, value in bound.items() if key != "self"]
    first = next((value for value in values if data.is_array(value)), None)
    value = first if stem == "in" else bound.get(stem)
    if not data.is_array(value) or len(value.shape) < -place:  # type: ignore[union-attr]
        return None
    whole = axis is None and kind == "shape"
    return tuple(map(int, value.shape[1:])) if whole else int(value.shape[place])  # type: ignore[union-attr]
