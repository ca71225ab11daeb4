"""Finds constructor arguments and inputs for which a Linen module initialises, where nobody says how to run it.

Names, annotations and defaults suggest values, `jax.eval_shape` of `init` tells which of them fit; nothing is computed.
"""
from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import flax.linen as nn
import jax

from flake8_nnx.verify import inputs as data
from flake8_nnx.case import Case
from flake8_nnx.verify.candidates import Candidates, tied
from flake8_nnx.verify.declared import Contradiction, contradiction, depends_on_the_batch, join, split
from flake8_nnx.verify.guess_fields import constructors, large, with_field, with_other_numbers
from flake8_nnx.verify.guess_inputs import Call, calls, left_out
from flake8_nnx.verify.methods import noted, public
from flake8_nnx.verify.shapes import NamedSizes
from flake8_nnx.verify.verdict import Unverifiable

TRIES = 600
ROUNDS = (12, 36, 108, 324)  # inputs for the likeliest constructor calls; fewer for those after them
SECONDS_FOR_ANOTHER = 3.0  # method than the main one
SECONDS_FOR_SIZES = 8.0  # that are smaller, besides: a case of a model that is too large is of no use
MOST_OTHERS = 24  # inputs for a method that may contradict the main one
MOST_CONTRADICTIONS = 12  # cases to drop
LARGE = 3_000_000  # numbers in the variables of a model
AFTER_UNBATCHED = 40  # inputs to try before a case without a batch is taken
WHAT_TO_DO = "say how to run it with --init and --args, a cases file, or `flake8-nnx record`"
CONVOLUTIONS = (nn.Conv, nn.ConvLocal, nn.ConvTranspose)
UNBOUND = "unbound axis name"
UNTRAINED = "without training, which needs a mapped axis"
NO_RNG = re.compile(r'needs PRNG for "(\w+)"|No RngStream named \'(\w+)\'')  # of Linen; of an NNX class in a bridge


def synthesise(namespace: Mapping[str, Any], class_name: str, *, seconds: float = 20.0) -> list[Case]:
    """Cases for which the module initialises: its `__call__`, or else another public method, and what does not run in it.

    Args:
        namespace: globals of the module that defines the class, which is user code that has been imported.
        seconds: processor time for the search.

    Returns:
        The case that stands for the class, then one for each other method for which one was found.

    Raises:
        Unverifiable: none was found; says what was tried and how to give one.
    """
    cls = namespace.get(class_name)
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise Unverifiable(f"{class_name} is no flax.linen.Module")
    deadline = time.process_time() + seconds  # not of the clock, so that a busy machine finds the same cases
    callable_itself = "__call__" in dir(cls) and cls.__call__ is not nn.Module.__call__
    last: Exception | None = None
    for method in ["__call__"] if callable_itself else public(cls):
        try:
            main, ran = _case(namespace, cls, method, deadline)
            return [main, *_others(namespace, cls, main, ran, deadline)]
        except Unverifiable as error:
            last = last or error
    raise Unverifiable(str(last or f"{class_name} has no method to call"))


def _others(namespace: Mapping[str, Any], cls: type, main: Case, ran: frozenset[str], deadline: float) -> Iterator[Case]:
    """Cases for the public methods that the main one does not run, of the model that its `__call__` initialises."""
    for method in public(cls):
        if method in ran:
            continue
        try:
            until = min(deadline, time.process_time() + SECONDS_FOR_ANOTHER)
            case, inside = _case(namespace, cls, method, until, main if main.method == "__call__" else None)
        except Unverifiable:  # the verdict names it as not run
            continue
        ran |= inside
        yield case


def _case(
    namespace: Mapping[str, Any], cls: type, method: str, deadline: float, main: Case | None = None
) -> tuple[Case, frozenset[str]]:
    """The first case that fits, and the methods that run in it; for a method of a model that `main` initialises, if given."""
    tried = 0
    reasons: list[str] = []  # of the likeliest first
    contradictions: list[Contradiction] = []
    unbatched: tuple[Case, int, Fit] | None = None
    source = _cases(namespace, cls, method, reasons) if main is None else _calls(namespace, cls, method, main)
    candidates = Candidates(source)
    for case in islice(candidates, TRIES):
        if time.process_time() > deadline or unbatched and tried - unbatched[1] >= AFTER_UNBATCHED:
            break
        if len(contradictions) == MOST_CONTRADICTIONS:
            break
        tried += 1
        try:
            fit = _fitting(namespace, case)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: B036  (user code may raise anything)
            reasons.append(f"{case.init} with {spelled_inputs(case)}: {in_short(error)}")
            candidates.failed(case, error)
            continue
        sound = fit.batched and not depends_on_the_batch(namespace, case, fit.rngs)
        if not sound and unbatched:
            continue
        if (found := _contradiction(namespace, cls, case, fit, deadline)) is not None:
            contradictions.append(found)
            candidates.sooner(tied(case, found.sizes))
        elif sound:
            return _completed(namespace, case, fit, tried, deadline)
        else:
            unbatched = (case, tried, fit)
    if unbatched:
        return _completed(namespace, unbatched[0], unbatched[2], unbatched[1], deadline)
    if contradictions:
        raise Unverifiable(f"{cls.__name__}: {contradictions[0]} in every case that was found; {WHAT_TO_DO}")
    raise Unverifiable(
        f"no inputs were found for {cls.__name__}.{method} in {tried} tries"
        f"{f' (the likeliest one: {reasons[0]})' if reasons else ''}; {WHAT_TO_DO}"
    )


def _contradiction(namespace: Mapping[str, Any], cls: type, case: Case, fit: Fit, deadline: float) -> Contradiction | None:
    """What the public methods that do not run in a case say otherwise about its variables, each called on the same module."""
    for method in public(cls) if case.init_method is None else ():
        if method in fit.ran or time.process_time() > deadline:
            continue
        try:
            others = islice(_calls(namespace, cls, method, case), MOST_OTHERS)
            own = (replace(other, init_args=None, init_kwargs=None, init_method=None) for other in others)
            found = contradiction(namespace, case, fit.rngs, own)
        except Unverifiable:  # nobody knows how to call it
            continue
        if found is not None:
            return found
    return None


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


def _calls(namespace: Mapping[str, Any], cls: type, method: str, main: Case) -> Iterator[Case]:
    """Cases to try for another method of a model."""
    init = main.init or ""
    first = {"init_args": main.args, "init_kwargs": main.kwargs, "init_method": main.method}
    module = eval(init, dict(namespace))  # noqa: S307
    fields = [getattr(module, field.name, None) for field in dataclasses.fields(module)]
    own = [value for value in fields if type(value) is int and 0 < value < 1000]  # what is inside may have a size of its own
    for args, kwargs, train in calls(cls, method, tuple(dict.fromkeys((*own, *_features(init, module))))):
        yield Case(main.target, init=init, args=args, kwargs=kwargs, train_kwargs=train, method=method, **first)  # type: ignore


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


def _completed(
    namespace: Mapping[str, Any], case: Case, fit: Fit, tried: int, deadline: float
) -> tuple[Case, frozenset[str]]:
    """The case with what was found out, and with the optional arrays that make more variables, as those of cross-attention."""
    cls, init = namespace[case.class_name], case.init or ""
    sizes = _features(init, eval(init, dict(namespace)))  # noqa: S307
    for name, values in left_out(cls, case.method, case.args, case.kwargs, sizes) if case.init_method is None else ():
        for value in values:
            if time.process_time() > deadline:
                break
            wider = replace(case, kwargs={**case.kwargs, name: value})
            more = _fit(namespace, wider)
            if more is None:
                continue
            if more.batched and more.variables > fit.variables:
                case, fit = wider, more
            break
    case, fit = _smaller(namespace, cls, case, fit) if case.init_method is None else (case, fit)
    if case.init_method is None and not split((data.materialise(case.args), data.materialise(dict(case.kwargs))))[0]:
        # What takes nothing is a function of its fields alone, of which the defaults may just be written down.
        other = replace(case, init=with_other_numbers(cls, case.init or ""))
        case, fit = (other, varied) if (varied := _fit(namespace, other)) else (case, fit)
    origin = f"synthesised in {tried} tries{'' if fit.trains else f', {UNTRAINED}'}"
    train = case.train_kwargs if fit.trains else None
    return replace(case, rngs=fit.rngs, train_kwargs=train, origin=origin), fit.ran


def _smaller(namespace: Mapping[str, Any], cls: type, case: Case, fit: Fit) -> tuple[Case, Fit]:
    """The case with small sizes in place of defaults, as long as the model is too large for an example."""
    until = time.process_time() + SECONDS_FOR_SIZES
    start: Case | None = None
    while start is not case:  # some sizes fit only when others are small already
        start = case
        for name, values in large(cls, case.init or "").items():
            for value in values:
                if fit.size <= LARGE or time.process_time() > until:
                    return case, fit
                other = replace(case, init=with_field(case.init or "", name, value))
                less = _fit(namespace, other)
                if less and less.batched and less.size < fit.size and not depends_on_the_batch(namespace, other, less.rngs):
                    case, fit = other, less
                    break
    return case, fit


@dataclasses.dataclass
class Fit:
    """What is known of a case that fits.

    Args:
        rngs: the random streams that it draws from besides params.
        batched: all convolutions have a batch, and no layer is given nothing.
        ran: the methods that run.
        variables: how many variables the module has.
        size: how many numbers are in them.
        trains: it can also be called in training.
    """

    rngs: tuple[str, ...] = ()
    batched: bool = True
    ran: frozenset[str] = frozenset()
    variables: int = 0
    size: int = 0
    trains: bool = True


def _fit(namespace: Mapping[str, Any], case: Case) -> Fit | None:
    """What is known of a case, if it fits."""
    try:
        return _fitting(namespace, case)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: B036  (user code may raise anything)
        return None


def _fitting(namespace: Mapping[str, Any], case: Case) -> Fit:
    """What is known of a case.

    Raises whatever init raises when it does not fit.
    """
    module = eval(case.init or "", dict(namespace))  # noqa: S307
    sizes = NamedSizes()
    args = data.materialise(case.args, 0, sizes)
    fit = Fit()
    ran: set[str] = set()

    def watch(layer: nn.Module, method: str, args: tuple[Any, ...]) -> None:
        if isinstance(layer, CONVOLUTIONS) and method == "__call__" and args:
            # `b` would be a height: Linen takes the input for one image.
            spatial = 1 if isinstance(layer.kernel_size, int) else len(layer.kernel_size)
            fit.batched = fit.batched and jax.numpy.ndim(args[0]) >= spatial + 2
        fit.batched = fit.batched and all(jax.numpy.size(leaf) for leaf in jax.tree.leaves(args) if data.is_array(leaf))

    first = data.materialise(case.init_args, 0, sizes), data.materialise(dict(case.init_kwargs or {}), 1, sizes)
    modes = [case.kwargs] if case.train_kwargs is None else [case.kwargs, {**case.kwargs, **case.train_kwargs}]
    for number, kwargs in enumerate(modes):
        while True:
            keys = {name: jax.random.key(0) for name in ("params", *fit.rngs)}
            values = data.materialise(dict(kwargs), 1, sizes)
            arrays, rest = split((args, values, *(first if case.init_method else (args, values))))
            try:
                with noted(type(module), ran, watch):
                    shapes, made = jax.eval_shape(partial(_init, module, case, rest), keys, arrays)
            except Exception as error:
                missing = NO_RNG.search(str(error))
                name = missing and (missing[1] or missing[2])
                if name and name not in fit.rngs:
                    fit.rngs = (*fit.rngs, name)
                    continue
                if number == 0 or UNBOUND not in str(error):
                    raise
                fit.trains = False
                break
            fit.variables, fit.size = len(made), sum(leaf.size for leaf in made)
            if not shapes:
                raise ValueError("it returns no arrays")
            break
    fit.ran = frozenset(ran if case.init_method is None else {case.method})
    return fit


def trains(namespace: Mapping[str, Any], case: Case) -> bool:
    """Whether the second run of a case can be made at all; it cannot where it needs a mapped axis."""
    try:
        return _fitting(namespace, case).trains
    except Exception:  # what is wrong shows when it runs
        return True


def _init(module: nn.Module, case: Case, rest: Any, keys: Any, arrays: list[Any]) -> tuple[list[Any], Any]:
    """The arrays in the outputs of a call after init, which unlike a call takes the params stream in place of others, and in
    the variables."""
    args, kwargs, init_args, init_kwargs = join(arrays, rest)
    variables = module.init(keys, *init_args, **init_kwargs, method=case.initialised_by)
    rngs = {name: key for name, key in keys.items() if name != "params"}
    mutable = list(variables) or ["params"]
    out, _ = module.apply(variables, *args, **kwargs, method=case.method, rngs=rngs or None, mutable=mutable)
    return jax.tree.leaves(out), jax.tree.leaves(variables)  # an output of a class may be made of arrays only
