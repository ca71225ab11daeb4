"""Layers of `setup` that only run under a condition on fields: `self.pooler(x) if self.add_pooling_layer else None`.

Linen gives them variables when they run, NNX when they are made: they are made under the same condition.
"""
from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flake8_nnx.migrate.products import product
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

PLAIN = (
    ast.Attribute, ast.Name, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
    ast.expr_context,
)  # fmt: skip


def condition(planner: Planner, site: Site) -> str | None:
    """In terms of the parameters, the condition under which everything stands that runs a module of `setup`, if any."""
    common: list[str] | None = None
    for cls in planner.facts.ancestors(planner.cls):
        for node in cls.nodes:
            if isinstance(node, ast.Attribute) and node.attr == site.attribute and isinstance(node.ctx, ast.Load) and _own(node):
                above = cls.facts.names.parent(node)
                if isinstance(above, ast.Attribute) and product(above, planner.trace, cls.facts, planner.fields):
                    continue  # what needs no layer
                found = list(_conditions(node, cls.facts, planner.fields))
                common = found if common is None else [test for test in common if test in found]
    if not common or _known_elsewhere(planner.cls, site.attribute or ""):
        return None
    return " and ".join(dict.fromkeys(common))


def _own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _conditions(node: ast.AST, facts: Facts, fields: Collection[str]) -> Iterator[str]:
    """The conditions on fields that hold where an expression runs, the nearest first."""
    above = facts.names.parent(node)
    while above is not None and not isinstance(above, FUNCTIONS):
        if isinstance(above, (ast.If, ast.IfExp)) and node is not above.test and _on_fields(above.test, fields):
            text = re.sub(r"\bself\.", "", ast.unparse(above.test))
            other = node in (above.orelse if isinstance(above.orelse, list) else [above.orelse])
            if isinstance(above.test, ast.BoolOp) or other and not isinstance(above.test, ast.Attribute):
                text = f"({text})"
            yield f"not {text}" if other else text
        node, above = above, facts.names.parent(above)


def _on_fields(test: ast.expr, fields: Collection[str]) -> bool:
    """Whether a test asks for fields of the module and for nothing else."""
    nodes = list(ast.walk(test))
    owners = [node.value for node in nodes if isinstance(node, ast.Attribute) and _own(node) and node.attr in fields]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    return bool(names) and all(isinstance(node, PLAIN) for node in nodes) and all(name in owners for name in names)


def _known_elsewhere(cls: LinenClass, attribute: str) -> bool:
    """Whether code outside of the class may run the module: it reads an attribute of that name, or derives from the class."""
    files = {id(facts): facts for facts in (cls.facts, *cls.facts.beside)}.values()
    classes = {other.name for other in cls.facts.classes}
    for facts in files:
        words = _words(facts)
        if cls.name in words.bases or attribute in words.read and (facts is cls.facts or classes & words.known):
            return True
    return False


@dataclass(frozen=True)
class Words:
    """What a file says by which another one's modules may be run."""

    read: frozenset[str]  # attributes of something else than `self`
    known: frozenset[str]  # all names: it may know a class by one
    bases: frozenset[str]  # of its Linen classes


@functools.lru_cache(maxsize=4096)
def _words(facts: Facts) -> Words:
    nodes = facts.names.nodes
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    imported = [alias.name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    names = {*imported, *(node.id for node in nodes if isinstance(node, ast.Name)), *(node.attr for node in attributes)}
    read = (node.attr for node in attributes if not _own(node) and isinstance(node.ctx, ast.Load))
    bases = (ast.unparse(base).rpartition(".")[2] for cls in facts.classes for base in cls.node.bases)
    return Words(frozenset(read), frozenset(names), frozenset(bases))
