"""Facts of NNX code in one file: which classes are NNX modules, which expressions are their instances and variables.

Everything is answered from names that lead to `flax.nnx`; what cannot be known for certain is nothing.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flake8_nnx.source.linen import PARTIAL, Facts
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.methods import decorated
from flake8_nnx.source.names import FUNCTIONS, MAX_DEPTH, Binding

NNX = "flax.nnx."
# Parts of flax.nnx whose names are also public in flax.nnx itself.
HOMES = frozenset(
    "nn module object pytreelib rnglib variablelib statelib filterlib graph graphlib transforms training helpers "
    "linear normalization attention recurrent stochastic activations lora dtypes optimizer autodiff "
    "compilation iteration deprecated general".split()
)
LAYERS = frozenset(
    "BatchNorm Bidirectional Conv ConvTranspose Dropout Einsum Embed GRUCell GroupNorm InstanceNorm LSTMCell LayerNorm "
    "Linear LinearGeneral LoRA LoRALinear MultiHeadAttention OptimizedLSTMCell PReLU RMSNorm RNN SimpleCell "
    "SpectralNorm WeightNorm".split()
)
MODULES = LAYERS | {"Module", "Dict", "List", "RNNCellBase", "RoPE", "Sequential", "TrainState"}
VARIABLES = frozenset(
    "BatchStat Cache Intermediate LoRAParam OptArray OptState OptVariable Param Perturbation RngCount RngKey RngState "
    "Variable".split()
)
KINDS = {
    **dict.fromkeys(MODULES - {"TrainState"}, "module"),
    **dict.fromkeys(VARIABLES, "variable"),
    **dict.fromkeys(("Optimizer", "ModelAndOptimizer"), "optimizer"),
    **dict.fromkeys(("Metric", "MultiMetric"), "metric"),
    **{f"metrics.{metric}": "metric" for metric in ("Accuracy", "Average", "Metric", "MultiMetric", "Welford")},
    "Rngs": "rngs",
}
WEIGHTED = LAYERS - {"Bidirectional", "Dropout", "RNN"}  # those that make variables of their own to be trained
BASES = {"module": "Module", "variable": "Variable", "optimizer": "Optimizer", "metric": "Metric", "rngs": "Rngs"}
OPTIONAL = ("typing.Optional", "typing.Annotated")
REFERENCES = frozenset({"hijax", "ref", "use_ref", "is_mutable", "var_defaults", "vars_as", "with_vars", "new_ref"})
SAME_KIND = frozenset({"clone", "view", "train_view", "eval_view"})  # nnx.clone(model) is a model


@dataclass(frozen=True)
class Ref:
    """What an expression is: a `module`, `optimizer`, `metric`, `rngs` or `variable`, or the class of one."""

    kind: str
    name: str  # of its class
    nnx: bool  # whether the class is one of flax.nnx itself
    local: ast.ClassDef | None = None


def name(node: ast.AST | None, facts: Facts) -> str | None:
    """`Linear` for an expression whose origin is `flax.nnx.Linear`; `initializers.ones` keeps its module."""
    origin = facts.origin(node)
    if not origin or not origin.startswith(NNX):
        return None
    parts = origin[len(NNX):].split(".")
    while len(parts) > 1 and parts[0] in HOMES:
        parts = parts[1:]
    return ".".join(parts)


@functools.lru_cache(maxsize=4)
def present(facts: Facts) -> bool:
    """Whether a file names flax.nnx at all."""
    for node in facts.names.nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            within = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if any("nnx" in f"{within}.{alias.name}".split(".") for alias in node.names):
                return True
        elif isinstance(node, ast.Attribute) and node.attr == "nnx":
            return True
    return False


@functools.lru_cache(maxsize=4)
def has_references(facts: Facts) -> bool:
    """Whether a file asks for variables that are references, which jax transforms see and change (`hijax`, `ref`)."""
    for node in facts.names.nodes:
        if isinstance(node, ast.keyword) and node.arg in REFERENCES:
            return True
        if isinstance(node, ast.Attribute) and node.attr in REFERENCES and (name(node, facts) or node.attr == "new_ref"):
            return True
    return False


# ---- classes ------------------------------------------------------------------------------------------------------


def module_class(node: ast.AST | None, facts: Facts, depth: int = 0) -> Ref | None:
    """The class that an expression names, when it is one of flax.nnx or derives from one in this file."""
    if node is None or depth > MAX_DEPTH:
        return None
    if isinstance(node, ast.Subscript):
        return module_class(node.value, facts, depth + 1)
    if isinstance(node, ast.Call):
        if facts.origin(node.func) in PARTIAL and node.args:
            return module_class(node.args[0], facts, depth + 1)
        return None
    known = name(node, facts)
    if known is not None:
        kind = KINDS.get(known)
        return Ref(kind, known, True) if kind else None
    if not isinstance(node, ast.Name):
        return None
    binding = facts.names.binding(node)
    if binding is not None and binding.kind == "class" and isinstance(binding.node, ast.ClassDef):
        return local_class(binding.node, facts, depth + 1)
    if binding is not None and binding.kind == "assign":
        return module_class(binding.value, facts, depth + 1)
    return None


def local_class(node: ast.AST | None, facts: Facts, depth: int = 0) -> Ref | None:
    """What a class statement of this file defines, or None when it has no base in flax.nnx or a Linen base."""
    if not isinstance(node, ast.ClassDef) or depth > MAX_DEPTH or not present(facts):
        return None
    if facts.linen_class(node) is not None:
        return None
    refs = [ref for base in node.bases if (ref := module_class(base, facts, depth + 1))]
    return Ref(refs[0].kind, node.name, False, node) if refs else None


def module_classes(facts: Facts) -> Iterator[ast.ClassDef]:
    """The NNX module classes of this file, in source order."""
    for node in facts.names.nodes:
        ref = local_class(node, facts)
        if ref is not None and ref.kind == "module" and ref.local is not None:
            yield ref.local


def methods(cls: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {stmt.name: stmt for stmt in cls.body if isinstance(stmt, ast.FunctionDef)}


def ancestors(cls: ast.ClassDef, facts: Facts) -> list[ast.ClassDef]:
    """The class and its bases in this file, nearest first."""
    line, found = [cls], list[ast.ClassDef]()
    while line and len(found) <= MAX_DEPTH:
        current = line.pop(0)
        if current in found:
            continue
        found.append(current)
        refs = (module_class(base, facts) for base in current.bases)
        line += [ref.local for ref in refs if ref and ref.local]
    return found


def known_line(cls: ast.ClassDef, facts: Facts) -> bool:
    """Whether every base of the class, and of its bases, is known; else an attribute may come from elsewhere."""
    return all(module_class(base, facts) is not None for each in ancestors(cls, facts) for base in each.bases)


def method_of(cls: ast.ClassDef, wanted: str, facts: Facts) -> ast.FunctionDef | None:
    """The method of this name that the class or a base of it in this file defines."""
    return next((m[wanted] for each in ancestors(cls, facts) if wanted in (m := methods(each))), None)


def enclosing(node: ast.AST, facts: Facts) -> tuple[ast.ClassDef, ast.FunctionDef] | None:
    """The NNX module class and its method around a node, nested functions included."""
    found: ast.AST | None = node
    while found is not None:
        found = facts.names.enclosing(found, ast.FunctionDef, ast.ClassDef)
        if isinstance(found, ast.ClassDef):
            return None
        above = facts.names.parent(found) if found is not None else None
        if isinstance(found, ast.FunctionDef) and isinstance(above, ast.ClassDef):
            ref = local_class(above, facts)
            return (above, found) if ref is not None and ref.kind == "module" else None
    return None


def has_weights(ref: Ref, facts: Facts) -> bool:
    """Whether a module of this class makes weights of its own."""
    if ref.nnx:
        return ref.name in WEIGHTED
    if ref.local is None or ref.kind != "module":
        return False
    made = (module_class(node.func, facts) for node in ast.walk(ref.local) if isinstance(node, ast.Call))
    return any(each.nnx and each.name in WEIGHTED | {"Param"} for each in made if each is not None)


def holds(ref: Ref, facts: Facts, *layers: str, depth: int = 0) -> bool:
    """Whether a module is one of these layers, or its class in this file makes one."""
    if ref.nnx:
        return ref.name in layers
    if ref.local is None or depth > MAX_DEPTH:
        return False
    calls = [node for cls in ancestors(ref.local, facts) for node in ast.walk(cls) if isinstance(node, ast.Call)]
    made = [each for call in calls if (each := module_class(call.func, facts)) and each.local is not ref.local]
    return any(holds(each, facts, *layers, depth=depth + 1) for each in made)


def self_name(method: ast.AST) -> str | None:
    """How a method calls its instance."""
    if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    if decorated(method, "staticmethod", "classmethod"):
        return None
    given = [*method.args.posonlyargs, *method.args.args]
    return given[0].arg if given else None


# ---- instances ----------------------------------------------------------------------------------------------------


def instance(node: ast.AST | None, facts: Facts, depth: int = 0) -> Ref | None:
    """What an expression is an instance of: an NNX module, optimizer, Rngs or variable."""
    if node is None or depth > MAX_DEPTH or not present(facts):
        return None
    if isinstance(node, ast.Call):
        return _called(node, facts, depth)
    if isinstance(node, ast.Name):
        binding = facts.names.binding(node)
        return bound(binding, node, facts, depth) if binding is not None else None
    if isinstance(node, ast.Attribute):
        return _attribute(node, facts, depth)
    if isinstance(node, (ast.NamedExpr, ast.Await)):
        return instance(node.value, facts, depth + 1)
    return None


def _called(node: ast.Call, facts: Facts, depth: int) -> Ref | None:
    if facts.origin(node.func) in PARTIAL:
        return None
    ref = module_class(node.func, facts)
    if ref is not None:
        return ref
    if name(node.func, facts) in SAME_KIND and node.args:
        return instance(node.args[0], facts, depth + 1)
    if name(node.func, facts) == "merge":
        return Ref("module", "Module", True) if _splits_module(node, facts, depth) else None
    if isinstance(node.func, ast.Name):
        binding = facts.names.binding(node.func)
        if binding is not None and binding.kind == "def" and isinstance(binding.node, ast.FunctionDef):
            return _returned(binding.node, facts, depth)
        if binding is not None and binding.kind == "assign" and isinstance(binding.value, ast.Lambda):
            return instance(binding.value.body, facts, depth + 1)
    return None


def _splits_module(merge: ast.Call, facts: Facts, depth: int) -> bool:
    """Whether `nnx.merge(graphdef, …)` takes what `nnx.split(model)` gave."""
    first = merge.args[0] if merge.args else None
    if isinstance(first, ast.Starred):
        first = first.value
    binding = facts.names.binding(first) if isinstance(first, ast.Name) else None
    value = binding.value if binding is not None else first
    if not isinstance(value, ast.Call) or name(value.func, facts) not in ("split", "graphdef") or not value.args:
        return False
    ref = instance(value.args[0], facts, depth + 1)
    return ref is not None and ref.kind == "module"


def _returned(function: ast.FunctionDef, facts: Facts, depth: int) -> Ref | None:
    """What a function returns, when every return is of the same kind."""
    return _common(
        instance(node.value, facts, depth + 1)
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and facts.names.enclosing(node, *FUNCTIONS) is function
    )


def _common(refs: Iterable[Ref | None]) -> Ref | None:
    """What all of these are, when they are of one kind; of which class only when it is one class."""
    found = list(refs)
    first = found[0] if found else None
    if first is None or any(ref is None or ref.kind != first.kind for ref in found):
        return None
    return first if all(ref == first for ref in found) else Ref(first.kind, BASES[first.kind], True)


def bound(binding: Binding, use: ast.AST, facts: Facts, depth: int = 0) -> Ref | None:
    """What a name's binding makes it an instance of."""
    if binding.kind == "assign":
        return instance(binding.value, facts, depth + 1) or annotated(binding.annotation, facts)
    if binding.kind in ("param", "annotation"):
        found = annotated(binding.annotation, facts)
        return found or (_self(binding.node, facts) if binding.kind == "param" else None)
    return None


def _self(arg: ast.AST, facts: Facts) -> Ref | None:
    """The instance when the parameter is the `self` of a method of an NNX class."""
    arguments = facts.names.parent(arg)
    method = facts.names.parent(arguments) if arguments is not None else None
    cls = facts.names.parent(method) if method is not None else None
    if method is None or not isinstance(arg, ast.arg) or self_name(method) != arg.arg:
        return None
    return local_class(cls, facts)


def annotated(annotation: ast.AST | None, facts: Facts) -> Ref | None:
    """The class in `Model`, `"Model"`, `nnx.Optimizer[Model]` and `Model | None`."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            text = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return None
        return _written(text, facts)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = [side for side in (annotation.left, annotation.right) if not is_none(side)]
        return annotated(sides[0], facts) if len(sides) == 1 else None
    if isinstance(annotation, ast.Subscript) and facts.origin(annotation.value) in OPTIONAL:
        inner = annotation.slice
        return annotated(inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner, facts)
    return module_class(annotation, facts)


def _written(text: ast.expr, facts: Facts) -> Ref | None:
    """As `module_class`, for a name inside of a string: looked up at the top of the file."""
    head: ast.expr = text.value if isinstance(text, ast.Subscript) else text
    attributes: list[str] = []
    while isinstance(head, ast.Attribute):
        attributes.insert(0, head.attr)
        head = head.value
    binding = facts.names.lookup(head.id, facts.names.module) if isinstance(head, ast.Name) else None
    if binding is None:
        return None
    if binding.kind == "class" and not attributes:
        return local_class(binding.node, facts)
    origin = ".".join([binding.origin, *attributes]) if binding.origin else ""
    short = origin[len(NNX):] if origin.startswith(NNX) else ""
    return Ref(KINDS[short], short, True) if short in KINDS else None


def _attribute(node: ast.Attribute, facts: Facts, depth: int) -> Ref | None:
    """`self.model` of any class of this file, and attributes of known modules."""
    if isinstance(node.value, ast.Name) and node.value.id == "self":
        owner = facts.names.enclosing(node, ast.ClassDef)
    else:
        ref = instance(node.value, facts, depth + 1)
        if ref is not None and ref.nnx and ref.kind == "module":
            return Ref("variable", "Param", True) if is_param(ref.name, node.attr) else None
        owner = ref.local if ref is not None else None
    if not isinstance(owner, ast.ClassDef):
        return None
    return attribute_ref(owner, node.attr, facts, depth + 1)


def attribute_ref(owner: ast.ClassDef, attr: str, facts: Facts, depth: int = 0) -> Ref | None:
    """What `self.<attr>` of a class is, when every value the class gives it (but None) is of one kind."""
    values = [value for cls in ancestors(owner, facts) for value in facts.attribute_values(cls, attr)]
    found = _common(instance(value, facts, depth + 1) for value in values if not is_none(value))
    if found is not None:
        return found
    for stmt in owner.body:
        if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name) and stmt.target.id == attr:
            return annotated(stmt.annotation, facts)
    return None


# Layer -> its parameters that always are one.
PARAMS = {
    **dict.fromkeys(("Linear", "LinearGeneral", "Conv", "ConvTranspose"), frozenset({"kernel", "bias"})),
    **dict.fromkeys(("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm"), frozenset({"scale", "bias"})),
    "Einsum": frozenset({"kernel"}),
    "Embed": frozenset({"embedding"}),
    "PReLU": frozenset({"negative_slope"}),
    "RMSNorm": frozenset({"scale"}),
}


def is_param(layer: str, attr: str) -> bool:
    """Whether an attribute of a layer of flax.nnx is a Param."""
    return attr in PARAMS.get(layer, ())
