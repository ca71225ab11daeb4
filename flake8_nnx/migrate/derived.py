"""Attributes that setup computes from parameters: `self.w = self.param(…) + identity` becomes a property.

The constructor makes the parameter and keeps the local values; the sum is computed whenever it is read, as Linen does.
"""
from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_nnx.migrate.attributes import is_param
from flake8_nnx.migrate.lines import wrapped
from flake8_nnx.source.events import Assignment
from flake8_nnx.source.features import events
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.names import COMPREHENSIONS
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

TEXT = '''@property
def {name}(self):
{{indent}}{rows}
'''
WIDTH = 80


def derive(planner: Planner, site: Site, level: int, code: str) -> bool:
    """Plan the parameter of a statement like this and, with its last one, the property; False where it is another statement."""
    statement = planner.facts.names.enclosing(site.call, ast.Assign)
    setup = planner.cls.methods.get("setup")
    if not isinstance(statement, ast.Assign) or setup is None or statement not in setup.body or len(statement.targets) > 1:
        return False
    target = statement.targets[0]
    sites = [each for each in planner.trace.sites if each.call in {*ast.walk(statement)}]
    if not root_is_self(target) or not all(is_param(each) and not each.loops for each in sites):
        return False
    attribute = target.attr  # type: ignore[attr-defined]
    local = _locals(statement, planner)
    kept = {f"self.{name}" for name in local or ()}
    stores = [f"self.{node.attr}" for node in _stores(planner.cls.nodes)]
    if local is None or stores.count(ast.unparse(target)) > 1 or not kept.isdisjoint({*stores, *_members(planner)}):
        return False
    stem = planner.attributes.stems[site]
    if stem == attribute:
        stem = f"{attribute}_param"
        if f"self.{stem}" in {*stores, *_members(planner)}:
            return False
        planner.attributes.stems[site] = stem
    planner.line(level, f"self.{stem} = {code}", (), statement)
    planner.plan.removed.add(statement)
    if site is sites[-1]:
        _property(planner, attribute, statement, sites, local, level)
    return True


def _property(
    planner: Planner, attribute: str, statement: ast.Assign, sites: list[Site], local: set[str], level: int
) -> None:
    for name in sorted(local):
        line = f"self.{name} = {name}"
        if not any(made.text == line for made in planner.plan.init):
            planner.line(level, line)
    swaps: dict[int, str] = {id(site.call): f"self.{planner.attributes.stems[site]}[...]" for site in sites}
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Name) and node.id in local and isinstance(node.ctx, ast.Load):
            swaps[id(node)] = f"self.{node.id}"
    value = planner.functions(planner.text.segment(statement.value, swaps), statement.value)
    planner.plan.asked |= {node.attr for node in ast.walk(ast.parse(value, mode="eval")) if root_is_self(node)}  # type: ignore
    rows = "\n{indent}".join(wrapped(f"return {value}".replace("{", "{{").replace("}", "}}"), "    ", WIDTH))
    planner.plan.methods.append(TEXT.format(name=attribute, rows=rows))


def _locals(statement: ast.Assign, planner: Planner) -> set[str] | None:
    """Local values of setup that the statement reads, each what `__init__` knows and final; None where they are not."""
    known = {event.node for event in events(planner.trace.events) if isinstance(event, Assignment)}
    found = set[str]()
    later = {store.attr for store in _stores(planner.setup) if store.lineno > statement.lineno}
    inside = {child for site in planner.trace.sites if site.call in {*ast.walk(statement)} for child in ast.walk(site.call)}
    for node in ast.walk(statement.value):
        if isinstance(node, (ast.Lambda, ast.NamedExpr, *COMPREHENSIONS)) and node not in inside:
            return None
        if isinstance(node, ast.Attribute) and node.attr in later and node not in inside:
            return None
        if not isinstance(node, ast.Name) or node.id == "self" or node in inside:
            continue
        names = (each for each in planner.setup if isinstance(each, ast.Name) and each.id == node.id)
        stores = [name for name in names if isinstance(name.ctx, ast.Store)]
        for store in stores:
            parent = planner.facts.names.enclosing(store, ast.stmt)
            if parent not in known or store.lineno >= statement.lineno:
                return None
        if stores:
            found.add(node.id)
    parts = (each for each in planner.setup if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store))
    changed = {ast.unparse(part.value) for part in parts}
    return None if found & changed else found


def _members(planner: Planner) -> set[str]:
    """Names that the class has for something else."""
    stems = planner.attributes.stems.values()
    return {f"self.{name}" for name in (*planner.attributes.taken, *stems)}


def _stores(nodes: Iterable[ast.AST]) -> Iterator[ast.Attribute]:
    """Where attributes of self are given values."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and root_is_self(node):
            yield node
