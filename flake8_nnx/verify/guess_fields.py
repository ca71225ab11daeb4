"""Constructor calls to try for a class whose fields nobody has filled in, as text, the likeliest first.

Annotations decide where they name a class, an enumeration or values; otherwise the name of the field and its annotation suggest.
"""
from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import islice
from typing import Any

import flax.linen as nn

from flake8_nnx.verify.verdict import Unverifiable

LINEN = "__import__('flax.linen', fromlist=['linen'])"  # for classes of files that do not name flax.linen themselves
PARTIAL = "__import__('functools').partial"
NUMPY = "__import__('numpy')"
MOST_CALLS, MOST_CLASSES, MOST_MADE, MOST_OBJECTS = 40, 24, 12, 4
DEEPEST = 2  # objects in objects
EQUATION = r"einsum|eqn|equation|subscripts"
LAYERS = r"layers|n_layer|depth|blocks|num_res|repeats|steps|stage"
# What a field is, from its name, and the values to try as text; the first that fits counts.
FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (EQUATION, ("'...d,df->...f'", "'BTD,NDH->BTNH'")),
    (r"symmetr|permut|table|indices|adjacen", (f"({NUMPY}.arange(12)[:, None] + {NUMPY}.arange(12)) % 12",)),
    (r"batch_dims", ("()",)),
    (r"^axis$", ("-1", "1")),
    (r"head_dim|dim_head|d_head|key_dim", ("6", "4")),  # by two heads a width of 12
    (r"heads?$|num_head", ("2", "3")),
    (r"image_size|img_size|sample_size|resolution", ("8",)),
    (r"patch", ("2", "(2, 2)", "(3, 3)", "3")),
    (r"kernel_size|window", ("(3, 3)", "3", "(3,)", "2", "(2, 2)")),
    (r"strides?", ("1", "(1, 1)")),
    (LAYERS, ("2", "(1, 2)")),
    (r"rate|dropout|prob|noise|std|scale|momentum|decay|alpha|beta|gamma", ("0.1",)),
    (r"eps", ("1e-5",)),
    (r"vocab|num_embeddings|classes|actions|outputs|tokens|experts|n_out|num_critics|n_atoms", ("11", "3")),
    (r"group", ("2",)),
    (r"max|length|len|positions|horizon|buckets", ("16",)),
    (r"dtype", ("__import__('jax').numpy.float32",)),
    (r"^conv$", (f"{LINEN}.Conv",)),
    (r"^(dense|linear|proj)$", (f"{LINEN}.Dense",)),
    (r"act$|activation|nonlin|relu", (f"{LINEN}.relu",)),
    (r"norm", (f"{LINEN}.LayerNorm", f"{PARTIAL}({LINEN}.BatchNorm, use_running_average=True)", "True")),
    (r"init", (f"{LINEN}.initializers.lecun_normal()",)),
    (r"model|module|net|encoder|decoder|layer|backbone|torso|body", (f"{LINEN}.Dense(12)",)),
    (
        r"features|hidden|dims?$|width|size|channels|latents?|units|arch|embed|filters|planes|shape|out|in",
        ("12", "(12, 6)", "[12, 6]", "(12, 12)"),
    ),
)
BY_ANNOTATION: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"bool", ("False",)),
    (r"Sequence|[Tt]uple|[Ll]ist|Iterable", ("(12, 6)", "(3, 3)", "[12, 6]", "(2,)", "(12, 12)")),
    (r"Callable", (f"{LINEN}.relu", f"{LINEN}.Dense")),
    (r"float", ("0.5", "0.1", "1.0")),
    (r"int", ("12", "3", "2")),
    (r"dtype|Dtype", ("__import__('jax').numpy.float32",)),
    (r"str", ("'relu'",)),
    (r"Module", (f"{LINEN}.Dense(12)",)),
    (r"Mapping|[Dd]ict", ("{}",)),
    (r"[Aa]rray", (f"{NUMPY}.linspace(-1.0, 1.0, 12, dtype='float32')", f"{NUMPY}.eye(12, dtype='float32')")),
)


class Unmade(Unverifiable):
    """No object of the class that an annotation asks for could be made."""


def constructors(cls: type, namespace: Mapping[str, Any]) -> list[str]:
    """Constructor calls to try as text, the likeliest first.

    Raises:
        Unverifiable: a field asks for an object that cannot be made; says which and why.
    """
    required = [
        field for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        if field.init and field.name not in ("parent", "name")
        and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    calls = list(islice(_calls(cls, [(field.name, field.type) for field in required], namespace, 0), MOST_CALLS))
    wider = calls[0].replace("12, 6", "32, 64")  # for groups of channels, of which there are 32 as a rule
    wider = re.sub(r"\b12\b", "32", re.sub(r"\b6\b", "16", wider))
    return list(dict.fromkeys([calls[0], wider, *calls[1:]]))


def large(cls: type, init: str) -> dict[str, list[str]]:
    """The fields that a constructor call leaves at a default that is a large size, with smaller ones to try as text.

    Numbers of layers are the first, as what has few is tried faster; then the largest sizes.
    """
    found: dict[str, list[str]] = {}

    def place(field: dataclasses.Field[Any]) -> tuple[bool, int]:
        sizes = field.default if isinstance(field.default, tuple) else (field.default,)
        return not re.search(LAYERS, field.name), -sum(size for size in sizes if type(size) is int)

    for field in sorted(dataclasses.fields(cls), key=place):  # type: ignore[arg-type]
        value = field.default
        if not field.init or re.search(rf"\b{field.name}=", init):
            continue
        if type(value) is int and value > 4:
            found[field.name] = [text for text in (*_guessed(field.name, "int", (), ""), "32") if int(text) < value]
        elif isinstance(value, tuple) and all(type(size) is int for size in value) and max(value, default=0) > 16:
            found[field.name] = [repr(tuple(min(size, most) for size in value)) for most in (12, 32)]
    return found


def with_other_numbers(cls: type, init: str) -> str:
    """A constructor call that gives the fields with a number as their default another one."""
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.init and type(field.default) is float and not re.search(rf"\b{field.name}=", init):
            init = with_field(init, field.name, repr(field.default / 2 + 0.25))
    return init


def with_field(init: str, name: str, value: str) -> str:
    """A constructor call with another keyword."""
    return f"{init[:-1]}{'' if init.endswith('()') else ', '}{name}={value})"


def ordered(choices: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """One of each, those first whose places in their sequences add up to the least."""

    def places(sizes: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
        if not sizes:
            if total == 0:
                yield ()
            return
        for place in range(min(sizes[0] - 1, total) + 1):
            for rest in places(sizes[1:], total - place):
                yield (place, *rest)

    sizes = [len(values) for values in choices]
    for total in range(sum(sizes) - len(sizes) + 1):
        for found in places(sizes, total):
            yield tuple(values[place] for values, place in zip(choices, found))


def _calls(
    cls: type, wanted: Sequence[tuple[str, Any]], namespace: Mapping[str, Any], depth: int, field: str = ""
) -> Iterator[str]:
    """Calls of the class; the only argument of what is made for a field is what the name of the field says."""
    choices = []
    for name, annotation in wanted:
        try:
            choices.append(_values(field if field and len(wanted) == 1 else name, annotation, cls, namespace, depth))
        except Unmade as error:
            raise Unmade(f"the field `{name}` of {cls.__name__}: {error}") from None
    for values in ordered(choices):
        yield f"{_spelled(cls, namespace)}({', '.join(f'{name}={value}' for (name, _), value in zip(wanted, values))})"


def _spelled(cls: type, namespace: Mapping[str, Any]) -> str:
    known = next((name for name, value in namespace.items() if value is cls), None)
    path = reduce(lambda text, name: f"{text}.{name}", cls.__qualname__.split("."))
    return known or f"__import__({cls.__module__!r}, fromlist=[{cls.__name__!r}]).{path}"


def _values(name: str, annotation: Any, owner: type, namespace: Mapping[str, Any], depth: int) -> tuple[str, ...]:
    """Values for a field: those that its annotation lists, objects of the classes that it names, or guesses.

    Raises:
        Unmade: it can only be an object of classes of which none can be made.
    """
    found: list[str] = []
    unmade: list[str] = []
    for part in parts(_resolved(annotation, owner)):
        if typing.get_origin(part) is typing.Literal:
            found += map(repr, typing.get_args(part))
        elif isinstance(part, type) and issubclass(part, enum.Enum):
            found += [f"{_spelled(part, namespace)}.{member.name}" for member in part]
        elif typing.get_origin(part) is type and _is_of_user(typing.get_args(part)[0]):
            every = [*typing.get_args(part), *_derived(typing.get_args(part)[0])]
            found += [_spelled(one, namespace) for one in every if not inspect.isabstract(one)][:MOST_OBJECTS]
        elif _is_of_user(part):
            try:
                found += _objects(part, name, namespace, depth)
            except Unmade as error:
                unmade.append(str(error))
        elif part is not type(None):
            found += _guessed(name, str(getattr(part, "__name__", part)), _layers(namespace, owner), _source(owner.__module__))
    if unmade and not found:
        raise Unmade(unmade[0])
    return tuple(dict.fromkeys(found))


def _layers(namespace: Mapping[str, Any], owner: type) -> tuple[str, ...]:
    """The other layers of the file."""
    layers = {name: value for name, value in namespace.items() if isinstance(value, type) and issubclass(value, nn.Module)}
    return tuple(n for n, value in layers.items() if value is not owner and value.__module__ == owner.__module__)


@lru_cache(maxsize=4)
def _source(module: str) -> str:
    try:
        return inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return ""


def _resolved(annotation: Any, owner: type) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(vars(sys.modules[owner.__module__])))  # noqa: S307  (as typing.get_type_hints)
    except Exception:  # a name that only type checkers import
        return annotation


def parts(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation itself."""
    if typing.get_origin(annotation) is typing.Annotated:
        return parts(typing.get_args(annotation)[0])
    is_union = typing.get_origin(annotation) is typing.Union or type(annotation).__name__ == "UnionType"
    return typing.get_args(annotation) if is_union else (annotation,)


def _is_of_user(cls: Any) -> bool:
    """Whether an object of it can be made up: of a layer of Linen, and of classes of no library that only has interfaces."""
    if not isinstance(cls, type) or getattr(cls, "_is_protocol", False):
        return False
    if issubclass(cls, nn.Module):
        return cls is not nn.Module
    library = cls.__module__.partition(".")[0]
    known = {"builtins", "jax", "jaxlib", "numpy", "flax", "optax", "jaxtyping"}
    return library not in known and (library == "__main__" or library not in sys.stdlib_module_names)


def _objects(cls: type, field: str, namespace: Mapping[str, Any], depth: int) -> list[str]:
    """Calls that make an object of the class or, where it makes none, of those derived from it; each has been carried out.

    Raises:
        Unmade: there is none.
    """
    reasons: list[str] = []  # of the likeliest first
    found: list[str] = []
    for candidate in [cls, *_derived(cls)][: MOST_CLASSES if depth < DEEPEST else 0]:
        if inspect.isabstract(candidate):
            continue
        try:
            for text in _attempts(candidate, namespace, depth + 1, field):
                try:
                    eval(text, dict(namespace))  # noqa: S307
                except Exception as error:
                    reasons.append(f"{text} raises {type(error).__name__}: {' '.join(str(error).split())[:120]}")
                    continue
                found.append(text)
                break
        except (Unmade, TypeError, ValueError) as error:
            reasons.append(str(error))
        if len(found) == MOST_OBJECTS:
            break
    if not found:
        deep = f"objects within objects are made up {DEEPEST} deep only"
        none = f"{cls.__name__} is abstract and no class derived from it is known"
        raise Unmade(f"no {cls.__name__} could be made: {reasons[0] if reasons else deep if depth == DEEPEST else none}")
    return found


def _attempts(cls: type, namespace: Mapping[str, Any], depth: int, field: str) -> Iterator[str]:
    """Calls of a class to try; a size that others must fit, as the number of layers their kinds, may be left as it is."""
    wanted = _parameters(cls)
    yield from islice(_calls(cls, wanted, namespace, depth, field), MOST_MADE)
    defaults = {name: p.default for name, p in inspect.signature(cls).parameters.items()}
    for name, _ in wanted if len(wanted) > 1 else ():
        if defaults[name] is not inspect.Parameter.empty:
            yield from islice(_calls(cls, [each for each in wanted if each[0] != name], namespace, depth, field), 1)


def _derived(cls: type) -> Iterator[type]:
    derived: type
    for derived in type.__subclasses__(cls):
        yield derived
        yield from _derived(derived)


def _parameters(cls: type) -> list[tuple[str, Any]]:
    """The arguments to give: equations, those without defaults, and sizes that are too large for an example or show nothing."""
    given = []
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            continue
        size = isinstance(parameter.default, int) and not isinstance(parameter.default, (bool, enum.Enum))
        unfit = size and (parameter.default > 4 or parameter.default == 1) and "id" not in parameter.name.split("_")
        left = parameter.default is None and re.search(EQUATION, parameter.name)  # to the call, which need not know it
        if parameter.default is parameter.empty or unfit or left:
            given.append((parameter.name, int if unfit else parameter.annotation))
    return given


def _guessed(name: str, annotation: str, classes: tuple[str, ...], source: str) -> tuple[str, ...]:
    """Values for a field by its name and annotation, where there are `classes` in its file, which is `source`."""
    plain = re.search(r"\b(int|float|bool|str)\b", annotation)
    if classes and not plain and re.search(r"cls|class|block|cell|constructor|factory|ModuleDef", name + annotation):
        return (*classes[:4], f"{LINEN}.Dense")
    by_name = next((values for pattern, values in FIELDS if re.search(pattern, name)), ())
    by_name = tuple(sorted(by_name, key=lambda value: not _names(source, value)))
    by_type = next((values for pattern, values in BY_ANNOTATION if re.search(pattern, annotation)), ())
    scalar = re.search(r"\bint\b|float|bool", annotation) and not re.search(r"Sequence|uple|ist", annotation)
    fitting = tuple(value for value in by_name if not (scalar and value[0] in "([")) if by_name else ()
    if re.search(r"Sequence|uple|ist", annotation):
        fitting = tuple(value for value in by_name if value[0] in "([")
    if re.search(r"float", annotation) and not re.search(r"int", annotation):
        fitting = tuple(value for value in by_name if "." in value or "e-" in value)
    if re.search(r"\bint\b", annotation) and scalar and not re.search(r"float", annotation):
        fitting = tuple(value for value in by_name if value.lstrip("-").isdigit())
    if re.search(r"\bstr\b", annotation):
        fitting = tuple(value for value in by_name if value[0] == "'")
    return (*fitting, *(value for value in by_type if value not in fitting)) or by_name or ("12", "(12, 6)", "None")


def _names(source: str, value: str) -> bool:
    """Whether a file names the Linen class that a value is of, so that it likely gives that one."""
    kind = re.search(rf"{re.escape(LINEN)}\.([A-Z]\w+)", value)
    return kind is not None and re.search(rf"\.{kind[1]}\b", source) is not None
