"""The classes of a run as they are written in NNX: what their attributes hold, and which modules their methods call.

What cannot be told is pinned: a class that is used in an unknown way keeps its flags.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.rules._text import plural
from flake8_nnx.source import nnx
from flake8_nnx.source.features import trace
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.read import parse

Kind = Union[str, "Written"]  # a layer of flax.nnx by its name, or a class of the run
Owned = Mapping[str, frozenset[Kind]]  # what an attribute or a name may be
RUNS_OVER = frozenset({"zip", "enumerate", "reversed"})


@dataclass(eq=False)
class Written:
    """One class of the run in the new text of its file."""

    plan: ClassPlan
    source: str  # the new text of its file
    facts: Facts  # of that
    node: ast.ClassDef
    named: Mapping[str, frozenset[Kind]]  # classes by how `__init__` spells them
    bases: list[Written] = field(default_factory=list)
    derived: list[Written] = field(default_factory=list)
    pinned: dict[Written, str] = field(default_factory=dict)  # classes that it uses in a way that is not followed, and which
    held: dict[str, frozenset[Kind]] = field(default_factory=dict)
    inside: set[Written] = field(default_factory=set)  # the classes of which it makes modules

    @property
    def methods(self) -> dict[str, ast.FunctionDef]:
        return {name: method for name, method in nnx.methods(self.node).items() if name != "__init__"}

    @property
    def init(self) -> ast.FunctionDef | None:
        return nnx.methods(self.node).get("__init__")

    @property
    def line(self) -> list[Written]:
        """The class and its bases in the run, nearest first."""
        return [self, *(above for base in self.bases for above in base.line)]

    @property
    def family(self) -> list[Written]:
        """Every class that is related to it."""
        found: list[Written] = [self]
        for each in found:
            found += [other for other in (*each.bases, *each.derived) if other not in found]
        return found

    def defining(self, name: str) -> Written | None:
        return next((each for each in self.line if name in each.methods), None)

    def parts(self) -> set[Written]:
        """The classes of which it, or a base, makes modules."""
        return set[Written]().union(*(each.inside for each in self.line))


def written_classes(files: Sequence[FilePlan], texts: Sequence[str]) -> list[Written]:
    """The native classes of a run in these new texts."""
    found: dict[int, Written] = {}
    for file, text in zip(files, texts):
        if not file.native:
            continue
        facts = Facts(parse(text, file.facts.filename), file.facts.filename, source=text)
        nodes = {node.name: node for node in facts.tree.body if isinstance(node, ast.ClassDef)}
        for plan in file.native:
            if plan.name in nodes:
                found[id(plan.cls.node)] = Written(plan, text, facts, nodes[plan.name], {})
    for each in found.values():
        each.named = _named(each, found)
        ancestors = each.plan.cls.facts.ancestors(each.plan.cls)[1:2]
        each.bases = [found[id(base.node)] for base in ancestors if id(base.node) in found]
        for base in each.bases:
            base.derived.append(each)
    for each in found.values():
        _hold(each, found)
    return list(found.values())


def _named(cls: Written, run: Mapping[int, Written]) -> dict[str, frozenset[Kind]]:
    """The classes that its constructor may name, those that its fields are given under the names of the fields."""
    named: dict[str, set[Kind]] = {}
    for site in trace(cls.plan.cls).sites:
        for option in (site, *site.options):
            layer = LAYERS.get(option.ref.linen or "") if option.ref is not None else None
            local = _kind(option.ref.local, run) if option.ref is not None else None
            kind: Kind | None = layer.nnx if layer is not None else local
            if kind is not None:
                spelled = option.via or option.spelled or ast.unparse(option.call.func)
                named.setdefault(spelled.removeprefix("self."), set()).add(kind)
    return {name: frozenset(kinds) for name, kinds in named.items()}


def _kind(cls: LinenClass | None, run: Mapping[int, Written]) -> Written | None:
    return run.get(id(cls.node)) if cls is not None else None


# ---- what attributes hold -------------------------------------------------------------------------------------------


def _hold(cls: Written, run: Mapping[int, Written]) -> None:
    """Fill `held`, and pin what the trace says is made here and is not found in an attribute."""
    stores: dict[str, list[ast.expr]] = {}
    for node in ast.walk(cls.init) if cls.init is not None else ():
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                stores.setdefault(ast.unparse(target), []).append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            stores.setdefault(ast.unparse(node.func.value), []).extend(node.args)
    cls.held = {
        name.removeprefix("self."): kinds
        for name in stores if name.startswith("self.") and (kinds := _kinds(ast.parse(name, mode="eval").body, cls, stores, ()))
    }
    for node in ast.walk(cls.init) if cls.init is not None else ():
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and _handed_on(node, cls.facts):
            for held in _kinds(node, cls, stores, ()):
                if isinstance(held, Written):
                    cls.pinned[held] = f"`{ast.unparse(node)[:60]}` is given to something else in `{cls.plan.name}`"
    for site in trace(cls.plan.cls).sites:
        stem = cls.plan.stems.get(site.node, "")
        for option in (site, *site.options):
            kind = _kind(option.ref.local, run) if option.ref is not None else None
            if kind is None:
                continue
            cls.inside.add(kind)
            names = {stem, plural(stem) if stem else "", site.attribute or ""}
            lifted = [lift for lift in site.lifts if "jit" not in ast.unparse(lift.func)]
            if lifted or not any(kind in cls.held.get(name, ()) for name in names):
                cls.pinned[kind] = f"`{ast.unparse(site.call.func)[:60]}` is made in a way that is not followed"


def _handed_on(node: ast.expr, facts: Facts) -> bool:
    """Whether the constructor gives a module to a call, other than to put it in a list."""
    above = facts.names.parent(node)
    call = facts.names.parent(above) if isinstance(above, ast.keyword) else above
    if not isinstance(call, ast.Call) or call.func is node:
        return False
    listed = isinstance(call.func, ast.Attribute) and call.func.attr == "append"
    return not listed and nnx.name(call.func, facts) not in ("List", "data")


def _kinds(node: ast.expr, cls: Written, stores: Mapping[str, list[ast.expr]], seen: tuple[str, ...]) -> frozenset[Kind]:
    """What an expression of `__init__` is a module of, or a list of such modules."""
    found: frozenset[Kind] = frozenset()
    if isinstance(node, (ast.Name, ast.Attribute)):
        name = ast.unparse(node)
        values = stores.get(name, []) if name not in seen else []
        return found.union(*(_kinds(value, cls, stores, (*seen, name)) for value in values))
    if isinstance(node, ast.Call):
        known = nnx.name(node.func, cls.facts)
        if known in ("List", "data"):
            return found.union(*(_kinds(value, cls, stores, seen) for value in node.args))
        given = cls.named.get(ast.unparse(node.func).removeprefix("self."))
        return frozenset({known}) if known in nnx.LAYERS and known is not None else given or found
    inner = {
        ast.IfExp: ("body", "orelse"), ast.List: ("elts",), ast.Tuple: ("elts",), ast.ListComp: ("elt",),
        ast.Starred: ("value",), ast.Subscript: ("value",), ast.GeneratorExp: ("elt",),
    }.get(type(node), ())  # fmt: skip
    fields = [getattr(node, name) for name in inner]
    parts = [part for value in fields for part in (value if isinstance(value, list) else [value])]
    return found.union(*(_kinds(part, cls, stores, seen) for part in parts))


# ---- what methods call ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Called:
    """A call of a module in a method: what it may be, and which of its methods is called."""

    node: ast.Call
    kinds: frozenset[Kind]
    method: str


def calls_of(cls: Written, method: ast.FunctionDef) -> list[Called]:
    """The calls of modules in a method; classes whose modules are used otherwise are pinned."""
    names: dict[str, frozenset[Kind]] = {}
    nodes = list(ast.walk(method))
    while True:
        before = dict(names)
        for target, value in _bound(nodes):
            if isinstance(target, ast.Name) and (kinds := _held(value, cls, names)):
                names[target.id] = names.get(target.id, frozenset()) | kinds
        if names == before:
            break
    found: list[Called] = []
    followed = {id(value) for target, value in _bound(nodes) if isinstance(target, ast.Name)}
    for node in nodes:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            kinds = _held(node, cls, names)
            found += _use(node, kinds, cls, followed) if kinds else ()
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            own, name = node.func.value, node.func.attr
            if isinstance(own, ast.Name) and own.id == "self" and cls.defining(name) or _is_super(own):
                owners = [each for each in cls.family if name in each.methods]
                found.append(Called(node, frozenset(owners[:1]), name))
    return found


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _held(node: ast.AST, cls: Written, names: Owned) -> frozenset[Kind]:
    """What an expression of a method is a module of, or a list of such."""
    if isinstance(node, ast.Subscript):
        return _held(node.value, cls, names)
    if isinstance(node, ast.Name):
        return names.get(node.id, frozenset())
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return frozenset[Kind]().union(*(each.held.get(node.attr, frozenset()) for each in cls.line))
    return frozenset()


def _bound(nodes: Sequence[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Names with what they get by loops and assignments."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from _turns(node.target, node.iter)


def _turns(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    own = iterable.func.id if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) else ""
    values = iterable.args if isinstance(iterable, ast.Call) and own in RUNS_OVER else []
    if own == "zip" and isinstance(target, ast.Tuple) and len(target.elts) == len(values):
        for inner, value in zip(target.elts, values):
            yield from _turns(inner, value)
    elif own == "enumerate" and isinstance(target, ast.Tuple) and len(target.elts) == 2 and values:
        yield from _turns(target.elts[1], values[0])
    elif own == "reversed" and values:
        yield from _turns(target, values[0])
    else:
        yield target, iterable


def _use(node: ast.expr, kinds: frozenset[Kind], cls: Written, followed: set[int]) -> Iterator[Called]:
    """How a module, or a list of them, is used where it is read."""
    names = cls.facts.names
    above = names.parent(node)
    while isinstance(above, ast.Subscript) and above.value is node:
        node, above = above, names.parent(above)
    if isinstance(above, ast.Call) and above.func is node:
        yield Called(above, kinds, "__call__")
        return
    if isinstance(above, ast.Attribute):
        call = names.parent(above)
        if isinstance(call, ast.Call) and call.func is above:
            yield Called(call, kinds, above.attr)
            return
        if not any(isinstance(kind, Written) and kind.defining(above.attr) for kind in kinds):
            return  # an attribute of it
    asks = isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id in ("len", "isinstance")
    if asks or id(node) in followed or isinstance(above, ast.Compare):
        return
    for kind in kinds:
        if isinstance(kind, Written):
            cls.pinned.setdefault(kind, f"`{ast.unparse(node)[:60]}` is used in a way that is not followed")
