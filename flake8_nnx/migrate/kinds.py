"""Names that stand for one of several Linen classes: which it is, a call tells by its keywords.

`getattr(models, name)` is any class of a file that has nothing else at its top level.
"""
from __future__ import annotations

import ast

from flake8_nnx.migrate.roles import Frame, Kinds
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.project import SourceFile


def called_kind(kinds: Kinds, node: ast.AST, frame: Frame) -> tuple[SourceFile, LinenClass] | None:
    """The only class that takes the keywords of a call, with which the others fail."""
    call = frame.file.facts.names.parent(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return None
    names = {keyword.arg for keyword in call.keywords} - {None, "name", "parent"}
    found = [(file, cls) for file, cls in kinds.classes if names <= set(file.facts.fields_of(cls))]
    return found[0] if len(found) == 1 else None


def kinds_of(file: SourceFile) -> Kinds | None:
    """What `getattr(models, name)` is where all that a file defines at its top level are Linen classes and values."""
    found: list[tuple[SourceFile, LinenClass]] = []
    for bindings in file.facts.names.module.bindings.values():
        for binding in bindings:
            if binding.kind == "import":
                continue
            if isinstance(binding.node, FUNCTIONS):
                return None
            local = file.facts.linen_class(binding.node) if isinstance(binding.node, ast.ClassDef) else None
            if local is None and binding.kind == "assign":
                ref = file.facts.module_class(binding.value)
                local = ref.local if ref is not None else None
            home = local.facts.elsewhere if local is not None else None
            if local is not None and isinstance(home, SourceFile) and (home, local) not in found:
                found.append((home, local))
    return Kinds(tuple(found)) if found else None
