"""`nnx.bridge.ToNNX` around what a native class constructs and what stays Linen: when it can stand there, and how it is called.

What the bridge would lose is refused: values that are sown, and uses of the module besides calls of its methods.
"""
from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.linen import LINEN, Facts, LinenClass, ModuleRef
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.values import Site

# Keywords that ToNNX takes itself, so that they do not reach the module.
TAKEN = frozenset({"rngs", "method", "mutable"})
# What a module that cannot be looked into may update; asking for a collection that it does not have is harmless.
USUAL = "batch_stats"


def stays_linen(ref: ModuleRef | None, kept: Collection[int], movable: Collection[int]) -> bool:
    """Whether a class cannot be constructed as an NNX class: one that is kept, of no file of the run, or a layer without a twin.

    Args:
        kept, movable: the classes that stay Linen, and all of the run, by the id of their node.
    """
    if ref is None or ref.linen == "Sequential" or ref.nnx is not None:
        return False
    if ref.local is not None:
        return id(ref.local.node) in kept or id(ref.local.node) not in movable
    layer = LAYERS.get(ref.linen or "")
    return layer is None or bool(layer.refuse)


def problem(site: Site, facts: Facts) -> str | None:
    """Why the module of a site cannot be wrapped."""
    ref = site.ref
    assert ref is not None
    if site.lifts:
        return f"`{ref.name}`, which stays Linen, is lifted by `{ast.unparse(site.lifts[-1].func)}`"
    if not isinstance(site.call.func, (ast.Name, ast.Attribute)) or _bound_here(site, facts):
        return f"`{ref.name}`, which stays Linen, is constructed through a value of the class"
    cls = ref.local
    if cls is not None:
        lost = next(_calls(cls, facts, ("sow", "perturb")), None)
        if lost is not None:
            return f"nnx.bridge.ToNNX would lose what `{cls.name}` gives to `{ast.unparse(lost.func)}` (line {lost.lineno})"
        for method in cls.methods.values():
            hidden = TAKEN & {argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)}
            if hidden:
                return f"nnx.bridge.ToNNX takes `{min(hidden)}=` itself, so `{cls.name}.{method.name}` would not get it"
    for node, _, _ in site.inputs:
        keywords = {keyword.arg for keyword in node.keywords} if isinstance(node, ast.Call) else {None}
        if None in keywords:
            return f"`{ref.name}`, which stays Linen, is called with ** arguments, or where it cannot be followed"
    for use in _other_uses(site, facts):
        return f"`{ast.unparse(use)[:60]}` reads what nnx.bridge.ToNNX does not hand on"
    return None


def _bound_here(site: Site, facts: Facts) -> bool:
    """Whether the class is a value of the method, as `dense = partial(nn.ConvLocal, 3)`."""
    name = site.call.func
    binding = facts.names.binding(name) if isinstance(name, ast.Name) else None
    return binding is not None and binding.kind == "assign"


def _other_uses(site: Site, facts: Facts) -> Iterator[ast.AST]:
    """Attributes of the module that are no calls of its methods."""
    cls = facts.enclosing_class(site.call)
    parent = facts.names.parent(site.call)
    if cls is None:
        return
    if site.attribute is not None:
        scope: ast.AST = cls.node
        wanted = f"self.{site.attribute}"
    elif isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        scope, wanted = facts.names.enclosing(parent, *FUNCTIONS) or cls.node, parent.targets[0].id
    else:
        return
    methods = set(site.ref.local.methods) if site.ref is not None and site.ref.local is not None else {"attend"}
    for node in ast.walk(scope):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == wanted:
            user = facts.names.parent(node)
            if node.attr not in methods or not isinstance(user, ast.Call) or user.func is not node:
                yield node


def updated(ref: ModuleRef | None, facts: Facts) -> list[str]:
    """The collections besides params that a call of the module may update."""
    if ref is None:
        return []
    if ref.local is not None:
        return sorted(_updated_by(ref.local, facts, set()))
    return sorted(_of_layer(ref.linen)) if ref.linen else [USUAL]


def _of_layer(linen: str | None) -> set[str]:
    layer = LAYERS.get(linen or "")
    found = {variable.collection for variable in layer.variables} if layer is not None else {USUAL}
    return found - {"params", "cache"}


def _updated_by(cls: LinenClass, facts: Facts, seen: set[int]) -> set[str]:
    if id(cls.node) in seen:
        return set()
    seen.add(id(cls.node))
    found: set[str] = set()
    for call in _calls(cls, facts, ("variable", "put_variable"), deep=False):
        first = call.args[0] if call.args else None
        found.add(first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else USUAL)
    for ancestor in facts.ancestors(cls):
        for node in ast.walk(ancestor.node):
            if isinstance(node, ast.keyword) and node.arg == "decode":
                found.add("cache")
            ref = facts.module_class(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
            if ref is None or node in ancestor.node.bases:
                if isinstance(node, ast.Call) and _own(node.func) in {field.name for field in ancestor.fields}:
                    found.add(USUAL)  # a field that is called may be a module class
            elif ref.local is not None:
                found |= _updated_by(ref.local, facts, seen)
            elif ref.linen != "Module":
                found |= _of_layer(ref.linen) if ref.linen else {USUAL}
    return found - {"params"}


def _calls(cls: LinenClass, facts: Facts, names: Collection[str], deep: bool = True) -> Iterator[ast.Call]:
    """Calls of these methods of a module in the class, its bases and, if `deep`, in what it constructs."""
    line, seen = [cls], set[int]()
    while line:
        current = line.pop()
        if id(current.node) in seen:
            continue
        seen.add(id(current.node))
        line += facts.ancestors(current)[1:]
        for node in ast.walk(current.node):
            if isinstance(node, ast.Call) and _own(node.func) in names:
                yield node
            elif deep and isinstance(node, ast.Name):
                ref = facts.module_class(node)
                line += [ref.local] if ref is not None and ref.local is not None else []


def _own(node: ast.expr) -> str | None:
    """`sow` of `self.sow`."""
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if own else None  # type: ignore[attr-defined]


def is_module_class(node: ast.expr, facts: Facts) -> bool:
    """Whether an argument names a module class, as in `norm=nn.LayerNorm`."""
    origin = facts.origin(node) or ""
    return isinstance(node, (ast.Name, ast.Attribute)) and (origin.startswith(LINEN) or facts.module_class(node) is not None)
