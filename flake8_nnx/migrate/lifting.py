"""Submodules of lifted classes: a rematerialised class becomes a subclass, a mapped one is called under its transform.

What each transform looks like is in `mapped`.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate import mapped
from flake8_nnx.migrate.lifted import Lift, remat_class
from flake8_nnx.migrate.lines import quoted
from flake8_nnx.rules._text import snake
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def lifted_code(planner: Planner, site: Site, lifts: list[Lift], arguments: str) -> str:
    """A rematerialised class becomes a subclass; a mapped one is called under `nnx.vmap` or `nnx.scan`."""
    assert site.ref is not None and site.ref.local is not None
    name = site.ref.local.name
    if site.ref.local.facts is not planner.facts:
        if any(lift.kind == "remat" for lift in lifts):
            planner.refuse(site.call, f"`{name}`, which another file defines, is lifted", "lift it in that file")
        name = site.spelled or name
    for lift in lifts:
        if lift.problem:
            return ""  # refused already
        if lift.kind == "remat" and lift.of_field() is not None:
            continue  # its options are known where the scan around it is
        if lift.kind == "remat":
            checkpointed = f"Checkpoint{name}"
            made = (site.ref.local.node, remat_class(checkpointed, name, lift))
            if planner.plan.beside.setdefault(checkpointed, made) != made:
                planner.refuse(site.call, f"`{name}` is rematerialised in two ways")
            name = checkpointed
        else:
            inner = next((each for each in lifts if each.kind == "remat" and each.of_field() is not None), None)
            return mapped_code(planner, site, lift, name, arguments, inner)
    return f"{name}({arguments})"


def mapped_code(planner: Planner, site: Site, lift: Lift, name: str, arguments: str, remat: Lift | None) -> str:
    assert site.ref is not None and site.ref.local is not None
    for node, _, _ in site.inputs:
        assert isinstance(node, ast.Call)
        statement = planner.facts.names.enclosing(node, ast.stmt)
        assert isinstance(statement, ast.stmt)
        own = planner.attributes.item(site, len(site.loops) - 1) if site.loops else planner.attributes.reference(site)
        if lift.kind == "vmap":
            text = mapped.vmap_call(name, node, lift)
        else:
            problem = mapped.scan_problem(node, lift)
            if problem:
                planner.refuse(node, problem)
                continue
            text = mapped.scan_call(snake(site.ref.local.name), node, lift, statement, remat)
            planner.plan.dropped[node] = mapped.broadcast(node, lift)
        if planner.plan.expressions.setdefault(node.func, text) != text:
            planner.refuse(node, f"`{quoted(node)}` may call modules that are mapped in different ways")
        planner.plan.first[node] = own if node.func is site.call else planner.text.segment(node.func, {})
    if lift.shared:
        return f"{name}({arguments})"
    given = lift.in_init(set(planner.fields))
    size = given.get("axis_size" if lift.kind == "vmap" else "length") or planner.spell(site.copies) or ""
    if not size:
        planner.refuse(site.call, f"how often `{quoted(site.call)}` is mapped cannot be told from the source")
    return mapped.copies(f"{name}({arguments})", size)
