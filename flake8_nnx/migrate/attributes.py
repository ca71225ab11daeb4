"""Names of what `__init__` creates: explicit Linen names, setup attributes, or the shortest clear name.

Layers made in loops live in an `nnx.List`, nested as the loops are.
"""
from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flake8_nnx.migrate import chosen_layers, expanded
from flake8_nnx.migrate.overwritten import overwritten
from flake8_nnx.rules import _traced
from flake8_nnx.rules._text import identifier, is_attribute, param_name, plural, snake
from flake8_nnx.source.choosers import Same
from flake8_nnx.source.call_dtypes import call_dtype
from flake8_nnx.source.events import Assignment, Branch, Trace
from flake8_nnx.source.features import events
from flake8_nnx.source.given import classes_of
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.parts import parts
from flake8_nnx.source.values import Loop, Module, Repeated, Site, elements

RESERVED = _traced.RESERVED | {"rngs"}  # that an attribute may not be called


# Functions that only compute: builtins, and those below these names.
PURE = frozenset("tuple list len range int float bool max min sum abs sorted enumerate zip".split())
PURE_ROOTS = ("numpy.", "jax.numpy.", "math.")


class Attributes:
    """Attribute, list and loop variable names of every site of one class."""

    def __init__(self, trace: Trace, facts: Facts, inherited: Mapping[ast.Call, str] | None = None) -> None:
        self.trace, self.facts, self.inherited = trace, facts, inherited or {}
        self.cls = trace.cls
        self.holder = _holders(trace)
        self.groups = chosen_layers.groups(trace, facts)
        self.bridged: set[Site] = set()  # those whose Linen module is wrapped with nnx.bridge.ToNNX
        methods = (name for base in facts.ancestors(self.cls) for name in base.methods)
        self.taken = {*facts.fields_of(self.cls), *methods, *RESERVED}
        self.stems: dict[Site, str] = {}
        self.local = {node.id for node in self.cls.nodes if isinstance(node, ast.Name)}
        self._name_all()
        self.calls = {site.node for site in trace.sites}
        self.kept = {site.node: expanded.kept(site, facts) for site in trace.sites if site.through}
        self.kept |= {site.node: chosen_layers.kept(site, group, facts) for site, group in self.groups.items()}
        late = ((site.node, call_dtype(site, facts)) for site in trace.sites if not site.through)
        self.kept |= {node: [*found.kept] for node, found in late if found is not None}
        self.exchanged: set[ast.AST] = set()  # iterables of loops that will run over layers alone
        self.dead = self._dead_assignments()
        self._exchange_loops()

    def nested(self, site: Site) -> bool:
        """Whether the site is written inside the constructor of another layer."""
        return site in self.holder

    # ---- names ----------------------------------------------------------------------------------------------------

    def _name_all(self) -> None:
        for site in self.trace.sites:  # names that are given come first, so that chosen ones avoid them
            given = self.inherited.get(site.node) or self.given_name(site)
            if given:
                self.stems[site] = given
        fields = self.facts.fields_of(self.cls)
        unnamed = [site for site in self.trace.sites if site not in self.stems and site not in self.holder]
        several = {site: chosen_layers.noun(site, self.facts) for site, group in self.groups.items() if len(group) > 1}
        first = [site for site in unnamed if site not in several or site is self.groups[site][0]]
        kinds = Counter(several.get(site) or kind_of(site, fields) for site in first)
        counts: Counter[str] = Counter()
        local = self.local
        used, kept = {*self.taken, *self.stems.values(), *local}, {*self.taken, *self.stems.values()} - local
        kept |= {*self.facts.fields_of(self.cls)}
        for site in self.trace.sites:
            if site in self.stems or site in self.holder:
                continue
            kind = several.get(site) or kind_of(site, fields)
            if site in several and (known := self.stems.get(self.groups[site][0])) is not None:
                self.stems[site] = known
                continue
            stem = kind if kinds[kind] == 1 else f"{kind}_{counts[kind]}"
            counts[kind] += 1
            while not is_attribute(stem) or stem in (used if site.loops else kept):
                stem += "_layer"
            self.stems[site] = stem
            used.add(stem)
            if stem not in local:
                kept.add(stem)

    def given_name(self, site: Site) -> str | None:
        """The attribute that the code itself names."""
        if site.attribute is not None:
            return site.attribute
        if is_variable(site):
            second = site.positional[1] if len(site.positional) > 1 else None
            return second.value if isinstance(second, ast.Constant) and isinstance(second.value, str) else None
        if site.ref is None:
            first = site.positional[0] if site.positional else None
            own = isinstance(first, ast.Constant) and isinstance(first.value, str) and is_param(site)
            return param_name(first.value, self.taken) if own else None  # type: ignore[union-attr]
        name = site.keywords.get("name")
        if site.ref.nnx is not None and name is not None and _automatic(name, site.ref.name):
            return None  # the bridge was given the name that Linen had counted
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            return identifier(name.value, self.taken)
        if isinstance(name, ast.JoinedStr):
            literal = "".join(str(v.value) for v in name.values if isinstance(v, ast.Constant)).strip("_")
            return identifier(literal or kind_of(site, self.facts.fields_of(self.cls)), self.taken)
        return None

    def stem_of(self, site: Site) -> str | None:
        """The name of what the class makes, that of a part after the module that is given it."""
        holder = self.holder.get(site)
        name = next((name for name, part in parts(holder, self.facts) if part is site), None) if holder is not None else None
        return f"{self.stem_of(holder)}_{name}" if holder is not None and name else self.stems.get(site)

    def reference(self, site: Site) -> str:
        return f"self.{self.stems[site]}"

    def list_at(self, site: Site, depth: int) -> str:
        """The list that receives what the loop at this depth creates."""
        if site.element or site.method == "setup":
            return f"self.{site.attribute}"
        return f"self.{plural(self.stems[site])}" if depth == 0 else f"{self.stems[site]}_group"

    def item(self, site: Site, depth: int) -> str:
        """The loop variable of the call that holds this layer, or the inner list."""
        if depth < len(site.loops) - 1:
            return self.list_at(site, depth + 1)
        stem = self.stems[site]
        while stem in self.local:  # `hidden = nn.Dense(n, name=f"hidden_{i}")(hidden)`
            stem += "_layer"
        return stem

    def in_loop(self, loop: Loop, depth: int) -> list[Site]:
        return [
            s for s in self.trace.sites
            if len(s.loops) > depth and s.loops[depth] is loop and s not in self.holder and not is_param(s)
        ]

    def lists(self, loop: Loop, depth: int) -> list[Site]:
        """One site for each list that this loop fills."""
        return _unique(self.in_loop(loop, depth), lambda site: self.list_at(site, depth))

    def inner_lists(self, loop: Loop, depth: int) -> list[Site]:
        deeper = [site for site in self.in_loop(loop, depth) if len(site.loops) > depth + 1]
        return _unique(deeper, lambda site: self.list_at(site, depth))

    def appended(self, events: list[Any], loops: tuple[Loop, ...]) -> dict[str, Site]:
        """Lists of the innermost of these loops that the call runs over, and to which these events append."""
        found: dict[str, Site] = {}
        for event in events if loops else ():
            if isinstance(event, Branch):
                found |= self.appended(event.body, loops) | self.appended(event.orelse, loops)
            elif isinstance(event, Same) and event.loops == loops:
                first = self.chosen(event.node)
                found[self.list_at(first, len(loops) - 1)] = first
            elif isinstance(event, Site) and event.loops == loops and not self.nested(event) and event.method != "setup":
                found[self.list_at(event, len(loops) - 1)] = event
        return found

    def chosen(self, call: ast.Call) -> Site:
        """The first of the layers that this call of a function may choose."""
        return next(group[0] for group in self.groups.values() if group[0].node is call)

    # ---- what the call still needs --------------------------------------------------------------------------------

    def _dead_assignments(self) -> set[ast.stmt]:
        """Assignments that served constructors alone: once those are gone, nothing in the methods reads them."""
        candidates: dict[ast.stmt, tuple[str, ...]] = {
            event.node: event.names
            for event in events(self.trace.events)
            if isinstance(event, Assignment)
            and isinstance(event.node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.FunctionDef))
        }
        for node in self.cls.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                if node in self.trace.choices or classes_of(node.value, self.facts) or self.facts.module_class(node.value):
                    candidates[node] = (node.targets[0].id,)
                elif node not in candidates and self._only_computes(node.value):
                    candidates[node] = (node.targets[0].id,)
        used_by_sites = {
            n.id for call in self.calls for n in ast.walk(call) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        dead: set[ast.stmt] = set()
        while True:
            live = self._loaded(self.cls.node, dead)
            new = {
                stmt
                for stmt, names in candidates.items()
                if stmt not in dead
                and (not set(names) & live or self._set_again(stmt, names, dead))
                and (set(names) & (used_by_sites | self._read_by(dead)))
            }
            if not new:
                return dead | self._empty_branches(dead)
            dead |= new

    def _set_again(self, stmt: ast.stmt, names: Collection[str], dead: set[ast.stmt]) -> bool:
        """Whether all of these names get other values before anything reads them: `w = self.param("w", lambda *_: w)`."""
        return all(overwritten(stmt, name, self.facts.names, lambda node: self._loaded(node, dead)) for name in names)

    def _only_computes(self, node: ast.expr) -> bool:
        """Whether this makes numbers and shapes of others, and does nothing besides."""
        return all(self._pure(part) for part in ast.walk(node))

    def _pure(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and node.func.id in PURE
            return node not in self.calls and (known or (self.facts.origin(node.func) or "").startswith(PURE_ROOTS))
        return not isinstance(node, (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom))

    def _empty_branches(self, dead: set[ast.stmt]) -> set[ast.If]:
        """Branches under which nothing is left, the inner ones too, and whose tests do nothing but ask."""
        found: set[ast.If] = set()
        for node in reversed([node for node in self.cls.nodes if isinstance(node, ast.If)]):
            pure = not any(isinstance(part, (ast.Call, ast.Await, ast.NamedExpr)) for part in ast.walk(node.test))
            if pure and all(inner in dead or inner in found for inner in (*node.body, *node.orelse)):
                found.add(node)
        return found

    def _exchange_loops(self) -> None:
        """Innermost loops first: a loop whose variables nobody reads needs its iterable no more."""
        loops = [event for event in events(self.trace.events) if isinstance(event, Loop)]
        for loop in reversed(loops):
            targets = [n.id for n in ast.walk(loop.node.target) if isinstance(n, ast.Name)]
            creates = any(isinstance(event, Site) for event in events(loop.body))
            if creates and not self.used_in_call(loop, targets):
                self.exchanged.add(loop.node.iter)

    @staticmethod
    def _read_by(statements: Iterable[ast.stmt]) -> set[str]:
        return {n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}

    def _loaded(self, node: ast.AST, dead: set[ast.stmt]) -> set[str]:
        """Names read below `node`, leaving out constructor calls and dead statements."""
        found: set[str] = set()
        stack: list[ast.AST] = [node]
        while stack:
            current = stack.pop()
            if current in dead or current in self.calls or current in self.exchanged:
                stack.extend(self.kept.get(current, ()))  # type: ignore[call-overload]
                continue
            if isinstance(current, ast.Name) and isinstance(current.ctx, ast.Load):
                found.add(current.id)
            if isinstance(current, ast.AugAssign) and isinstance(current.target, ast.Name):
                found.add(current.target.id)
            stack.extend(ast.iter_child_nodes(current))
        return found

    def used_in_call(self, loop: Loop, targets: list[str]) -> bool:
        """Whether the call still reads the loop's own variables."""
        listed = self.facts.names.parent(loop.node)
        body = loop.node.body if isinstance(loop.node, ast.For) else [listed.elt] if isinstance(listed, ast.ListComp) else []
        live = set().union(*(self._loaded(part, self.dead) for part in body))
        return bool(live & set(targets))


def is_param(site: Site) -> bool:
    return site.ref is None and isinstance(site.call.func, ast.Attribute) and site.call.func.attr == "param"


def is_variable(site: Site) -> bool:
    return site.ref is None and isinstance(site.call.func, ast.Attribute) and site.call.func.attr == "variable"


def kind_of(site: Site, fields: Collection[str]) -> str:
    """`nn.BatchNorm` is `batch_norm`, `MLPBlock` is `mlp_block`; of a class that fields choose, the name of the choice counts."""
    chosen = site.via if site.via is not None and site.via.isidentifier() and site.via not in fields else None
    if chosen is not None and len({option.ref.name for option in (site, *site.options) if option.ref is not None}) > 1:
        return re.sub(r"_(cls|class|type)$", "", snake(chosen))
    return snake(site.ref.name if site.ref else "param")


def _automatic(name: ast.expr, cls: str) -> bool:
    """Whether this is `"Block_0"` or `f"Block_{i}"`."""
    parts = name.values if isinstance(name, ast.JoinedStr) else [name]
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in parts)
    return re.fullmatch(rf"{cls}_\d+", text) is not None


def _unique(sites: list[Site], key: object) -> list[Site]:
    return list({key(site): site for site in reversed(sites)}.values())[::-1]  # type: ignore[operator]


def _holders(trace: Trace) -> dict[Site, Site]:
    """Sites inside an `nn.Sequential(…)` call, or made for another module, with the site of that."""
    held: dict[Site, Site] = {}
    for site in trace.sites:
        held.update((part, site) for _, part in parts(site, trace.cls.facts))
        if site.ref is None or site.ref.linen != "Sequential":
            continue
        for value in elements(site.fields.get("layers")) or ():
            inner = value.element if isinstance(value, Repeated) else value
            if isinstance(inner, Module) and any(inner.site.call is n for n in ast.walk(site.call)):
                held[inner.site] = site
    return held


def has_init(found: Trace) -> bool:
    """Whether the NNX class gets an `__init__`: it has fields, or creates something."""
    return bool(found.cls.facts.fields_of(found.cls)) or any(not is_sow(site) for site in found.sites)


def is_sow(site: Site) -> bool:
    return site.ref is None and isinstance(site.call.func, ast.Attribute) and site.call.func.attr == "sow"
