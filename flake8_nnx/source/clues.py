"""What tells that an object is, or is not, a Linen model, where nothing says what it was made of.

Names, keywords and keys of arguments that no other library has; each is read off one call.
"""
from __future__ import annotations

import ast
import functools
import re

from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.names import FUNCTIONS, MAX_DEPTH, Binding

COLLECTIONS = frozenset({"params", "batch_stats", "intermediates", "cache", "perturbations", "params_axes", "spectral_stats"})
# What functions of these return is no Linen module, whatever methods it has.
OTHERS = (
    "flax.nnx.", "haiku.", "equinox.", "jax.example_libraries.", "optax.", "pandas.", "tensorflow.", "torch.", "wandb.",
)  # fmt: skip
KEY_NAME = re.compile(r"(.*_)?(key|rng|prng|prngkey)s?_?\d*", re.IGNORECASE)
TRAIN_STATE = "flax.training.train_state.TrainState"
SAME_STATE = frozenset({"flax.jax_utils.replicate", "flax.jax_utils.unreplicate"})


def name_of(node: ast.expr | None) -> str:
    """The last name of an expression: `apply` of `model.apply`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def imports(facts: Facts, package: str) -> bool:
    """Whether the file imports this package, and not haiku, whose functions look alike."""
    found = _imported(facts)
    return any(f"{name}.".startswith(f"{package}.") for name in found) and "haiku" not in found


def imports_linen(facts: Facts) -> bool:
    """Whether the file imports flax.linen, or something of it."""
    return any(f"{name}.".startswith(LINEN) for name in _imported(facts))


@functools.lru_cache(maxsize=4)
def _imported(facts: Facts) -> frozenset[str]:
    bindings = (b for several in facts.names.module.bindings.values() for b in several)
    return frozenset(b.origin for b in bindings if b.kind == "import" and b.origin)


# ---- what is none -------------------------------------------------------------------------------------------------


def foreign(receiver: ast.expr, facts: Facts, depth: int = 0) -> bool:
    """Whether an object is of a class of this file or of a library that is no Linen module: its `apply` is its own."""
    if isinstance(receiver, ast.Attribute) and isinstance(receiver.value, ast.Name) and receiver.value.id == "self":
        owner = facts.names.enclosing(receiver, ast.ClassDef)
        values = facts.attribute_values(owner, receiver.attr) if isinstance(owner, ast.ClassDef) else []
        return any(_made_by_other(value, facts, depth) for value in values)
    binding = facts.names.binding(receiver) if isinstance(receiver, ast.Name) else None
    if binding is None:
        return _made_by_other(receiver, facts, depth) or (facts.origin(receiver) or "").startswith(OTHERS)
    if isinstance(receiver, ast.Name) and receiver.id == "self":
        return True
    module = binding.kind == "import" and isinstance(binding.node, ast.Import)
    return module or _other_class(binding.annotation, facts) or _made_by_other(binding.value, facts, depth)


def _made_by_other(node: ast.expr | None, facts: Facts, depth: int) -> bool:
    """Whether a call constructs one of the file's own classes, or is of another library: `nnx.split(model)`."""
    if not isinstance(node, ast.Call) or depth > MAX_DEPTH:
        return False
    curried = node.func.func if isinstance(node.func, ast.Call) else None  # graphdef.apply(params)(x)
    if isinstance(curried, ast.Attribute):
        return foreign(curried.value, facts, depth + 1)
    return _other_class(node.func, facts) or (facts.origin(node.func) or "").startswith(OTHERS)


def _other_class(node: ast.expr | None, facts: Facts) -> bool:
    if not isinstance(node, ast.Name):
        return False
    found = facts.names.binding(node)
    return node.id == "super" or (found is not None and found.kind == "class" and facts.linen_class(found.node) is None)


# ---- what is one --------------------------------------------------------------------------------------------------


def is_variables(node: ast.AST | None) -> bool:
    """`{'params': p, 'batch_stats': b}`, `{'params': p, **state}`."""
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)] if isinstance(node, ast.Dict) else []
    return "params" in keys or "batch_stats" in keys


def written(node: ast.expr | None, facts: Facts) -> ast.Dict | None:
    """A dictionary that is written out in place of an argument, or assigned to the name that is given."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    value = binding.value if binding is not None and binding.kind == "assign" else node
    return value if isinstance(value, ast.Dict) else None


def keywords_tell(call: ast.Call, facts: Facts) -> bool:
    """Whether a call has keyword arguments that only Linen's `apply` takes."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    for keyword in call.keywords:
        if keyword.arg == "mutable" and _names_collections(keyword.value):
            return True
        if keyword.arg == "rngs" and isinstance(keyword.value, ast.Dict) and keyword.value.keys:
            return True
        if keyword.arg == "method" and isinstance(keyword.value, ast.Attribute):
            owner = keyword.value.value
            if facts.module_class(owner) or (call.args and ast.unparse(owner) == ast.unparse(receiver)):
                return True
    return False


def _names_collections(node: ast.expr) -> bool:
    elements = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) else [node]
    return any(isinstance(e, ast.Constant) and e.value in COLLECTIONS for e in elements)


def streams(call: ast.Call, facts: Facts) -> bool:
    """`x.init({'params': key, 'dropout': key_2}, y)`, the dictionary in place or by name."""
    first = call.args[0] if call.args else None
    given = written(first, facts)
    if given is None or len(call.args) + len(call.keywords) < 2:
        return False
    keys = [key.value for key in given.keys if isinstance(key, ast.Constant)]
    if len(keys) != len(given.keys) or "params" not in keys or not all(map(_is_key, given.values)):
        return False
    return (given is first and len(keys) > 1) or imports(facts, "flax")


def _is_key(node: ast.expr) -> bool:
    while isinstance(node, (ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return KEY_NAME.fullmatch(name_of(node)) is not None


# ---- train states -------------------------------------------------------------------------------------------------


def creation(node: ast.expr, facts: Facts) -> ast.Call | None:
    """The call of `create` that makes a train state with this keyword argument."""
    keyword = facts.names.parent(node)
    create = facts.names.parent(keyword) if isinstance(keyword, ast.keyword) else None
    if not isinstance(create, ast.Call) or not isinstance(create.func, ast.Attribute) or create.func.attr != "create":
        return None
    return create if {"apply_fn", "tx"} <= {k.arg for k in create.keywords} and imports(facts, "flax") else None


def train_state(node: ast.expr | None, facts: Facts, depth: int = 0) -> bool:
    """Whether an expression is a `TrainState` of flax.training, as annotated, created or updated."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(node, ast.Call):
        return _gives_state(node, facts, depth)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        owner = facts.names.enclosing(node, ast.ClassDef)
        values = facts.attribute_values(owner, node.attr) if isinstance(owner, ast.ClassDef) else []
        return any(train_state(value, facts, depth + 1) for value in values)
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is None:
        return False
    if any(_is_train_state(annotation, facts) for annotation in _annotations(binding, name_of(node), facts)):
        return True
    return binding.kind == "assign" and train_state(binding.value, facts, depth + 1)


def _annotations(binding: Binding, name: str, facts: Facts) -> list[ast.expr]:
    """Of the name, and of the parameter of that name: a state that a function sets anew stays a state."""
    function = facts.names.enclosing(binding.node, *FUNCTIONS)
    arguments = function.args if isinstance(function, FUNCTIONS) else None
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if arguments else []
    found = [binding.annotation, *(a.annotation for a in parameters if a.arg == name)]
    return [annotation for annotation in found if annotation is not None]


def _gives_state(call: ast.Call, facts: Facts, depth: int) -> bool:
    """`TrainState.create(…)`, `state.apply_gradients(…)`, `replicate(state)`, a function annotated to return one."""
    func = call.func
    if facts.origin(func) in SAME_STATE and call.args:
        return train_state(call.args[0], facts, depth + 1)
    if isinstance(func, ast.Attribute):
        updated = func.attr in ("apply_gradients", "replace") and train_state(func.value, facts, depth + 1)
        return updated or (func.attr == "create" and _is_train_state(func.value, facts))
    binding = facts.names.binding(func) if isinstance(func, ast.Name) else None
    made = binding.node if binding is not None and binding.kind == "def" else None
    return isinstance(made, ast.FunctionDef) and made.returns is not None and _is_train_state(made.returns, facts)


def _is_train_state(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is `TrainState`, or a class of the project derived from it."""
    if _names_state(facts.origin(node), facts):
        return True
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is not None and isinstance(binding.node, ast.ClassDef):
        return any(_names_state(facts.origin(base), facts) for base in binding.node.bases)
    return False


def _names_state(origin: str | None, facts: Facts) -> bool:
    derived = origin is not None and facts.elsewhere is not None and TRAIN_STATE in facts.elsewhere.bases(origin)
    return origin == TRAIN_STATE or derived
