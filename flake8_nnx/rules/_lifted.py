"""Lifted transforms of flax.linen: where one is put around a class, a function or a method, and with which options.

Shared by the rules NNX5xx, which show the transform of flax.nnx for the options that are written.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Union

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.transforms import TRANSFORMS, Transform
from flake8_nnx.rules import _layers, _text
from flake8_nnx.source.linen import LINEN, PARTIAL, Facts
from flake8_nnx.source.names import MAX_DEPTH

Form = Literal["class", "function", "method", "value"]
Target = Union[ast.expr, ast.FunctionDef, ast.ClassDef]
# Legacy spellings of the same transforms.
LEGACY = {"flax.linen.partitioning.remat": "remat"}


@dataclass(frozen=True)
class Lift:
    """A lifted transform around something.

    form: what stands under it; `value` when the transform itself is handed on.
    place: the node to report: the call of the transform, its decorator or its name.
    given: its options by parameter name, those of a `functools.partial` among them; never the target.
    """

    transform: Transform
    form: Form
    place: ast.expr
    given: Mapping[str, ast.expr]
    target: Target | None = None

    def text(self, name: str) -> str | None:
        """Source of an option, or None where it is not written."""
        return _text.one_line(ast.unparse(self.given[name])) if name in self.given else None


def transform(node: ast.AST | None, facts: Facts) -> Transform | None:
    """The lifted transform that an expression names."""
    origin = facts.origin(node)
    name = LEGACY.get(origin or "") or (origin[len(LINEN):] if origin and origin.startswith(LINEN) else "")
    return TRANSFORMS.get(name)


def lifts(facts: Facts, *names: str) -> Iterator[Lift]:
    """The transforms of these names that calls, decorators and attributes of a file apply or hand on."""
    return (found for found in _lifts(facts) if found.transform.linen in names)


@functools.lru_cache(maxsize=4)
def _lifts(facts: Facts) -> list[Lift]:
    """All lifted transforms of a file; one pass for all rules."""
    every: list[Lift] = []
    for node in facts.names.nodes:
        found: list[Lift | None] = []
        if isinstance(node, ast.Call):
            found = [_called(node, facts)]
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found = [_decorator(decorator, node, facts) for decorator in node.decorator_list]
        elif isinstance(node, ast.Attribute) and node.attr in TRANSFORMS and _handed_on(node, facts):
            named = transform(node, facts)
            found = [Lift(named, "value", node, {})] if named is not None else []
        every += [lift for lift in found if lift is not None]
    return every


def _decorator(node: ast.expr, under: ast.FunctionDef | ast.ClassDef, facts: Facts) -> Lift | None:
    """`@nn.jit`, `@nn.jit(…)` and `@partial(nn.jit, …)`."""
    named, given = transform(node, facts), dict[str, ast.expr]()
    if named is None and isinstance(node, ast.Call) and facts.origin(node.func) in PARTIAL and node.args:
        named = transform(node.args[0], facts)
        given = _options(named, [ast.Constant(None), *node.args[1:]], node.keywords) if named else {}
    if named is None:
        return None
    in_class = isinstance(facts.names.parent(under), ast.ClassDef)
    form: Form = "class" if isinstance(under, ast.ClassDef) else "method" if in_class else "function"
    return Lift(named, form, node, given, under)


def _called(call: ast.Call, facts: Facts) -> Lift | None:
    """`nn.scan(Block, …)`, `partial(nn.scan, …)(Block)` and a partial that is handed on."""
    named = transform(call.func, facts)
    if named is not None:
        if _hidden(named, call.args, call.keywords):
            return Lift(named, "value", call, {})
        given = _options(named, call.args, call.keywords)
        target = call.args[0] if call.args else given.pop(named.args[0], None)
        return Lift(named, form_of(target, facts), call, given, target)
    if facts.origin(call.func) not in PARTIAL or not call.args:
        return None
    named, above = transform(call.args[0], facts), facts.names.parent(call)
    if named is None or isinstance(above, (ast.FunctionDef, ast.ClassDef)) and call in above.decorator_list:
        return None
    if _hidden(named, call.args, call.keywords):
        return Lift(named, "value", call, {})
    given = _options(named, [ast.Constant(None), *call.args[1:]], call.keywords)
    target = above.args[0] if isinstance(above, ast.Call) and above.func is call and above.args else None
    return Lift(named, form_of(target, facts) if target else "value", call, given, target)


def _places(named: Transform) -> tuple[str, ...]:
    """The parameters that an argument has a place for."""
    return named.args[: named.args.index(named.variadic)] if named.variadic else named.args


def _hidden(named: Transform, args: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    """Whether `*args` or `**kwargs` stand where the options would be read."""
    before = args[: len(_places(named))]
    return any(isinstance(arg, ast.Starred) for arg in before) or any(keyword.arg is None for keyword in keywords)


def _options(named: Transform, args: list[ast.expr], keywords: list[ast.keyword]) -> dict[str, ast.expr]:
    """Arguments by parameter name, without the target."""
    given = dict(zip(_places(named)[1:], args[1:]))
    return {**given, **{keyword.arg: keyword.value for keyword in keywords if keyword.arg}}


def _handed_on(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is an argument, not called, not given to a partial and not only another name for it."""
    above = facts.names.parent(node)
    if isinstance(above, ast.keyword):
        return True
    return isinstance(above, ast.Call) and node in above.args and facts.origin(above.func) not in PARTIAL


def form_of(target: Target | None, facts: Facts) -> Form:
    """What an expression is; for one that cannot be followed, what its spelling says."""
    node = unwrapped(target, facts)
    if node is None:
        return "value"
    if isinstance(node, ast.ClassDef) or (isinstance(node, ast.expr) and facts.module_class(node)):
        return "class"
    if isinstance(node, (ast.Lambda, ast.FunctionDef)):
        return "function"
    if isinstance(node, ast.Name):
        binding = facts.names.binding(node)
        if binding is not None and binding.kind in ("def", "class"):
            return "function" if binding.kind == "def" else "class"
    word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return "class" if word.lstrip("_")[:1].isupper() or word.lower().rstrip("_").endswith(("cls", "class")) else "function"


def unwrapped(target: Target | None, facts: Facts) -> Target | None:
    """The class or function behind partials, inner transforms, names and attributes of `self`."""
    node = target
    for _ in range(MAX_DEPTH):
        if isinstance(node, ast.Call) and node.args:
            if facts.origin(node.func) not in PARTIAL and transform(node.func, facts) is None:
                return node
            node = node.args[0]
            continue
        value = _assigned(node, facts)
        if value is None:
            return node
        node = value
    return node


def _assigned(node: Target | None, facts: Facts) -> ast.Call | None:
    """The partial or lifted call that a name or an attribute of `self` was assigned."""
    value: ast.expr | None = None
    if isinstance(node, ast.Name):
        binding = facts.names.binding(node)
        value = binding.value if binding is not None and binding.kind == "assign" else None
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        cls = facts.names.enclosing(node, ast.ClassDef)
        values = facts.attribute_values(cls, node.attr) if isinstance(cls, ast.ClassDef) else []
        value = values[0] if len(values) == 1 else None
    if not isinstance(value, ast.Call) or not value.args:
        return None
    return value if facts.origin(value.func) in PARTIAL or transform(value.func, facts) else None


def under_another(lift: Lift, facts: Facts) -> bool:
    """Whether what a transform returns is the target of another one, directly or by its name."""
    above = facts.names.parent(lift.place)
    if isinstance(above, ast.Call) and lift.place in above.args[:1]:
        return transform(above.func, facts) is not None
    if not isinstance(above, ast.Assign) or len(above.targets) != 1 or not isinstance(above.targets[0], ast.Name):
        return False
    name = above.targets[0].id
    for node in facts.names.nodes:
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name) and node.args[0].id == name:
            binding = facts.names.binding(node.args[0])
            if binding is not None and binding.node is above and transform(node.func, facts) is not None:
                return True
    return False


# ---- what it is used for -------------------------------------------------------------------------------------------


def uses(value: ast.expr, facts: Facts) -> list[ast.Call]:
    """The calls of what an expression evaluates to: on the spot, by the name or the attribute that holds it."""
    above = facts.names.parent(value)
    if isinstance(above, ast.Call) and above.func is value:
        return [above]
    if not isinstance(above, ast.Assign) or above.value is not value or len(above.targets) != 1:
        return []
    target = above.targets[0]
    found = []
    if isinstance(target, ast.Name):
        for node in facts.names.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == target.id:
                binding = facts.names.binding(node.func)
                if binding is not None and binding.node is above:
                    found.append(node)
    elif isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
        cls, name = facts.names.enclosing(value, ast.ClassDef), ast.unparse(target)
        for node in ast.walk(cls) if cls is not None else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == name:
                found.append(node)
    return found


@dataclass(frozen=True)
class Run:
    """How a lifted class or function is used.

    made: the construction of a lifted class, where it is seen.
    inputs: arguments of the call, without the module that a lifted function takes first; None where no call is seen.
    call: the call itself.
    module: how the module is written that a lifted function gets.
    """

    made: ast.Call | None
    inputs: list[ast.expr] | None
    call: ast.Call | None
    module: str = ""


def run_of(lift: Lift, facts: Facts) -> Run:
    """The first construction and the first call of what a transform returns; of a method, its own parameters."""
    if isinstance(lift.target, ast.FunctionDef) and lift.target in (facts.names.parent(lift.place), lift.target):
        parameters = lift.target.args.args[1:]
        return Run(None, [ast.Name(arg.arg, ast.Load()) for arg in parameters], None, "self")
    value: ast.expr = lift.place
    above = facts.names.parent(value)
    if isinstance(above, ast.Call) and lift.target in above.args:  # partial(nn.scan, …)(body)
        value = above
    if lift.form == "class":
        made = next(iter(uses(value, facts)), None)
        call = next(iter(uses(made, facts)), None) if made is not None else None
        return Run(made, _inputs(call.args) if call is not None else _parameters(lift, facts), call)
    call = next(iter(uses(value, facts)), None)
    if call is None or not call.args or isinstance(call.args[0], ast.Starred):
        return Run(None, None, call)
    return Run(None, _inputs(call.args[1:]), call, _text.quote(call.args[0]))


def _parameters(lift: Lift, facts: Facts) -> list[ast.expr] | None:
    """What `__call__` of a lifted class of this file takes, where no call is seen."""
    node = unwrapped(lift.target, facts)
    ref = facts.module_class(node) if isinstance(node, ast.expr) else None
    local = ref.local if ref is not None else facts.linen_class(node)
    method = facts.method_of(local, "__call__") if local is not None else None
    if method is None or method.args.vararg is not None:
        return None
    return [ast.Name(arg.arg, ast.Load()) for arg in method.args.args[1:]]


def _inputs(args: list[ast.expr]) -> list[ast.expr] | None:
    return None if any(isinstance(arg, ast.Starred) for arg in args) else args


def target_name(lift: Lift, facts: Facts) -> str:
    """`Block` for what is lifted, behind partials and other transforms."""
    node = unwrapped(lift.target, facts)
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return node.name
    return _text.quote(node) if node is not None else "the function"


def constructor(lift: Lift, run: Run, facts: Facts) -> str:
    """`Block(features, rngs=rngs)`: the NNX construction of what is lifted, cut short where it is long."""
    if run.made is not None and lift.form == "class":
        made = _layers.construction(run.made, facts)
        text = _text.one_line(_layers.replacement(made, facts).code) if made is not None else ""
        text = text.replace("rngs=nnx.Rngs(0)", "rngs=rngs")
        if text and len(text) <= _text.MAX_QUOTE:
            return text
    node = unwrapped(lift.target, facts)
    layer = facts.linen_name(node) if isinstance(node, ast.expr) else None
    if layer is not None:
        twin = LAYERS[layer].nnx if layer in LAYERS else ""
        return f"nnx.{twin or layer}(…, rngs=rngs)"
    return f"{target_name(lift, facts)}(…, rngs=rngs)"


def held(run: Run, facts: Facts, stack: bool) -> str:
    """The attribute that holds one module or a stack of them: its Linen name, else a name after its class."""
    if run.made is None:
        return run.module or ("modules" if stack else "module")
    given = next((k.value for k in run.made.keywords if k.arg == "name"), None)
    if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value.isidentifier():
        return f"self.{given.value}"
    name = _layers.attribute(run.made, facts)
    return f"self.{_text.plural(name) if stack else name}"


def in_init(node: ast.expr, facts: Facts) -> str:
    """The source of a number as `__init__` writes it: `depth` for `self.depth`."""
    cls = facts.enclosing_class(node)
    fields = facts.fields_of(cls) if cls else {}
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr in fields:
        return node.attr
    return _text.quote(node)


def per_method(lift: Lift) -> Lift:
    """The transform with the options of its first method where `methods` gives each its own."""
    methods = lift.given.get("methods")
    first = methods.values[0] if isinstance(methods, ast.Dict) and methods.values else None
    if isinstance(first, ast.Call) and not first.args:
        return replace(lift, given={**lift.given, **{k.arg: k.value for k in first.keywords if k.arg}})
    if isinstance(first, ast.Dict):
        named = {k.value: v for k, v in zip(first.keys, first.values) if isinstance(k, ast.Constant) and isinstance(k.value, str)}
        return replace(lift, given={**lift.given, **named})
    return lift


def options(lift: Lift, *names: str) -> list[str]:
    """`reverse=True` for each of these options that is written and means something, under its NNX name."""
    found = []
    for name in names:
        text = lift.text(name)
        if text is not None and text not in lift.transform.neutral(name):
            found.append(f"{lift.transform.renames.get(name, name)}={text}")
    return found


def dropped(lift: Lift) -> list[str]:
    """What to do about the options without a twin that are written and mean something."""
    return [
        f"`{name}={_text.quote(value)}` goes: {advice}"
        for name, value in lift.given.items()
        if (advice := lift.transform.dropped.get(name)) and ast.unparse(value) not in lift.transform.neutral(name)
    ]


def module_text(node: ast.expr, facts: Facts) -> str:
    """How an NNX method writes a module that Linen is given: an inline construction is an attribute by then."""
    made = _layers.construction(node, facts)
    if made is not None and facts.enclosing_class(node) is not None:
        return f"self.{_layers.attribute(made.call, facts)}"
    return _text.quote(node)
