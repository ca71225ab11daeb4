"""`nn.share_scope(self, layer)`: Linen keeps the variables of the layer under the names of the module that makes it.

NNX keeps them where the layer is, so that the statement goes and the variable map says the rest.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source.held import shared_fields
from flake8_nnx.source.inittext import Env, root_is_self
from flake8_nnx.source.linen import LINEN
from flake8_nnx.source.values import Either, Module, Site, one_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def shared(tracer: Tracer, node: ast.Expr, env: Env) -> bool:
    """Whether this statement shares the scope of layers that the class makes and has not used before; their sites say so then."""
    call = node.value
    if not tracer.facts.is_call_of(call, LINEN + "share_scope") or tracer.home is not tracer.cls:
        return False
    assert isinstance(call, ast.Call)
    own = len(call.args) == 2 and not call.keywords and isinstance(call.args[0], ast.Name) and call.args[0].id == "self"
    method = tracer.facts.names.parent(node)  # not under a condition
    if not own or not isinstance(method, ast.FunctionDef) or method is not tracer.facts.enclosing_method(node):
        return False
    layer = call.args[1]
    if tracer.method == "setup" and node in shared_fields(tracer.cls).values():
        return True
    value = tracer.evaluator.value(layer, env) if isinstance(layer, ast.Name) or root_is_self(layer) else None
    if not isinstance(value, (Module, Either)) or _read_before(layer, node, method):
        return False
    sites = [module.site for module in one_of(value)]
    if not all(map(_plain, sites)):
        return False
    for site in sites:
        site.shares = node
    return True


def _plain(site: Site) -> bool:
    """Whether the class itself makes this layer once, and nothing has been asked of it."""
    special = site.loops or site.element or site.lifts or site.through or site.via or site.choice or site.shares
    return site.ref is not None and site.ref.nnx is None and not special and not site.inputs


def _read_before(layer: ast.expr, node: ast.Expr, method: ast.FunctionDef) -> bool:
    """Whether the method reads the layer before: its variables may be there already, under their own names."""
    text = ast.unparse(layer)
    kinds = (ast.Name, ast.Attribute)
    reads = (n for n in ast.walk(method) if isinstance(n, kinds) and isinstance(n.ctx, ast.Load) and ast.unparse(n) == text)
    return any((n.lineno, n.col_offset) < (node.lineno, node.col_offset) for n in reads)
