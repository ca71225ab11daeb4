"""The trace of a Linen class as rules read it: its construction sites, sizes and attribute names.

Made once per class, however many rules ask.
"""
from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flake8_nnx.rules import _text
from flake8_nnx.source.events import Trace
from flake8_nnx.source.features import SizeParameter, needed_sizes, trace
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.values import Site

# Public names of nnx.Module (flax 0.12) that an attribute may not take, and how a field of such a name is kept.
RESERVED = frozenset({"train", "eval", "sow", "perturb", "set_attributes", "iter_children", "iter_modules"})
RENAMED = {"train": "training"}
# Calls on `self` that need a random stream in the constructor.
DRAWING = frozenset({"param", "make_rng"})


def inside_construction(node: ast.AST, facts: Facts) -> bool:
    """Whether the node is (part of) an argument of another construction, as a layer of `nn.Sequential([…])`."""
    child, above = node, facts.names.parent(node)
    while isinstance(above, (ast.Call, ast.List, ast.Tuple, ast.Starred, ast.keyword, ast.ListComp, ast.IfExp)):
        if isinstance(above, ast.Call):
            if child is above.func:
                return False
            if facts.module_class(above.func):
                return True
        child, above = above, facts.names.parent(above)
    return False


@dataclass(frozen=True)
class Traced:
    """What the trace of a class tells of its constructions."""

    trace: Trace
    sites: Mapping[ast.Call, Site]
    parameters: list[SizeParameter]
    names: Mapping[ast.Call, str]  # attribute name without `self.`


@functools.lru_cache(maxsize=4)
def traced(node: ast.ClassDef, facts: Facts) -> Traced | None:
    """The trace of a Linen class; made once, for all rules."""
    cls = facts.linen_class(node)
    if cls is None:
        return None
    found = trace(cls)
    sites: dict[ast.Call, Site] = {}
    for site in found.sites:
        sites.setdefault(site.call, site)
    return Traced(found, sites, needed_sizes(found), _names(found, sites, facts))


def has_constructor(cls: LinenClass) -> bool:
    """Whether the NNX class needs an `__init__`: for fields, sizes, or anything that draws from `rngs`."""
    found = traced(cls.node, cls.facts)
    if found is None or found.parameters or cls.facts.fields_of(cls):
        return True
    draws = any(
        site.ref is not None or (isinstance(site.call.func, ast.Attribute) and site.call.func.attr in DRAWING)
        for site in found.trace.sites
    )
    return draws or any(_class_like(call) for name in {*cls.compact, "setup"} for call in _calls(cls.methods.get(name)))


def _calls(method: ast.FunctionDef | None) -> Iterator[ast.Call]:
    return (node for node in ast.walk(method) if isinstance(node, ast.Call)) if method else iter(())


def _class_like(call: ast.Call) -> bool:
    """Whether a call, by its spelling, makes an object: perhaps a module whose class another file defines."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name[:1].isupper()


def taken(cls: LinenClass | None, facts: Facts) -> set[str]:
    """The attributes that a class cannot give away: fields, methods, those of nnx.Module."""
    return set() if cls is None else {*facts.fields_of(cls), *cls.methods, *RESERVED, "rngs"}


def _names(found: Trace, sites: Mapping[ast.Call, Site], facts: Facts) -> dict[ast.Call, str]:
    """Attribute names: those that the code gives, else `dense`, or `dense_0`, `dense_1` where there are several."""
    known = taken(found.cls, facts)
    names: dict[ast.Call, str] = {}
    for call, site in sites.items():
        given = _given_name(site, known)
        if given:
            names[call] = given
    free = [call for call in sites if call not in names and not inside_construction(call, facts)]
    kinds = Counter(_kind(sites[call]) for call in free)
    counts: Counter[str] = Counter()
    used = {*known, *names.values()}
    for call in free:
        kind = _kind(sites[call])
        stem = kind if kinds[kind] == 1 else f"{kind}_{counts[kind]}"
        counts[kind] += 1
        while stem in used or not _text.is_attribute(stem):
            stem += "_layer"
        names[call] = stem
        used.add(stem)
    return names


def _kind(site: Site) -> str:
    return _text.snake(site.ref.name) if site.ref else "param"


def _given_name(site: Site, taken: set[str]) -> str | None:
    if site.attribute is not None:
        return site.attribute
    if site.ref is None:
        first = site.positional[0] if site.positional else None
        own = isinstance(first, ast.Constant) and isinstance(first.value, str)
        return _text.param_name(first.value, taken) if own else None  # type: ignore[union-attr]
    name = site.keywords.get("name")
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return _text.identifier(name.value, taken)
    if isinstance(name, ast.JoinedStr):
        literal = "".join(str(v.value) for v in name.values if isinstance(v, ast.Constant)).strip("_")
        return _text.identifier(literal or _kind(site), taken)
    return None
