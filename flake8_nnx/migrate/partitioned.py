"""Initialisers that name the axes of what they make: `nn.with_partitioning(init, names)`, and that with logical names.

Both are `nnx.with_partitioning`, which asks for the rules of logical names itself; a mesh or rules of their own are refused.
"""
from __future__ import annotations

import ast

from flake8_nnx.catalog.sharding import PARTITIONED, helper
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.refuse import add
from flake8_nnx.rules._text import nnx_function
from flake8_nnx.source.linen import Facts

NEEDS_RULES = "under a mesh `nnx.with_partitioning` needs a rule for every logical name, where Linen leaves the axis whole"


def check(plan: ClassPlan, facts: Facts) -> None:
    """Refuse what is given more than an initialiser and names, and note what NNX wants of logical names."""
    for node in plan.cls.nodes:
        found = helper(facts.origin(node)) if isinstance(node, (ast.Name, ast.Attribute)) else None
        if found is None or found.linen not in PARTITIONED:
            continue
        if nnx_function(node, facts) is None:
            reason = f"`{ast.unparse(node)}` is given more than an initialiser and names, or not called"
            add(plan, node, reason, "give just these two")
        elif found.linen != PARTITIONED[0] and NEEDS_RULES not in plan.notes:
            plan.notes.append(NEEDS_RULES)
