"""Writes layers whose dtype only the call knows (see `source.call_dtypes`): their constructors, and the casts in the call."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.catalog.known_differences import NORMS
from flake8_nnx.source.call_dtypes import call_dtype, written
from flake8_nnx.source.values import Dtype, Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

NAME = "to_input_dtype"
DEFINITION = f'''
def {NAME}(args, dtype):
{{indent}}"""Casts what a layer computes with to the dtype of its input, which comes first."""
{{indent}}return nnx.nn.dtypes.promote_dtype(args, dtype=args[0].dtype)
'''


def moved(planner: Planner, site: Site) -> dict[str, str]:
    """Writes the casts of the call into the plan; gives what the constructor takes instead of the dtype."""
    found = call_dtype(site, planner.facts)
    if found is None:
        return {}
    text = planner.functions(planner.text.segment(found.dtype, {}), found.dtype)
    planner.plan.casts.update(dict.fromkeys(found.arrays, text))
    instead = found.instead(NAME)
    if NAME in instead.values():
        define(planner, site)
    return instead


def define(planner: Planner, site: Site) -> None:
    """The function that casts, unless the file has it from an earlier run."""
    known = planner.facts.names.module.bindings.get(NAME)
    if known is None:
        planner.plan.above[NAME] = DEFINITION
    elif any(ast.dump(each.node) != ast.dump(ast.parse(DEFINITION.format(indent=" ")).body[0]) for each in known):
        planner.refuse(site.call, f"`{NAME}`, which is to cast what the layer computes with, is defined already", "rename it")


def advice(site: Site, dtype: ast.expr) -> str | None:
    """What to do about dtypes that cannot stay in the call."""
    if site.ref is not None and site.ref.local is not None and isinstance(site.fields.get("dtype"), Dtype):
        own = dtype in [keyword.value for keyword in site.call.keywords if keyword.arg == "dtype"]
        return f"let `{site.ref.local.name}` ask its own input for it, or keep the Linen class for now" if own else None
    otherwise = site.ref is not None and site.ref.linen in (*NORMS, "Embed")  # cast before they compute, or after it
    return "leave it out and cast the result instead" if otherwise and dtype is written(site) else None
