"""What a class runs of the code around it that uses Linen classes where nobody follows: a function that it gets, a table.

Left as it is, it would make modules in each call of the NNX class, or find none of the classes that it asks for.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.source.linen import Facts, LinenClass, ModuleRef
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.events import Trace

ASKS = frozenset({"isinstance", "issubclass"})
Code = tuple[ast.AST, Facts]


def unfollowed(cls: LinenClass, found: Trace) -> Iterator[tuple[ast.expr, str]]:
    """Names in the methods, with the reason: what they stand for uses a class for none of the modules that are known."""
    known = {n for site in [*found.sites, *found.detached] for n in _class_of(site.call, cls.facts)}
    for node, used in _around(cls, known):
        first, _ = next(used, (None, None))
        if first is not None:
            yield node, f"`{ast.unparse(node)}` uses `{ast.unparse(first)}` (line {first.lineno}) where nobody follows"


def classes_around(cls: LinenClass) -> set[int]:
    """The module classes of the project, by node, that code around a class uses where the class reads it."""
    return {id(ref.local.node) for _, used in _around(cls, set()) for _, ref in used if ref.local is not None}


def _around(cls: LinenClass, known: set[ast.AST]) -> Iterator[tuple[ast.expr, Iterator[tuple[ast.expr, ModuleRef]]]]:
    """What the methods read of the code outside of the class, with the module classes that it uses."""
    own = set(cls.nodes)
    for node in (n for method in cls.methods.values() for n in _reads(method)):
        code = _code(node, cls.facts) if node not in known and cls.facts.module_class(node) is None else None
        if code is not None and code[0] not in own:
            yield node, _used(code, known, own, set())


def _class_of(call: ast.Call, facts: Facts) -> Iterator[ast.AST]:
    """What says which class a constructor call is of."""
    yield from ast.walk(call.func)
    binding = facts.names.binding(call.func) if isinstance(call.func, ast.Name) else None
    if binding is not None and binding.kind == "assign" and binding.value is not None:
        yield from ast.walk(binding.value)


def _reads(code: ast.AST) -> Iterator[ast.Name | ast.Attribute]:
    """Names and attributes that code reads; what only says types is left out."""
    stack = [code]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            yield node
        unread = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        unread += node.decorator_list if isinstance(node, FUNCTIONS) and not isinstance(node, ast.Lambda) else []
        stack += [child for child in ast.iter_child_nodes(node) if child not in unread]


def _asked(node: ast.expr, facts: Facts) -> bool:
    """Whether something is only asked whether it is of this class."""
    call = facts.names.enclosing(node, ast.Call)
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ASKS


def _code(node: ast.expr, facts: Facts) -> Code | None:
    """The function that a name stands for, or the value that it was given."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    origin = facts.origin(node)
    if binding is not None and binding.kind != "import":
        home = facts
    elif isinstance(node, ast.Attribute) and (ref := facts.module_class(node.value)) is not None and ref.local is not None:
        method = ref.local.methods.get(node.attr)
        return (method, ref.local.facts) if method is not None else None
    elif origin and facts.elsewhere is not None and (there := facts.elsewhere.definition(origin)) is not None:
        binding, home = there
    else:
        return None
    code = binding.node if binding.kind == "def" else binding.value if binding.kind == "assign" else None
    return (code, home) if code is not None else None


def _used(code: Code, known: set[ast.AST], own: set[ast.AST], seen: set[ast.AST]) -> Iterator[tuple[ast.expr, ModuleRef]]:
    """The module classes that this code, or what it runs in turn, reads and that nobody has followed."""
    top, facts = code
    seen.add(top)
    for node in _reads(top):
        ref = facts.module_class(node)
        if ref is not None and ref.linen != "Module" and node not in known and not (ref.local and _asked(node, facts)):
            yield node, ref
        inner = _code(node, facts) if ref is None else None
        if inner is not None and inner[0] not in seen and inner[0] not in own:
            yield from _used(inner, known, own, seen)
