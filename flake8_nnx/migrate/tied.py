"""Weights of one layer that another one uses: `self.embed.variables[…]` is read, `self.head.apply({…}, x)` runs with them.

The path that Linen spells is followed through the slots of the classes on the way.
"""
from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import products, refuse
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.events import Trace
from flake8_nnx.source.features import trace
from flake8_nnx.source.linen import Facts, LinenClass, ModuleRef
from flake8_nnx.source.values import Held, Module

Planned = Callable[[LinenClass], "ClassPlan | None"]
# Methods and properties of a bound Linen module that NNX modules do not have.
BOUND_ONLY = frozenset("variables apply init init_with_output lazy_init bind unbind clone copy tabulate scope".split())


def rewrite(plan: ClassPlan, found: Trace, facts: Facts, planned: Planned) -> None:
    """Add the edits for tied weights; refuse other Linen-only uses of the submodules."""
    for node in plan.cls.nodes:
        if not isinstance(node, ast.Attribute) or node.attr not in BOUND_ONLY:
            continue
        if facts.names.enclosing(node, ast.stmt) in plan.removed:
            continue
        ref = module_at(node.value, found, facts)
        if ref is None:
            continue
        read = node.attr == "variables"
        edit = _read(node, ref, facts, planned) if read else _applied(plan, node, ref, found, facts, planned)
        if edit is None:
            refuse.add(plan, node, f"`{ast.unparse(node)[:60]}` is not handled by this version")
            continue
        edited = [other for other in (*plan.expressions, *plan.casts, *plan.keywords, *plan.arguments) if other is not edit[0]]
        if not any(other is child for child in ast.walk(edit[0]) for other in edited):
            plan.expressions[edit[0]] = edit[1]
        elif node.attr != "variables":
            refuse.add(plan, node, f"`{ast.unparse(node)[:60]}` is called with what changes itself")


def module_at(node: ast.expr, found: Trace, facts: Facts) -> ModuleRef | None:
    """The class of the submodule `self.encoder.embed`."""
    if not isinstance(node, ast.Attribute):
        return None
    if isinstance(node.value, ast.Name) and node.value.id == "self":
        return _ref(found.attributes.get(node.attr))
    owner = module_at(node.value, found, facts)
    return _ref(trace(owner.local).attributes.get(node.attr)) if owner is not None and owner.local is not None else None


def _ref(value: Any) -> ModuleRef | None:
    return value.site.ref if isinstance(value, Module) else value.ref if isinstance(value, Held) else None


def _read(node: ast.Attribute, ref: ModuleRef, facts: Facts, planned: Planned) -> tuple[ast.AST, str] | None:
    """`self.bert.variables["params"]["embed"]["embedding"]` is `self.bert.embed.embedding[...]`."""
    keys: list[str] = []
    whole: ast.AST = node
    parent = facts.names.parent(whole)
    while isinstance(parent, ast.Subscript) and parent.value is whole:
        if not isinstance(parent.slice, ast.Constant) or not isinstance(parent.slice.value, str):
            break
        keys.append(parent.slice.value)
        whole, parent = parent, facts.names.parent(parent)
        path = leaf(ref, keys[0], keys[1:], planned) if len(keys) > 1 else None
        if path is not None:
            return whole, f"{ast.unparse(node.value)}.{path.replace('/', '.')}[...]"
    return None


def leaf(ref: ModuleRef, collection: str, keys: list[str], planned: Planned) -> str | None:
    """The NNX path of a Linen variable below a module; None for what is not one, or not one attribute."""
    if ref.local is None:
        layer = LAYERS.get(ref.linen or "")
        wanted = "/".join(keys)
        return next((v.nnx for v in layer.variables if (v.collection, v.linen) == (collection, wanted)), None) if layer else None
    plan = planned(ref.local)
    for slot in plan.slots if plan is not None else ():
        if slot.get("param") == keys[0] and slot.get("collection") == collection and len(keys) == 1:
            return str(slot["nnx"])
        if slot.get("linen") != keys[0] or slot.get("auto") or slot.get("shared") or "{" in slot["nnx"]:
            continue
        inner = slot.get("leaves", {}).get("/".join([collection, *keys[1:]]))
        if inner is None and "class" in slot and len(keys) > 1:
            inner = leaf(ModuleRef(slot["class"].name, local=slot["class"]), collection, keys[1:], planned)
        if inner is not None:
            return f"{slot['nnx']}/{inner}"
    return None


def _applied(
    plan: ClassPlan, node: ast.Attribute, ref: ModuleRef, found: Trace, facts: Facts, planned: Planned
) -> tuple[ast.AST, str] | None:
    """`self.head.apply({"params": {"kernel": k}}, x)` is `nnx.merge(nnx.graphdef(self.head), {"kernel": k})(x)`."""
    call = facts.names.parent(node)
    layer = LAYERS.get(ref.linen or "")
    if node.attr != "apply" or layer is None or not isinstance(call, ast.Call) or call.func is not node or not call.args:
        return None
    given = _literal(call.args[0])
    weights = _literal(given["params"]) if given is not None and set(given) == {"params"} else None
    leaves = {v.linen: v.nnx for v in layer.variables if v.collection == "params"}
    plain = not call.keywords and not any(isinstance(argument, ast.Starred) for argument in call.args)
    if weights is None or not set(weights) <= set(leaves) or any("/" in name for name in leaves.values()) or not plain:
        return None
    swaps = {}
    for inner in ast.walk(call):
        owner = module_at(inner.value, found, facts) if isinstance(inner, ast.Attribute) and inner.attr == "variables" else None
        if owner is not None:
            edit = _read(inner, owner, facts, planned)  # type: ignore[arg-type]
            if edit is None:
                return None
            swaps[ast.unparse(edit[0])] = edit[1]
    made = products.product(node, found, facts, facts.fields_of(plan.cls))
    if made is not None:
        kernel, dtype, argument = made
        return call, products.spelled(_swapped(kernel, swaps), dtype, _swapped(argument, swaps), facts)
    state = ", ".join(f'"{leaves[name]}": {_swapped(value, swaps)}' for name, value in weights.items())
    rest = ", ".join(_swapped(argument, swaps) for argument in call.args[1:])
    return call, f"nnx.merge(nnx.graphdef({ast.unparse(node.value)}), {{{state}}})({rest})"


def _literal(node: ast.expr) -> dict[str, ast.expr] | None:
    if not isinstance(node, ast.Dict):
        return None
    names = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
    return dict(zip(names, node.values)) if all(isinstance(name, str) for name in names) else None  # type: ignore[arg-type]


def _swapped(node: ast.expr, swaps: dict[str, str]) -> str:
    text = ast.unparse(node)
    for old, new in swaps.items():
        text = text.replace(old, new)
    return text
