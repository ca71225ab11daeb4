"""Shapes and dtypes of parameters that only the call knows, `self.param("probe", init, (1, 1, width), x.dtype)`.

The constructor takes them, `probe_shape` and `probe_dtype`, and the variable that they describe tells them.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import variables
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

TOLD = ("shape", "dtype")  # what an initialiser takes after its key
INITIALISERS = ("flax.linen.initializers.", "jax.nn.initializers.", "flax.linen.zeros", "flax.linen.ones")


def filled(planner: Planner, site: Site, arguments: Sequence[ast.expr], texts: Sequence[str | None]) -> list[str | None]:
    """The texts of the arguments of `self.param`, from its initialiser on, with parameters for what only the call knows."""
    computed = variables.computed_name(site)
    stem = variables.told_name(site) if computed else planner.attributes.stem_of(site)
    if None not in texts or site.method == "setup" or site.loops or stem is None or not _plain(planner, site):
        return [*texts]
    names = {id(value): name for name, value in site.keywords.items()}
    names |= {id(value): name for value, name in zip(site.positional[2:], TOLD)}
    found = []
    for argument, text in zip(arguments, texts):
        what, parameter = names.get(id(argument), ""), f"{stem}_{names.get(id(argument))}"
        free = parameter not in planner.open.taken and parameter not in planner.facts.names.module.bindings
        if text is None and what in TOLD and free:
            planner.open.opened.setdefault(parameter, what)
            planner.open.told.setdefault(site, {})[parameter] = what
            text = parameter
        found.append(text)
    return found


def param_dtype(planner: Planner, site: Site) -> str | None:
    """A parameter for the dtype of the parameters of a layer, which they tell; None where each turn may have another."""
    stem, layer = planner.attributes.stem_of(site), LAYERS.get(site.ref.linen or "") if site.ref is not None else None
    leaves = [f"{v.collection}/{v.linen}" for v in layer.variables if v.type == "Param"] if layer is not None else []
    if stem is None or not leaves or site.loops or site.lifts or site.method == "setup" or site.via is not None:
        return None
    name = f"{stem}_param_dtype"
    if name in planner.open.taken or name in planner.facts.names.module.bindings:
        return None
    planner.open.opened.setdefault(name, "dtype")
    planner.open.told.setdefault(site, {})[name] = [[leaf, "dtype"] for leaf in leaves]
    return name


def _plain(planner: Planner, site: Site) -> bool:
    """Whether its initialiser takes a shape and a dtype: one of Linen, or a field that holds one."""
    node = site.positional[1] if len(site.positional) > 1 else None
    node = node.func if isinstance(node, ast.Call) else node
    if node is not None and root_is_self(node):
        field = planner.fields.get(node.attr)  # type: ignore[attr-defined]
        made = field.default if field is not None else None
        made = made.func if isinstance(made, ast.Call) else made
        named = field is not None and "nitializer" in ast.unparse(field.annotation)
        return named or made is not None and _known(field.facts.origin(made))  # type: ignore[union-attr]
    return node is not None and _known(planner.facts.origin(node))


def _known(origin: str | None) -> bool:
    return (origin or "").startswith(INITIALISERS)


def annotation(planner: Planner, what: str) -> str | None:
    """The type of a parameter that the source does not tell; none where the file has no name for it."""
    arrays = variables.array_module(planner.facts)
    dtype = f"{arrays}.dtype" if arrays != "jax.numpy" or planner.facts.names.module.bindings.get("jax") else None
    return {"shape": "tuple[int, ...]", "dtype": dtype}.get(what, "int")
