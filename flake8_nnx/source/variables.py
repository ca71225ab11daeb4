"""Which expressions hold Linen variables: the dictionary that `init` returns, one collection of it, one path in that.

Follows assignments, unpacking, subscripts, `get`, `pop`, `freeze` and `unfreeze`; what cannot be known is nothing.
"""
from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass, field

from flake8_nnx.source.linen import LINEN, Facts, ModuleRef
from flake8_nnx.source.names import FUNCTIONS, MAX_DEPTH

COLLECTIONS = frozenset({"params", "batch_stats", "intermediates", "cache", "perturbations", "params_axes", "spectral_stats"})
SAME = frozenset({
    "flax.core.freeze", "flax.core.unfreeze", "flax.core.frozen_dict.freeze", "flax.core.frozen_dict.unfreeze",
    "flax.core.FrozenDict", "flax.core.frozen_dict.FrozenDict", "flax.linen.FrozenDict", "flax.linen.unbox",
    "flax.core.unbox", "flax.linen.meta.unbox", "flax.core.meta.unbox", "flax.jax_utils.replicate",
    "flax.jax_utils.unreplicate", "jax.device_put", "jax.device_get", "dict",
})  # fmt: skip
WRAPPERS = frozenset({"jax.jit", "jax.pmap", "functools.partial"})
CALLS = frozenset({"init", "init_with_output", "lazy_init", "apply", "apply_fn", "bind"})
FIRST_LEVEL = frozenset({"params", "batch_stats", "cache"})  # what code reads from the dictionary that `init` returns
KEY_NAME = re.compile(r"(.*_)?(key|rng|prng|prngkey)s?_?\d*", re.IGNORECASE)
FUNCTIONAL = frozenset(LINEN + name for name in ("init", "init_with_output", "apply"))


@dataclass(frozen=True)
class Tree:
    """Linen variables: all of them, or with `collection` those of one, or with `path` a part of that."""

    collection: str | None = None
    path: tuple[str, ...] = ()
    model: ast.expr | None = field(default=None, compare=False)  # whose variables they are


@dataclass(frozen=True)
class ModelCall:
    """A call of `init`, `init_with_output`, `lazy_init`, `apply`, `bind` or `apply_fn` of a Linen module."""

    kind: str
    receiver: ast.expr
    model: ModuleRef | None  # None when only the call itself tells that it is Linen


def model_call(call: ast.AST | None, facts: Facts, *kinds: str, depth: int = 0) -> ModelCall | None:
    """The call of a Linen module that an expression is, of one of these kinds; None unless that is certain."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    kind, receiver = call.func.attr, call.func.value
    if kind not in (kinds or CALLS) or depth > MAX_DEPTH:
        return None
    if kind == "apply_fn":
        known = train_state(receiver, facts) or holds_variables(call, facts, depth) or _own_params(call, receiver, facts)
        return ModelCall(kind, receiver, None) if known else None
    if facts.origin(receiver) in ("flax.linen", "flax.nnx"):
        return None
    model = facts.instance(receiver)
    if model is not None:
        # In a module's own method, `self.init` or `super().apply` may be the user's; a bare `self` is no model.
        own = model.local is not None and facts.method_of(model.local, kind) is not None
        return None if own else ModelCall(kind, receiver, model)
    if isinstance(receiver, ast.Name) and facts.module_class(receiver) is not None:
        return None  # Model.init as a function of the class
    return ModelCall(kind, receiver, None) if _evident(call, kind, facts, depth) and not _foreign(receiver, facts) else None


def _evident(call: ast.Call, kind: str, facts: Facts, depth: int) -> bool:
    """Whether a call of an unknown object is such as only a Linen module takes."""
    if kind in ("apply", "bind"):
        return holds_variables(call, facts, depth)
    if kind == "init":
        return gives_variables(call, facts) or _for_state(call, facts) or _streams(call)
    return kind == "init_with_output" and facts.origin(call.func) is None


def _foreign(receiver: ast.expr, facts: Facts) -> bool:
    """Whether an object is of a class of this file that is no Linen module: its `apply` is the user's."""
    if isinstance(receiver, ast.Attribute) and isinstance(receiver.value, ast.Name) and receiver.value.id == "self":
        owner = facts.names.enclosing(receiver, ast.ClassDef)
        values = facts.attribute_values(owner, receiver.attr) if isinstance(owner, ast.ClassDef) else []
        return any(_made_by_other(value, facts) for value in values)
    binding = facts.names.binding(receiver) if isinstance(receiver, ast.Name) else None
    if binding is None:
        return _made_by_other(receiver, facts)
    if isinstance(receiver, ast.Name) and receiver.id == "self":
        return True
    value = binding.value if binding.kind == "assign" else None
    module = binding.kind == "import" and isinstance(binding.node, ast.Import)
    made = binding.value.func if isinstance(binding.value, ast.Call) else None
    nnx = (facts.origin(made) or "").startswith("flax.nnx.")  # graphdef, state = nnx.split(model)
    return module or nnx or _other_class(binding.annotation, facts) or _made_by_other(value, facts)


def _made_by_other(node: ast.expr | None, facts: Facts) -> bool:
    return isinstance(node, ast.Call) and _other_class(node.func, facts)


def _other_class(node: ast.expr | None, facts: Facts) -> bool:
    if not isinstance(node, ast.Name):
        return False
    found = facts.names.binding(node)
    return node.id == "super" or (found is not None and found.kind == "class" and facts.linen_class(found.node) is None)


def holds_variables(call: ast.Call, facts: Facts, depth: int = 0) -> bool:
    """Whether the arguments of a call are such as only Linen's `apply` takes."""
    first = call.args[0] if call.args else None
    if _written(first, facts):
        return True
    tree = tree_of(first, facts, depth + 1) if isinstance(first, (ast.Name, ast.Subscript, ast.Call)) else None
    if (tree is not None and tree.collection is None) or _named_variables(call, first, facts):
        return True
    for keyword in call.keywords:
        if keyword.arg == "mutable" and _names_collections(keyword.value):
            return True
        if keyword.arg == "rngs" and isinstance(keyword.value, ast.Dict) and keyword.value.keys:
            return True
        if keyword.arg == "method" and isinstance(keyword.value, ast.Attribute) and facts.module_class(keyword.value.value):
            return True
    return False


def _written(node: ast.expr | None, facts: Facts) -> bool:
    """`{'params': p}`, or a name for it."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    value = binding.value if binding is not None and binding.kind == "assign" else node
    return isinstance(value, ast.Dict) and is_variables(value)


def _named_variables(call: ast.Call, first: ast.expr | None, facts: Facts) -> bool:
    """`x.apply(variables, y)` in a file that imports Linen, where `variables` may be a dictionary."""
    if not _ends(first, "variables") or len(call.args) + len(call.keywords) < 2 or not imports(facts, "flax.linen"):
        return False
    binding = facts.names.binding(first) if isinstance(first, ast.Name) else None
    value = binding.value if binding is not None else None
    return value is None or isinstance(value, (ast.Call, ast.Attribute, ast.Subscript, ast.BoolOp, ast.IfExp))


def _own_params(call: ast.Call, receiver: ast.expr, facts: Facts) -> bool:
    """`state.apply_fn(state.params, x)` in a file that imports flax."""
    first = call.args[0] if call.args else None
    same = isinstance(first, ast.Attribute) and ast.unparse(first.value) == ast.unparse(receiver)
    return same and _ends(first, "params") and imports(facts, "flax")


def _for_state(call: ast.Call, facts: Facts) -> bool:
    """`State.create(apply_fn=model.apply, params=model.init(key, x))` in a file that imports flax."""
    given = _of_state(call, facts)
    made = next((k.value for k in given.keywords if k.arg == "apply_fn"), None) if given else None
    assert isinstance(call.func, ast.Attribute)
    return isinstance(made, ast.Attribute) and ast.unparse(made.value) == ast.unparse(call.func.value)


def _of_state(node: ast.expr, facts: Facts) -> ast.Call | None:
    """The call of `create` that makes a train state with this keyword argument."""
    keyword = facts.names.parent(node)
    create = facts.names.parent(keyword) if isinstance(keyword, ast.keyword) else None
    if not isinstance(create, ast.Call) or not isinstance(create.func, ast.Attribute) or create.func.attr != "create":
        return None
    return create if {"apply_fn", "tx"} <= {k.arg for k in create.keywords} and imports(facts, "flax") else None


def _streams(call: ast.Call) -> bool:
    """`x.init({'params': key, 'dropout': key_2}, y)`."""
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Dict) or len(call.args) + len(call.keywords) < 2 or len(first.keys) < 2:
        return False
    keys = [key.value for key in first.keys if isinstance(key, ast.Constant)]
    return len(keys) == len(first.keys) and "params" in keys and all(map(_is_key, first.values))


def _is_key(node: ast.expr) -> bool:
    while isinstance(node, (ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return KEY_NAME.fullmatch(name) is not None


def _ends(node: ast.expr | None, word: str) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith(word)


def imports(facts: Facts, package: str) -> bool:
    """Whether the file imports this package, and not haiku, whose functions look alike."""
    found = _imported(facts)
    return any(f"{name}.".startswith(f"{package}.") for name in found) and "haiku" not in found


@functools.lru_cache(maxsize=4)
def _imported(facts: Facts) -> frozenset[str]:
    bindings = (b for several in facts.names.module.bindings.values() for b in several)
    return frozenset(b.origin for b in bindings if b.kind == "import" and b.origin)


def _names_collections(node: ast.expr) -> bool:
    elements = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) else [node]
    return any(isinstance(e, ast.Constant) and e.value in COLLECTIONS for e in elements)


def gives_variables(call: ast.Call, facts: Facts) -> bool:
    """`x.init(…)["params"]`, at once or later: no other library's init returns a dictionary with that key."""
    if _key_read(call, facts) in FIRST_LEVEL:
        return True
    above = facts.names.parent(call)
    target = above.targets[0] if isinstance(above, ast.Assign) and len(call.args) + len(call.keywords) > 1 else None
    return isinstance(target, ast.Name) and _place(target, facts) in _read_later(facts)


def _key_read(node: ast.expr, facts: Facts) -> object:
    """`params` of `<node>["params"]`, `<node>.get("params")` and `<node>.pop("params")`."""
    above = facts.names.parent(node)
    if isinstance(above, ast.Subscript) and above.value is node:
        return above.slice.value if isinstance(above.slice, ast.Constant) and isinstance(above.ctx, ast.Load) else None
    read = isinstance(above, ast.Attribute) and above.attr in ("get", "pop")
    return _argument(facts.names.parent(above)) if read and above is not None else None


@functools.lru_cache(maxsize=4)
def _read_later(facts: Facts) -> frozenset[tuple[int, str]]:
    """The names that collections are read from, with their functions."""
    read = (node.value for node in facts.names.nodes if isinstance(node, (ast.Subscript, ast.Attribute)))
    names = (node for node in read if isinstance(node, ast.Name))
    return frozenset(_place(name, facts) for name in names if _key_read(name, facts) in FIRST_LEVEL)


def _place(name: ast.Name, facts: Facts) -> tuple[int, str]:
    return id(facts.names.enclosing(name, *FUNCTIONS)), name.id


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
    if tree.collection is None:
        return Tree(key, (), tree.model)
    return Tree(tree.collection, (*tree.path, key), tree.model)


def _called(node: ast.Call, facts: Facts, depth: int) -> Tree | None:
    found = model_call(node, facts, depth=depth + 1)
    if found is not None:
        return Tree(model=found.receiver) if found.kind in ("init", "lazy_init") else None
    origin = facts.origin(node.func) or (node.func.id if isinstance(node.func, ast.Name) else None)
    if origin in SAME and len(node.args) == 1:
        return tree_of(node.args[0], facts, depth + 1)
    if origin == "jax.eval_shape" and node.args:
        return _initialised(node.args[0], facts)
    if isinstance(node.func, ast.Call) and facts.origin(node.func.func) in WRAPPERS and node.func.args:
        return _initialised(node.func.args[0], facts)
    if isinstance(node.func, ast.Attribute):
        tree = tree_of(node.func.value, facts, depth + 1)
        if node.func.attr in ("get", "pop"):
            return _below(tree, _argument(node))
        return tree if node.func.attr in ("copy", "unfreeze") else None
    return None


def _initialised(function: ast.expr, facts: Facts) -> Tree | None:
    found = model_function(function, facts)
    return Tree(model=found.value) if found is not None and found.attr == "init" else None


def model_function(node: ast.expr, facts: Facts) -> ast.Attribute | None:
    """The `model.init` that is given as a function, where `model` is a Linen module."""
    if isinstance(node, ast.Attribute):
        return node if is_model_function(node, facts) else None
    if isinstance(node, ast.Call) and facts.origin(node.func) in WRAPPERS and node.args:
        return model_function(node.args[0], facts)
    return None


def is_model_function(node: ast.Attribute, facts: Facts) -> bool:
    """Whether `x.init`, `x.apply` or `x.apply_fn`, not called on the spot, is that of a Linen module."""
    if node.attr not in CALLS or node.attr == "bind":
        return False
    if node.attr == "apply_fn":
        return train_state(node.value, facts)
    model = facts.instance(node.value)
    if model is not None:
        return model.local is None or facts.method_of(model.local, node.attr) is None
    if _foreign(node.value, facts):
        return False
    if node.attr == "apply":
        keyword = facts.names.parent(node)
        return isinstance(keyword, ast.keyword) and keyword.arg == "apply_fn" and _of_state(node, facts) is not None
    call = facts.names.parent(node)
    run = facts.names.parent(call) if isinstance(call, ast.Call) and facts.origin(call.func) in WRAPPERS else None
    return node.attr == "init" and isinstance(run, ast.Call) and run.func is call and gives_variables(run, facts)


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
    found = model_call(binding.value, facts, depth=depth + 1)
    if found is not None:
        mutable = any(k.arg == "mutable" for k in binding.value.keywords)
        given = found.kind == "init_with_output" or (found.kind in ("apply", "apply_fn") and mutable)
        return Tree(model=None if found.kind == "apply_fn" else found.receiver) if given else None
    return _popped(binding.value, facts, depth, rest=False)


def _popped(node: ast.expr, facts: Facts, depth: int, rest: bool) -> Tree | None:
    """`rest, params = flax.core.pop(variables, 'params')`."""
    if not isinstance(node, ast.Call) or facts.origin(node.func) not in ("flax.core.pop", "flax.core.frozen_dict.pop"):
        return None
    tree = tree_of(node.args[0], facts, depth + 1) if len(node.args) == 2 else None
    key = node.args[1].value if len(node.args) == 2 and isinstance(node.args[1], ast.Constant) else None
    return tree if rest else _below(tree, key)
