"""Finds constructor arguments and inputs for which a Linen module initialises, where nobody says how to run it.

Names, annotations and defaults suggest values, `jax.eval_shape` of `init` tells which of them fit; nothing is computed.
"""
from __future__ import annotations

import dataclasses
import inspect
import itertools
import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax

from flake8_nnx.verify import inputs as data
from flake8_nnx.case import Case
from flake8_nnx.verify.shapes import NamedSizes
from flake8_nnx.verify.verdict import Unverifiable

TRIES = 400
LINEN = "__import__('flax.linen', fromlist=['linen'])"  # for classes of files that do not name flax.linen themselves
EVAL_FLAGS = {
    "train": False, "training": False, "is_training": False, "deterministic": True, "use_running_average": True,
}  # fmt: skip
CARRY = re.compile(r"carry|state|memory")
SEQUENCE = "f32[b,5,F]"
NO_RNG = re.compile(r'needs PRNG for "(\w+)"|No RngStream named \'(\w+)\'')  # of Linen; of an NNX class in a bridge
# What a field is, from its name, and the values to try as text; the first that fits counts.
FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"head_dim|dim_head|d_head|key_dim", ("4",)),
    (r"heads?$|num_head", ("2", "3")),
    (r"kernel_size|window|patch", ("(3, 3)", "3", "(3,)", "2", "(2, 2)")),
    (r"strides?", ("1", "(1, 1)")),
    (r"layers|depth|blocks|num_res|repeats|steps|stage", ("2", "(1, 2)")),
    (r"rate|dropout|prob|noise|std|scale|momentum|decay|alpha|beta|gamma", ("0.1",)),
    (r"eps", ("1e-5",)),
    (r"vocab|num_embeddings|classes|actions|outputs|tokens|experts|n_out|num_critics|n_atoms", ("11", "3")),
    (r"max|length|len|positions|horizon", ("16",)),
    (r"dtype", ("__import__('jax').numpy.float32",)),
    (r"^conv$", (f"{LINEN}.Conv",)),
    (r"^(dense|linear|proj)$", (f"{LINEN}.Dense",)),
    (r"act$|activation|nonlin|relu", (f"{LINEN}.relu",)),
    (r"norm", (f"{LINEN}.LayerNorm", "True")),
    (r"init", (f"{LINEN}.initializers.lecun_normal()",)),
    (r"model|module|net|encoder|decoder|layer|backbone|torso|body", (f"{LINEN}.Dense(12)",)),
    (r"features|hidden|dims?$|width|size|channels|latents?|units|arch|embed|filters|planes|out|in", ("12", "(12, 6)", "[12, 6]")),
)
BY_ANNOTATION: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"bool", ("False",)),
    (r"Sequence|[Tt]uple|[Ll]ist|Iterable", ("(12, 6)", "(3, 3)", "[12, 6]", "(2,)")),
    (r"Callable", (f"{LINEN}.relu", f"{LINEN}.Dense")),
    (r"float", ("0.1", "1.0")),
    (r"int", ("12", "3", "2")),
    (r"dtype|Dtype", ("__import__('jax').numpy.float32",)),
    (r"str", ("'relu'",)),
    (r"Module", (f"{LINEN}.Dense(12)",)),
    (r"Mapping|[Dd]ict", ("{}",)),
)
# What an argument of a method is, from its name; `F` is the size of features.
INPUTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"^(key|rng|rngs|rng_key|prng_key|z_rng|seed)$", ("key",)),
    (r"mask|valid|done|reset|is_first|paddings", ("bool[b,5]", "bool[b]", "bool[b,1,5,5]")),
    (r"ids?$|tokens?|words|position|indices|vocab|segment|inputs_?$", ("i32[b,5]<2", "f32[b,5,F]", "f32[b,F]", "f32[b,8,8,3]")),
    (r"labels?|classes|targets?|action_ids|level", ("i32[b]<2", "i32[b,5]<2", "f32[b,F]", "f32[b,5,F]")),
    (r"^t$|times?(teps?)?$|sigma|noise_level|temperature|log_?snr|lengths?", ("f32[b]", "i32[b]<5", "f32[b,1]", "f32[]")),
    (r"image|img|pixel|frame|video|conv|sample", ("f32[b,8,8,3]", "f32[b,8,8,F]", "f32[b,3,8,8]", "f32[b,16,16,4]", "f32[b,F]")),
    (r"carry|state|cache|memory", ("f32[b,F]", "(f32[b,F], f32[b,F])")),
    (r"graph|edges|nodes", ("f32[5,F]",)),
)
ANY_INPUT = (
    "f32[b,F]", "f32[b,5,F]", "f32[b,8,8,3]", "f32[b,8,8,F]", "i32[b,5]<2", "f32[b]", "f32[b,5,3,F]", "f32[b,4,F,F]", "i32[b]<2",
    "f32[b,28,28,1]", "f32[b,3,5,8,F]",
)  # fmt: skip


def synthesise(namespace: Mapping[str, Any], class_name: str, *, seconds: float = 20.0) -> list[Case]:
    """Cases for which the module initialises: its `__call__`, or else its other public methods.

    Args:
        namespace: globals of the module that defines the class, which is user code that has been imported.
        seconds: time for the search.

    Raises:
        Unverifiable: none was found; says what was tried and how to give one.
    """
    cls = namespace.get(class_name)
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise Unverifiable(f"{class_name} is no flax.linen.Module")
    deadline = time.monotonic() + seconds
    names = [name for name in vars(cls) if not name.startswith("_") and name != "setup" and inspect.isfunction(vars(cls)[name])]
    methods = ["__call__"] if "__call__" in dir(cls) and cls.__call__ is not nn.Module.__call__ else names
    last: Exception | None = None
    for method in methods:
        try:
            return [_case(namespace, cls, method, deadline)]
        except Unverifiable as error:
            last = error
    raise Unverifiable(str(last or f"{class_name} has no method to call"))


def _case(namespace: Mapping[str, Any], cls: type, method: str, deadline: float) -> Case:
    tried, reason = 0, "no values are known to try"
    for init in _constructors(cls, namespace):
        for args, kwargs, train in _calls(cls, method, _features(init)):
            tried += 1
            if tried > TRIES or time.monotonic() > deadline:
                break
            case = Case(
                f"{cls.__module__}:{cls.__name__}", init=init, args=args, kwargs=kwargs, train_kwargs=train, method=method,
                origin=f"synthesised in {tried} tries",
            )  # fmt: skip
            try:
                rngs = _streams(namespace, case)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: B036  (user code may raise anything)
                reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
                continue
            return dataclasses.replace(case, rngs=rngs)
    raise Unverifiable(
        f"no inputs were found for {cls.__name__}.{method} in {tried} tries (the last one: {reason}); say how to run it with "
        "--init and --args, a cases file, or `flake8-nnx record`"
    )


def _streams(namespace: Mapping[str, Any], case: Case) -> tuple[str, ...]:
    """The random streams that the case draws from, besides params; raises whatever init raises when it does not fit."""
    module = eval(case.init or "", dict(namespace))  # noqa: S307
    sizes = NamedSizes()
    args = data.materialise(case.args, 0, sizes)
    found: list[str] = []
    modes = [case.kwargs] if case.train_kwargs is None else [case.kwargs, {**case.kwargs, **case.train_kwargs}]
    for kwargs in modes:
        while True:
            keys = {name: jax.random.key(0) for name in ("params", *found)}
            values = data.materialise(dict(kwargs), 1, sizes)
            arrays, rest = _split((args, values))
            try:
                shapes = jax.eval_shape(partial(_init, module, case.method, rest), keys, arrays)
            except Exception as error:
                missing = NO_RNG.search(str(error))
                name = missing and (missing[1] or missing[2])
                if not name or name in found:
                    raise
                found.append(name)
                continue
            if not jax.tree.leaves(shapes):
                raise ValueError("it returns no arrays")
            break
    return tuple(found)


def _init(module: nn.Module, method: str, rest: Any, keys: Any, arrays: list[Any]) -> Any:
    """Outputs of a call after init, which unlike a call takes the params stream in place of others."""
    args, kwargs = _join(arrays, rest)
    variables = module.init(keys, *args, **kwargs, method=method)
    rngs = {name: key for name, key in keys.items() if name != "params"}
    return module.apply(variables, *args, **kwargs, method=method, rngs=rngs or None, mutable=list(variables) or ["params"])[0]


def _split(tree: Any) -> tuple[list[Any], Any]:
    leaves, structure = jax.tree.flatten(tree, is_leaf=lambda leaf: leaf is None)
    return [leaf for leaf in leaves if data.is_array(leaf)], (leaves, structure)


def _join(arrays: list[Any], rest: Any) -> Any:
    fresh = iter(arrays)
    return jax.tree.unflatten(rest[1], [next(fresh) if data.is_array(leaf) else leaf for leaf in rest[0]])


# ---- constructors -------------------------------------------------------------------------------------------------


def _constructors(cls: type, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Constructor calls to try as text, the likeliest first."""
    others = tuple(
        name for name, value in namespace.items()
        if isinstance(value, type) and issubclass(value, nn.Module) and value is not cls and value.__module__ == cls.__module__
    )
    required = [
        field for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        if field.init and field.name not in ("parent", "name")
        and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    choices = [
        _configs(field.type, namespace) or _values(field.name, str(getattr(field.type, "__name__", field.type)), others)
        for field in required
    ]
    seen = 0
    for values in sorted(itertools.islice(itertools.product(*choices), 200), key=lambda values: sum(map(_rank(choices), values))):
        call = f"{cls.__name__}({', '.join(f'{f.name}={v}' for f, v in zip(required, values))})"
        yield call
        wider = re.sub(r"\b12\b", "32", re.sub(r"\b6\b", "64", call))
        if seen == 0 and wider != call:
            yield wider  # for groups of channels, of which there are 32 as a rule
        seen += 1
        if seen == 12:
            return


def _rank(choices: list[tuple[str, ...]]) -> Any:
    places = {value: place for values in choices for place, value in reversed(list(enumerate(values)))}
    return lambda value: places[value]


def _configs(annotation: Any, namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """The call that makes a small configuration object, where a field is annotated with its class."""
    cls = namespace.get(annotation) if isinstance(annotation, str) else annotation
    if not isinstance(cls, type) or cls.__module__ in ("builtins", "typing", "collections.abc") or issubclass(cls, nn.Module):
        return ()
    try:
        every = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return ()
    parameters = [p for p in every if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if not parameters:
        return ()
    given = {}
    for parameter in parameters:
        missing = parameter.default is parameter.empty
        large = isinstance(parameter.default, int) and not isinstance(parameter.default, bool) and parameter.default > 4
        if missing or large and "id" not in parameter.name.split("_"):
            annotated = "int" if large else str(getattr(parameter.annotation, "__name__", parameter.annotation))
            given[parameter.name] = _values(parameter.name, annotated, ())[0]
    known = next((name for name, value in namespace.items() if value is cls), None)
    spelled = known or f"__import__({cls.__module__!r}, fromlist=[{cls.__name__!r}]).{cls.__name__}"
    return (f"{spelled}({', '.join(f'{name}={value}' for name, value in given.items())})",)


def _values(name: str, annotation: str, classes: tuple[str, ...]) -> tuple[str, ...]:
    if classes and re.search(r"cls|class|block|cell|constructor|factory|ModuleDef", name + annotation):
        return (*classes[:4], f"{LINEN}.Dense")
    by_name = next((values for pattern, values in FIELDS if re.search(pattern, name)), ())
    by_type = next((values for pattern, values in BY_ANNOTATION if re.search(pattern, annotation)), ())
    scalar = re.search(r"\bint\b|float|bool", annotation) and not re.search(r"Sequence|uple|ist", annotation)
    fitting = tuple(value for value in by_name if not (scalar and value[0] in "([")) if by_name else ()
    if re.search(r"Sequence|uple|ist", annotation):
        fitting = tuple(value for value in by_name if value[0] in "([")
    if re.search(r"float", annotation) and not re.search(r"int", annotation):
        fitting = tuple(value for value in by_name if "." in value or "e-" in value)
    return (*fitting, *(value for value in by_type if value not in fitting)) or by_name or ("12", "(12, 6)", "None")


def _features(init: str) -> tuple[int, ...]:
    """Sizes of the last axis to try: those that the constructor names, and one of its own."""
    numbers = [int(text) for text in re.findall(r"(?<![\w.])\d+(?![\w.])", init)]
    return tuple(dict.fromkeys([*(n for n in numbers if n > 4), 12, 8]))


# ---- inputs -------------------------------------------------------------------------------------------------------


def _calls(
    cls: type, method: str, features: tuple[int, ...]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], dict[str, Any] | None]]:
    """Arguments, keywords and training keywords to try."""
    parameters = list(inspect.signature(getattr(cls, method)).parameters.values())[1:]
    kwargs = {p.name: EVAL_FLAGS[p.name] for p in parameters if p.name in EVAL_FLAGS}
    train = {name: not value for name, value in kwargs.items()} or None
    needed = [
        p for p in parameters
        if p.name not in EVAL_FLAGS and p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    choices = [_candidates(p.name, str(p.annotation)) for p in needed]
    if any(CARRY.search(p.name) for p in needed):  # what is scanned over has an axis of time; one step of a cell has none
        choices = [tuple(dict.fromkeys((SEQUENCE, *c))) if c[0] == ANY_INPUT[0] else c for c in choices]
    for combination in sorted(
        itertools.islice(itertools.product(*choices), 300), key=lambda found: sum(map(_rank(choices), found))
    ):
        for size in features if any("F" in text for text in combination) else features[:1]:
            values = [_parsed(text.replace("F", str(size))) for text in combination]
            positional = tuple(v for p, v in zip(needed, values) if p.kind is not p.KEYWORD_ONLY)
            keyword = {p.name: v for p, v in zip(needed, values) if p.kind is p.KEYWORD_ONLY}
            yield positional, {**keyword, **kwargs}, train


def _candidates(name: str, annotation: str) -> tuple[str, ...]:
    if re.search(r"\bbool\b", annotation) and "rray" not in annotation:
        return ("False",)
    named = next((values for pattern, values in INPUTS if re.search(pattern, name.lower())), ())
    if re.search(r"\bint\b", annotation) and "rray" not in annotation:
        return ("3", *named)
    return (*named, *(value for value in ANY_INPUT if value not in named)) if named[:1] != ("key",) else named


def _parsed(text: str) -> Any:
    if text.startswith("("):
        return tuple(part.strip() for part in re.findall(r"\w+\[[^\]]*\]", text))
    return {"False": False, "3": 3}.get(text, text)
