"""Both modules as pure functions of the same weights, keys and inputs.

Linen variables are random values by path; the NNX model gets exactly those through the variable map, one to one.
"""
from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import flax.linen as nn
import jax
from flax import nnx

from flake8_nnx.variable_map import resolve
from flake8_nnx.verify import inputs as data
from flake8_nnx.verify.case import Case
from flake8_nnx.verify.propose import natural, propose
from flake8_nnx.verify.verdict import Different, Unverifiable

Weights = dict[str, Any]


@dataclass(frozen=True)
class Arguments:
    """Inputs of one call: the arrays are traced, the rest is static; `axes` names the axes of any size of every array."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    axes: tuple[tuple[str | None, ...], ...] = ()

    def arrays(self) -> list[Any]:
        return [leaf for leaf in self._leaves() if data.is_array(leaf)]

    def _leaves(self) -> list[Any]:
        return jax.tree.leaves((self.args, dict(self.kwargs)), is_leaf=lambda x: x is None)

    def filled(self, arrays: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with these arrays in place of their own."""
        rest = iter(arrays)
        fill = jax.tree.map(
            lambda leaf: next(rest) if data.is_array(leaf) else leaf,
            (self.args, dict(self.kwargs)),
            is_leaf=lambda x: x is None,
        )
        return fill


@dataclass(frozen=True)
class LinenSide:
    """A Linen module, what it is initialised with, and the shapes of its variables by `collection/path`."""

    module: nn.Module
    case: Case
    first: Arguments
    shapes: Mapping[str, jax.ShapeDtypeStruct]
    sown: tuple[str, ...] = ()  # collections that hold what `sow` collects during a call

    def init(self, keys: Mapping[str, Any], arrays: list[Any]) -> Weights:
        """Initial variables by path, without sown values."""
        args, kwargs = self.first.filled(arrays)
        found = self.module.init(dict(keys), *args, **kwargs, method=self.case.method, mutable=True)
        return {path: value for path, value in flat(nn.unbox(found)).items() if path.split("/")[0] not in self.sown}

    @property
    def mutable(self) -> tuple[str, ...]:
        own = {path.split("/")[0] for path in self.shapes} - {"params"}
        return tuple(self.case.mutable) or tuple(sorted(own))

    def call(self, weights: Weights, key: Any, arguments: Arguments, arrays: list[Any]) -> tuple[Any, Weights]:
        """Outputs (with what was sown), and every variable after the call.

        `key` is one key for all streams, or one by stream name.
        """
        args, kwargs = arguments.filled(arrays)
        variables = nested(weights)
        rngs = {name: key[name] if isinstance(key, Mapping) else key for name in self.case.rngs} or None
        out, updates = self.module.apply(
            variables, *args, **kwargs, method=self.case.method, rngs=rngs, mutable=[*self.mutable, *self.sown]
        )
        after = flat(nn.unbox(updates))
        sown = {path: value for path, value in after.items() if path.split("/")[0] in self.sown}
        return with_sown(out, sown), {**weights, **{k: v for k, v in after.items() if k in weights}}


@dataclass(frozen=True)
class NnxSide:
    """An NNX model in pieces: graph, variables by path, and the Linen path of each."""

    graphdef: Any
    variables: Mapping[tuple[Any, ...], Any]
    linen_paths: Mapping[tuple[Any, ...], str]
    case: Case
    streams: Sequence[list[Any]]  # keys and counts of the random streams under seed 0 and 1, by `stream_paths`
    make: Callable[[Any], Any]  # the model from a random key
    sown: Mapping[str, Any] = field(default_factory=dict)  # what the Linen side sows, by path

    def call(self, weights: Weights, arguments: Arguments, arrays: list[Any]) -> tuple[Any, Weights]:
        """Outputs (with what was sown), and every variable after the call, by Linen path."""
        out, after = self.run(weights, arguments, arrays)
        return out, {name: after[path].get_value() for path, name in self.linen_paths.items()}

    def sown_in(self, after: Mapping[tuple[Any, ...], Any]) -> Weights:
        """What a call has sown, by the path that the Linen module sows it at.

        Raises:
            Different: the two do not sow the same number of values of each kind.
        """
        values: Weights = {}
        for path, variable in after.items():
            if path not in self.variables and isinstance(variable, nnx.Variable):
                for number, value in enumerate(jax.tree.leaves(variable.get_value())):
                    values[f"{spell(path)}/{number}"] = value
        names = propose({path: _sketch(v) for path, v in self.sown.items()}, {path: _sketch(v) for path, v in values.items()})
        lost = [path for path in self.sown if path not in names]
        if lost:
            raise Different(f"Linen sows {lost[0]} ({_shape(self.sown[lost[0]])}), which the NNX call does not")
        extra = [path for path in values if path not in names.values()]
        if extra:
            raise Different(f"the NNX call leaves a new variable {extra[0].rpartition('/')[0]}, which Linen does not sow")
        return {old: values[new] for old, new in names.items()}

    @property
    def stream_paths(self) -> list[tuple[Any, ...]]:
        """Where the keys and counts of the random streams are."""
        return random_state(self.variables)

    def streams_by_place(self) -> dict[str, tuple[Any, ...]]:
        """Count and key of every random stream under seed 0, by its place in the model."""
        found: dict[str, tuple[Any, ...]] = {}
        for path, value in sorted(zip(map(spell, self.stream_paths), self.streams[0]), key=lambda item: item[0]):
            place = path.rpartition("/")[0]
            found[place] = (*found.get(place, ()), value)
        return found

    def with_streams(self, values: Sequence[Any]) -> NnxSide:
        """The same model with these keys and counts."""
        given = {path: self.variables[path].replace(value) for path, value in zip(self.stream_paths, values)}
        return replace(self, variables={**self.variables, **given})

    def run(self, weights: Weights, arguments: Arguments, arrays: list[Any]) -> tuple[Any, dict[tuple[Any, ...], Any]]:
        """Outputs, and every variable after the call by its own path."""
        state = {
            path: variable.replace(weights[self.linen_paths[path]]) if path in self.linen_paths else _concrete(path, variable)
            for path, variable in self.variables.items()
        }
        model = nnx.merge(self.graphdef, nnx.from_flat_state(list(state.items())), copy=True)
        args, kwargs = arguments.filled(arrays)
        out = getattr(model, self.case.method)(*args, **kwargs)
        after = flat_state(model)
        gone = [path for path in self.linen_paths if path not in after]
        if gone:
            raise Different(f"the NNX call removes the variable {spell(gone[0])}")
        return with_sown(out, self.sown_in(after)), {path: value for path, value in after.items() if path in self.variables}


def with_sown(out: Any, sown: Weights) -> Any:
    """The outputs, and beside them what was sown where anything was."""
    return {"output": out, "sown": sown} if sown else out


def _sketch(value: Any) -> tuple[tuple[int, ...], str]:
    """Rank and dtype, which hold for every batch size."""
    return (len(value.shape),), str(value.dtype)


def _concrete(path: tuple[Any, ...], variable: Any) -> Any:
    """A variable without a Linen counterpart gets random values, so that a call that uses it cannot agree by chance."""
    if not isinstance(variable, nnx.Variable):
        return variable
    value = variable.get_value()
    if isinstance(value, jax.ShapeDtypeStruct):
        if jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
            key = jax.random.key(zlib.crc32(spell(path).encode()))
            value = key if value.shape == () else jax.random.split(key, value.shape)
        else:
            value = data.weight(f"unmapped/{spell(path)}", tuple(value.shape), value.dtype)
    return variable.replace(value)


# ---- building ---------------------------------------------------------------------------------------------------


def linen_side(module: Any, case: Case, first: Arguments) -> tuple[LinenSide, Weights]:
    """A Linen module with the shapes of its variables when it is initialised with these inputs, and of what it sows.

    Raises:
        Unverifiable: not a Linen module.
    """
    if not isinstance(module, nn.Module):
        raise Unverifiable(f"the case for {case.target} builds {type(module).__name__}, which is no flax.linen.Module")
    keys = {name: jax.random.key(0) for name in ("params", *case.rngs)}
    every = jax.eval_shape(LinenSide(module, case, first, {}).init, keys, first.arrays())
    # `sow` collects in tuples, which no other variable is, so that their paths end with a number.
    sown = {path.split("/")[0] for path in every if path.rsplit("/", 1)[-1].isdigit()} | {"intermediates"}
    collections = tuple(sorted(sown & {path.split("/")[0] for path in every} - {"params"}))
    return LinenSide(module, case, first, _outside(every, collections), collections), _within(every, collections)


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
    make = with_caches(constructor(cls, linen.module, case, arguments, namespace), linen.shapes)
    model = nnx.eval_shape(lambda: make(jax.random.key(0)))
    variables = flat_state(model)
    if not all(isinstance(v, nnx.Variable) for v in variables.values()):
        model = make(jax.random.key(0))  # plain arrays (a convolution's mask) are constants: their values matter
        variables = flat_state(model)
    own = own_variables(variables)
    shapes = {spell(path): (path, v) for path, v in own.items()}
    proposed = variable_map is None
    if variable_map is None:
        names = propose(
            {path: (tuple(s.shape), str(s.dtype)) for path, s in linen.shapes.items()},
            {name: (tuple(v.get_value().shape), str(v.get_value().dtype)) for name, (_, v) in shapes.items()},
        )
    elif "slots" in variable_map:
        names = resolve(variable_map, linen.shapes, shapes)
    else:
        names = dict(variable_map)
    hint = "; no variable map was given and none could be proposed" if proposed else ""
    check_map(names, linen.shapes, {name: v for name, (_, v) in shapes.items()}, hint, complete=case.method == "__call__")
    linen_paths = {shapes[new][0]: old for old, new in names.items()}
    graphdef, _ = nnx.split(model)
    seeded = streams(make, random_state(variables))
    return NnxSide(graphdef, variables, linen_paths, case, seeded, make, sown), names, proposed


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


def own_variables(variables: Mapping[tuple[Any, ...], Any]) -> dict[tuple[Any, ...], Any]:
    """Those that Linen has too: no random streams, sown values or plain arrays."""
    left_out = (nnx.RngState, nnx.Intermediate)
    return {path: v for path, v in variables.items() if isinstance(v, nnx.Variable) and not isinstance(v, left_out)}


def random_state(variables: Mapping[tuple[Any, ...], Any]) -> list[tuple[Any, ...]]:
    return [path for path, variable in variables.items() if isinstance(variable, nnx.RngState)]


def streams(make: Callable[[Any], Any], paths: list[tuple[Any, ...]]) -> list[list[Any]]:
    """What the constructor puts at these paths for seed 0 and seed 1; no initial weights are computed."""

    def values(key: Any) -> list[Any]:
        state = flat_state(make(key))
        return [state[path].get_value() for path in paths]

    compiled = jax.jit(values)
    return [list(compiled(jax.random.key(seed))) if paths else [] for seed in (0, 1)]


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
            raise Different(f"the Linen variable {old} {_shape(shape)} has no counterpart in the NNX module{hint}")
        value = new[names[old]].get_value()
        if tuple(value.shape) != tuple(shape.shape) or value.dtype != shape.dtype:
            raise Different(f"{old} is {_shape(shape)} in Linen and {_shape(value)} in NNX ({names[old]})")
        _check_kind(old, names[old], new[names[old]])
    if complete:
        for target, variable in new.items():
            if target not in names.values():
                raise Different(f"the NNX variable {target} {_shape(variable.get_value())} has no counterpart in Linen{hint}")


def _check_kind(old: str, target: str, variable: Any) -> None:
    collection = old.split("/")[0]
    wanted = {"params": nnx.Param, "batch_stats": nnx.BatchStat, "cache": nnx.Cache}.get(collection)
    if wanted is not None and not isinstance(variable, wanted):
        raise Different(f"{old} is an nnx.{type(variable).__name__} in NNX ({target}), not an nnx.{wanted.__name__}")
    if wanted is None and isinstance(variable, nnx.Param):
        raise Different(f"{old} is an nnx.Param in NNX ({target}), so an optimiser would train it")


def _shape(value: Any) -> str:
    return f"{value.dtype}{list(value.shape)}"


def constructor(
    cls: Any, module: nn.Module, case: Case, arguments: Arguments, namespace: dict[str, Any]
) -> Callable[[Any], Any]:
    """How to make the NNX model from a key: `new_init`, or the Linen fields by name and the sizes of the inputs.

    Raises:
        Unverifiable: a required parameter that neither tells.
    """
    names = dict.fromkeys(("params", *case.rngs))

    def rngs(key: Any) -> nnx.Rngs:
        return nnx.Rngs(key, **{name: jax.random.fold_in(key, i) for i, name in enumerate(names)})

    if case.new_init:
        return lambda key: eval(case.new_init or "", {**namespace, "rngs": rngs(key), "nnx": nnx})  # noqa: S307
    parameters = dict(list(inspect.signature(cls.__init__).parameters.items())[1:])  # nnx.Module has a metaclass __call__
    known: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name == "rngs":
            continue
        if name in getattr(module, "__dataclass_fields__", {}) and name not in ("parent", "name"):
            known[name] = getattr(module, name)
        elif (size := _size(name, module, case, arguments)) is not None:
            known[name] = size
        elif parameter.default is inspect.Parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD
        ):
            raise Unverifiable(
                f"cannot tell the parameter `{name}` of {cls.__name__}: it is no field of the Linen class and no size of the "
                f"inputs; give the constructor call as new_init (--new-init)"
            )
    if "rngs" in parameters:
        return lambda key: cls(**known, rngs=rngs(key))
    return lambda key: cls(**known)


def _size(name: str, module: nn.Module, case: Case, arguments: Arguments) -> Any:
    """`in_features`, `in_shape`, `<arg>_features`, `<arg>_shape` from the inputs."""
    stem, _, kind = name.removeprefix("input_").rpartition("_")
    if kind not in ("features", "shape"):
        return None
    method = getattr(type(module), case.method)
    try:
        bound = inspect.signature(method).bind(module, *arguments.args, **arguments.kwargs).arguments
    except TypeError:
        return None
    values = [value for key, value in bound.items() if key != "self"]
    first = next((value for value in values if data.is_array(value)), None)
    value = first if stem == "in" else bound.get(stem)
    if not data.is_array(value) or not value.shape:  # type: ignore[union-attr]
        return None
    return int(value.shape[-1]) if kind == "features" else tuple(map(int, value.shape[1:]))  # type: ignore[union-attr]


# ---- trees ------------------------------------------------------------------------------------------------------


def flat(variables: Mapping[str, Any]) -> Weights:
    """Variables by `collection/path`."""
    leaves = jax.tree_util.tree_flatten_with_path(variables)[0]
    return {"/".join(str(getattr(k, "key", getattr(k, "idx", k))) for k in path): leaf for path, leaf in leaves}


def nested(weights: Weights) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in weights.items():
        *parents, leaf = path.split("/")
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
        node[leaf] = value
    return tree


def flat_state(model: Any) -> dict[tuple[Any, ...], Any]:
    return dict(nnx.to_flat_state(nnx.state(model)))


def spell(path: tuple[Any, ...]) -> str:
    return "/".join(map(str, path))
