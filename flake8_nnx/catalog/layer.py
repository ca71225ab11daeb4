"""What the catalogue says about one layer: its arguments, its variables, and where Linen and NNX part.

The data is in `layers.py`, `norms.py`, `attention.py` and `recurrent.py`.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variable:
    """A variable of a layer: its Linen collection and path, its NNX path and Variable type (a name in `flax.nnx`)."""

    collection: str
    linen: str
    nnx: str
    type: str


@dataclass(frozen=True)
class Layer:
    """How one Linen layer is spelled in NNX; all names are public names of `flax.linen` and `flax.nnx`.

    linen, nnx: names of the class, `nnx` is empty where there is no such class.
    linen_args: constructor parameters in positional order, without parent and name.
    sizes: NNX constructor parameters for what Linen infers from its input.
    renames: Linen keyword -> NNX keyword.
    leading: NNX parameters written positionally, in this order.
    dropped: Linen keyword without a twin -> what to do instead; a value in `NEUTRAL` may be left out.
    always: NNX keyword -> value to write even where Linen leaves it out, because the defaults differ.
    rngs: whether to pass `rngs=`.
    call_args: parameters of Linen's `__call__` in positional order, without self; empty where it takes anything.
    call_renames: the same as `renames` for `__call__`.
    call_keyword_only: Linen parameters of `__call__` that NNX takes as keywords only.
    call_dropped: the same as `dropped` for `__call__`.
    variables: every variable that some configuration of the layer has, in Linen's order of creation.
    note: the one caveat that a user must know.
    refuse: why there is no exact twin and what to do; empty where there is one.
    required: Linen constructor parameters without a default.
    holds: Linen constructor parameters whose values are layers themselves.
    extra_sizes: sizes that NNX takes from `sizes` unless told; needed where inputs differ, as in cross-attention.
    sized_by: the parameter of `__call__` whose axes are the sizes, if it is not the first.
    """

    linen: str
    nnx: str
    linen_args: tuple[str, ...]
    sizes: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    leading: tuple[str, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    rngs: bool = True
    call_args: tuple[str, ...] = ("inputs",)
    call_renames: Mapping[str, str] = field(default_factory=dict)
    call_keyword_only: tuple[str, ...] = ()
    call_dropped: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[Variable, ...] = ()
    note: str = ""
    refuse: str = ""
    required: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    extra_sizes: tuple[str, ...] = ()
    sized_by: str = ""

    @property
    def lazy(self) -> bool:
        """Whether Linen infers a size from the first input."""
        return bool(self.sizes)


# Values of dropped keywords that mean what NNX does anyway.
NEUTRAL: Mapping[str, tuple[str, ...]] = {
    "force_float32_reductions": ("True",),
    "force_fp32_for_softmax": ("False",),
    "batch_dims": ("()", "[]"),
    "variable_axes": ("{}", "FrozenDict()"),
    "variable_broadcast": ("'params'", '"params"'),
    "variable_carry": ("False",),
}


def neutral(name: str, text: str) -> bool:
    """Whether this value of a dropped keyword asks for nothing special."""
    if name == "split_rngs":
        return _splits_streams(text)
    return text == "None" or text in NEUTRAL.get(name, ())


def _splits_streams(text: str) -> bool:
    """Whether every turn has random numbers of its own, and all turns the same parameters."""
    try:
        split = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return isinstance(split, dict) and all(bool(own) == (stream != "params") for stream, own in split.items())


def params(*names: str, **renamed: str) -> tuple[Variable, ...]:
    """Variables of the collection params, under the same path on both sides or `linen=nnx`."""
    plain = [Variable("params", name, name, "Param") for name in names]
    return (*plain, *(Variable("params", linen, nnx, "Param") for linen, nnx in renamed.items()))
