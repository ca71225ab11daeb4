"""`model.tabulate(key, x)` is `nnx.tabulate(model, x)`: the model is there already."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.roles import Model

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

OTHER = frozenset({"mutable", "show_repeated", "compute_flops", "compute_vjp_flops", "column_kwargs", "table_kwargs", "rngs"})


def tabulated(rewriting: Rewriting, node: ast.Call) -> bool:
    """Plan a table of the layers of a model; whether it is one."""
    model = rewriting.values.get(node.func.value) if isinstance(node.func, ast.Attribute) else None
    if not isinstance(model, Model) or not isinstance(node.func, ast.Attribute) or node.func.attr != "tabulate":
        return False
    other = next((k.arg for k in node.keywords if k.arg is None or k.arg in OTHER), "")
    if other != "" or not node.args or any(isinstance(a, ast.Starred) for a in node.args):
        raise rewriting.stop(node, f"`{ast.unparse(node)[:60]}` asks for more than nnx.tabulate shows", "write nnx.tabulate")
    kept: list[ast.expr] = [*node.args[1:], *(k.value for k in node.keywords)]
    for argument in kept:
        rewriting.expression(argument)
    rewriting.edits.expressions[node.func] = "nnx.tabulate"
    pieces: list[Piece] = [rewriting.plan.model(model.slot), *kept]
    rewriting.edits.arguments[node] = pieces
    return True
