"""The call of `super().__init__`, for classes whose base creates something.

A class that adds nothing to its base leaves the constructor to it.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flake8_nnx.migrate import inherit as inherited
from flake8_nnx.migrate import post_init

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def call_base(planner: Planner) -> dict[str, str]:
    """The arguments of `super().__init__`, by the parameters of the base."""
    assert planner.base is not None
    given: dict[str, str] = {}
    for name, size in inherited.sizes_of_base(planner.trace, planner.base):
        text = planner.spell(size)
        if text is None:
            planner.refuse(planner.cls.node, f"the size `{name}` that `{planner.base.name}` needs cannot be told from the source")
            return {}
        given[name] = text
    for name, kind in planner.base.open_sizes.items():
        if name in planner.open.taken:
            base = planner.base.name
            planner.refuse(planner.cls.node, f"the field `{name}` has the name of a size that `{base}` needs", "rename it")
        else:
            planner.open.opened.setdefault(name, kind)
        given[name] = name
    given.update({field.name: field.name for field in planner.base.fields})
    planner.open.told.update(inherited.told_by_base(planner.trace.sites, planner.base, given))
    return given


def inherit(planner: Planner, given: Mapping[str, str]) -> None:
    """Begin `__init__` with that of the base, or leave it to the base where it adds nothing."""
    planner.plan.base = planner.facts.base_of(planner.cls)
    planner.plan.asked |= inherited.read_by_bases(planner.cls)
    if planner.base is None or planner.plan.refusals:  # one of which may be that `given` could not be told
        return
    planner.base.asked |= inherited.read_by(planner.cls)
    planner.plan.handed = {field.name for field in planner.base.fields}
    own = any(line.names == () or any(name.startswith("self.") for name in line.names) for line in planner.plan.init)
    own = own or bool(planner.cls.fields) or bool(post_init.statements(planner.cls))
    if not own and inherited.same_signature(planner.plan, planner.base):
        planner.plan.silent = True
        return
    if not (planner.base.parameters or planner.base.init or planner.base.opening):
        return
    arguments: list[str] = []
    for parameter in planner.base.parameters:
        plain = parameter.default is None and not parameter.keyword and not any("=" in text for text in arguments)
        arguments.append(given[parameter.name] if plain else f"{parameter.name}={given[parameter.name]}")
    arguments += ["rngs=rngs"] if planner.base.streams else []
    planner.plan.opening.append(f"super().__init__({', '.join(arguments)})")
