"""The parameters of the new `__init__`: sizes first, then the fields, with their defaults and annotations.

What `__post_init__` checks is checked there too.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import fields, inherit, post_init, untold
from flake8_nnx.migrate.model import Parameter
from flake8_nnx.rules._text import nnx_functions
from flake8_nnx.source.features import WORD
from flake8_nnx.source.idle import idle
from flake8_nnx.source.linen import Field
from flake8_nnx.source.methods import filled_fields
from flake8_nnx.source.values import Partial

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def parameters(planner: Planner) -> None:
    for size in planner.sizes:
        planner.plan.parameters.append(Parameter(size.name, "tuple[int, ...]" if size.whole else "int"))
    planner.plan.open_sizes = planner.open.opened
    planner.plan.parameters += [Parameter(name, untold.annotation(planner, kind)) for name, kind in planner.open.opened.items()]
    planner.plan.fields = list(planner.fields.values())
    above = {name for base in planner.facts.ancestors(planner.cls)[1:] for name in base.methods}
    own = planner.cls.node.body
    planner.plan.hiding = {f.name for f in planner.plan.fields if f.node in own and f.default is not None and f.name in above}
    planner.plan.settings = idle(planner.cls)
    for field in planner.plan.fields:
        settings = planner.plan.settings.get(field.name)
        if settings is not None:
            planner.plan.parameters += [Parameter(name, None, keyword=field.keyword) for name in settings.values()]
            continue
        default = None if field.factory is None else "None"
        if field.default is not None:
            hidden = inherit.hidden(field.default, field, planner.facts)
            if hidden is not None:
                place = f"line {field.node.lineno} of {field.facts.filename}"
                planner.refuse(planner.cls.node, f"the default of `{field.name}` ({place}) uses `{hidden}`", "import it here too")
            default = nnx_functions(field.facts.text.segment(field.default, {}), field.default, field.facts)
            held = planner.trace.defaults.get(field.name)
            if isinstance(held, Partial) and field.facts is planner.facts:
                default = fields.class_text(planner, held, None, field.default)
        planner.plan.parameters.append(Parameter(field.name, annotation(planner, field), default, field.keyword))
        if field.factory is not None:
            default_made(planner, field, field.factory)
    planner.plan.parameters += [Parameter(name, "bool", "False", keyword=True) for name in planner.plan.optional_arguments]


def default_made(planner: Planner, field: Field, factory: ast.expr) -> None:
    """`dataclasses.field(default_factory=list)`: each module has its own."""
    hidden = inherit.hidden(factory, field, planner.facts)
    if hidden is not None:
        where = field.facts.filename
        planner.refuse(planner.cls.node, f"the default of `{field.name}` uses `{hidden}` of {where}", "import it here too")
    text = planner.functions(field.facts.text.segment(factory, {}), factory)
    simple = isinstance(factory, ast.Lambda) and not ast.unparse(factory.args)
    made = text.partition(":")[2].strip() if simple else f"({text})()" if isinstance(factory, ast.Lambda) else f"{text}()"
    used = any(field.name in WORD.findall(line.text) for line in planner.plan.init)
    if used or planner.base is None or field.node not in [each.node for each in planner.base.fields]:
        planner.plan.opening.append(f"{field.name} = {made} if {field.name} is None else {field.name}")


def annotation(planner: Planner, field: Field) -> str | None:
    """A type in its NNX spelling: a field may be given a layer; none where its names mean nothing in this file."""
    node = field.annotation
    if inherit.hidden(node, field, planner.facts) is not None:
        return None
    swaps = {}
    for part in ast.walk(node):
        layer = LAYERS.get(field.facts.linen_name(part) or "")
        if layer is not None and layer.nnx:
            swaps[id(part)] = f"nnx.{layer.nnx}"
        elif field.facts.linen_name(part) == "Module":
            swaps[id(part)] = "nnx.Module"
    text = nnx_functions(field.facts.text.segment(node, swaps), node, field.facts)
    optional = field.factory is None or isinstance(node, ast.Constant) or "None" in text or "Optional" in text
    return text if optional else f"{text} | None"


def check_fields(planner: Planner) -> None:
    """What `__post_init__` checks, its own or one that it inherits and that `super().__init__` does not run."""
    for cls in reversed(planner.facts.ancestors(planner.cls) if planner.base is None else [planner.cls]):
        texts = post_init.texts(cls)
        if texts and cls.facts is not planner.facts:
            place = f"{cls.facts.filename}, line {cls.methods['__post_init__'].lineno}"
            reason = f"what `__post_init__` of `{cls.name}` checks ({place}) is not taken over"
            planner.refuse(planner.cls.node, reason, "check it here too")
        planner.plan.opening += texts
    for cls in planner.facts.ancestors(planner.cls)[1:]:
        if filled := filled_fields(cls):
            fields = ", ".join(f"`{name}`" for name in sorted(filled))
            planner.refuse(planner.cls.node, f"`__post_init__` of `{cls.name}` sets {fields}", "set it here too")
