"""`block = nn.remat(Block) if self.remat else Block`: a class that fields choose, by the name that the method gives it.

`__init__` chooses in the same way, and whatever is made of the name is of one of both classes.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.events import Assignment
from flake8_nnx.source.given import Given
from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.values import Partial

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer

REMAT = (f"{LINEN}remat", f"{LINEN}checkpoint")
CHECKPOINT = "Checkpoint"  # what Linen and the rewriter put before the name of a rematerialised class


def chosen_class(tracer: Tracer, node: ast.stmt, source: ast.expr, env: Env) -> bool:
    """Whether this assignment chooses a class by what `__init__` knows; it stands there then."""
    target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
    if not isinstance(source, ast.IfExp) or not isinstance(target, ast.Name):
        return False
    branches = (source.body, source.orelse)
    if not all(_is_class(branch, tracer.facts) for branch in branches) or not _only(tracer, target.id, [node]):
        return False
    test = tracer.evaluator.text(source.test, env)
    options = [tracer.evaluator.value(branch, env) for branch in branches]
    found = _chosen(tracer, node, target.id, test, source, options)
    if found is None:
        return False
    env[target.id] = found
    return True


def class_of_branches(tracer: Tracer, node: ast.If, name: str, test: str | None, options: Sequence[Any]) -> Partial | None:
    """The class that a name has after `if self.remat: block = nn.remat(block)`, which chooses and does nothing else."""
    inside = [*node.body, *node.orelse]
    if options[0] == options[1] or not all(isinstance(option, Partial) for option in options) or not all(map(_plain, inside)):
        return None
    if not _only(tracer, name, [*inside, *_before(tracer, node, name)]):
        return None
    source = ast.copy_location(ast.IfExp(node.test, ast.Name(name, ast.Load()), ast.Name(name, ast.Load())), node)
    return _chosen(tracer, inside[0], name, test, source, options)


def _chosen(
    tracer: Tracer, node: ast.stmt, name: str, test: str | None, source: ast.IfExp, options: Sequence[Any]
) -> Partial | None:
    names = [_nnx_class(tracer, option) for option in options]
    if test is None or None in names:
        return None
    condition = operand(test, source, source.test)
    tracer.events.append(Assignment(node, (name,), f"{name} = {names[0]} if {condition} else {names[1]}"))
    givens = tuple(Given(option.ref, lifts=option.lifts) for option in options)
    return Partial(givens[0].ref, via=name, given=givens, spelled=name)


def _is_class(node: ast.expr, facts: Facts) -> bool:
    """`Block`, or `nn.remat(Block)`."""
    if isinstance(node, ast.Call) and facts.origin(node.func) in REMAT and node.args:
        return _is_class(node.args[0], facts)
    return isinstance(node, (ast.Name, ast.Attribute)) and facts.module_class(node) is not None


def _plain(statement: ast.stmt) -> bool:
    """`block = nn.remat(Block)`."""
    return isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)


def _before(tracer: Tracer, node: ast.If, name: str) -> list[ast.stmt]:
    """The assignment of a name somewhere above a statement."""
    above = [each for each in tracer.cls.nodes if isinstance(each, ast.Assign) and each.lineno < node.lineno]
    return [each for each in above if _plain(each) and ast.unparse(each.targets[0]) == name]


def _only(tracer: Tracer, name: str, statements: Sequence[ast.stmt]) -> bool:
    """Whether a name gets its value in these statements alone, whatever happens in the call."""
    inside = {id(target) for each in statements for target in getattr(each, "targets", ())}
    method = tracer.facts.names.enclosing(statements[0], *FUNCTIONS) or tracer.cls.node
    names = [n for n in ast.walk(method) if isinstance(n, ast.Name) and n.id == name]
    stores = [n for n in names if not isinstance(n.ctx, ast.Load)]
    here = not (tracer.loops or tracer.inlining or name in tracer.fixed) and tracer.home is tracer.cls
    return here and len(stores) <= 2 and all(id(store) in inside for store in stores)


def _nnx_class(tracer: Tracer, option: Any) -> str | None:
    """How NNX code names one of the classes; None for what is more than a class, or has no twin."""
    if not isinstance(option, Partial) or option.via is not None or option.given or option.positional or option.keywords:
        return None
    if option.ref.local is not None:
        if any(tracer.facts.origin(lift.func) not in REMAT for lift in option.lifts) or len(option.lifts) > 1:
            return None
        return f"{CHECKPOINT if option.lifts else ''}{option.spelled or option.ref.local.name}"
    layer = LAYERS.get(option.ref.linen or "")
    return f"nnx.{layer.nnx}" if layer is not None and layer.nnx and not layer.refuse and not option.lifts else None
