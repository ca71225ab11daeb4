"""Wording of the NNX call that replaces `init`, `apply` and their arguments."""
from __future__ import annotations

import ast
import re

from flake8_nnx.catalog.collections import COLLECTIONS, variable_type
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.rules._text import one_line, quote, snake
from flake8_nnx.source.clues import name_of
from flake8_nnx.source.linen import SAME_MODULE_METHODS, Facts
from flake8_nnx.source.variables import ModelCall, Tree, model_call

FLAGS = frozenset({"train", "training", "is_training", "deterministic", "use_running_average"})
CONSUMED = frozenset({"rngs", "mutable", "method", "capture_intermediates"})
KEYS = frozenset({"jax.random.key", "jax.random.PRNGKey"})


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    return next((k for k in call.keywords if k.arg == name), None)


def keyword_of_call(node: ast.keyword, facts: Facts, *names: str) -> tuple[ast.Call, ModelCall] | None:
    """The call of a Linen module that this keyword belongs to, when it has one of these names."""
    if node.arg not in names:
        return None
    call = facts.names.parent(node)
    found = model_call(call, facts)
    return (call, found) if found is not None and isinstance(call, ast.Call) else None


def model_name(receiver: ast.expr, facts: Facts) -> str:
    """How the message calls the model: as the code does, or by its class when it is made on the spot."""
    while isinstance(receiver, ast.Call):
        made = facts.module_class(receiver.func)
        if made is not None:
            return snake(made.name)
        func = receiver.func
        if not isinstance(func, ast.Attribute) or func.attr not in SAME_MODULE_METHODS:
            return snake(_class_name(func) or "model")
        receiver = func.value
    if isinstance(receiver, ast.Attribute) and isinstance(receiver.value, (ast.Attribute, ast.Call)):
        return f"{model_name(receiver.value, facts)}.{receiver.attr}"  # model.bind(variables).encoder
    return quote(receiver)


def _class_name(node: ast.expr) -> str | None:
    """`Transformer` for `models.Transformer`, by the way class names are written."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name) else None


def called(found: ModelCall, facts: Facts) -> str:
    """The NNX model of a call; a train state has none yet."""
    return "model" if found.kind == "apply_fn" else model_name(found.receiver, facts)


def rngs(node: ast.expr | None, facts: Facts) -> str:
    """`nnx.Rngs(0)` for `jax.random.key(0)`, `nnx.Rngs(params=a, dropout=b)` for a dictionary of keys."""
    return f"nnx.Rngs({streams(node, facts) or (seed(node, facts) if node is not None else '0')})"


def streams(node: ast.expr | None, facts: Facts) -> str | None:
    """`params=a, dropout=b` for a dictionary of keys, `**rngs` for the name of one, None for one key."""
    if isinstance(node, (ast.IfExp, ast.BoolOp)):  # rngs={'dropout': key} if train else None
        options = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        return next((found for option in options if (found := streams(option, facts))), None)
    if isinstance(node, ast.Call) and name_of(node.func) == "dict" and not node.args and all(k.arg for k in node.keywords):
        return ", ".join(f"{k.arg}={seed(k.value, facts)}" for k in node.keywords)
    if isinstance(node, ast.Dict) and all(isinstance(k, ast.Constant) and str(k.value).isidentifier() for k in node.keys):
        pairs = zip(node.keys, node.values)
        return ", ".join(f"{k.value!s}={seed(v, facts)}" for k, v in pairs if isinstance(k, ast.Constant))
    return f"**{quote(node)}" if node is not None and _is_dict(node, facts) else None


def _is_dict(node: ast.expr, facts: Facts) -> bool:
    """Whether an argument is a dictionary of keys, not one key: by what is assigned to it, or by its plural name."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    made = binding.value if binding is not None else node
    return isinstance(made, (ast.Dict, ast.DictComp)) or name_of(getattr(node, "func", node)).endswith("rngs")


def seed(node: ast.expr, facts: Facts) -> str:
    """A key as `nnx.Rngs` takes it: the seed itself where it is written."""
    if isinstance(node, ast.Call) and facts.origin(node.func) in KEYS and len(node.args) == 1:
        return quote(node.args[0])
    return quote(node)


def constructor(call: ast.Call, found: ModelCall, facts: Facts) -> str:
    """`model = Model(..., rngs=nnx.Rngs(0))` for a call of `init`, `init_with_output` or `lazy_init`."""
    given = keyword(call, "rngs")
    key = call.args[0] if call.args else given.value if given is not None else None
    layer = LAYERS.get(found.model.linen or "") if found.model else None
    name = found.model.name if found.model and found.model.name != "Module" else "Model"
    if found.model is None and isinstance(found.receiver, ast.Call):
        name = _class_name(found.receiver.func) or name
    target = snake(name) if own(found.receiver) else model_name(found.receiver, facts)
    if layer is not None and layer.nnx:
        name = f"nnx.{layer.nnx}"
    streams = "" if layer is not None and not layer.rngs else f", rngs={rngs(key, facts)}"
    return f"{target} = {name}(...{streams})"


def own(receiver: ast.expr) -> bool:
    """Whether a module calls itself."""
    return isinstance(receiver, ast.Name) and receiver.id == "self"


def method_of(model: str, node: ast.expr, facts: Facts) -> str | None:
    """`model.encode` for `method="encode"`, `method=Model.encode` and `method=model.encode`; None for functions."""
    if isinstance(node, ast.Constant):
        named = isinstance(node.value, str) and node.value != "__call__"
        return f"{model}.{node.value!s}" if named else model
    if isinstance(node, ast.Attribute):
        known = facts.module_class(node.value) or facts.instance(node.value) or _class_name(node.value)
        if known or ast.unparse(node.value) == model:
            return model if node.attr == "__call__" else f"{model}.{node.attr}"
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    function = isinstance(node, ast.Lambda) or (binding is not None and binding.kind in ("def", "import"))
    return None if function else f"getattr({model}, {quote(node)})"


def nnx_call(call: ast.Call, found: ModelCall, facts: Facts) -> str:
    """`model(x, train=True)` for `model.apply({'params': p}, x, train=True, rngs=…)`."""
    model = called(found, facts)
    if found.kind in ("bind", "unbind"):
        return model if found.kind == "bind" else f"nnx.split({model})"
    method = keyword(call, "method")
    if method is not None and isinstance(method.value, ast.Lambda):
        body = inlined(method.value, model, call.args[1:])
        if body is not None:
            return body
    target, arguments = target_of(call, found, facts)
    return shortened(target, arguments)


def captured(call: ast.Call, found: ModelCall, facts: Facts) -> str:
    """`nnx.capture(model, nnx.Intermediate)(x)`, which returns the output and what was sown in the call."""
    target, arguments = target_of(call, found, facts)
    every = keyword(call, "capture_intermediates")
    outputs = every is not None and not (isinstance(every.value, ast.Constant) and not every.value.value)
    kinds = "nnx.Intermediate, method_outputs=nnx.Intermediate" if outputs else "nnx.Intermediate"
    return shortened(f"nnx.capture({target}, {kinds})", arguments)


def shortened(target: str, arguments: list[str]) -> str:
    text = f"{target}({', '.join(arguments)})"
    return text if len(text) <= 100 or not arguments else f"{target}(...)"


def target_of(call: ast.Call, found: ModelCall, facts: Facts) -> tuple[str, list[str]]:
    """What is called in NNX, and with which arguments: the model, its method, or a function of the model."""
    model = called(found, facts)
    first = 1 if call.args and not isinstance(call.args[0], ast.Starred) else 0
    arguments = [one_line(ast.unparse(a)) for a in call.args[first:]]
    arguments += [one_line(ast.unparse(k)) for k in call.keywords if k.arg not in CONSUMED and k.arg != "variables"]
    method = keyword(call, "method")
    target = model if method is None else method_of(model, method.value, facts)
    if target is None and method is not None:
        target, arguments = quote(method.value), [model, *arguments]
    return target or model, arguments


def inlined(function: ast.Lambda, model: str, arguments: list[ast.expr]) -> str | None:
    """`model.encode(x)` for `method=lambda m, x: m.encode(x)`."""
    names = [a.arg for a in function.args.args]
    if not names or len(names) - 1 != len(arguments):
        return None
    values = dict(zip(names, [model, *map(ast.unparse, arguments)]))

    class Inline(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.parse(values[node.id], mode="eval").body if node.id in values else node

    return one_line(ast.unparse(Inline().visit(ast.parse(ast.unparse(function.body), mode="eval"))))


def owner(tree: Tree, facts: Facts) -> str:
    """What to call the model whose variables these are."""
    return model_name(tree.model, facts) if tree.model is not None else "model"


def state(tree: Tree, collection: str, facts: Facts) -> str:
    """`nnx.state(model, nnx.Param)` for one collection; its Variable subclass when it is the user's own."""
    return f"nnx.state({owner(tree, facts)}, {variable_type(collection)})"


def type_advice(collection: str) -> str:
    """What to say of a collection: its type, or that it needs one."""
    name = variable_type(collection)
    return f"`{name}`" if collection in COLLECTIONS else f"`{name}` (write `class {name}(nnx.Variable): pass`)"


def collections_in(node: ast.expr) -> list[str] | None:
    """The collections that `mutable=` names, None when it is not written out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        names = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
        return names if len(names) == len(node.elts) else None
    return None
