"""`nn.Dense(3, **inits)` where `inits = dict(kernel_init=…)` stands in the same function: the arguments, written out."""
from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_nnx.source.inittext import Env
from flake8_nnx.source.linen import Facts

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def written_out(
    tracer: Tracer, node: ast.Call, env: Env, known: Sequence[ast.AST] = ()
) -> dict[str, ast.expr] | None:
    """The arguments that `**` stands for in a call; None where they cannot be told, or there are positional ones in `*`.

    Stars that are known already stand for nothing.
    """
    if any(isinstance(argument, ast.Starred) and argument not in known for argument in node.args):
        return None
    found: dict[str, ast.expr] = {}
    for keyword in (keyword for keyword in node.keywords if keyword not in known):
        given = _dictionary(keyword.value, tracer.facts) if keyword.arg is None else {}
        if given is None or any(_local(value, env) for value in given.values()):
            return None
        found.update(given)
    return found


def _dictionary(node: ast.expr, facts: Facts) -> dict[str, ast.expr] | None:
    """What a local dictionary holds that nothing changes: it is given its value once, and read in `**` alone."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    function = facts.names.enclosing(node, ast.FunctionDef)
    if binding is None or binding.kind != "assign" or function is None or binding.value is None:
        return None
    own = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == node.id]  # type: ignore[attr-defined]
    parents = [facts.names.parent(n) for n in own if isinstance(n.ctx, ast.Load)]
    spread = all(isinstance(parent, ast.keyword) and parent.arg is None for parent in parents)
    statement = facts.names.enclosing(binding.value, ast.stmt)
    if not spread or len(own) != len(parents) + 1 or statement not in function.body:  # type: ignore[attr-defined]
        return None
    return _items(binding.value, facts)


def _items(node: ast.expr, facts: Facts) -> dict[str, ast.expr] | None:
    """`dict(a=1)` or `{"a": 1}`."""
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        return dict(zip(keys, node.values)) if all(isinstance(key, str) for key in keys) else None  # type: ignore[arg-type]
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args
    if not plain or facts.names.binding(node.func) is not None or any(k.arg is None for k in node.keywords):  # type: ignore
        return None
    return {str(k.arg): k.value for k in node.keywords}  # type: ignore[attr-defined]


def _local(node: ast.expr, env: Env) -> bool:
    """Whether an expression reads a name of the function, which may have got another value since."""
    return any(isinstance(part, ast.Name) and part.id in env for part in ast.walk(node))
