"""Finds constructor arguments and inputs for which a Linen module initialises, where nobody says how to run it.

Names, annotations and defaults suggest values, `jax.eval_shape` of `init` tells which of them fit; nothing is computed.
"""
from __future__ import annotations

import dataclasses
import inspect
import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import flax.linen as nn
import jax

from flake8_nnx.verify import inputs as data
from flake8_nnx.case import Case
from flake8_nnx.verify.guess_fields import constructors
from flake8_nnx.verify.guess_inputs import Call, calls
from flake8_nnx.verify.shapes import NamedSizes
from flake8_nnx.verify.verdict import Unverifiable

TRIES = 600
ROUNDS = (12, 36, 108, 324)  # inputs for the likeliest constructor calls; fewer for those after them
AFTER_UNBATCHED = 40  # inputs to try before a case without a batch is taken
WHAT_TO_DO = "say how to run it with --init and --args, a cases file, or `flake8-nnx record`"
CONVOLUTIONS = (nn.Conv, nn.ConvLocal, nn.ConvTranspose)
NO_RNG = re.compile(r'needs PRNG for "(\w+)"|No RngStream named \'(\w+)\'')  # of Linen; of an NNX class in a bridge


def synthesise(namespace: Mapping[str, Any], class_name: str, *, seconds: float = 20.0) -> list[Case]:
    """Cases for which the module initialises: its `__call__`, or else its other public methods.

    Args:
        namespace: globals of the module that defines the class, which is user code that has been imported.
        seconds: processor time for the search.

    Raises:
        Unverifiable: none was found; says what was tried and how to give one.
    """
    cls = namespace.get(class_name)
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise Unverifiable(f"{class_name} is no flax.linen.Module")
    deadline = time.process_time() + seconds  # not of the clock, so that a busy machine finds the same cases
    inner = cls.__mro__[: cls.__mro__.index(nn.Module)]
    every = {name: value for base in reversed(inner) for name, value in vars(base).items()}
    names = [n for n, value in every.items() if not n.startswith("_") and n != "setup" and inspect.isfunction(value)]
    methods = ["__call__"] if "__call__" in dir(cls) and cls.__call__ is not nn.Module.__call__ else names
    last: Exception | None = None
    for method in methods:
        try:
            return [_case(namespace, cls, method, deadline)]
        except Unverifiable as error:
            last = last or error
    raise Unverifiable(str(last or f"{class_name} has no method to call"))


def _case(namespace: Mapping[str, Any], cls: type, method: str, deadline: float) -> Case:
    tried = 0
    reasons: list[str] = []  # of the likeliest first
    unbatched: tuple[Case, int] | None = None
    for case in islice(_cases(namespace, cls, method, reasons), TRIES):
        if time.process_time() > deadline or unbatched and tried - unbatched[1] >= AFTER_UNBATCHED:
            break
        tried += 1
        try:
            rngs, batched = _streams(namespace, case)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: B036  (user code may raise anything)
            reasons.append(f"{case.init} with {spelled_inputs(case)}: {in_short(error)}")
            continue
        found = dataclasses.replace(case, rngs=rngs, origin=f"synthesised in {tried} tries")
        if batched:
            return found
        unbatched = unbatched or (found, tried)
    if unbatched:
        return unbatched[0]
    raise Unverifiable(
        f"no inputs were found for {cls.__name__}.{method} in {tried} tries"
        f"{f' (the likeliest one: {reasons[0]})' if reasons else ''}; {WHAT_TO_DO}"
    )


def _cases(namespace: Mapping[str, Any], cls: type, method: str, reasons: list[str]) -> Iterator[Case]:
    """Cases to try: a few inputs for every constructor call that can be carried out, then more."""
    target = f"{cls.__module__}:{cls.__name__}"
    try:
        inits = constructors(cls, namespace)
    except Unverifiable as error:
        raise Unverifiable(f"{error}; {WHAT_TO_DO}") from None
    waiting: dict[str, Iterator[Call]] = {}
    for init in inits:
        try:
            module = eval(init, dict(namespace))  # noqa: S307
        except Exception as error:
            reasons.append(f"{init}: {in_short(error)}")
            continue
        try:
            waiting[init] = calls(cls, method, _features(init, module))
        except Unverifiable as error:
            raise Unverifiable(f"{cls.__name__}.{method}: {error}; {WHAT_TO_DO}") from None
    for number in ROUNDS:
        for place, (init, inputs) in enumerate(waiting.items()):
            for args, kwargs, train in islice(inputs, max(1, number // (1 + place // 2))):
                yield Case(target, init=init, args=args, kwargs=kwargs, train_kwargs=train, method=method)


def _features(init: str, module: nn.Module) -> tuple[int, ...]:
    """Sizes of the last axis to try: those that the constructor and the objects in its fields name, and one of its own."""
    numbers = [int(text) for text in re.findall(r"(?<![\w.])\d+(?![\w.])", init)]
    held = [getattr(module, field.name, None) for field in dataclasses.fields(module)]  # type: ignore[arg-type]
    sizes = [getattr(value, "size", None) for value in held if not isinstance(value, nn.Module)]
    named = [size for size in sizes if isinstance(size, int) and not isinstance(size, bool) and 0 < size < 100]
    return tuple(dict.fromkeys([*named, *(n for n in numbers if n > 4), 12, 8]))


def in_short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def spelled_inputs(case: Case) -> str:
    return ", ".join([*map(str, case.args), *(f"{name}={value}" for name, value in case.kwargs.items())]) or "nothing"


def _streams(namespace: Mapping[str, Any], case: Case) -> tuple[tuple[str, ...], bool]:
    """The random streams that the case draws from, besides params, and whether every convolution has a batch.

    Raises whatever init raises when the case does not fit.
    """
    module = eval(case.init or "", dict(namespace))  # noqa: S307
    sizes = NamedSizes()
    args = data.materialise(case.args, 0, sizes)
    found: list[str] = []
    batched = True

    def watch(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        nonlocal batched
        layer = context.module
        if isinstance(layer, CONVOLUTIONS) and context.method_name == "__call__" and args:
            # `b` would be a height: Linen takes the input for one image.
            spatial = 1 if isinstance(layer.kernel_size, int) else len(layer.kernel_size)
            batched = batched and jax.numpy.ndim(args[0]) >= spatial + 2
        return call(*args, **kwargs)

    modes = [case.kwargs] if case.train_kwargs is None else [case.kwargs, {**case.kwargs, **case.train_kwargs}]
    for kwargs in modes:
        while True:
            keys = {name: jax.random.key(0) for name in ("params", *found)}
            values = data.materialise(dict(kwargs), 1, sizes)
            arrays, rest = _split((args, values))
            try:
                with nn.intercept_methods(watch):
                    shapes = jax.eval_shape(partial(_init, module, case.method, rest), keys, arrays)
            except Exception as error:
                missing = NO_RNG.search(str(error))
                name = missing and (missing[1] or missing[2])
                if not name or name in found:
                    raise
                found.append(name)
                continue
            if not shapes:
                raise ValueError("it returns no arrays")
            break
    return tuple(found), batched


def _init(module: nn.Module, method: str, rest: Any, keys: Any, arrays: list[Any]) -> Any:
    """The arrays in the outputs of a call after init, which unlike a call takes the params stream in place of others."""
    args, kwargs = _join(arrays, rest)
    variables = module.init(keys, *args, **kwargs, method=method)
    rngs = {name: key for name, key in keys.items() if name != "params"}
    out = module.apply(variables, *args, **kwargs, method=method, rngs=rngs or None, mutable=list(variables) or ["params"])[0]
    return jax.tree.leaves(out)  # an output of a class, as a distribution, may be made of arrays only


def _split(tree: Any) -> tuple[list[Any], Any]:
    leaves, structure = jax.tree.flatten(tree, is_leaf=lambda leaf: leaf is None)
    return [leaf for leaf in leaves if data.is_array(leaf)], (leaves, structure)


def _join(arrays: list[Any], rest: Any) -> Any:
    fresh = iter(arrays)
    return jax.tree.unflatten(rest[1], [next(fresh) if data.is_array(leaf) else leaf for leaf in rest[0]])
