"""Arguments to try for a method of which nobody says how it is called, as shape strings, the likeliest first.

Annotations and names suggest what an argument is; those that say nothing get one shape together, then shapes of their own.
"""
from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from flake8_nnx.verify.guess_fields import FIELDS, ordered, parts
from flake8_nnx.verify.verdict import Unverifiable

Call = tuple[tuple[Any, ...], dict[str, Any], "dict[str, Any] | None"]
MOST_COMBINATIONS = 300
FEW = 12  # of one text each, before several are tried
MOST_OF_RECORD = 6  # ways to fill a named tuple
MOST_OPTIONAL = 24  # where arguments are given that may be left out, for each number of them
TYPED = re.compile(r"(\w+)\[[^'\"\[\]]*['\"]([^'\"]*)['\"]")  # of jaxtyping
TYPED_DTYPES = {"Float": ("f32", ""), "Num": ("f32", ""), "Int": ("i32", "<2"), "Integer": ("i32", "<2"), "Bool": ("bool", "")}

EVAL_FLAGS = {
    "train": False, "training": False, "is_training": False, "deterministic": True, "use_running_average": True,
}  # fmt: skip
CARRY = re.compile(r"carry|(?<!hidden_)state|memory")
SEQUENCE = "f32[b,5,F]"
CHOICES = "[b,3,5]"  # of several texts for each element of the batch; all arguments have these axes then
# What an argument of a method is, from its name; `F` is the size of features.
INPUTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"^(key|rng|rngs|rng_key|prng_key|z_rng|seed)$", ("key",)),
    (r"tuple|list$", ("(f32[b,8,8,F], f32[b,8,8,F])", "(f32[b,5,F], f32[b,5,F])", "(f32[b,F], f32[b,F])")),
    (r"^encoder_|encoded|context|cross", ("f32[b,5,F]", "f32[b,F]")),
    (r"emb$|embeddings?$", ("f32[b,F]", "f32[b,5,F]")),
    (r"(head|layer).*mask", ("None", "bool[b,5]")),  # of what to leave out, mostly nothing
    (r"mask|valid|done|reset|is_first|paddings", ("bool[b,5]", "bool[b]", "bool[b,5,5]", "bool[b,1,5,5]", f"bool{CHOICES}")),
    (
        r"ids?$|tokens?|words|position|indices|vocab|segment|inputs_?$",
        ("i32[b,5]<2", "f32[b,5,F]", "f32[b,F]", "i32[b,F]<2", "f32[b,8,8,3]", f"i32{CHOICES}<2"),
    ),
    (r"labels?|classes|targets?|action_ids|level", ("i32[b]<2", "i32[b,5]<2", "f32[b,F]", "f32[b,5,F]")),
    (r"^t$|times?(teps?)?$|sigma|noise_level|temperature|log_?snr|lengths?", ("f32[b]", "i32[b]<5", "f32[b,1]", "f32[]")),
    (r"image|img|pixel|frame|video|conv|sample", ("f32[b,8,8,3]", "f32[b,8,8,F]", "f32[b,3,8,8]", "f32[b,16,16,4]", "f32[b,F]")),
    (r"carry|(?<!hidden_)state|cache|memory", ("f32[b,F]", "(f32[b,F], f32[b,F])")),
    (r"senders|receivers", ("i32[7]<5",)),  # the ends of seven edges between five nodes
    (r"^n_(node|edge)s?$", ("i32[2]<4",)),  # of two graphs in one
    (r"^edges?$|edge_(feat|attr)", ("f32[7,F]",)),
    (r"^globals?$", ("f32[2,F]",)),
    (r"graph|edges|nodes", ("f32[5,F]",)),
)
ANY_INPUT = (
    "f32[b,F]", "f32[b,5,F]", "f32[b,8,8,3]", "f32[b,8,8,F]", "i32[b,5]<2", "f32[b]", "f32[b,5,3,F]", "f32[b,4,F,F]", "i32[b]<2",
    "f32[b,28,28,1]", "f32[b,3,5,8,F]", "f32[b,40,40,3]", "f32[b,3,40,40]",
)  # fmt: skip


def calls(cls: type, method: str, features: Sequence[int]) -> Iterator[Call]:
    """Arguments, keywords and training keywords to try.

    Raises:
        Unverifiable: an argument is text of which nothing is known.
    """
    parameters = list(inspect.signature(getattr(cls, method)).parameters.values())[1:]
    kwargs = {p.name: EVAL_FLAGS[p.name] for p in parameters if p.name in EVAL_FLAGS}
    train = {name: not value for name, value in kwargs.items()} or None
    many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p for p in parameters if p.name not in EVAL_FLAGS and p.default is p.empty and p.kind not in many]
    needed = needed or [p for p in parameters if p.kind is p.VAR_POSITIONAL]  # of a wrapper, which passes on what it is given
    keys = {p.name: "key" for p in parameters if p.default is None and _named(p.name)[:1] == ("key",)}
    # The key of an attention stands beside its query and value.
    plain = {"key"} if {"query", "value"} & {p.name for p in parameters} else set()
    choices = {p.name: ANY_INPUT if p.name in plain else _candidates(p.name, p.annotation) for p in needed}
    records: dict[str, type] = {}
    for name, hint in _hints(getattr(cls, method)).items():
        if name in choices:
            nested = tuple(filter(None, (_nested(hint, shape) for shape in ("f32[b,F]", SEQUENCE))))
            choices[name] = tuple(dict.fromkeys((*nested, *choices[name])))
            if type(None) in parts(hint):  # an array makes more of a call; of anything else nobody knows what is in it
                arrays = all("rray" in getattr(part, "__name__", "") for part in parts(hint) if part is not type(None))
                first = choices[name][: int(arrays)]
                choices[name] = tuple(dict.fromkeys((*first, "None", *choices[name])))
            for record in filter(_is_record, parts(hint)):
                records[name], choices[name] = record, _of_record(record)
    optional = [p for p in parameters if p.default is None and p.name not in keys and _named(p.name)]
    choices |= {p.name: _candidates(p.name, inspect.Parameter.empty) for p in optional}

    def made() -> Iterator[Call]:
        for number in range(len(optional) + 1):
            given = [*needed, *optional[:number]]
            combinations = _combinations([choices[p.name] for p in given], [p.name for p in given])
            for combination in islice(combinations, MOST_OPTIONAL) if number or not needed else combinations:
                for size in features if any("F" in text for text in combination) else features[:1]:
                    values = [_filled(records.get(p.name), _parsed(text, size)) for p, text in zip(given, combination)]
                    positional = tuple(v for p, v in zip(given, values) if p.kind is not p.KEYWORD_ONLY)
                    keyword = {p.name: v for p, v in zip(given, values) if p.kind is p.KEYWORD_ONLY}
                    yield positional, {**keyword, **kwargs}, train
                    if keys:  # which may be left out, but not by what draws from them
                        yield positional, {**keyword, **keys, **kwargs}, train

    return made()


def left_out(
    cls: type, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], sizes: Sequence[int]
) -> Iterator[tuple[str, list[Any]]]:
    """The arguments of a call that may be None and that nothing is given for, each with arrays to try."""
    own = [int(size) for text in args if isinstance(text, str) for size in re.findall(r"^f32\[.*,(\d+)\]$", text)]
    for p in list(inspect.signature(getattr(cls, method)).parameters.values())[1 + len(args):]:
        values = _named(p.name)
        if p.default is None and p.name not in kwargs and values and values[0] not in ("key", "None"):
            fitting = list(dict.fromkeys((*own, *sizes)))[:2]
            yield p.name, [_parsed(text, size) for text in values[:2] for size in (fitting if "F" in text else fitting[:1])]


def _combinations(choices: list[tuple[str, ...]], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One candidate for each argument; those of which nothing is known are alike first, as an observation and an action are."""
    free = [candidates == ANY_INPUT for candidates in choices]
    alike: tuple[str, ...] = ANY_INPUT
    # What is scanned over, or has ids or a mask beside it, has an axis of time; one step of a cell has none.
    if any(map(CARRY.search, names)) or any("[b,5]" in candidates[0] for candidates in choices):
        alike = tuple(dict.fromkeys((SEQUENCE, *ANY_INPUT)))
        choices = [alike if any_shape else candidates for any_shape, candidates in zip(free, choices)]
    together = (
        found for shape in alike for found in ordered([(shape,) if any_shape else c[:2] for any_shape, c in zip(free, choices)])
    )
    each: Iterator[tuple[str, ...]] = islice(ordered(choices), MOST_COMBINATIONS)
    several = tuple(next((text for text in candidates if CHOICES in text or text == "None"), "") for candidates in choices)
    if all(several) and any(text != "None" for text in several):
        each = chain(islice(each, FEW), [several], each)
    return iter(dict.fromkeys(chain(together, each) if any(free) and len(free) > 1 else each))


def _named(name: str) -> tuple[str, ...]:
    return next((values for pattern, values in INPUTS if re.search(pattern, name.lower())), ())


def _candidates(name: str, annotation: Any) -> tuple[str, ...]:
    text = str(getattr(annotation, "__name__", annotation)) if isinstance(annotation, type) else str(annotation)
    scalar = "rray" not in text
    if scalar and re.search(r"\bbool\b", text):
        return ("no",)
    if scalar and re.search(r"\bstr\b", text):
        known = next((values for pattern, values in FIELDS if re.search(pattern, name) and values[0][0] == "'"), ())
        if not known:
            raise Unverifiable(f"nothing is known of the text that the argument `{name}` stands for")
        return known
    named = _named(name)
    if scalar and re.search(r"\bint\b", text):
        return ("3", *named)
    if named[:1] == ("key",):
        return named
    return tuple(dict.fromkeys((*_typed(text), *named, *ANY_INPUT)))


def _hints(method: Any) -> dict[str, Any]:
    """The annotations of a method as objects, also where its file postpones them."""
    try:
        return typing.get_type_hints(method)
    except Exception:  # a name that is only imported for type checkers
        return {}


def _nested(hint: Any, shape: str) -> str:
    """Arrays of this shape in tuples as an annotation such as `tuple[tuple[Array, Array], Array]` nests them."""
    parts = typing.get_args(hint) if typing.get_origin(hint) is tuple else ()
    texts = [_nested(part, shape) or (shape if "rray" in str(part) and not typing.get_args(part) else "") for part in parts]
    return f"({', '.join(texts)},)" if texts and all(texts) else ""


def _is_record(kind: Any) -> bool:
    """Whether it is a named tuple, which is made of arrays where a method takes it."""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def _of_record(kind: Any) -> tuple[str, ...]:
    """What its fields may be, by their names and annotations."""
    hints = _hints(kind)
    choices = [_candidates(name, hints.get(name, inspect.Parameter.empty))[:2] for name in kind._fields]
    return tuple(f"({', '.join(texts)},)" for texts in islice(ordered(choices), MOST_OF_RECORD))


def _filled(record: Any, value: Any) -> Any:
    return record(*value) if record is not None and isinstance(value, tuple) else value


def _typed(annotation: str) -> tuple[str, ...]:
    """The shape that an annotation such as `Float[Array, "*b t d"]` spells: the last axis is of features, others are named."""
    match = TYPED.search(annotation)
    if not match or match[1] not in TYPED_DTYPES:
        return ()
    *above, last = [name.rpartition("=")[2].lstrip("*#_?") for name in match[2].split()] or [""]
    sizes = [name if name.isdigit() else "b" if place == 0 else "5" for place, name in enumerate(above)]
    dtype, below = TYPED_DTYPES[match[1]]
    if not above and not last.isdigit() and "*" in match[2] or last == "...":
        return (f"{dtype}[b]{below}",)
    final = last if last.isdigit() else "F" if dtype == "f32" else "5"
    return (f"{dtype}[{','.join([*sizes, final])}]{below}",)


def _parsed(text: str, size: int) -> Any:
    if text.startswith("'"):
        return text.strip("'")
    text = text.replace("F", str(size))
    if text.startswith("("):
        return tuple(_parsed(item, size) for item in _items(text))
    return {"3": 3, "no": False, "None": None}.get(text, text)


def _items(text: str) -> list[str]:
    """What stands between the commas of a tuple."""
    found, depth = [""], 0
    for letter in text[1:-1]:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return [item.strip() for item in found if item.strip()]
