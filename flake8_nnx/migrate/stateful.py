"""What a class does besides computing with its parameters: it draws random numbers, or keeps variables from call to call."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate.attributes import is_param
from flake8_nnx.source.features import trace
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.values import Site

DRAWS, KEEPS = "draws", "keeps"
OFF = {"dropout_rate": ("0", "0.0"), "rate": ("0", "0.0"), "decode": ("False", "None")}


def habits(cls: LinenClass, seen: frozenset[int] = frozenset()) -> set[str]:
    """`draws`, `keeps`, both or nothing; what cannot be told does both."""
    if id(cls.node) in seen:
        return set()
    found: set[str] = set()
    for field in cls.facts.fields_of(cls).values():
        if field.facts.annotated_module(field.annotation) or field.facts.module_class(field.default):
            return {DRAWS, KEEPS}
    for site in trace(cls).sites:
        found |= _site_habits(site, seen | {id(cls.node)})
    return found


def _site_habits(site: Site, seen: frozenset[int]) -> set[str]:
    if site.ref is None:
        own = site.call.func.attr if isinstance(site.call.func, ast.Attribute) else ""
        return set() if is_param(site) else {DRAWS} if own == "make_rng" else {KEEPS}
    if site.ref.local is not None:
        return habits(site.ref.local, seen)
    layer = LAYERS.get(site.ref.linen or "")
    if layer is None:
        return {DRAWS, KEEPS}
    if layer.linen == "Dropout":
        return {DRAWS}
    found = {KEEPS} if any(variable.collection not in ("params", "cache") for variable in layer.variables) else set()
    for name, habit in (("dropout_rate", DRAWS), ("decode", KEEPS)):
        given = site.keywords.get(name)
        if given is not None and ast.unparse(given) not in OFF[name]:
            found.add(habit)
    return found
