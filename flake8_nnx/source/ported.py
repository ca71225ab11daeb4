"""NNX classes inside of a Linen class, which a half-migrated file has: `nnx.bridge.to_linen(Block, …)`.

What such a module returns is traced through its `__init__` and its method, as far as their text tells.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.linen import Facts, LinenClass, ModuleRef
from flake8_nnx.source.methods import defaults
from flake8_nnx.source.names import Binding
from flake8_nnx.source.values import Array, Items, Repeated, Site, Unknown, elements, words

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer

TO_LINEN = ("flax.nnx.bridge.to_linen", "flax.nnx.bridge.wrappers.to_linen")
OPTIONS = frozenset({"metadata_fn", "skip_rng", "abstract_init"})  # of to_linen itself, besides the name
BY_NNX = {layer.nnx: layer for layer in LAYERS.values() if layer.nnx and not layer.refuse}
MAX_DEPTH = 6


def made(node: ast.Call, facts: Facts, inside: bool) -> ModuleRef | None:
    """What a call constructs: the class in to_linen, or `inside` of an NNX class a layer or a class of this file."""
    origin = facts.origin(node.func) or ""
    if origin in TO_LINEN and node.args:
        return ModuleRef(ast.unparse(node.args[0]).rpartition(".")[2], nnx=ast.unparse(node.args[0]))
    if not inside:
        return None
    layer = BY_NNX.get(origin.removeprefix("flax.nnx.")) if origin.startswith("flax.nnx.") else None
    if layer is not None:
        return ModuleRef(layer.linen, linen=layer.linen)
    if isinstance(node.func, ast.Name) and class_named(node.func.id, facts) is not None:
        return ModuleRef(node.func.id, nnx=node.func.id)
    return None


def class_named(name: str, facts: Facts) -> tuple[ast.ClassDef, Facts] | None:
    """The NNX class that a dotted name of this file means, with the facts of the file that it stands in."""
    head, _, rest = name.partition(".")
    binding = facts.names.lookup(head, facts.names.module)
    if binding is None:
        return None
    found: tuple[Binding, Facts] | None = (binding, facts) if not rest else None
    if binding.kind == "import" and binding.origin and facts.elsewhere is not None:
        found = facts.elsewhere.definition(f"{binding.origin}.{rest}" if rest else binding.origin)
    node = found[0].node if found is not None else None
    return (node, found[1]) if found and isinstance(node, ast.ClassDef) and found[1].derives_from_nnx(node) else None


def site_of(tracer: Tracer, node: ast.Call, ref: ModuleRef, positional: list[Any], keywords: dict[str, Any]) -> Site:
    """The construction inside of an NNX class, with the values of its arguments."""
    site = Site(node, ref, [], {}, {}, tracer.method, tracer.loops)
    if ref.linen is not None:
        layer = LAYERS[ref.linen]
        linen = {new: old for old, new in layer.renames.items()}
        site.fields = {linen.get(name, name): value for name, value in [*zip(layer.leading, positional), *keywords.items()]}
    else:
        site.fields = constructor_values(ref, positional, keywords, tracer.facts)
    return site


def constructor_values(ref: ModuleRef, positional: list[Any], keywords: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Arguments of an NNX constructor by name."""
    return {**dict(zip(parameters(ref, facts), positional)), **keywords}


def parameters(ref: ModuleRef, facts: Facts) -> list[str]:
    """What an NNX class of this file takes by position."""
    found = class_named(ref.nnx or "", facts)
    return _names(_method(found[0], "__init__")) if found is not None else []


def output_of(tracer: Tracer, site: Site, method: str, positional: list[Any], keywords: dict[str, Any]) -> Any:
    """What a method of an NNX class returns, in the caller's terms; an array of unknown sizes where the text does not tell."""
    from flake8_nnx.source.apply import without  # these call one another
    from flake8_nnx.source.trace import Tracer as NewTracer

    found = class_named(site.ref.nnx or "", tracer.facts) if site.ref is not None else None
    if found is None or tracer.depth >= MAX_DEPTH:
        return Array()
    cls, facts = found
    init, function = _method(cls, "__init__"), _method(cls, method)
    if function is None:
        return Array()
    methods = {statement.name: statement for statement in cls.body if isinstance(statement, ast.FunctionDef)}
    inner = NewTracer(LinenClass(cls.name, cls, (), (), methods, frozenset(), facts), {}, tracer.depth + 1)
    inner.ported, inner.method = True, "setup"
    if init is not None:
        inner.block(init.body, _environment(inner, init, [], site.fields))
    output = inner.body(function.body, _environment(inner, function, positional, keywords))
    if not isinstance(output, Array):
        return Array()
    given = (*site.fields.values(), *positional, *keywords.values())
    return output if facts is tracer.facts else without(output, set(), {word for value in given for word in words(value)})


def appended(tracer: Tracer, attribute: str, value: Any) -> None:
    """`self.blocks.append(Block(…))` in the `__init__` of an NNX class."""
    known = elements(tracer.attributes.get(attribute))
    if known is None:
        tracer.attributes[attribute] = Unknown()
    elif tracer.loops:
        tracer.attributes[attribute] = Unknown() if known else Repeated(value, tracer.loops[-1])
    else:
        tracer.attributes[attribute] = Items((*known, value))


def _environment(tracer: Tracer, function: ast.FunctionDef, positional: list[Any], keywords: dict[str, Any]) -> Env:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    env: Env = {argument.arg: Unknown() for argument in (*plain, *arguments.kwonlyargs) if argument.arg != "self"}
    env.update({name: tracer.evaluator.value(default, {}) for name, default in defaults(function).items()})
    env.update(zip(_names(function), positional))
    env.update({name: value for name, value in keywords.items() if name in env})
    return env


def _method(cls: ast.ClassDef | None, name: str) -> ast.FunctionDef | None:
    body = cls.body if cls is not None else ()
    return next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _names(function: ast.FunctionDef | None) -> list[str]:
    """Parameters that may be given by position, without self."""
    return [a.arg for a in (*function.args.posonlyargs, *function.args.args)][1:] if function is not None else []
