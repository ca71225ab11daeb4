"""Runs a traced program (a jaxpr) again with some of its operations replaced.

Two things are done this way: the same program in float64, and the same program with other random keys.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
from jax.extend import core

# Called with an operation and its inputs; None means: as it is.
Rule = Callable[[Any, list[Any]], "Sequence[Any] | None"]
Enter = Callable[[Any], bool]

INLINED = {
    "jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint", "custom_jvp_call", "custom_vjp_call",
    "custom_vjp_call_jaxpr",
}  # fmt: skip
LOOPS = {"scan", "while", "cond"}
QUICKLY = {"xla_backend_optimization_level": 0}  # for programs that run a few times: compiling takes longer than running


def evaluate(program: Any, args: Sequence[Any], rule: Rule, enter: Enter = lambda jaxpr: True) -> list[Any]:
    """The outputs of a jaxpr; `rule` replaces operations, also those inside the bodies that `enter` accepts.

    Calls are inlined, and scan, while and cond rebuilt around their new bodies. Any other operation with a body runs unchanged.
    """
    jaxpr, consts = opened(program)
    values: dict[Any, Any] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *args]))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for eqn in jaxpr.eqns:
        inputs = [read(atom) for atom in eqn.invars]
        outputs = rule(eqn, inputs)
        if outputs is None and eqn.primitive.name in INLINED | LOOPS and any(map(enter, bodies(eqn))):
            outputs = _descend(eqn, inputs, rule, enter)
        if outputs is None:
            outputs = bind(eqn, inputs)
        values.update(zip(eqn.outvars, outputs))
    return [read(atom) for atom in jaxpr.outvars]


def replay(program: Any) -> Any:
    """The jaxpr as it is, as a jit-compiled function of the list of its arguments."""
    return jax.jit(lambda args: evaluate(program, args, lambda eqn, inputs: None, lambda jaxpr: False))


def bind(eqn: Any, inputs: Sequence[Any], **changed: Any) -> list[Any]:
    """The operation itself, with some of its parameters changed."""
    params = eqn.primitive.get_bind_params({**eqn.params, **changed})
    if isinstance(params, tuple):  # functions first, in older versions of jax
        outputs = eqn.primitive.bind(*params[0], *inputs, **params[1])
    else:
        outputs = eqn.primitive.bind(*inputs, **params)
    return list(outputs) if eqn.primitive.multiple_results else [outputs]


def _descend(eqn: Any, inputs: list[Any], rule: Rule, enter: Enter) -> list[Any]:
    name, params = eqn.primitive.name, eqn.params

    def run(body: Any, args: Sequence[Any]) -> list[Any]:
        return evaluate(body, args, rule, enter)

    if name == "scan":
        return scan(eqn, inputs, lambda args: (run(params["jaxpr"], args), ()))[0]
    if name == "while":
        first, second = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
        test, step, start = inputs[:first], inputs[first:second], inputs[second:]
        return list(
            jax.lax.while_loop(
                lambda carry: run(params["cond_jaxpr"], [*test, *carry])[0],
                lambda carry: tuple(run(params["body_jaxpr"], [*step, *carry])),
                tuple(start),
            )
        )
    if name == "cond":
        branches = [lambda *args, body=body: tuple(run(body, args)) for body in params["branches"]]
        return list(jax.lax.switch(inputs[0], branches, *inputs[1:]))
    return run(bodies(eqn)[0], inputs)


def scan(eqn: Any, inputs: Sequence[Any], run: Callable[[list[Any]], tuple[list[Any], Any]]) -> tuple[list[Any], Any]:
    """A scan with another body; what the body returns besides its outputs is stacked and returned besides them."""
    params = eqn.params
    if "num_carry" in params:
        fixed, carried = params["num_consts"], params["num_carry"]
    else:  # jax >= 0.12
        fixed, carried = map(len, params["ft_in"].unpack()[:2])
    consts, carry, xs = inputs[:fixed], inputs[fixed : fixed + carried], inputs[fixed + carried :]

    def body(carry: Any, x: Any) -> Any:
        outputs, extra = run([*consts, *carry, *x])
        return tuple(outputs[:carried]), (tuple(outputs[carried:]), extra)

    carry, (ys, extra) = jax.lax.scan(
        body, tuple(carry), tuple(xs), length=params["length"], reverse=params["reverse"], unroll=params["unroll"]
    )
    return [*carry, *ys], extra


def bodies(eqn: Any) -> list[Any]:
    """The jaxprs inside an operation."""
    found = []
    for value in eqn.params.values():
        items = value if isinstance(value, (tuple, list)) else [value]
        found += [item for item in items if hasattr(item, "eqns") or hasattr(item, "jaxpr")]
    return found


def operations(program: Any) -> Iterator[Any]:
    """Every operation of a jaxpr, those inside bodies included."""
    for eqn in opened(program)[0].eqns:
        yield eqn
        for body in bodies(eqn):
            yield from operations(body)


def opened(program: Any) -> tuple[Any, list[Any]]:
    """A jaxpr and its constants; jax 0.12 no longer has two classes for them."""
    return getattr(program, "jaxpr", program), list(getattr(program, "consts", ()))
