"""Layers of `setup` that only run under a condition on fields: `self.pooler(x) if self.add_pooling_layer else None`.

Linen gives them variables when they run, NNX when they are made: they are made under the same condition.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flake8_nnx.migrate.products import product
from flake8_nnx.migrate.tied_heads import flag, left_out
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.tests import on_fields, without_self
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def condition(planner: Planner, site: Site) -> str | None:
    """In terms of the parameters, the condition under which everything stands that runs a module of `setup`, if any."""
    runs, tied = [], False
    for cls in planner.facts.ancestors(planner.cls):
        for node in cls.nodes:
            if not isinstance(node, ast.Attribute) or node.attr != site.attribute:
                continue
            if not isinstance(node.ctx, ast.Load) or not root_is_self(node):
                continue
            above = cls.facts.names.parent(node)
            if isinstance(above, ast.Attribute) and product(above, planner.trace, cls.facts, planner.fields):
                tied = True  # what needs no layer
            else:
                runs.append((node, cls.facts))
    runs += [] if not runs else _elsewhere(planner.cls, site.attribute or "")
    common: dict[str, str] | None = None
    for node, facts in runs:
        found = dict(_conditions(node, facts, planner.fields, tied))
        common = found if common is None else {test: argument for test, argument in common.items() if test in found}
    if not common or _derived_from(planner.cls):
        return None
    known = {test for test, _ in _conditions(site.node, planner.facts, planner.fields, False)}  # where it is made
    common = {test: argument for test, argument in common.items() if test not in known}
    planner.plan.optional_arguments.update({flag(argument): argument for argument in common.values() if argument})
    return " and ".join(common) or None


def _conditions(node: ast.AST, facts: Facts, fields: Collection[str], tied: bool) -> Iterator[tuple[str, str]]:
    """The conditions that hold where an expression runs, the nearest first: on fields, or on an argument, which is named.

    Arguments count for a layer that others replace where they are given.
    """
    above: ast.AST | None = node
    while above is not None and not isinstance(above, FUNCTIONS):
        node, above = above, facts.names.parent(above)
        for test, other in _tests(node, above):
            argument = left_out(test, other, facts) if tied else None
            if argument is not None and flag(argument) not in fields:
                yield f"not {flag(argument)}", argument
            elif on_fields(test, fields):
                text = without_self(test)
                if isinstance(test, ast.BoolOp) or other and not isinstance(test, ast.Attribute):
                    text = f"({text})"
                yield f"not {text}" if other else text, ""


def _tests(node: ast.AST, above: ast.AST | None) -> Iterator[tuple[ast.expr, bool]]:
    """The tests on which it depends whether a part of another node runs, and whether they must fail for that."""
    if isinstance(above, (ast.If, ast.IfExp)) and node is not above.test:
        yield above.test, node in (above.orelse if isinstance(above.orelse, list) else [above.orelse])
    blocks = [block for name in ("body", "orelse") if isinstance(block := getattr(above, name, None), list)]
    for earlier in (statement for block in blocks if node in block for statement in block[: block.index(node)]):
        if isinstance(earlier, ast.If) and not earlier.orelse and isinstance(earlier.body[-1], ast.Return):
            yield earlier.test, True


def _derived_from(cls: LinenClass) -> bool:
    """Whether other classes derive from this one, and may run its modules as they like."""
    return any(cls.name in _words(facts).bases for facts in _files(cls))


def _elsewhere(cls: LinenClass, attribute: str) -> list[tuple[ast.Attribute, Facts]]:
    """Where code outside of the class may run the module: it reads an attribute of that name of something else.

    As far as it does more than to give the module weights of others.
    """
    classes = {other.name for other in cls.facts.classes}
    found = []
    for facts in _files(cls):
        words = _words(facts)
        for node in words.read.get(attribute, ()) if facts is cls.facts or classes & words.known else ():
            above = facts.names.parent(node)
            call = facts.names.parent(above) if isinstance(above, ast.Attribute) and above.attr == "apply" else None
            if not isinstance(call, ast.Call) or call.func is not above:
                found.append((node, facts))
    return found


def _files(cls: LinenClass) -> list[Facts]:
    return list({id(facts): facts for facts in (cls.facts, *cls.facts.beside)}.values())


@dataclass(frozen=True)
class Words:
    """What a file says by which another one's modules may be run."""

    read: Mapping[str, list[ast.Attribute]]  # attributes of something else than `self`, by name
    known: frozenset[str]  # all names: it may know a class by one
    bases: frozenset[str]  # of its Linen classes


@functools.lru_cache(maxsize=4096)
def _words(facts: Facts) -> Words:
    nodes = facts.names.nodes
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    imported = [alias.name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    names = {*imported, *(node.id for node in nodes if isinstance(node, ast.Name)), *(node.attr for node in attributes)}
    read: dict[str, list[ast.Attribute]] = {}
    for node in attributes:
        if not root_is_self(node) and isinstance(node.ctx, ast.Load):
            read.setdefault(node.attr, []).append(node)
    bases = (ast.unparse(base).rpartition(".")[2] for cls in facts.classes for base in cls.node.bases)
    return Words(read, frozenset(names), frozenset(bases))
