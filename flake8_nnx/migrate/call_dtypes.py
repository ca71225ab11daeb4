"""Dtypes of layers that only the call knows, `nn.Dense(3, dtype=x.dtype)(x)`: the call keeps them, for any dtype of its input.

Layers that multiply follow the dtype of their input, which is cast where another is asked for; what a norm returns is cast.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.catalog.known_differences import KEEP, NORMS, PROMOTING
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import COMPREHENSIONS
from flake8_nnx.source.values import Dtype, Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

LOOPS = (ast.For, ast.AsyncFor, ast.While, *COMPREHENSIONS)
NAME = "to_input_dtype"
DEFINITION = f'''
def {NAME}(args, dtype):
{{indent}}"""Casts what a layer computes with to the dtype of its input, which comes first."""
{{indent}}return nnx.nn.dtypes.promote_dtype(args, dtype=args[0].dtype)
'''


def of(site: Site, facts: Facts) -> ast.expr | None:
    """The dtype of a layer that is called where it is made, where only the call knows it and can say it."""
    dtype, data = _written(site), _data(site, facts)
    if dtype is None or data is None or id(dtype) in site.texts or site.lifts or site.through or site.via is not None:
        return None
    linen = site.ref.linen if site.ref is not None else None
    other = isinstance(site.fields.get("dtype"), Dtype) and linen in PROMOTING
    return dtype if other or linen in (*PROMOTING, *NORMS) and linen != "Embed" and _own(dtype, data, facts) else None


def kept(site: Site, facts: Facts) -> list[ast.expr]:
    """The dtype, where the call goes on to read it: not where a layer follows its input anyway."""
    dtype, data = of(site, facts), _data(site, facts)
    follows = dtype is not None and data is not None and not _casts_output(site) and _own(dtype, data, facts)
    return [] if dtype is None or follows else [dtype]


def moved(planner: Planner, site: Site) -> dict[str, str]:
    """Writes the casts of the call into the plan; gives what the constructor takes instead of the dtype."""
    facts = planner.facts
    if of(site, facts) is None:
        return {}
    call = facts.names.parent(site.call)
    for dtype in kept(site, facts):
        cast = call if _casts_output(site) else _data(site, facts)
        planner.plan.casts[cast] = planner.functions(planner.text.segment(dtype, {}), dtype)  # type: ignore[index]
    linen = site.ref.linen if site.ref is not None else None
    if "promote_dtype" in site.fields:
        planner.refuse(site.call, "`promote_dtype=` beside a dtype that only the call knows is not handled")
    if linen == "Embed":
        return {}
    if linen in NORMS:
        return {"promote_dtype": KEEP.partition("=")[2]}
    known = facts.names.module.bindings.get(NAME)
    if known is None:
        planner.plan.above[NAME] = DEFINITION
    elif any(ast.dump(each.node) != ast.dump(ast.parse(DEFINITION.format(indent=" ")).body[0]) for each in known):
        planner.refuse(site.call, f"`{NAME}`, which is to cast what the layer computes with, is defined already", "rename it")
    return {"promote_dtype": NAME}


def advice(site: Site, dtype: ast.expr, facts: Facts) -> str | None:
    """What to do about a norm with the dtype of another array, which says in Linen alone how precise its statistics are."""
    norm = site.ref is not None and site.ref.linen in NORMS
    return "leave it out and cast the result instead" if norm and dtype is _written(site) and _data(site, facts) else None


def _written(site: Site) -> ast.expr | None:
    """The argument `dtype` of a built-in layer, where the call that makes it says it, by keyword or last by position."""
    layer = LAYERS.get(site.ref.linen or "") if site.ref is not None else None
    names = layer.linen_args if layer is not None else ()
    last = names[len(site.call.args) - 1 : len(site.call.args)] if len(site.positional) == len(site.call.args) else ()
    named = [keyword.value for keyword in site.call.keywords if keyword.arg == "dtype"]
    return named[0] if named else site.call.args[-1] if last == ("dtype",) else None


def _data(site: Site, facts: Facts) -> ast.expr | None:
    """The input in `nn.Dense(3)(x)`."""
    call = facts.names.parent(site.call)
    layer = LAYERS.get(site.ref.linen or "") if site.ref is not None else None
    if not isinstance(call, ast.Call) or call.func is not site.call or layer is None or not layer.call_args:
        return None
    found = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == layer.call_args[0])]
    late = (ast.Starred, ast.NamedExpr)  # one that is not told, or that gives names a value after the dtype was read
    return found[0] if found and not any(isinstance(node, late) for node in ast.walk(call)) else None


def _casts_output(site: Site) -> bool:
    """Whether the dtype is that of the result alone; what a layer that multiplies computes with has it as well."""
    return site.ref is not None and site.ref.linen in (*NORMS, "Embed")


def _own(dtype: ast.expr, data: ast.expr, facts: Facts) -> bool:
    """Whether this is the dtype of that input: `x.dtype`, or a name that is given it and nothing else."""
    names = facts.names
    if isinstance(dtype, ast.Name):
        bindings, binding = names.scope(dtype).bindings.get(dtype.id, []), names.binding(dtype)
        value = binding.value if len(bindings) == 1 and binding is not None and binding.kind == "assign" else None
        read = value.value if isinstance(value, ast.Attribute) and value.attr == "dtype" else None
        if not isinstance(read, ast.Name) or not isinstance(data, ast.Name) or read.id != data.id:
            return False
        together = names.enclosing(read, *LOOPS) is names.enclosing(data, *LOOPS)
        return together and names.binding(read) is names.binding(data)
    plain = isinstance(data, ast.Name) or isinstance(data, ast.Attribute) and isinstance(data.value, ast.Name)
    return plain and ast.unparse(dtype) == f"{ast.unparse(data)}.dtype"
