"""Which expressions hold Linen variables: the dictionary that `init` returns, one collection of it, one path in that.

Follows assignments, unpacking, subscripts, `get`, `pop`, `freeze` and `unfreeze`; what cannot be known is nothing.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass

from flake8_nnx.source.linen import LINEN, Facts, ModuleRef
from flake8_nnx.source.names import MAX_DEPTH

COLLECTIONS = frozenset({"params", "batch_stats", "intermediates", "cache", "perturbations", "params_axes", "spectral_stats"})
SAME = frozenset({
    "flax.core.freeze", "flax.core.unfreeze", "flax.core.frozen_dict.freeze", "flax.core.frozen_dict.unfreeze",
    "flax.core.FrozenDict", "flax.core.frozen_dict.FrozenDict", "flax.linen.FrozenDict", "flax.linen.unbox",
    "flax.core.unbox", "flax.linen.meta.unbox", "flax.core.meta.unbox", "flax.jax_utils.replicate",
    "flax.jax_utils.unreplicate", "jax.device_put", "jax.device_get", "dict",
})  # fmt: skip
WRAPPERS = frozenset({"jax.jit", "jax.pmap", "functools.partial"})
CALLS = frozenset({"init", "init_with_output", "lazy_init", "apply", "apply_fn"})
FUNCTIONAL = frozenset(LINEN + name for name in ("init", "init_with_output", "apply"))


@dataclass(frozen=True)
class Tree:
    """Linen variables: all of them, or with `collection` those of one, or with `path` a part of that."""

    collection: str | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelCall:
    """A call of `init`, `init_with_output`, `lazy_init`, `apply` or `apply_fn` of a Linen module."""

    kind: str
    receiver: ast.expr
    model: ModuleRef | None  # None when only the call itself tells that it is Linen


def model_call(call: ast.AST | None, facts: Facts) -> ModelCall | None:
    """The call of a Linen module that an expression is; None unless that is certain."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in CALLS:
        return None
    kind, receiver = call.func.attr, call.func.value
    if kind == "apply_fn":
        known = train_state(receiver, facts)
        return ModelCall(kind, receiver, None) if known or holds_variables(call, facts) else None
    if facts.origin(receiver) in ("flax.linen", "flax.nnx"):
        return None
    model = facts.instance(receiver)
    if model is not None:
        # In a module's own method, `self.init` or `super().apply` may be the user's; a bare `self` is no model.
        own = model.local is not None and facts.method_of(model.local, kind) is not None
        return None if own else ModelCall(kind, receiver, model)
    if isinstance(receiver, ast.Name) and facts.module_class(receiver) is not None:
        return None  # Model.init as a function of the class
    evident = holds_variables(call, facts) if kind == "apply" else kind == "init" and _takes_params(call, facts)
    return ModelCall(kind, receiver, None) if evident else None


def holds_variables(call: ast.Call, facts: Facts) -> bool:
    """Whether the arguments of a call are such as only Linen's `apply` takes."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Dict) and is_variables(first):
        return True
    tree = tree_of(first, facts) if isinstance(first, (ast.Name, ast.Subscript, ast.Call)) else None
    if tree is not None and tree.collection is None:
        return True
    for keyword in call.keywords:
        if keyword.arg == "mutable" and _names_collections(keyword.value):
            return True
        if keyword.arg == "method" and isinstance(keyword.value, ast.Attribute) and facts.module_class(keyword.value.value):
            return True
    return False


def _names_collections(node: ast.expr) -> bool:
    elements = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) else [node]
    return any(isinstance(e, ast.Constant) and e.value in COLLECTIONS for e in elements)


def _takes_params(call: ast.Call, facts: Facts) -> bool:
    """`x.init(…)["params"]`: no other library's init returns a dictionary with that key."""
    above = facts.names.parent(call)
    if isinstance(above, ast.Subscript) and above.value is call:
        return isinstance(above.slice, ast.Constant) and above.slice.value == "params"
    return isinstance(above, ast.Attribute) and above.attr in ("get", "pop") and _argument(facts.names.parent(above)) == "params"


def _argument(call: ast.AST | None) -> object:
    first = call.args[0] if isinstance(call, ast.Call) and call.args else None
    return first.value if isinstance(first, ast.Constant) else None


def is_variables(node: ast.Dict) -> bool:
    """`{'params': p, 'batch_stats': b}`, `{'params': p, **state}`."""
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    return "params" in keys or "batch_stats" in keys


def train_state(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is a `TrainState` of flax.training."""
    if not isinstance(node, ast.Name):
        return False
    binding = facts.names.binding(node)
    annotation = binding.annotation if binding else None
    if annotation is not None and _is_train_state(annotation, facts):
        return True
    value = binding.value if binding and binding.kind == "assign" else None
    create = value.func if isinstance(value, ast.Call) else None
    return isinstance(create, ast.Attribute) and create.attr == "create" and _is_train_state(create.value, facts)


def _is_train_state(node: ast.expr, facts: Facts) -> bool:
    if facts.origin(node) == "flax.training.train_state.TrainState":
        return True
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is not None and isinstance(binding.node, ast.ClassDef):
        return any(facts.origin(base) == "flax.training.train_state.TrainState" for base in binding.node.bases)
    return False


# ---- trees ------------------------------------------------------------------------------------------------------


def tree_of(node: ast.AST | None, facts: Facts, depth: int = 0) -> Tree | None:
    """The Linen variables that an expression holds."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(node, ast.Name):
        return _bound(node, facts, depth)
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return _below(tree_of(node.value, facts, depth + 1), key)
    if isinstance(node, ast.Call):
        return _called(node, facts, depth)
    return None


def _below(tree: Tree | None, key: object) -> Tree | None:
    if tree is None or not isinstance(key, str):
        return None
    return Tree(key) if tree.collection is None else Tree(tree.collection, (*tree.path, key))


def _called(node: ast.Call, facts: Facts, depth: int) -> Tree | None:
    found = model_call(node, facts)
    if found is not None:
        return Tree() if found.kind in ("init", "lazy_init") else None
    origin = facts.origin(node.func) or (node.func.id if isinstance(node.func, ast.Name) else None)
    if origin in SAME and len(node.args) == 1:
        return tree_of(node.args[0], facts, depth + 1)
    if origin == "jax.eval_shape" and node.args:
        return Tree() if model_function(node.args[0], facts) == "init" else None
    if isinstance(node.func, ast.Call) and facts.origin(node.func.func) in WRAPPERS and node.func.args:
        return Tree() if model_function(node.func.args[0], facts) == "init" else None
    if isinstance(node.func, ast.Attribute):
        tree = tree_of(node.func.value, facts, depth + 1)
        if node.func.attr in ("get", "pop"):
            return _below(tree, _argument(node))
        return tree if node.func.attr in ("copy", "unfreeze") else None
    return None


def model_function(node: ast.expr, facts: Facts) -> str | None:
    """`init` for `model.init` given as a function, where `model` is a Linen module."""
    if isinstance(node, ast.Attribute) and node.attr in CALLS and facts.instance(node.value) is not None:
        return node.attr
    if isinstance(node, ast.Call) and facts.origin(node.func) in WRAPPERS and node.args:
        return model_function(node.args[0], facts)
    return None


def _bound(node: ast.Name, facts: Facts, depth: int) -> Tree | None:
    binding = facts.names.binding(node)
    if binding is None or binding.value is None or binding.value is node:
        return None
    if binding.kind == "assign":
        return tree_of(binding.value, facts, depth + 1)
    if binding.kind != "unpack" or binding.index != (1,) or not isinstance(binding.value, ast.Call):
        if binding.kind == "unpack" and binding.index == (0,):
            return _popped(binding.value, facts, depth, rest=True)
        return None
    found = model_call(binding.value, facts)
    if found is not None:
        mutable = any(k.arg == "mutable" for k in binding.value.keywords)
        return Tree() if found.kind == "init_with_output" or (found.kind in ("apply", "apply_fn") and mutable) else None
    return _popped(binding.value, facts, depth, rest=False)


def _popped(node: ast.expr, facts: Facts, depth: int, rest: bool) -> Tree | None:
    """`rest, params = flax.core.pop(variables, 'params')`."""
    if not isinstance(node, ast.Call) or facts.origin(node.func) not in ("flax.core.pop", "flax.core.frozen_dict.pop"):
        return None
    tree = tree_of(node.args[0], facts, depth + 1) if len(node.args) == 2 else None
    key = node.args[1].value if len(node.args) == 2 and isinstance(node.args[1], ast.Constant) else None
    return tree if rest else _below(tree, key)
