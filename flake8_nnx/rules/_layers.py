"""What the rules on constructions share: the arguments of one, what it becomes in NNX, and the attribute that holds it.

A construction is a call of a Linen module class, also through `functools.partial` and lifted transforms.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flake8_nnx.catalog.construct import construct
from flake8_nnx.catalog.layers import LAYERS, Layer
from flake8_nnx.rules import _text
from flake8_nnx.rules._traced import Traced, has_constructor, inside_construction, traced
from flake8_nnx.source.call_dtypes import CallDtype, call_dtype
from flake8_nnx.source.features import events, site_sizes, spelled
from flake8_nnx.source.linen import CLASS_TRANSFORMS, PARTIAL, Facts, Field, ModuleRef
from flake8_nnx.source.names import MAX_DEPTH
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.values import Site

# Constructor arguments of Linen layers that a call may pass as well.
CALL_FLAGS = frozenset({"deterministic", "use_running_average"})
DTYPES = ("dtype", "param_dtype")
# Casts what a layer computes with to the dtype of its input.
FOLLOWING = "lambda args, dtype: nnx.nn.dtypes.promote_dtype(args, dtype=args[0].dtype)"
# A Linen module that is handed to the bridge stays Linen on purpose.
BRIDGE = "flax.nnx.bridge.ToNNX"


@dataclass(frozen=True)
class Construction:
    """One call of a module class, with the arguments that partials around the class add."""

    call: ast.Call
    ref: ModuleRef
    cls: ast.expr  # the class itself, behind partials and transforms
    positional: list[ast.expr]
    keywords: Mapping[str, ast.expr]  # without name and parent

    @property
    def layer(self) -> Layer | None:
        """The catalogue entry when it is a layer of flax.linen."""
        return LAYERS.get(self.ref.linen or "")


def construction(call: ast.AST, facts: Facts) -> Construction | None:
    """What a call constructs, or None when it constructs no Linen module; `partial(nn.Conv, …)` constructs nothing."""
    if not isinstance(call, ast.Call):
        return None
    ref = facts.module_class(call.func)
    if ref is None or ref.linen == "Module" or facts.is_call_of(facts.names.parent(call), BRIDGE):
        return None
    return _unwrapped(call, call.func, call.args, call.keywords, ref, facts)


def partial(call: ast.AST, facts: Facts) -> Construction | None:
    """What `functools.partial(nn.Conv, …)` will construct."""
    if not isinstance(call, ast.Call) or facts.origin(call.func) not in PARTIAL or not call.args:
        return None
    ref = facts.module_class(call.args[0])
    return _unwrapped(call, call.args[0], call.args[1:], call.keywords, ref, facts) if ref else None


def _unwrapped(
    call: ast.Call, cls: ast.expr, args: list[ast.expr], given: list[ast.keyword], ref: ModuleRef, facts: Facts
) -> Construction:
    positional = list(args)
    keywords = _named(given)
    for _ in range(MAX_DEPTH):
        binding = facts.names.binding(cls) if isinstance(cls, ast.Name) else None
        value = binding.value if binding and binding.kind == "assign" and binding.value else cls
        if not isinstance(value, ast.Call) or not value.args:
            break
        if facts.origin(value.func) in PARTIAL:
            positional = [*value.args[1:], *positional]
            keywords = {**_named(value.keywords), **keywords}
        elif facts.origin(value.func) not in CLASS_TRANSFORMS:
            break
        cls = value.args[0]
    kept = {name: value for name, value in keywords.items() if name not in ("name", "parent")}
    return Construction(call, ref, cls, positional, kept)


def _named(keywords: list[ast.keyword]) -> dict[str, ast.expr]:
    """Keyword arguments by name; `**kwargs` stands under `**`, as the catalogue wants it."""
    return {keyword.arg or "**": keyword.value for keyword in keywords}


# ---- what it becomes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replacement:
    """The NNX constructor call and what has to be said about it."""

    code: str
    call_flags: tuple[str, ...] = ()  # `deterministic=not train`, known only in the call
    problems: tuple[str, ...] = ()
    casts: tuple[str, ...] = ()  # `.astype(x.dtype)` of what it returns


def replacement(made: Construction, facts: Facts) -> Replacement:
    """The NNX spelling of a construction, with sizes as far as they can be told."""
    cls = facts.enclosing_class(made.call)
    found = traced(cls.node, facts) if cls else None
    site = found.sites.get(made.call) if found else None
    writer = _Writer(facts, found, site, set(facts.fields_of(cls)) if cls else set())
    sizes = {}
    if site is not None and found is not None:
        spelt = {name: spelled(size, found.parameters) for name, size in site_sizes(site).items()}
        sizes = {name: text or name for name, text in spelt.items()}
    layer = made.layer
    names = layer.linen_args if layer else ()
    late = call_dtype(site, facts) if site is not None else None
    positional: list[str] = []
    keywords: dict[str, str] = {}
    flags = []
    for i, argument in enumerate(made.positional):
        name = names[i] if i < len(names) else ""
        if late is not None and argument is late.dtype:
            continue
        if (name in CALL_FLAGS or layer is None) and writer.only_in_call(argument):
            flags.append(f"{name}={_text.quote(argument)}" if name else _text.quote(argument))
        else:
            positional.append(writer.text(argument))
    for name, argument in made.keywords.items():
        if late is not None and argument is late.dtype:
            continue
        if (name in CALL_FLAGS or layer is None and name != "**") and writer.only_in_call(argument):
            flags.append(f"{name}={_text.quote(argument)}")
        else:
            keywords[name] = writer.text(argument)
    rngs = "rngs" if cls else "nnx.Rngs(0)"
    if layer is None:
        named = (f"{name}{'' if name == '**' else '='}{text}" for name, text in keywords.items())
        arguments = [*sizes.values(), *positional, *named]
        if made.ref.local is None or has_constructor(made.ref.local):
            arguments.append(f"rngs={rngs}")
        return Replacement(f"{ast.unparse(made.cls)}({', '.join(arguments)})", tuple(flags))
    told = [*zip(names, made.positional), *made.keywords.items()] if site is not None else []
    unknown = [a for name, a in told if name in DTYPES and writer.only_in_call(a) and (late is None or a is not late.dtype)]
    in_the_way = tuple(f"{_text.quote(argument)} is known only in the call" for argument in unknown)
    done = construct(layer, positional, keywords, sizes, rngs=rngs, extra=late.instead(FOLLOWING) if late is not None else {})
    return Replacement(done.code, tuple(flags), (*done.problems, *in_the_way), _casts(late))


def _casts(late: CallDtype | None) -> tuple[str, ...]:
    """What the call casts to a dtype that `__init__` does not know."""
    if late is None or not late.arrays:
        return ()
    what = "what it returns" if late.of_result else " and ".join(_text.quote(array) for array in late.arrays)
    return (f"cast {what} with .astype({_text.quote(late.dtype)})",)


class _Writer:
    """Writes arguments of a Linen construction as `__init__` of the NNX class will."""

    def __init__(self, facts: Facts, found: Traced | None, site: Site | None, fields: set[str]) -> None:
        self.facts, self.found, self.site, self.fields = facts, found, site, fields

    def only_in_call(self, node: ast.expr) -> bool:
        """Whether an argument depends on what the method is called with."""
        if self.site is not None:
            return id(node) not in self.site.texts
        names = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id != "self"]
        bindings = [self.facts.names.binding(name) for name in names]
        return self.found is not None and any(b is not None and b.kind == "param" for b in bindings)

    def text(self, node: ast.expr) -> str:
        if isinstance(node, ast.Starred):
            return f"*{self.text(node.value)}"
        known = self.site.texts.get(id(node)) if self.site else None
        if known is not None and self.found is not None:
            return _text.nnx_functions(spelled(known, self.found.parameters) or known, node, self.facts)
        return SourceText(None).segment(node, self._swaps(node))

    def _swaps(self, node: ast.expr) -> dict[int, str]:
        """`self.features` is the parameter `features`, `nn.relu` is `nnx.relu`, a layer inside is its NNX twin."""
        swaps: dict[int, str] = {}
        for part in ast.walk(node):
            inner = construction(part, self.facts)
            text = replacement(inner, self.facts).code if inner else _text.nnx_function(part, self.facts)
            if text is None and isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                text = part.attr if part.value.id == "self" and part.attr in self.fields else None
            if text is not None:
                swaps[id(part)] = text
        return swaps


def advice(made: Construction, facts: Facts) -> str:
    """`create it in __init__ as self.dense = nnx.Linear(in_features, features, rngs=rngs)`, and what is in the way."""
    new = replacement(made, facts)
    parts = [f"create it {_held(made, new.code, facts)}", *_carried(made, new.code, facts)]
    if new.call_flags:
        parts.append(f"call it with {', '.join(new.call_flags)}")
    parts += new.casts
    return "; ".join([*parts, *(f"mind that {problem}" for problem in new.problems)])


def _carried(made: Construction, code: str, facts: Facts) -> list[str]:
    """What the sizes are that change from turn to turn of a loop."""
    cls = facts.enclosing_class(made.call)
    found = traced(cls.node, facts) if cls else None
    if found is None:
        return []
    words = set(re.findall(r"\w+", code))
    return [
        f"{name} is {spelled(before, found.parameters)} at first, then {spelled(after, found.parameters)}"
        for loop in events(found.trace.events)
        for name, (before, after) in getattr(loop, "carried", {}).items()
        if name in words and name != after and None not in (spelled(before, found.parameters), spelled(after, found.parameters))
    ]


def _held(made: Construction, code: str, facts: Facts) -> str:
    """The NNX construction with what holds it."""
    cls = facts.enclosing_class(made.call)
    if cls is None:
        parent = facts.names.parent(made.call)
        targets = parent.targets if isinstance(parent, ast.Assign) else []
        named = len(targets) == 1 and isinstance(targets[0], (ast.Name, ast.Attribute))
        return f"as {ast.unparse(targets[0])} = {code}" if named else f"as {code}"
    if inside_construction(made.call, facts):
        return f"in __init__ as {code}"
    found = traced(cls.node, facts)
    site = found.sites.get(made.call) if found else None
    name = attribute(made.call, facts)
    if site is not None and site.loops:
        held = name if site.method == "setup" else _text.plural(name)
        return f"in __init__ as self.{held}.append({code}), self.{held} being an nnx.List"
    if site is not None and site.element:
        return f"in __init__ as {code}, an element of the nnx.List self.{name}"
    return f"in __init__ as self.{name} = {code}"


def attribute(call: ast.Call, facts: Facts) -> str:
    """Name of the attribute that holds a module constructed in a Linen class."""
    cls = facts.enclosing_class(call)
    found = traced(cls.node, facts) if cls else None
    if found and call in found.names:
        return found.names[call]
    parent = facts.names.parent(call)
    target = parent.target if isinstance(parent, ast.AnnAssign) else None
    if isinstance(target, ast.Name):
        return target.id
    ref = facts.module_class(call.func)
    stem = _text.snake(ref.name) if ref else "layer"
    while found and stem in found.names.values():
        stem += "_layer"
    return stem


def parameter(field: Field, facts: Facts) -> tuple[str, str]:
    """A dataclass field as a parameter of `__init__`, and the value that `__init__` gives the attribute."""
    name, annotation = field.name, _text.nnx_source(field.annotation, facts)
    default, factory = field.default, field.factory
    if factory is not None:
        made = factory.body if isinstance(factory, ast.Lambda) else ast.Call(factory, [], [])
        return f"{name}: {annotation} | None = None", f"{_text.quote(made)} if {name} is None else {name}"
    if default is None:
        return f"{name}: {annotation}", name
    return f"{name}: {annotation} = {_text.nnx_source(default, facts)}", name
