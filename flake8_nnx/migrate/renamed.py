"""Fields with the name of a method of `nnx.Module`: `train` is kept as `self.training`, and `__init__` still takes `train`.

A module that has the field under its own name could not be asked to `train()`.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping

from flake8_nnx.migrate.spans import Spans
from flake8_nnx.rules._traced import RENAMED
from flake8_nnx.source.linen import Facts, LinenClass


def names(cls: LinenClass, facts: Facts) -> dict[str, str]:
    """The fields of a class that get another name, with that name, where nothing else has it."""
    fields = facts.fields_of(cls)
    above = facts.ancestors(cls)
    taken = {*fields, *(name for each in above for name in each.methods), *(name for each in above for name in _set_by(each))}
    return {old: new for old, new in RENAMED.items() if old in fields and new not in taken}


def _set_by(cls: LinenClass) -> set[str]:
    nodes = (node for node in cls.nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return {node.attr for node in nodes}


def attributes(text: str, classes: Mapping[str, Mapping[str, str]]) -> str:
    """The text of a file with these attributes of `self` renamed in these classes."""
    if not classes:
        return text
    spans = Spans(text)
    edits = []
    for cls in ast.walk(ast.parse(text)):
        new = classes.get(cls.name, {}) if isinstance(cls, ast.ClassDef) else {}
        for node in ast.walk(cls) if new else ():
            own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
            if own and node.attr in new:  # type: ignore[attr-defined]
                end = spans.of(node)[1]
                edits.append((end - len(node.attr), end, new[node.attr]))  # type: ignore[attr-defined]
    data = spans.data
    for start, end, name in sorted(edits, reverse=True):
        data = data[:start] + name.encode() + data[end:]
    return data.decode()
