"""Fields that hold a layer which the class never runs, `wrapped: nn.Dense`: it reads settings of the layer, and nothing else.

Linen makes no variables for such a layer. An NNX layer would have some, and does not keep all settings: the class takes these.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.held import shared_fields
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import LinenClass, ModuleRef
from flake8_nnx.source.methods import hidden_fields


def idle(cls: LinenClass) -> Mapping[str, Mapping[str, str]]:
    """The settings that the class reads of the layer in each such field, and what each is called as a parameter."""
    known, key = cls.facts.idle, id(cls.node)
    if key not in known:
        known[key] = _idle(cls) if len(cls.facts.ancestors(cls)) == 1 else {}
    return known[key]


def _idle(cls: LinenClass) -> dict[str, dict[str, str]]:
    shared, found = shared_fields(cls), dict[str, dict[str, str]]()
    taken = {*cls.facts.fields_of(cls), *cls.methods, *(n.attr for n in cls.nodes if root_is_self(n))}  # type: ignore
    for field in cls.fields:
        ref = cls.facts.annotated_module(field.annotation)
        known = settings_of(ref) if ref is not None else ()
        plain = field.node.value is None and "None" not in ast.unparse(field.annotation)
        if not known or not plain or field.name in hidden_fields(cls, cls.facts):
            continue
        reads = reads_of(cls, field.name)
        names = [above.attr if isinstance(above, ast.Attribute) else "" for above in map(cls.facts.names.parent, reads)]
        settings = {name: f"{field.name}_{name}" for name in known if name in names}
        needed = field.name in shared or reads and ref is not None and ref.linen is not None
        if needed and settings.keys() == {*names} and taken.isdisjoint(settings.values()):
            found[field.name] = settings
    return found


def settings_of(ref: ModuleRef) -> tuple[str, ...]:
    """What a layer is made with in Linen."""
    if ref.local is not None:
        fields = ref.local.facts.fields_of(ref.local).items()
        return tuple(name for name, field in fields if field.facts.annotated_module(field.annotation) is None)
    layer = LAYERS.get(ref.linen or "")
    return layer.linen_args if layer is not None else ()


def reads_of(cls: LinenClass, name: str) -> list[ast.Attribute]:
    """Where a class reads a field, but for the statement that shares its scope."""
    shared = shared_fields(cls).get(name)
    skip = set(ast.walk(shared)) if shared is not None else set()
    return [node for node in cls.nodes if root_is_self(node) and node.attr == name and node not in skip]  # type: ignore
