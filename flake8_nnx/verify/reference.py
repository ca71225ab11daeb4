"""What a program would compute without rounding errors, and how far apart honest float32 runs of it may be.

The traced program is run again in float64 with the very same random draws, and with inputs one rounding away.
"""
from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from flake8_nnx.verify.inputs import is_key
from flake8_nnx.verify.interpret import INLINED, LOOPS, QUICKLY, bind, bodies, evaluate, operations

WIDER: dict[Any, Any] = {jnp.dtype("float32"): jnp.dtype("float64"), jnp.dtype("complex64"): jnp.dtype("complex128")}
# Results that depend on the bits or the spacing of their type.
KEPT = {"bitcast_convert_type", "nextafter", "rng_uniform", "random_gamma", "reduce_precision"}
SCATTERS: dict[str, Callable[..., Any]] = {
    "scatter": jax.lax.scatter, "scatter-add": jax.lax.scatter_add, "scatter-mul": jax.lax.scatter_mul,
    "scatter-min": jax.lax.scatter_min, "scatter-max": jax.lax.scatter_max,
}  # fmt: skip
PERTURBED_RUNS = 2


class Reference:
    """A traced program in float64 on the CPU, compiled once."""

    def __init__(self, program: Any) -> None:
        self.terms = accumulated_terms(program)
        self._known: dict[float, list[list[Any]] | None] = {}
        self._run = jax.jit(lambda args: evaluate(program, args, in_float64), compiler_options=QUICKLY)

    def at(self, scale: float, args: list[Any]) -> list[list[Any]] | None:
        """Its outputs, then those for inputs that are one rounding away; None where an operation has no float64 form.

        The arguments are those of this scale, for which the outputs are kept.
        """
        if scale not in self._known:
            self._known[scale] = self._computed(args)
        return self._known[scale]

    def _computed(self, args: list[Any]) -> list[list[Any]] | None:
        rng = np.random.default_rng(0)
        with x64(), jax.default_device(jax.local_devices(backend="cpu")[0]):
            exact = [widened(jax.device_get(arg) if not is_key(arg) else arg) for arg in args]
            try:
                runs = [exact] + [[_nudged(old, new, rng) for old, new in zip(args, exact)] for _ in range(PERTURBED_RUNS)]
                return [jax.device_get(self._run(run)) for run in runs]
            except (TypeError, ValueError, NotImplementedError, jax.errors.JaxRuntimeError):
                return None


def in_float64(eqn: Any, inputs: list[Any]) -> list[Any] | None:
    """The operation with float64 in place of float32; 16-bit types keep their rounding, which belongs to the program."""
    name = eqn.primitive.name
    wanted = [wider(getattr(var.aval, "dtype", None)) for var in eqn.outvars]
    if name in INLINED | LOOPS:
        return None
    if name == "reduce_precision" and (eqn.params["exponent_bits"], eqn.params["mantissa_bits"]) == (8, 23):
        return list(inputs)
    if name in KEPT or bodies(eqn) and name not in SCATTERS:
        return _as_it_is(eqn, inputs, wanted)
    inputs = [widened(value) for value in inputs]
    if any(wanted) and name in ("dot_general", "conv_general_dilated"):  # 16-bit factors with a float32 sum
        inputs = [value.astype(wanted[0]) for value in inputs]
    if name in SCATTERS:
        params = eqn.params
        return [
            SCATTERS[name](
                *inputs, params["dimension_numbers"], indices_are_sorted=params["indices_are_sorted"],
                unique_indices=params["unique_indices"], mode=params["mode"],
            )
        ]  # fmt: skip
    types = {key: wider(eqn.params.get(key)) for key in ("new_dtype", "preferred_element_type", "dtype")}
    try:
        outputs = bind(eqn, inputs, **{key: dtype for key, dtype in types.items() if dtype is not None})
    except (TypeError, ValueError, NotImplementedError):
        return _as_it_is(eqn, inputs, wanted)
    return [value.astype(dtype) if dtype and value.dtype != dtype else value for value, dtype in zip(outputs, wanted)]


def _as_it_is(eqn: Any, inputs: list[Any], wanted: list[Any]) -> list[Any]:
    def narrow(value: Any, var: Any) -> Any:
        dtype = getattr(var.aval, "dtype", None)
        return jnp.asarray(value, dtype) if wider(dtype) else value

    outputs = bind(eqn, [narrow(value, var) for value, var in zip(inputs, eqn.invars)])
    return [value.astype(dtype) if dtype else value for value, dtype in zip(outputs, wanted)]


def wider(dtype: Any) -> Any:
    """The type of twice the size, None for types that are kept (keys have none)."""
    return None if dtype is None or jax.dtypes.issubdtype(dtype, jax.dtypes.extended) else WIDER.get(jnp.dtype(dtype))


def widened(value: Any) -> Any:
    """float32 as float64, complex64 as complex128, everything else as it is."""
    dtype = None if is_key(value) else wider(jnp.result_type(value))
    return jnp.asarray(value, dtype) if dtype else value


def _nudged(old: Any, new: Any, rng: np.random.Generator) -> Any:
    """Every number of 32 bits or more up or down by the relative size of one rounding."""
    dtype = None if is_key(old) else jnp.dtype(jnp.result_type(old))
    if dtype is None or not jnp.issubdtype(dtype, jnp.inexact) or dtype.itemsize < 4:
        return new
    eps = float(np.finfo(dtype).eps) / 2
    return new * (1 + eps * rng.choice([-1.0, 1.0], np.shape(new)))


def accumulated_terms(program: Any) -> int:
    """The longest sum in a program, from its dot products, convolutions and reductions."""
    longest = 1
    for eqn in operations(program):
        shapes = [getattr(var.aval, "shape", ()) for var in eqn.invars]
        if eqn.primitive.name == "dot_general":
            longest = max(longest, math.prod(shapes[0][axis] for axis in eqn.params["dimension_numbers"][0][0]))
        elif eqn.primitive.name == "conv_general_dilated":
            longest = max(longest, math.prod(shapes[1]) // max(1, shapes[1][eqn.params["dimension_numbers"].rhs_spec[0]]))
        elif eqn.primitive.name == "reduce_sum":
            longest = max(longest, math.prod(shapes[0]) // max(1, math.prod(eqn.outvars[0].aval.shape)))
    return longest


def x64() -> contextlib.AbstractContextManager[Any]:
    """A context in which float64 exists."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64(True)
