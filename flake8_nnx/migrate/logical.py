"""`nn.with_logical_constraint(x, ("batch", None))`: jax knows no logical names, so that a function of the file translates them.

It does as Linen does: earlier rules come first, a mesh axis is given once, and what has no rule is replicated.
"""
from __future__ import annotations

import ast

from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.linen import LINEN, Facts

CONSTRAINT = LINEN + "with_logical_constraint"
NAME = "logical_constraint"
DEFINITION = '''
def logical_constraint(x, names):
{indent}"""Shards `x` by the rules for the names of its axes; without rules or a mesh it stays as it is."""
{indent}import jax
{indent}from flax.core import meta, spmd

{indent}rules = spmd.get_logical_axis_rules()
{indent}if not rules or not meta.global_mesh_defined():
{indent}{indent}return x
{indent}given, taken = dict(), set()
{indent}for name, axes in rules:
{indent}{indent}new = set(jax.tree.leaves(axes)) - set([jax.sharding.PartitionSpec.UNCONSTRAINED])
{indent}{indent}if name in names and name not in given and not taken & new:
{indent}{indent}{indent}given[name] = axes
{indent}{indent}{indent}taken |= new
{indent}return jax.lax.with_sharding_constraint(x, jax.sharding.PartitionSpec(*map(given.get, names)))
'''


def constrained(plan: ClassPlan, node: ast.expr, facts: Facts) -> str:
    """Writes the function, and its call in the place of Linen's, into the plan; why that cannot be, if so."""
    call = facts.names.parent(node)
    if not isinstance(call, ast.Call) or call.func is not node or len(call.args) != 2 or call.keywords:
        return f"`{ast.unparse(node)}` is given more than an array and the names of its axes"
    names = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else []
    literal = [name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, (str, type(None)))]
    words = [name for name in literal if name is not None]
    if not names or len(literal) != len(names) or len(words) != len(set(words)):
        return f"`{ast.unparse(call)[:60]}` is given no tuple of different names"
    if facts.names.lookup(NAME, facts.names.module) is not None:
        return f"`{NAME}`, which is to take the place of `{ast.unparse(node)}`, is defined already"
    plan.above[NAME] = DEFINITION
    plan.expressions[node] = NAME
    return ""
