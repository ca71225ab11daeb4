"""Names that the top of a file gives one of several values, `if FAST: Norm = nn.LayerNorm`, `else: Norm = nn.RMSNorm`."""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.source.linen import LINEN, Facts, LinenClass
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.names import Binding


def ambiguous(cls: LinenClass, facts: Facts) -> Iterator[ast.Name]:
    """The names in a class that may be one of several module classes, or functions of Linen."""
    for node in cls.nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        values = [binding for binding in facts.names.module.bindings.get(node.id, ()) if _counts(binding)]
        top = len(values) > 1 and any(facts.names.binding(node) is binding for binding in values)
        if top and any(facts.names.parent(binding.node) is not facts.tree for binding in values):
            if (facts.origin(node) or "").startswith(LINEN) or facts.module_class(node) is not None:
                yield node


def _counts(binding: Binding) -> bool:
    """Whether a binding gives a value; imports, and None in their place, do not count."""
    return binding.kind not in ("annotation", "import") and not is_none(binding.value)
