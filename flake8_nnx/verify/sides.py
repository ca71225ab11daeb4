"""Both modules as pure functions of the same weights, keys and inputs.

Linen variables are random values by path; the NNX model gets exactly those through the variable map, one to one.
"""
from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import flax.linen as nn
import jax
from flax import nnx

from flake8_nnx.verify import inputs as data
from flake8_nnx.case import Case
from flake8_nnx.verify.modes import ModeFlag
from flake8_nnx.verify.propose import propose
from flake8_nnx.verify.recall import recalled_shapes
from flake8_nnx.verify.structure import spelled
from flake8_nnx.verify.verdict import Different

Weights = dict[str, Any]
SLASH = "|"


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
    axis_names: Mapping[str, Any] = field(default_factory=dict)  # of partitioned variables
    ran: frozenset[str] = frozenset()  # methods that run in a call, the called one included
    counted: frozenset[str] = frozenset()  # paths whose last name is a number, as in a list of layers behind a bridge

    def init(self, keys: Mapping[str, Any], arrays: list[Any]) -> Weights:
        """Initial variables by path, without sown values."""
        found = self.boxed_init(keys, arrays)
        return {path: value for path, value in flat(nn.unbox(found)).items() if path.split("/")[0] not in self.sown}

    def whole_numbers(self) -> Weights:
        """Variables that count or bound something, as they are at first: no random number makes sense there."""
        whole = [path for path, shape in self.shapes.items() if jax.numpy.issubdtype(shape.dtype, jax.numpy.integer)]
        paths = [path for path in whole if not path.startswith("params/")]  # those are quantised
        if not paths:
            return {}
        keys = {name: jax.random.key(0) for name in ("params", *self.case.rngs)}

        def found(arrays: list[Any]) -> Weights:
            made = self.init(keys, arrays)
            return {path: made[path] for path in paths}

        return jax.jit(found)(self.first.arrays())  # what else init does is not compiled

    @property
    def mutable(self) -> tuple[str, ...]:
        own = {path.split("/")[0] for path in self.shapes} - {"params"}
        return tuple(self.case.mutable) or tuple(sorted(own))

    def boxed_init(self, keys: Mapping[str, Any], arrays: list[Any]) -> Any:
        """All that `init` gives, as it is."""
        args, kwargs = self.first.filled(arrays)
        return self.module.init(dict(keys), *args, **kwargs, method=self.case.initialised_by, mutable=True)

    def call(self, weights: Weights, key: Any, arguments: Arguments, arrays: list[Any]) -> tuple[Any, Weights]:
        """Outputs (with what was sown), and every variable after the call.

        `key` is one key for all streams, or one by stream name.
        """
        args, kwargs = arguments.filled(arrays)
        variables = nested(weights, self.counted)
        rngs = {name: key[name] if isinstance(key, Mapping) else key for name in self.case.rngs} or None
        with recalled_shapes():
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
    flag: ModeFlag | None = None  # an argument of the Linen call that is a mode of the model

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
            raise Different(f"Linen sows {lost[0]} ({spelled(self.sown[lost[0]])}), which the NNX call does not")
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

    def model(self, weights: Weights) -> Any:
        """A model of its own with these weights."""
        state = {
            path: variable.replace(weights[self.linen_paths[path]]) if path in self.linen_paths else _concrete(path, variable)
            for path, variable in self.variables.items()
        }
        return nnx.merge(self.graphdef, nnx.from_flat_state(list(state.items())), copy=True)

    def run(self, weights: Weights, arguments: Arguments, arrays: list[Any]) -> tuple[Any, dict[tuple[Any, ...], Any]]:
        """Outputs, and every variable after the call by its own path."""
        model = self.model(weights)
        args, kwargs = arguments.filled(arrays)
        args, kwargs = self.flag.applied(model, args, kwargs) if self.flag is not None else (args, kwargs)
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


def own_variables(variables: Mapping[tuple[Any, ...], Any]) -> dict[tuple[Any, ...], Any]:
    """Those that Linen has too: no random streams, sown values or plain arrays."""
    left_out = (nnx.RngState, nnx.Intermediate)
    return {path: v for path, v in variables.items() if isinstance(v, nnx.Variable) and not isinstance(v, left_out)}


def random_state(variables: Mapping[tuple[Any, ...], Any]) -> list[tuple[Any, ...]]:
    return [path for path, variable in variables.items() if isinstance(variable, nnx.RngState)]


def flat(variables: Mapping[str, Any]) -> Weights:
    """Variables by `collection/path`; a slash within a name (`nn.WeightNorm` makes such names) becomes `SLASH`."""
    leaves = jax.tree_util.tree_flatten_with_path(variables)[0]
    return {
        "/".join(str(getattr(k, "key", getattr(k, "idx", k))).replace("/", SLASH) for k in path): leaf for path, leaf in leaves
    }


def counted(variables: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    """Paths of the variables, and of what holds them, whose last name is a number and no text."""
    for name, value in variables.items():
        path = f"{above}{str(name).replace('/', SLASH)}"
        if isinstance(name, int):
            yield path
        if isinstance(value, Mapping):
            yield from counted(value, f"{path}/")


def nested(weights: Weights, numbers: frozenset[str] = frozenset()) -> dict[Any, Any]:
    tree: dict[Any, Any] = {}
    for path, value in weights.items():
        names: list[Any] = path.split("/")
        for place, name in enumerate(names):
            number = "/".join(path.split("/")[: place + 1]) in numbers if numbers else False
            names[place] = int(name) if number else name.replace(SLASH, "/")
        *parents, leaf = names
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
        node[leaf] = value
    return tree


def flat_state(model: Any) -> dict[tuple[Any, ...], Any]:
    return dict(nnx.to_flat_state(nnx.state(model)))


def spell(path: tuple[Any, ...]) -> str:
    return "/".join(map(str, path))
