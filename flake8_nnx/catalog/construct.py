"""One Linen constructor or layer call, argument by argument, as NNX wants it written.

Positional arguments become keywords where their position moved, and sizes come first.
"""
from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType

from flake8_nnx.catalog.adjust import Draft, adjust, held, parsed
from flake8_nnx.catalog.layer import Layer, neutral
from flake8_nnx.catalog.layers import LAYERS


@dataclass(frozen=True)
class Construction:
    """The NNX constructor call.

    code: source text, such as `nnx.Linear(in_features, 128, use_bias=False, rngs=rngs)`.
    problems: why there is no exact translation; then `code` is only the nearest thing.
    notes: what a user should know although the translation is exact.
    """

    code: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def construct(
    layer: Layer,
    positional: Sequence[str],
    keywords: Mapping[str, str],
    sizes: Mapping[str, str],
    *,
    nnx: str = "nnx",
    rngs: str = "rngs",
    bound_before: Collection[str] = (),
    extra: Mapping[str, str] = MappingProxyType({}),
) -> Construction:
    """The NNX constructor call for a Linen one.

    Args:
        positional, keywords: source text of the arguments as written, without `name` and `parent`.
        sizes: source text of the sizes that NNX must be told (`layer.sizes`, `layer.extra_sizes`); a missing one is
            shown by its own name.
        nnx, rngs: what the NNX module and the random streams are called there.
        bound_before: Linen arguments that a partial around the class gives already.
        extra: what NNX is to be given besides, by keyword.
    """
    given, problems = bound(f"nn.{layer.linen}", layer.linen_args, (), positional, keywords)
    if not problems:
        problems += [f"nn.{layer.linen} needs `{name}`" for name in layer.required if name not in (*given, *bound_before)]
    draft = Draft(layer, given, nnx, {**extra}, problems, [layer.note] if layer.note else [])
    if layer.refuse:
        draft.problems.append(f"nn.{layer.linen} has no exact NNX twin: {layer.refuse}")
    else:
        held(draft, LAYERS)
    if layer.linen == "Sequential":
        return _finished(draft, f"{nnx}.Sequential({_elements(given.get('layers', ''))})")
    adjust(draft)
    for name in [name for name in draft.given if name in layer.dropped]:
        text = draft.given.pop(name)
        if not neutral(name, text):
            draft.problems.append(f"`{name}={text}` of nn.{layer.linen} has no NNX twin: {layer.dropped[name]}")
    arguments = {layer.renames.get(name, name): text for name, text in draft.given.items()}
    arguments |= {size: sizes.get(size, size) for size in layer.sizes}
    wanted = {size: sizes[size] for size in layer.extra_sizes if size in sizes}
    arguments |= {size: text for size, text in wanted.items() if text not in [arguments[s] for s in layer.sizes]}
    always = {name: text for name, text in layer.always.items() if name not in bound_before}
    arguments = {**always, **arguments, **draft.extra}
    return _finished(draft, f"{nnx}.{layer.nnx}({', '.join(_ordered(layer, arguments, rngs))})" if layer.nnx else "")


def bind(layer: Layer, keywords: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
    """Keywords of a partial of the layer on the NNX side, and why some of them cannot be written."""
    made = construct(layer, [], keywords, {}, bound_before=(*layer.required, *layer.always))
    node = parsed(made.code)
    given = node.keywords if isinstance(node, ast.Call) else []
    positional = node.args if isinstance(node, ast.Call) else []
    named = [*zip(layer.leading, positional), *((str(k.arg), k.value) for k in given)]
    own = [(name, value) for name, value in named if name not in ("rngs", *layer.sizes)]
    return [f"{name}={ast.get_source_segment(made.code, value)}" for name, value in own], made.problems


def call(layer: Layer, positional: Sequence[str], keywords: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
    """Arguments of `layer(…)` on the NNX side, and why some of them cannot be written.

    Args:
        positional, keywords: source text of the arguments of the Linen call.
    """
    if not layer.call_args:  # Linen takes anything here
        spread = "nn.Sequential gives keywords to its first layer, nnx.Sequential to every layer that takes them"
        problems = (spread,) if layer.linen == "Sequential" and keywords else ()
        return [*positional, *(f"{name}={text}" for name, text in keywords.items())], problems
    named = (*layer.call_keyword_only, *layer.call_dropped)
    given, found = bound(f"the call of nn.{layer.linen}", layer.call_args, named, positional, keywords)
    arguments: list[str] = []
    for name, text in given.items():
        if name in layer.call_dropped:
            if not neutral(name, text):
                advice = layer.call_dropped[name]
                found.append(f"`{name}={text}` in the call of nn.{layer.linen} has no NNX twin: {advice}")
        elif name in keywords or name in layer.call_keyword_only:
            arguments.append(f"{layer.call_renames.get(name, name)}={text}")
        else:
            arguments.append(text)
    return arguments, tuple(found)


def bound(
    what: str, names: tuple[str, ...], named: tuple[str, ...], positional: Sequence[str], keywords: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Source text by parameter name, and what does not fit the signature; `named` are its keyword-only parameters."""
    problems: list[str] = []
    if any(text.startswith("*") for text in positional) or "**" in keywords:
        problems.append(f"{what} is given arguments with * or **, which cannot be told apart in the source")
        positional = []
    if len(positional) > len(names):
        problems.append(f"{what} takes {len(names)} positional arguments, {len(positional)} are given")
    given = dict(zip(names, positional))
    for name, text in keywords.items():
        if name in given:
            problems.append(f"{what} is given `{name}` twice")
        elif name in names or name in named:
            given[name] = text
        elif name != "**":
            problems.append(f"{what} has no argument `{name}`")
    return given, problems


def _ordered(layer: Layer, arguments: dict[str, str], rngs: str) -> list[str]:
    """Leading arguments by position up to the first one missing; then keywords, sizes first, `rngs` last."""
    written = [arguments.pop(name) for name in takewhile(arguments.__contains__, layer.leading)]
    first = [name for name in (*layer.required, *layer.sizes, *layer.extra_sizes) if name in arguments]
    added = [name for name in layer.always if name in arguments and name not in first]
    rest = dict.fromkeys([*first, *(name for name in arguments if name not in added), *added])
    tail = [f"rngs={rngs}"] if layer.rngs else []
    return [*written, *(f"{name}={arguments[name]}" for name in rest), *tail]


def _elements(text: str) -> str:
    """`[a, b]` becomes `a, b`; any other sequence is unpacked."""
    node = parsed(text)
    if isinstance(node, (ast.List, ast.Tuple)):
        return ", ".join(ast.get_source_segment(text.strip(), element) or ast.unparse(element) for element in node.elts)
    return f"*{text}" if text else ""


def _finished(draft: Draft, code: str) -> Construction:
    problems = tuple(dict.fromkeys(draft.problems))
    return Construction(code or f"nn.{draft.layer.linen}(…)", problems, tuple(draft.notes))
