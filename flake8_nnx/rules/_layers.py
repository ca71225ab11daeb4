"""What the rules on constructions share: the arguments of one, what it becomes in NNX, and the attribute that holds it.

A construction is a call of a Linen module class, also through `functools.partial` and lifted transforms.
"""
from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from flake8_nnx.catalog.construct import construct
from flake8_nnx.catalog.layers import LAYERS, Layer
from flake8_nnx.rules import _text
from flake8_nnx.source.features import SizeParameter, needed_sizes, site_sizes, spelled, trace
from flake8_nnx.source.linen import CLASS_TRANSFORMS, PARTIAL, Facts, ModuleRef
from flake8_nnx.source.names import MAX_DEPTH
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.values import Site, Trace

# Public names of nnx.Module (flax 0.12) that an attribute may not take.
RESERVED = frozenset({"train", "eval", "sow", "perturb", "set_attributes", "iter_children", "iter_modules"})
# Constructor arguments of Linen layers that a call may pass as well.
CALL_FLAGS = frozenset({"deterministic", "use_running_average"})


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
    if ref is None or ref.linen == "Module":
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
    keywords = {k.arg: k.value for k in given if k.arg}
    for _ in range(MAX_DEPTH):
        binding = facts.names.binding(cls) if isinstance(cls, ast.Name) else None
        value = binding.value if binding and binding.kind == "assign" and binding.value else cls
        if not isinstance(value, ast.Call) or not value.args:
            break
        if facts.origin(value.func) in PARTIAL:
            positional = [*value.args[1:], *positional]
            keywords = {**{k.arg: k.value for k in value.keywords if k.arg}, **keywords}
        elif facts.origin(value.func) not in CLASS_TRANSFORMS:
            break
        cls = value.args[0]
    kept = {name: value for name, value in keywords.items() if name not in ("name", "parent")}
    return Construction(call, ref, cls, positional, kept)


def inside_construction(node: ast.AST, facts: Facts) -> bool:
    """Whether the node is (part of) an argument of another construction, as a layer of `nn.Sequential([…])`."""
    child, above = node, facts.names.parent(node)
    while isinstance(above, (ast.Call, ast.List, ast.Tuple, ast.Starred, ast.keyword, ast.ListComp, ast.IfExp)):
        if isinstance(above, ast.Call):
            if child is above.func:
                return False
            if facts.module_class(above.func):
                return True
        child, above = above, facts.names.parent(above)
    return False


# ---- the class around it --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Traced:
    """What the trace of a class tells of its constructions."""

    trace: Trace
    sites: Mapping[ast.Call, Site]
    parameters: list[SizeParameter]
    names: Mapping[ast.Call, str]  # attribute name without `self.`


@functools.lru_cache(maxsize=4)
def traced(node: ast.ClassDef, facts: Facts) -> Traced | None:
    """The trace of a Linen class; made once, for all rules."""
    cls = facts.linen_class(node)
    if cls is None:
        return None
    found = trace(cls, facts)
    sites: dict[ast.Call, Site] = {}
    for site in found.sites:
        sites.setdefault(site.call, site)
    return Traced(found, sites, needed_sizes(found, facts), _names(found, sites, facts))


def _names(found: Trace, sites: Mapping[ast.Call, Site], facts: Facts) -> dict[ast.Call, str]:
    """Attribute names: those that the code gives, else `dense`, or `dense_0`, `dense_1` where there are several."""
    taken = {*facts.fields_of(found.cls), *found.cls.methods, *RESERVED, "rngs"}
    names: dict[ast.Call, str] = {}
    for call, site in sites.items():
        given = _given_name(site, taken)
        if given:
            names[call] = given
    free = [call for call in sites if call not in names and not inside_construction(call, facts)]
    kinds = Counter(_kind(sites[call]) for call in free)
    counts: Counter[str] = Counter()
    used = {*taken, *names.values()}
    for call in free:
        kind = _kind(sites[call])
        stem = kind if kinds[kind] == 1 else f"{kind}_{counts[kind]}"
        counts[kind] += 1
        while stem in used:
            stem += "_layer"
        names[call] = stem
        used.add(stem)
    return names


def _kind(site: Site) -> str:
    return _text.snake(site.ref.name) if site.ref else "param"


def _given_name(site: Site, taken: set[str]) -> str | None:
    if site.attribute is not None:
        return site.attribute
    if site.ref is None:
        first = site.positional[0] if site.positional else None
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    name = site.keywords.get("name")
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return _text.identifier(name.value, taken)
    if isinstance(name, ast.JoinedStr):
        literal = "".join(str(v.value) for v in name.values if isinstance(v, ast.Constant)).strip("_")
        return _text.identifier(literal or _kind(site), taken)
    return None


# ---- what it becomes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replacement:
    """The NNX constructor call and what has to be said about it."""

    code: str
    call_flags: tuple[str, ...] = ()  # `deterministic=not train`, known only in the call
    problems: tuple[str, ...] = ()


def replacement(made: Construction, facts: Facts) -> Replacement:
    """The NNX spelling of a construction, with sizes as far as they can be told."""
    cls = facts.enclosing_class(made.call)
    found = traced(cls.node, facts) if cls else None
    site = found.sites.get(made.call) if found else None
    writer = _Writer(facts, found, site, set(facts.fields_of(cls)) if cls else set())
    sizes = {}
    if site is not None and found is not None:
        spelt = {name: spelled(size, found.parameters) for name, size in site_sizes(site, facts).items()}
        sizes = {name: text or name for name, text in spelt.items()}
    layer = made.layer
    names = layer.linen_args if layer else ()
    positional: list[str] = []
    keywords: dict[str, str] = {}
    flags = []
    for i, argument in enumerate(made.positional):
        name = names[i] if i < len(names) else ""
        if name in CALL_FLAGS and writer.only_in_call(argument):
            flags.append(f"{name}={_text.quote(argument)}")
        else:
            positional.append(writer.text(argument))
    for name, argument in made.keywords.items():
        if layer and name in CALL_FLAGS and writer.only_in_call(argument):
            flags.append(f"{name}={_text.quote(argument)}")
        else:
            keywords[name] = writer.text(argument)
    rngs = "rngs" if cls else "nnx.Rngs(0)"
    if layer is None:
        arguments = [*sizes.values(), *positional, *(f"{name}={text}" for name, text in keywords.items())]
        return Replacement(f"{ast.unparse(made.cls)}({', '.join([*arguments, f'rngs={rngs}'])})", tuple(flags))
    done = construct(layer, positional, keywords, sizes, rngs=rngs)
    return Replacement(done.code, tuple(flags), done.problems)


class _Writer:
    """Writes arguments of a Linen construction as `__init__` of the NNX class will."""

    def __init__(self, facts: Facts, found: Traced | None, site: Site | None, fields: set[str]) -> None:
        self.facts, self.found, self.site, self.fields = facts, found, site, fields

    def only_in_call(self, node: ast.expr) -> bool:
        return self.site is not None and id(node) not in self.site.texts

    def text(self, node: ast.expr) -> str:
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
    if new.problems:
        text = f"the nearest in NNX is {_held(made, new.code, facts)}, but {'; '.join(new.problems)}"
    else:
        text = f"create it {_held(made, new.code, facts)}"
    return f"{text}; call it with {', '.join(new.call_flags)}" if new.call_flags else text


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
    return _text.snake(ref.name) if ref else "layer"
