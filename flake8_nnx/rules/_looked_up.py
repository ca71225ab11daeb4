"""Activation functions that are looked up by a name of the user's: `getattr(nn, self.activation)`."""
from __future__ import annotations

import ast
import re

from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import FUNCTIONS

ACTIVATION = re.compile(r"act|nonlin|fn|func", re.IGNORECASE)  # in the name of a field that holds the name of a function


def looks_up_function(node: ast.AST, facts: Facts) -> bool:
    """`getattr(nn, self.activation)`, used as a function of one array; NNX has all of them, and they are the same."""
    call = facts.names.parent(node)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "getattr":
        return False
    if len(call.args) != 2 or call.args[0] is not node or not ACTIVATION.search(ast.unparse(call.args[1])):
        return False
    above, scope = facts.names.parent(call), facts.names.enclosing(call, ast.ClassDef)
    target = above.targets[0] if isinstance(above, ast.Assign) and len(above.targets) == 1 else None
    uses: list[ast.AST] = [call]
    if isinstance(target, (ast.Name, ast.Attribute)) and scope is not None:
        name, own = ast.unparse(target), facts.names.enclosing(call, *FUNCTIONS) if isinstance(target, ast.Name) else scope
        loads = (n for n in ast.walk(own or scope) if isinstance(n, type(target)) and isinstance(n.ctx, ast.Load))
        uses = [n for n in loads if ast.unparse(n) == name]
    return all(_called_with_one(use, facts) for use in uses)


def _called_with_one(node: ast.AST, facts: Facts) -> bool:
    """Whether this is called with one argument, and the result is not called in turn, as that of a class is."""
    call = facts.names.parent(node)
    if not isinstance(call, ast.Call) or call.func is not node or len(call.args) != 1 or call.keywords:
        return False
    above = facts.names.parent(call)
    return not (isinstance(above, ast.Call) and above.func is call)
