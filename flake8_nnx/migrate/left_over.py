"""Functions that made the layers of classes and whose calls have all been written out.

One that only its file can know goes; one that others may import stays, which the to-do list says.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.migrate.model import FilePlan
from flake8_nnx.source.linen import Facts


def unread(found: FilePlan) -> Iterator[ast.FunctionDef]:
    """Functions of the file that nothing in it reads once its classes are written."""
    written = {call.func: function for plan in found.native for call, function in plan.written_out.items()}
    names = [node for node in found.facts.names.nodes if isinstance(node, ast.Name)]
    for function in dict.fromkeys(written.values()):
        reads = [node for node in names if node.id == function.name and written.get(node) is not function]
        if not reads and function in found.facts.tree.body:
            yield function


def removed(found: FilePlan) -> set[ast.FunctionDef]:
    """Those of them that nobody else can have: private or not exported, and unknown to the other files of the run."""
    exported = _exported(found.facts.tree)
    others = [facts for facts in found.facts.beside if facts is not found.facts]
    gone = set()
    for function in unread(found):
        hidden = function.name.startswith("_") if exported is None else function.name not in exported
        if hidden and not any(_names(facts, function.name) for facts in others):
            gone.add(function)
    return gone


def notes(found: FilePlan) -> list[str]:
    """What is left to look at: the functions that stay."""
    gone = removed(found)
    return [
        f"line {function.lineno}: what `{function.name}` does is written out: remove it if no other file calls it"
        for function in unread(found) if function not in gone
    ]


def _names(facts: Facts, name: str) -> bool:
    return any(name in (getattr(node, "id", None), getattr(node, "attr", None)) for node in facts.names.nodes) or any(
        alias.name == name for node in facts.names.nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    )


def _exported(tree: ast.Module) -> set[str] | None:
    """The names in `__all__`; None where there is none, or it is computed."""
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            try:
                return {*ast.literal_eval(statement.value)}  # type: ignore[attr-defined]
            except (ValueError, TypeError):
                return None
    return None
