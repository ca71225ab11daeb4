"""Flags that a class takes when it is made or when it is called: `train = nn.merge_param("train", self.train, train)`."""
from __future__ import annotations

import ast

from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.methods import defaults

MERGE = "merge_param"


def taken(cls: LinenClass, name: str) -> bool:
    """Whether a call of the module may be given this field instead, which nothing else of the class reads."""
    home = cls.facts.defining(cls, "__call__")
    method = home.methods["__call__"] if home is not None else None
    if method is None or name not in cls.facts.fields_of(cls):
        return False
    default = defaults(method).get(name)
    if not isinstance(default, ast.Constant) or default.value is not None:
        return False
    nodes = [node for base in cls.facts.ancestors(cls) for node in ast.walk(base.node)]
    merges = [node for node in ast.walk(method) if _merges(node, name, home)]  # type: ignore[arg-type]
    reads = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == name]
    return len(merges) == 1 and len(reads) == 1


def _merges(node: ast.AST, name: str, cls: LinenClass) -> bool:
    """Whether this is `merge_param("name", self.name, name)`."""
    if not isinstance(node, ast.Call) or cls.facts.linen_name(node.func) != MERGE or len(node.args) != 3:
        return False
    return [ast.unparse(argument) for argument in node.args[1:]] == [f"self.{name}", name]
