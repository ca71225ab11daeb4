"""Which expressions hold Linen variables: the dictionary that `init` returns, one collection of it, one path in that.

Follows assignments, unpacking, subscripts, `get`, `pop`, `freeze` and `unfreeze`; what cannot be known is nothing.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from flake8_nnx.source.clues import (
    creation,
    foreign,
    imports,
    is_variables,
    keywords_tell,
    name_of,
    streams,
    train_state,
    written,
)
from flake8_nnx.source.linen import LINEN, Facts, LinenClass, ModuleRef
from flake8_nnx.source.names import FUNCTIONS, MAX_DEPTH

SAME = frozenset({
    "flax.core.freeze", "flax.core.unfreeze", "flax.core.frozen_dict.freeze", "flax.core.frozen_dict.unfreeze",
    "flax.core.FrozenDict", "flax.core.frozen_dict.FrozenDict", "flax.linen.FrozenDict", "flax.linen.unbox",
    "flax.core.unbox", "flax.linen.meta.unbox", "flax.core.meta.unbox", "flax.jax_utils.replicate",
    "flax.jax_utils.unreplicate", "jax.device_put", "jax.device_get", "dict",
})  # fmt: skip
DICTIONARIES = frozenset({
    "flax.core.FrozenDict", "flax.core.frozen_dict.FrozenDict", "flax.linen.FrozenDict", "flax.typing.VariableDict",
    "flax.typing.FrozenVariableDict", "flax.core.scope.VariableDict", "flax.core.scope.FrozenVariableDict",
})  # fmt: skip
WRAPPERS = frozenset({"jax.jit", "jax.pmap", "functools.partial"})
CALLS = frozenset({"init", "init_with_output", "lazy_init", "apply", "apply_fn", "bind", "unbind"})
FIRST_LEVEL = frozenset({"params", "batch_stats", "cache"})  # what code reads from the dictionary that `init` returns
FUNCTIONAL = frozenset(LINEN + name for name in ("init", "init_with_output", "apply"))


@dataclass(frozen=True)
class Tree:
    """Linen variables: all of them, or with `collection` those of one, or with `path` a part of that."""

    collection: str | None = None
    path: tuple[str, ...] = ()
    model: ast.expr | None = field(default=None, compare=False)  # whose variables they are


@dataclass(frozen=True)
class ModelCall:
    """A call of `init`, `init_with_output`, `lazy_init`, `apply`, `bind`, `unbind` or `apply_fn` of a Linen module."""

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
        return ModelCall(kind, receiver, model) if inherits(model, kind, facts) else None
    if isinstance(receiver, ast.Name) and facts.module_class(receiver) is not None:
        return None  # Model.init as a function of the class
    return ModelCall(kind, receiver, None) if _evident(call, kind, facts, depth) and not foreign(receiver, facts) else None


def inherits(model: ModuleRef, name: str, facts: Facts) -> bool:
    """Whether a method of a module is Linen's, not the user's of the same name."""
    return model.local is None or facts.method_of(model.local, name) is None


def _evident(call: ast.Call, kind: str, facts: Facts, depth: int) -> bool:
    """Whether a call of an unknown object is such as only a Linen module takes."""
    if kind in ("apply", "bind"):
        return holds_variables(call, facts, depth)
    if kind == "init":
        return gives_variables(call, facts) or _for_state(call, facts) or streams(call, facts)
    return kind == "init_with_output" and facts.origin(call.func) is None


def holds_variables(call: ast.Call, facts: Facts, depth: int = 0) -> bool:
    """Whether the arguments of a call are such as only Linen's `apply` takes."""
    first = call.args[0] if call.args else None
    if is_variables(written(first, facts)) or keywords_tell(call, facts):
        return True
    tree = tree_of(first, facts, depth + 1) if isinstance(first, (ast.Name, ast.Subscript, ast.Call)) else None
    return (tree is not None and tree.collection is None) or _named_variables(call, first, facts)


def _named_variables(call: ast.Call, first: ast.expr | None, facts: Facts) -> bool:
    """`x.apply(variables, y)` in a file that imports Linen, where `variables` may be a dictionary."""
    if not name_of(first).endswith("variables") or len(call.args) + len(call.keywords) < 2 or not imports(facts, "flax.linen"):
        return False
    binding = facts.names.binding(first) if isinstance(first, ast.Name) else None
    value = binding.value if binding is not None else None
    return value is None or isinstance(value, (ast.Call, ast.Attribute, ast.Subscript, ast.BoolOp, ast.IfExp))


def _own_params(call: ast.Call, receiver: ast.expr, facts: Facts) -> bool:
    """`state.apply_fn(state.params, x)` in a file that imports flax."""
    first = call.args[0] if call.args else None
    same = isinstance(first, ast.Attribute) and ast.unparse(first.value) == ast.unparse(receiver)
    return same and name_of(first).endswith("params") and imports(facts, "flax")


def _for_state(call: ast.Call, facts: Facts) -> bool:
    """`State.create(apply_fn=model.apply, params=model.init(key, x))` in a file that imports flax."""
    given = creation(call, facts)
    made = next((k.value for k in given.keywords if k.arg == "apply_fn"), None) if given else None
    assert isinstance(call.func, ast.Attribute)
    return isinstance(made, ast.Attribute) and ast.unparse(made.value) == ast.unparse(call.func.value)


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
    return _attribute(node, facts) if isinstance(node, ast.Attribute) else None


def _attribute(node: ast.Attribute, facts: Facts) -> Tree | None:
    """`model.variables`, and `state.params` of a train state."""
    if node.attr in ("params", "batch_stats"):
        return Tree(node.attr) if train_state(node.value, facts) else None
    model = facts.instance(node.value) if node.attr == "variables" else None
    if model is None or (model.local is not None and _defines(model.local, node.attr, facts)):
        return None
    return Tree(model=node.value)


def _defines(cls: LinenClass, name: str, facts: Facts) -> bool:
    own = facts.method_of(cls, name) is not None or name in facts.fields_of(cls)
    return own or any(base.facts.attribute_values(base.node, name) for base in facts.ancestors(cls))


def _below(tree: Tree | None, key: object) -> Tree | None:
    if tree is None or not isinstance(key, str):
        return None
    if tree.collection is None:
        return Tree(key, (), tree.model)
    if tree.collection == key == "params" and not tree.path:
        return tree  # `state.params` may hold what `init` returned
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
    if node.attr not in CALLS or node.attr in ("bind", "unbind"):
        return False
    if node.attr == "apply_fn":
        return train_state(node.value, facts)
    model = facts.instance(node.value)
    if model is not None:
        return inherits(model, node.attr, facts)
    if foreign(node.value, facts):
        return False
    if node.attr == "apply":
        keyword = facts.names.parent(node)
        return isinstance(keyword, ast.keyword) and keyword.arg == "apply_fn" and creation(node, facts) is not None
    call = facts.names.parent(node)
    run = facts.names.parent(call) if isinstance(call, ast.Call) and facts.origin(call.func) in WRAPPERS else None
    return node.attr == "init" and isinstance(run, ast.Call) and run.func is call and gives_variables(run, facts)


def _bound(node: ast.Name, facts: Facts, depth: int) -> Tree | None:
    binding = facts.names.binding(node)
    if binding is not None and binding.kind == "param":
        return applied(binding.node, facts) or _annotated(node.id, binding.annotation, facts)
    if binding is None or binding.value is None or binding.value is node:
        return None
    if binding.kind == "assign":
        return tree_of(binding.value, facts, depth + 1) or applied(binding.node, facts)
    if binding.kind != "unpack" or binding.position != (1,) or not isinstance(binding.value, ast.Call):
        if binding.kind == "unpack" and binding.position == (0,):
            return _popped(binding.value, facts, depth, rest=True)
        return None
    found = model_call(binding.value, facts, depth=depth + 1)
    if found is not None:
        mutable = any(k.arg == "mutable" for k in binding.value.keywords)
        given = found.kind in ("init_with_output", "unbind") or (found.kind in ("apply", "apply_fn") and mutable)
        return Tree(model=None if found.kind == "apply_fn" else found.receiver) if given else None
    return _popped(binding.value, facts, depth, rest=False)


def _annotated(name: str, annotation: ast.expr | None, facts: Facts) -> Tree | None:
    """`variables: FrozenDict` are all variables, `params: FrozenDict` are parameters."""
    if isinstance(annotation, ast.BinOp):  # FrozenDict | None
        return _annotated(name, annotation.left, facts) or _annotated(name, annotation.right, facts)
    if isinstance(annotation, ast.Subscript):  # Optional[FrozenDict], FrozenDict[str, Any]
        inner = annotation.slice if facts.origin(annotation.value) == "typing.Optional" else annotation.value
        return _annotated(name, inner, facts)
    if facts.origin(annotation) not in DICTIONARIES:
        return None
    return Tree() if name.endswith("variables") else Tree("params") if name.endswith("params") else None


def _popped(node: ast.expr, facts: Facts, depth: int, rest: bool) -> Tree | None:
    """`rest, params = flax.core.pop(variables, 'params')`."""
    if not isinstance(node, ast.Call) or facts.origin(node.func) not in ("flax.core.pop", "flax.core.frozen_dict.pop"):
        return None
    tree = tree_of(node.args[0], facts, depth + 1) if len(node.args) == 2 else None
    key = node.args[1].value if len(node.args) == 2 and isinstance(node.args[1], ast.Constant) else None
    return tree if rest else _below(tree, key)


def applied(node: ast.AST, facts: Facts) -> Tree | None:
    """What a parameter of a function, or a name by its assignment of a dictionary, is given to `apply` as."""
    return _applied(facts).get(id(node))


@functools.lru_cache(maxsize=4)
def _applied(facts: Facts) -> Mapping[int, Tree]:
    """`variables` of `model.apply(variables, x)` are all variables, `p` of `model.apply({'params': p}, x)` parameters."""
    found: dict[int, Tree] = {}
    for call in facts.names.nodes:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
            continue
        if call.func.attr not in ("apply", "apply_fn", "bind") or not _known(call, call.func, facts):
            continue
        first = call.args[0]
        model = call.func.value if call.func.attr != "apply_fn" else None
        given = [(first, Tree(model=model))]
        if isinstance(first, ast.Dict):
            pairs = zip(first.keys, first.values)
            given = [(v, Tree(str(k.value), (), model)) for k, v in pairs if isinstance(k, ast.Constant)]
        for value, tree in given:
            binding = facts.names.binding(value) if isinstance(value, ast.Name) else None
            if binding is not None and (binding.kind == "param" or is_variables(binding.value)):
                found.setdefault(id(binding.node), tree)
    return found


def _known(call: ast.Call, func: ast.Attribute, facts: Facts) -> bool:
    """Whether a call is Linen's whatever its first argument holds, or by what is written there."""
    model = facts.instance(func.value)
    if model is not None:
        return inherits(model, func.attr, facts)
    if is_variables(written(call.args[0], facts)) or keywords_tell(call, facts):
        return not foreign(func.value, facts)
    return func.attr == "apply_fn" and train_state(func.value, facts)
