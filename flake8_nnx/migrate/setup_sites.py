"""What setup creates: its statements go, and `__init__` makes the same attributes, lists as `nnx.List`.

What is not assigned to an attribute of its own is refused.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate import chosen_layers, derived, guarded
from flake8_nnx.migrate.attributes import is_param
from flake8_nnx.migrate.model import Line
from flake8_nnx.migrate.lines import quoted
from flake8_nnx.source.values import Function, Module, Site, Static

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def setup_site(planner: Planner, site: Site, level: int, code: str) -> None:
    parent = planner.facts.names.parent(site.node)
    if site.loops or site.element:
        statement = planner.facts.names.enclosing(site.node, ast.Assign)
        if isinstance(statement, ast.Assign):
            planner.plan.removed.add(statement)
        if site.loops:
            planner.line(level, f"{planner.attributes.list_at(site, len(site.loops) - 1)}.append({code})", (), statement)
        else:
            element_of_list(planner, site, level, code)
        return
    if isinstance(parent, ast.IfExp) and site.choice is not None and parent.body is site.node:
        code = f"{code} if {planner.functions(planner.spell(site.choice) or '', parent.test)} else None"
        parent = planner.facts.names.parent(parent)
    elif isinstance(parent, ast.IfExp) and site.choice is None and not site.through:
        planner.arms[site.node] = code
        chosen = choice(planner, parent)
        if chosen is not None:
            code, parent = chosen, planner.facts.names.parent(parent)
        elif any(arm in planner.created and arm not in planner.arms for arm in (parent.body, parent.orelse)):
            return  # with the other module
    elif site.choice is not None and site.through:
        code = f"{code} if {planner.functions(planner.spell(site.choice) or '', site.call)} else None"
    elif isinstance(parent, ast.Tuple) and of_tuple(planner, parent, site):
        parent = planner.facts.names.parent(parent)
    if not isinstance(parent, (ast.Assign, ast.AnnAssign)) or site.attribute is None:
        if is_param(site) and derived.derive(planner, site, level, code):
            return
        planner.refuse(site.call, f"`{quoted(site.call)}` in setup is not assigned to an attribute of its own")
        return
    if site.ref is not None and parent.value is site.node and (test := guarded.condition(planner, site)) is not None:
        code = f"{code} if {test} else None"
    planner.plan.removed.add(parent)
    planner.plan.written_out |= chosen_layers.written_out(planner, site)
    planner.line(level, f"self.{site.attribute} = {code}", (), parent)
    if site.ref is None:
        read_variables(planner, site.attribute)


def choice(planner: Planner, node: ast.IfExp) -> str | None:
    """`A(rngs=rngs) if test else B(rngs=rngs)` or a function instead of a module, once all are known."""
    texts = planner.trace.arms.get(node, {})

    def text(part: ast.expr) -> str | None:
        own = planner.spell(texts.get(id(part)))
        return planner.arms.get(part) if part in planner.created else own and planner.functions(own, part)

    body, test, orelse = (text(part) for part in (node.body, node.test, node.orelse))
    return None if None in (body, test, orelse) else f"{body} if {test} else {orelse}"


def of_tuple(planner: Planner, values: ast.Tuple, site: Site) -> bool:
    """`self.q, self.k = nn.Dense(3), nn.Dense(3)`: each layer has an attribute of its own."""
    statement = planner.facts.names.parent(values)
    target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    plain = isinstance(target, ast.Tuple) and len(target.elts) == len(values.elts)
    return plain and all(isinstance(value, ast.Call) and value in planner.created for value in values.elts)


def element_of_list(planner: Planner, site: Site, level: int, code: str) -> None:
    """`self.layers = [nn.Dense(3), nn.relu, nn.Dense(4)]`: one `nnx.List` line, its elements in order."""
    opening = f"self.{site.attribute} = nnx.List(["
    code = with_functions(planner, site, code)
    for index in range(len(planner.plan.init) - 1, -1, -1):
        line = planner.plan.init[index]
        if line.text.startswith(opening) and line.level == level:
            planner.plan.init[index] = Line(level, f"{line.text[:-2]}, {code}])", (), line.node)
            return
    planner.line(level, f"{opening}{code}])", (), planner.facts.names.enclosing(site.node, ast.Assign))


def with_functions(planner: Planner, site: Site, code: str) -> str:
    """An element of a list with the functions that stand between it and the layer before, after the last one the rest."""
    places = [i for i, value in enumerate(site.listed) if isinstance(value, Module)]
    here = next(i for i in places if site.listed[i].site is site)
    before = max((i for i in places if i < here), default=-1)
    after = len(site.listed) if here == places[-1] else here + 1
    if after - before == 2:
        return code
    statement = planner.facts.names.enclosing(site.node, ast.Assign, ast.AnnAssign)
    written = getattr(statement, "value", None)
    elements = written.elts if isinstance(written, (ast.List, ast.Tuple)) else []
    texts = []
    for i in range(before + 1, after):
        value = site.listed[i]
        named = isinstance(value, Function) and len(elements) == len(site.listed) and isinstance(elements[i], ast.Name)
        text = value.text if type(value) is Static else elements[i].id if named else None  # type: ignore[attr-defined]
        if i != here and (text is None or len(elements) != len(site.listed)):
            planner.refuse(site.call, f"`self.{site.attribute}` holds something that is neither a layer nor known to `__init__`")
            return code
        texts.append(code if i == here else planner.functions(planner.spell(text) or "", elements[i]))
    return ", ".join(texts)


def read_variables(planner: Planner, attribute: str) -> None:
    """Reads of `self.<param>` outside subscripts get `[...]`: jax functions take arrays, not Variables."""
    for node in planner.cls.nodes:
        if (
            isinstance(node, ast.Attribute)
            and node.attr == attribute
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
            and isinstance(node.ctx, ast.Load)
        ):
            parent = planner.facts.names.parent(node)
            asked = isinstance(parent, ast.Compare) and ast.unparse(parent.comparators[0]) == "None"
            if not asked and not (isinstance(parent, ast.Subscript) and parent.value is node):
                planner.plan.expressions[node] = f"self.{attribute}[...]"
