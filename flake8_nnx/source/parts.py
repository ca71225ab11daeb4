"""Modules that another one is given when it is made: `nn.RNN(nn.LSTMCell(4))`, `Block(norm=nn.LayerNorm())`.

Both sides keep them in the module that is given them, so that their constructors are written inside of its own.
"""
from __future__ import annotations

import ast

from flake8_nnx.source import recurrent
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.values import Module, Site


def parts(site: Site, facts: Facts) -> list[tuple[str, Site]]:
    """What is made for the constructor of this site alone, by parameter."""
    if site.ref is None or site.ref.local is None:
        made = recurrent.parts(site)
        return [(name, part) for name, part in made if _inside(part, site) or recurrent.made_for(part, site, facts)]
    if site.via is not None or site.lifts or site.through:
        return []
    written = {**dict(zip(facts.fields_of(site.ref.local), site.positional)), **site.keywords}
    held = ((name, value.site) for name, value in site.fields.items() if isinstance(value, Module))
    return [(name, part) for name, part in held if _made_here(part, site, written.get(name), facts)]


def _inside(part: Site, site: Site) -> bool:
    return any(part.call is node for node in ast.walk(site.call))


def _made_here(part: Site, site: Site, argument: ast.expr | None, facts: Facts) -> bool:
    """Whether a class of the project is given a module that is made in its call, or just before, and known nowhere else."""
    if part.loops != site.loops or part.inputs or part.method != site.method or part.through:
        return False
    if argument is part.call:
        return True
    statement = recurrent.made_for(part, site, facts) if isinstance(argument, ast.Name) else None
    own = facts.names.enclosing(site.call, ast.stmt)
    return statement is not None and own is not None and facts.names.parent(statement) is facts.names.parent(own)
