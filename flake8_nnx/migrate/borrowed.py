"""Methods of other classes that a class runs on itself: `Masked.__call__(self, x)`.

They read what the class has made under the same names; it is as if the class constructed the other one.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.migrate.attributes import is_param
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.events import Trace
from flake8_nnx.source.features import trace
from flake8_nnx.source.linen import Facts, LinenClass


def borrowed(plan: ClassPlan, facts: Facts, found: Trace) -> Iterator[tuple[ast.Call, str]]:
    """Notes the classes whose methods are borrowed in the plan; the calls that find other attributes, with the reason."""
    for node in plan.cls.nodes:
        other = lender(node, facts)
        if not isinstance(node, ast.Call) or other is None or other in facts.ancestors(plan.cls):
            continue
        plan.uses.setdefault(other.name, node.lineno)
        plan.parts.append(other)
        plan.asked |= {*other.facts.fields_of(other)}
        own = {*facts.fields_of(plan.cls), *names_of(found)}
        missing = [name for name in (*other.facts.fields_of(other), *names_of(trace(other))) if name not in own]
        if missing or "?" in names_of(trace(other)):
            what = f"`self.{missing[0]}`" if missing and missing[0] != "?" else "layers"
            yield node, f"`{ast.unparse(node.func)}` needs {what} of `{other.name}`, which `{plan.name}` does not make"


def lender(node: ast.AST, facts: Facts) -> LinenClass | None:
    """The class whose method this call runs on `self`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return None
    ref = facts.module_class(node.func.value)
    own = isinstance(node.args[0], ast.Name) and node.args[0].id == "self"
    return ref.local if ref is not None and own else None


def names_of(found: Trace) -> list[str]:
    """The attributes that a class makes: `?` for one whose name the planner chooses."""
    params = [site.positional[0] for site in found.sites if is_param(site) and site.positional]
    literal = [name.value for name in params if isinstance(name, ast.Constant) and isinstance(name.value, str)]
    chosen = ["?"] if any(site.ref is not None and site.attribute is None for site in found.sites) else []
    made = [name for name in found.attributes if name not in found.cls.facts.fields_of(found.cls)]
    return [*literal, *made, *chosen]
