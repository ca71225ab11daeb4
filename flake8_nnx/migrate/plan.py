"""Plans one class: which fields become parameters, what `__init__` creates, what the methods call instead.

Pure data from the trace of the class; refuses, with line and reason, whatever it cannot do exactly.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from flake8_nnx.migrate import bridge, detached, expanded, fields, inherit, init_lines, one_scope, ordered, overridden
from flake8_nnx.migrate import partitioned, recurrent, refuse, shared_sizes, signature, submodules, super_init, tied, variables
from flake8_nnx.migrate.attributes import Attributes, has_init
from flake8_nnx.migrate.model import ClassPlan, Line
from flake8_nnx.migrate.sizes import Sizes
from flake8_nnx.migrate.slots import slots_of
from flake8_nnx.rules._text import nnx_functions
from flake8_nnx.source.events import Assignment, Trace
from flake8_nnx.source.features import WORD, SizeParameter, events, needed_sizes, size_texts, spelled, trace
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import LinenClass, ModuleRef
from flake8_nnx.source.methods import is_plain_property
from flake8_nnx.source.values import Site

Kept = Mapping[int, ClassPlan]


class Planner:
    """Builds the plan of one class from its trace."""

    def __init__(
        self,
        cls: LinenClass,
        planned: Callable[[LinenClass], ClassPlan | None],
        kept: Kept | None = None,
        movable: frozenset[int] = frozenset(),
    ) -> None:
        facts = cls.facts
        self.cls, self.facts, self.planned = cls, facts, planned
        self.text = facts.text
        self.trace: Trace = trace(cls)
        self.plan = ClassPlan(cls)
        self.parts = inherit.parts(self.trace)
        base = facts.base_of(cls)
        # Without a plan, the base creates nothing that is left, or is being planned itself.
        self.base = planned(base) if base is not None and self.parts.inherited else None
        self.attributes = Attributes(self.trace, facts, self.base.stems if self.base is not None else None)
        if kept is not None:
            self.attributes.bridged = {site for site in self.trace.sites if bridge.stays_linen(site.ref, kept, movable)}
        wrapped = (site.ref.local for site in self.attributes.bridged if site.ref is not None)
        self.outside = frozenset(id(cls.node) for cls in wrapped if cls is not None)  # what stays Linen needs no sizes
        self.outside |= frozenset(kept or ())
        self.plan.streams = has_init(self.trace)
        self.sizes: list[SizeParameter] = needed_sizes(self.trace, self.outside)
        self.plan.sizes = self.sizes
        self.fields = facts.fields_of(cls)
        self.setup = set(ast.walk(cls.methods["setup"])) if cls.has_setup else set()
        self.in_call = {  # names that a method gives a value: what setup creates cannot use them
            name for event in events(self.trace.events) if isinstance(event, Assignment) for name in event.names
            if event.node not in self.setup
        }
        self.created = {site.node for site in self.trace.sites}
        self.arms: dict[ast.expr, str] = {}  # modules of `A() if test else B()` in setup -> their code
        self.carries, self.later = init_lines.carried_sizes(self.trace)
        self.lost: dict[str, ast.AST] = {}  # sizes that nobody knows any more, with their loops
        self.expanded: dict[Site, str] = {}  # made by functions outside of the class -> what holds it
        self.needed = self.trace.open_sizes.intersection(WORD.findall(" ".join(size_texts(self.trace, self.outside))))
        self.open = Sizes({*self.fields, *(size.name for size in self.sizes)})
        asked = {size.argument for size in self.sizes}
        self.shared = shared_sizes.names(self.trace, self.attributes, self.outside, asked, self.open.taken)

    def run(self) -> ClassPlan:
        inherit.check_bases(self.plan, self.facts)
        refuse.check_class(self.plan, self.parts.own, self.facts, self.attributes.bridged)
        partitioned.check(self.plan, self.facts)
        one_scope.check(self)
        reason = inherit.problem(self.trace, self.parts, self.base) if self.base is not None else None
        if reason is not None or self.base is None and self.parts.inherited:
            self.refuse(self.cls.node, reason or "what its base creates cannot be told")
        if self.plan.refusals:
            return self.plan
        for name in inherit.hiding(self.attributes.stems, self.parts):
            self.refuse(self.cls.node, f"`self.{name}` would hide what its base creates under this name", "rename it")
        init_lines.emit(self, self.parts.own.events, 0, ())
        given = super_init.call_base(self) if self.base is not None else {}
        detached.carries(self)
        recurrent.first_carries(self)
        init_lines.check_lost(self)
        self.plan.slots = slots_of(self.trace, self.attributes, self.open.told)
        self.plan.stems = {site.node: stem for site, stem in self.attributes.stems.items()}
        self.plan.told = {site.node: told for site, told in self.open.told.items()}
        self.plan.removed |= self.attributes.dead - inherit.nodes_of_bases(self.cls)
        signature.parameters(self)
        signature.check_fields(self)
        super_init.inherit(self, given)
        tied.rewrite(self.plan, self.trace, self.facts, self.planned)
        expanded.write_out(self)
        ordered.values_first(self)
        overridden.layers_first(self)
        if not self.plan.refusals:
            refuse.check_plan(self.plan, self.facts, variables.names(self.trace.sites), self.trace)
        return self.plan

    def refuse(self, node: ast.AST, reason: str, advice: str | None = None) -> None:
        refuse.add(self.plan, node, reason, advice)

    def spell(self, size: Any) -> str | None:
        """The text of a size or an argument in `__init__`, which takes sizes that the source only names as parameters."""
        text = spelled(size, self.sizes, self.shared)
        for name in {*self.needed, *self.shared.values()}.intersection(WORD.findall(text or "")):
            if name in self.open.taken:
                return None
            self.open.opened.setdefault(name, "size")
        return text

    def line(self, level: int, text: str, names: tuple[str, ...] = (), node: ast.AST | None = None) -> None:
        self.plan.init.append(Line(level, text, names, node))

    def module_code(self, site: Site) -> str | None:
        """The NNX constructor call of a submodule."""
        return self.class_code(site) if site.via is None else fields.made_of_field(self, site)

    def class_code(self, site: Site) -> str | None:
        """The constructor call of one class that a submodule may have."""
        return submodules.class_code(self, site)

    def uses(self, node: ast.expr, ref: ModuleRef) -> None:
        """Remember that the class needs another one of the file."""
        assert ref.local is not None
        self.plan.uses.setdefault(ref.local.name, node.lineno)
        self.plan.parts.append(ref.local)

    def functions(self, text: str, node: ast.AST) -> str:
        """The text with Linen functions in their NNX spelling, also those of properties that it was taken from."""
        for name in {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and root_is_self(n)}:
            home = self.facts.defining(self.cls, name)
            if home is not None and is_plain_property(home.methods[name]):
                text = nnx_functions(text, home.methods[name], home.facts)
        return nnx_functions(text, node, self.facts)
