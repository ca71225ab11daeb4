"""Modules that share the scope of a layer that they are given: in Linen the variables of both stand where those of the layer do.

In a compact method that is under the name of the layer, in setup under that of the module, unless the layer has one of its own.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_nnx.migrate.attributes import Attributes
from flake8_nnx.source.held import shared_fields
from flake8_nnx.source.idle import idle
from flake8_nnx.source.parts import parts
from flake8_nnx.source.values import Held, Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def shared(site: Site) -> str | None:
    """The field whose scope the module of this site shares."""
    local = site.ref.local if site.ref is not None else None
    return next(iter(shared_fields(local)), None) if local is not None else None


def part_of(site: Site, attributes: Attributes) -> Site | None:
    """What is made for the module of this site, and shares its scope with it."""
    name = shared(site)
    return dict(parts(site, attributes.facts)).get(name) if name is not None else None


def scope_of(site: Site) -> Site | None:
    """The layer of setup whose scope the module of this site shares with others that have it."""
    value = site.fields.get(shared(site) or "")
    return value.site if isinstance(value, Held) else None


def chain(site: Site, attributes: Attributes) -> list[Site]:
    """A site and the modules around it that share its scope, the outermost last."""
    holder = attributes.holder.get(site)
    around = holder is not None and part_of(holder, attributes) is site
    return [site, *chain(holder, attributes)] if around and holder is not None else [site]


def namer(site: Site, attributes: Attributes) -> Site | None:
    """The site that gives the scope of a chain its name in Linen; None where that is the attribute of setup."""
    if site.method != "setup":
        return site
    return next((each for each in chain(site, attributes) if "name" in each.keywords), None)


def check(planner: Planner) -> None:
    """Refuse modules of which it cannot be told where their variables stand, or whether others use the names."""
    layers: set[Site] = set()
    for site in planner.trace.sites:
        settings = idle(site.ref.local) if site.ref is not None and site.ref.local is not None else {}
        if settings and site.ref is not None:
            reason = f"`{site.ref.name}` takes settings in the place of the layer that it is given in `{next(iter(settings))}`"
            planner.refuse(site.call, reason, "keep the Linen class for now, or give it the settings by hand")
            continue
        if shared(site) is None or part_of(site, planner.attributes) is not None:
            continue
        assert site.ref is not None
        layer = scope_of(site)
        if layer is None or layer in layers:
            reason = f"`{site.ref.name}` shares the scope of what it is given in `{shared(site)}`, which is not made for it alone"
            planner.refuse(site.call, reason, "make that in its call")
        layers |= {layer} if layer is not None else set()
