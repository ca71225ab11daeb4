"""Writes a jaxpr into the table: calls are inlined, control flow becomes closed systems, the rest goes through the
rules.

Only values are compared: differentiation rules attached to a call are gone by the time a jaxpr has been made, so
gradients are compared by tracing the gradient itself.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import jax
import numpy as np

from flake8_nnx.verify.prove import constants
from flake8_nnx.verify.prove import params as parameters
from flake8_nnx.verify.prove.table import Node, Params, Refuse, Table, Type

CALLS = frozenset(
    "jit pjit closed_call core_call core_closed_call named_call remat remat2 checkpoint "
    "custom_jvp_call custom_vjp_call custom_vjp_call_jaxpr custom_lin_call".split()
)
"""Operations that compute what their body computes."""
REFUSED = frozenset(
    "shard_map xla_pmap custom_partitioning pure_callback io_callback debug_callback debug_print ffi_call custom_call "
    "tpu_custom_call pallas_call rng_uniform infeed outfeed ref get swap addupdate run_state psum psum2 psum_invariant "
    "pmax pmin ppermute pbroadcast all_gather all_to_all reduce_scatter axis_index pgather psum_scatter".split()
)
"""Operations with effects, hidden state, or values that depend on other devices."""
DRAWS_NOT = frozenset("random_split random_fold_in random_clone random_wrap random_seed".split())
COLLECTED = {"psum": "reduce_sum", "pmax": "reduce_max", "pmin": "reduce_min"}
"""Collectives that are reductions where all of their axes are axes of the arrays."""


class Interpreter:
    """One program after the other, written into one table.

    Args:
        control: what to do with each operation of control flow (see `loops.CONTROL`).

    Attributes:
        keys: what to put in place of a random key where it is consumed, by its number.
        consumed: the keys consumed so far, in order, with repetitions.
    """

    def __init__(self, table: Table, control: dict[str, Control]) -> None:
        self.table = table
        self.control = control
        self.keys: dict[int, int] = {}
        self.consumed: list[int] = []
        self.level = 0
        self.primitives: dict[str, Any] = {}

    def run(self, jaxpr: Any, operands: Sequence[int]) -> list[int]:
        """The outputs of a closed jaxpr on these values.

        Raises:
            Refuse: the program has effects, or an operation or parameter whose meaning is unknown.
        """
        jaxpr, consts = opened(jaxpr)
        if len(jaxpr.constvars) != len(consts) or len(jaxpr.invars) != len(operands):
            raise Refuse("a nested program has unbound variables")
        known: dict[Any, int] = {}
        for variable, const in zip(jaxpr.constvars, consts):
            known[variable] = self.const(const)
        known.update(zip(jaxpr.invars, operands))

        def read(atom: Any) -> int:
            return self.const(atom.val, atom.aval) if hasattr(atom, "val") else known[atom]

        for equation in jaxpr.eqns:
            self.table.source = equation.source_info
            results = self.equation(equation, [read(atom) for atom in equation.invars])
            known.update(zip(equation.outvars, results))
        return [read(atom) for atom in jaxpr.outvars]

    def equation(self, equation: Any, operands: list[int]) -> list[int]:
        name = equation.primitive.name
        if name in CALLS:
            for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
                if key in equation.params:
                    return self.run(equation.params[key], operands)
            raise Refuse(f"the call {name} has no body")
        types = [type_of(variable.aval) for variable in equation.outvars]
        if name in self.control:
            return self.control[name](self, equation.params, operands, types)
        if equation.effects:
            raise Refuse(f"{name} has side effects ({', '.join(sorted(str(e) for e in equation.effects))})")
        if name in COLLECTED and local(equation.params):
            return self.collected(name, equation.params, operands, types)
        if name in REFUSED:
            raise Refuse(f"{name} acts outside the program, so its value is not a function of its inputs alone")
        if name.startswith("random_") and name not in DRAWS_NOT and is_key(self.table, operands[0]):
            self.consumed.append(operands[0])
            operands[0] = self.keys.get(operands[0], operands[0])
        if self.primitives.setdefault(name, equation.primitive) is not equation.primitive:
            raise Refuse(f"two different operations are called {name}")
        lambdas: list[int] = []
        params = self.params(equation.params, lambdas)
        if name.startswith("random_"):  # the one setting in the context of an equation that changes values
            params += (("partitionable", getattr(equation.ctx, "threefry_partitionable", None)),)
        return self.table.apply(name, [*operands, *lambdas], params, types)

    def params(self, raw: dict[str, Any], lambdas: list[int]) -> Params:
        """Parameters as data; nested programs become values, appended to `lambdas`, and their places.

        One that is None is left out: every equation of an operation has the same parameters, and rules write fewer.
        """

        def jaxpr(body: Any) -> Hashable:
            lambdas.append(self.closed_body(body))
            return ("body", len(lambdas) - 1)

        named = sorted((key, value) for key, value in raw.items() if key not in parameters.NO_VALUE and value is not None)
        return tuple((key, parameters.normal(value, jaxpr)) for key, value in named)

    def collected(self, name: str, raw: dict[str, Any], operands: list[int], types: list[Type]) -> list[int]:
        """A collective whose named axes `vmap` has turned into axes of the arrays: a reduction of each operand."""
        if not raw["axes"]:
            return operands
        params: Params = (("axes", ("tuple", *sorted(raw["axes"]))),)
        return [self.table.apply1(COLLECTED[name], [operand], params, kind) for operand, kind in zip(operands, types)]

    def closed_body(self, body: Any) -> int:
        """A nested program as a function of its arguments, for operations that are not looked into."""
        inner, _ = opened(body)
        level, types = self.level, [type_of(variable.aval) for variable in inner.invars]
        self.level += 1
        try:
            bound = [
                self.table.make(Node("bound", (), (("level", level), ("place", k)), *kind), opens=level)
                for k, kind in enumerate(types)
            ]
            outputs = self.run(body, bound)
        finally:
            self.level -= 1
        about: Params = (("level", level), ("arity", len(types)))
        return self.table.make(Node("lambda", tuple(outputs), about, (), "function"), closes=level)

    def const(self, value: Any, aval: Any = None) -> int:
        """A constant, by its bytes; one that repeats a single number is a view of that number."""
        if hasattr(value, "dtype") and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
            data, dtype, shape = np.asarray(jax.random.key_data(value)), str(value.dtype), tuple(value.shape)
            about: Params = (("data", parameters.array(data)), ("shown", "key"))
            return self.table.make(Node("const", (), about, parameters.shape(shape), dtype))
        return constants.array(self.table, np.asarray(value) if aval is None else np.asarray(value, dtype=aval.dtype))


def opened(jaxpr: Any) -> tuple[Any, Sequence[Any]]:
    """A jaxpr without its constants, and those: JAX keeps them apart up to 0.11 and together later."""
    return (jaxpr.jaxpr, jaxpr.consts) if hasattr(jaxpr, "jaxpr") else (jaxpr, getattr(jaxpr, "consts", ()))


def local(params: dict[str, Any]) -> bool:
    """Whether a collective stays within its operands: `vmap` has replaced every named axis by a position."""
    return params.get("axis_index_groups") is None and all(isinstance(axis, int) for axis in params["axes"])


def type_of(aval: Any) -> Type:
    if not hasattr(aval, "shape") or not hasattr(aval, "dtype"):
        raise Refuse(f"a value of the kind {type(aval).__name__} is no array")
    return Type(parameters.shape(aval.shape), str(aval.dtype))


def is_key(table: Table, value: int) -> bool:
    return table.dtype(value).startswith("key<")


Control = Callable[[Interpreter, "dict[str, Any]", "list[int]", "list[Type]"], "list[int]"]
