"""Plans one class: which fields become parameters, what `__init__` creates, what the methods call instead.

Pure data from the trace of the class; refuses, with line and reason, whatever it cannot do exactly.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from keyword import iskeyword
from typing import Any

from flake8_nnx.catalog.construct import call as nnx_call
from flake8_nnx.catalog.construct import construct
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import bridge, derived, detached, expanded, fields, inherit, mapped, merged, post_init, recurrent
from flake8_nnx.migrate import refuse, tied, variables
from flake8_nnx.migrate.attributes import Attributes, is_param, is_variable
from flake8_nnx.migrate.lifted import Lift, lifts_of, remat_class
from flake8_nnx.migrate.lines import bare
from flake8_nnx.migrate.model import ClassPlan, Line, Parameter
from flake8_nnx.migrate.sizes import Sizes
from flake8_nnx.migrate.slots import slots_of
from flake8_nnx.rules._text import nnx_functions, snake
from flake8_nnx.source import ported
from flake8_nnx.source.features import WORD, SizeParameter, events, needed_sizes, site_sizes, size_texts, spelled, trace
from flake8_nnx.source.given import CALL_FLAGS
from flake8_nnx.source.handed import fields_read
from flake8_nnx.source.graphs import THROUGH
from flake8_nnx.source.linen import Field, LinenClass, ModuleRef
from flake8_nnx.source.methods import filled_fields
from flake8_nnx.source.parts import parts
from flake8_nnx.source.recurrent import made_for
from flake8_nnx.source.values import Assignment, Branch, Function, Loop, Module, Partial, Site, Static, Trace, elements

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
        self.sizes: list[SizeParameter] = needed_sizes(self.trace, self.outside)
        self.plan.sizes = self.sizes
        self.fields = facts.fields_of(cls)
        self.setup = set(ast.walk(cls.methods["setup"])) if cls.has_setup else set()
        self.in_call = {  # names that a method gives a value: what setup creates cannot use them
            name for event in events(self.trace.events) if isinstance(event, Assignment) for name in event.names
            if event.node not in self.setup
        }
        self.created = {site.node for site in self.trace.sites}
        self.lost: dict[str, ast.AST] = {}  # sizes that nobody knows any more, with their loops
        self.expanded: dict[Site, str] = {}  # made by functions outside of the class -> what holds it
        self.needed = self.trace.open_sizes.intersection(WORD.findall(" ".join(size_texts(self.trace, self.outside))))
        self.open = Sizes({*self.fields, *(size.name for size in self.sizes)})

    def run(self) -> ClassPlan:
        inherit.check_bases(self.plan, self.facts)
        refuse.check_class(self.plan, self.parts.own, self.facts, self.attributes.bridged)
        reason = inherit.problem(self.trace, self.parts, self.base) if self.base is not None else None
        if reason is not None or self.base is None and self.parts.inherited:
            self.refuse(self.cls.node, reason or "what its base creates cannot be told")
        if self.plan.refusals:
            return self.plan
        for name in inherit.hiding(self.attributes.stems, self.parts):
            self.refuse(self.cls.node, f"`self.{name}` would hide what its base creates under this name", "rename it")
        self.emit(self.parts.own.events, 0, ())
        given = self.call_base() if self.base is not None else {}
        self.carries()
        self.first_carries()
        self.check_lost()
        self.plan.slots = slots_of(self.trace, self.attributes, self.open.told)
        self.plan.stems = {site.node: stem for site, stem in self.attributes.stems.items()}
        self.plan.told = {site.node: told for site, told in self.open.told.items()}
        self.plan.removed |= self.attributes.dead - inherit.nodes_of_bases(self.cls)
        self.parameters()
        self.check_fields()
        self.inherit(given)
        tied.rewrite(self.plan, self.trace, self.facts, self.planned)
        self.write_out()
        if not self.plan.refusals:
            refuse.check_plan(self.plan, self.facts, variables.names(self.trace.sites), self.trace)
        return self.plan

    def carries(self) -> None:
        """Cells that are made for their initial carry alone."""
        for node, text in detached.edited(self.trace, self.attributes, self.facts).items():
            if text is None:
                self.refuse(node, f"`{_quote(node)}` is no part of this module (`parent=None`)")
            else:
                self.plan.expressions[node] = text

    def write_out(self) -> None:
        """Calls of functions that make layers, the inner ones first."""
        for site, layer in self.expanded.items():
            inside = [n for argument in expanded.kept(site, self.facts) for n in ast.walk(argument)]
            if any(n in edits for n in inside for edits in self.plan.of_calls()):
                self.refuse(site.node, f"an argument of `{_quote(site.node)}` changes", "give it a name before the call")
                continue
            swaps = {id(n): self.plan.expressions[n] for n in inside if n in self.plan.expressions}
            texts = {a: self.functions(self.text.segment(a, swaps), a) for a in expanded.kept(site, self.facts)}
            function = expanded.function_of(site, self.facts)
            self.plan.expressions[site.node] = self.functions(expanded.written_out(site, layer, texts, self.facts), function)
            note = f"line {function.lineno}: what `{function.name}` does is written out: remove it if nothing else calls it"
            if note not in self.plan.notes:
                self.plan.notes.append(note)

    def refuse(self, node: ast.AST, reason: str, advice: str | None = None) -> None:
        refuse.add(self.plan, node, reason, advice)

    def first_carries(self) -> None:
        """Calls of `initialize_carry` of the cells that the class holds."""
        for site in self.trace.sites:
            cell = site.ref is not None and (site.ref.local is None or site.ref.local.bases == (recurrent.BASE,))
            for node, method, _ in site.inputs:
                if cell and method == detached.METHOD and isinstance(node, ast.Call):
                    reason = recurrent.first_carry(self.plan, site, node, self.text)
                    if reason:
                        self.refuse(node, reason)

    def spell(self, size: Any) -> str | None:
        """The text of a size or an argument in `__init__`, which takes sizes that the source only names as parameters."""
        text = spelled(size, self.sizes)
        for name in self.needed.intersection(WORD.findall(text or "")):
            if name in self.open.taken:
                return None
            if name not in self.open.opened:
                self.open.opened.append(name)
        return text

    # ---- parameters -----------------------------------------------------------------------------------------------

    def parameters(self) -> None:
        for size in self.sizes:
            self.plan.parameters.append(Parameter(size.name, "tuple[int, ...]" if size.whole else "int"))
        self.plan.open_sizes = self.open.opened
        self.plan.parameters += [Parameter(name, "int") for name in self.open.opened]
        self.plan.fields = list(self.fields.values())
        for field in self.plan.fields:
            default = None if field.factory is None else "None"
            if field.default is not None:
                hidden = inherit.hidden(field.default, field, self.facts)
                if hidden is not None:
                    place = f"line {field.node.lineno} of {field.facts.filename}"
                    self.refuse(self.cls.node, f"the default of `{field.name}` ({place}) uses `{hidden}`", "import it here too")
                default = nnx_functions(field.facts.text.segment(field.default, {}), field.default, field.facts)
                held = self.trace.defaults.get(field.name)
                if isinstance(held, Partial) and field.facts is self.facts:
                    default = fields.class_text(self, held, None, field.default)
            self.plan.parameters.append(Parameter(field.name, self.annotation(field), default, field.keyword))
            if field.factory is not None:
                self.default_made(field, field.factory)

    def default_made(self, field: Field, factory: ast.expr) -> None:
        """`dataclasses.field(default_factory=list)`: each module has its own."""
        hidden = inherit.hidden(factory, field, self.facts)
        if hidden is not None:
            where = field.facts.filename
            self.refuse(self.cls.node, f"the default of `{field.name}` uses `{hidden}` of {where}", "import it here too")
        text = self.functions(field.facts.text.segment(factory, {}), factory)
        simple = isinstance(factory, ast.Lambda) and not ast.unparse(factory.args)
        made = text.partition(":")[2].strip() if simple else f"({text})()" if isinstance(factory, ast.Lambda) else f"{text}()"
        used = any(field.name in WORD.findall(line.text) for line in self.plan.init)
        if used or self.base is None or field.node not in [each.node for each in self.base.fields]:
            self.plan.opening.append(f"{field.name} = {made} if {field.name} is None else {field.name}")

    def annotation(self, field: Field) -> str | None:
        """A type in its NNX spelling: a field may be given a layer; none where its names mean nothing in this file."""
        node = field.annotation
        if inherit.hidden(node, field, self.facts) is not None:
            return None
        swaps = {}
        for part in ast.walk(node):
            layer = LAYERS.get(field.facts.linen_name(part) or "")
            if layer is not None and layer.nnx:
                swaps[id(part)] = f"nnx.{layer.nnx}"
            elif field.facts.linen_name(part) == "Module":
                swaps[id(part)] = "nnx.Module"
        text = nnx_functions(field.facts.text.segment(node, swaps), node, field.facts)
        optional = field.factory is None or isinstance(node, ast.Constant) or "None" in text or "Optional" in text
        return text if optional else f"{text} | None"

    def check_fields(self) -> None:
        """What `__post_init__` checks, its own or one that it inherits and that `super().__init__` does not run."""
        for cls in reversed(self.facts.ancestors(self.cls) if self.base is None else [self.cls]):
            texts = post_init.texts(cls)
            if texts and cls.facts is not self.facts:
                place = f"{cls.facts.filename}, line {cls.methods['__post_init__'].lineno}"
                reason = f"what `__post_init__` of `{cls.name}` checks ({place}) is not taken over"
                self.refuse(self.cls.node, reason, "check it here too")
            self.plan.opening += texts
        for cls in self.facts.ancestors(self.cls)[1:]:
            if filled := filled_fields(cls):
                fields = ", ".join(f"`{name}`" for name in sorted(filled))
                self.refuse(self.cls.node, f"`__post_init__` of `{cls.name}` sets {fields}", "set it here too")

    # ---- the base -------------------------------------------------------------------------------------------------

    def call_base(self) -> dict[str, str]:
        """The arguments of `super().__init__`, by the parameters of the base."""
        assert self.base is not None
        given: dict[str, str] = {}
        for name, size in inherit.sizes_of_base(self.trace, self.base):
            text = self.spell(size)
            if text is None:
                self.refuse(self.cls.node, f"the size `{name}` that `{self.base.name}` needs cannot be told from the source")
                return {}
            given[name] = text
        for name in self.base.open_sizes:
            if name in self.open.taken:
                base = self.base.name
                self.refuse(self.cls.node, f"the field `{name}` has the name of a size that `{base}` needs", "rename it")
            elif name not in self.open.opened:
                self.open.opened.append(name)
            given[name] = name
        given.update({field.name: field.name for field in self.base.fields})
        self.open.told.update(inherit.told_by_base(self.trace.sites, self.base, given))
        return given

    def inherit(self, given: Mapping[str, str]) -> None:
        """Begin `__init__` with that of the base, or leave it to the base where it adds nothing."""
        self.plan.base = self.facts.base_of(self.cls)
        self.plan.asked |= inherit.read_by_bases(self.cls)
        if self.base is None:
            return
        self.base.asked |= inherit.read_by(self.cls)
        self.plan.handed = {field.name for field in self.base.fields}
        own = any(line.names == () or any(name.startswith("self.") for name in line.names) for line in self.plan.init)
        own = own or bool(self.cls.fields) or bool(post_init.statements(self.cls))
        if not own and inherit.same_signature(self.plan, self.base):
            self.plan.silent = True
            return
        if not (self.base.parameters or self.base.init or self.base.opening):
            return
        arguments: list[str] = []
        for parameter in self.base.parameters:
            plain = parameter.default is None and not parameter.keyword and not any("=" in text for text in arguments)
            arguments.append(given[parameter.name] if plain else f"{parameter.name}={given[parameter.name]}")
        self.plan.opening.append(f"super().__init__({', '.join([*arguments, 'rngs=rngs'])})")

    # ---- __init__ -------------------------------------------------------------------------------------------------

    def line(self, level: int, text: str, names: tuple[str, ...] = (), node: ast.AST | None = None) -> None:
        self.plan.init.append(Line(level, text, names, node))

    def emit(self, events: list[Any], level: int, loops: tuple[Loop, ...]) -> None:
        """Lines of `__init__` for these events; what turns out unneeded is pruned when the text is written."""
        for event in events:
            if isinstance(event, Site):
                self.emit_site(event, level)
            elif isinstance(event, Assignment):
                text = self.functions(self.spell(event.text) or "", event.node)
                if right_of(text) == "None" and any(f"self.{site.attribute}" in event.names for site in self.trace.sites):
                    text = f"{text[:-len('None')]}nnx.data(None)"  # a place for what may come after it
                left, _, right = text.partition(" = ")
                in_setup = event.node in self.setup or event.names and event.names[0].startswith("self.")
                if left != right:
                    self.line(level, text, event.names, event.node if in_setup or event.node in self.attributes.dead else None)
                if in_setup:
                    self.plan.removed.add(event.node)
                    values = {name: Static(name) for name in self.fields}
                    for call in (node for node in ast.walk(event.node) if isinstance(node, ast.Call)):
                        self.plan.asked |= fields_read(call, self.facts, values) or frozenset()
            elif isinstance(event, Branch):
                self.emit_branch(event, level, loops)
            elif isinstance(event, Loop):
                self.emit_loop(event, level, loops)

    def emit_branch(self, event: Branch, level: int, loops: tuple[Loop, ...]) -> None:
        if not event.body and not event.orelse:
            return
        self.line(level, f"if {self.functions(self.spell(event.test) or '', event.node.test)}:", (), event.node)
        self.emit(event.body, level + 1, loops)
        body, orelse = (self.attributes.appended(events, loops) for events in (event.body, event.orelse))
        self.without(body, orelse, level + 1)
        if event.orelse or body - orelse.keys():
            self.line(level, "else:")
            self.emit(event.orelse, level + 1, loops)
            self.without(orelse, body, level + 1)

    def without(self, made: Mapping[str, Site], other: Mapping[str, Site], level: int) -> None:
        """`None` for what only the other branch makes: the loop of the call runs over all lists side by side."""
        for name in (name for name in other if name not in made):
            self.line(level, f"{name}.append(None)")

    def emit_loop(self, event: Loop, level: int, loops: tuple[Loop, ...]) -> None:
        for site in self.attributes.lists(event, len(loops)):
            name = self.attributes.list_at(site, len(loops))
            if site.place is None or site.place[1] < site.place[0]:  # else it has elements already
                self.line(level, f"{name} = nnx.List([])")
        for carry, (before, _) in event.carried.items():
            first = self.spell(before)
            self.carry(level, carry, first or self.opened_carry(carry, event))
            if first in [size.name for size in self.sizes if not size.whole] and not loops:
                self.tell_carry(carry, event, first or "")
        iterable = self.functions(self.spell(event.iterable) or "", event.node.iter)
        self.line(level, f"for {event.target} in {iterable}:", (), event.node if isinstance(event.node, ast.For) else None)
        self.emit(event.body, level + 1, (*loops, event))
        for site in self.attributes.inner_lists(event, len(loops)):
            outer, inner = self.attributes.list_at(site, len(loops)), self.attributes.list_at(site, len(loops) + 1)
            self.line(level + 1, f"{outer}.append({inner})")
        for carry, (_, after) in event.carried.items():
            if self.spell(after) is None:
                self.lost[carry] = event.node
            self.carry(level + 1, carry, self.spell(after))
        if isinstance(event.node, ast.For):
            self.rewrite_loop(event, len(loops))

    def opened_carry(self, name: str, loop: Loop) -> str | None:
        """A parameter for the size before the loop, where the source does not tell it: that of the first layer to use it."""
        for site, size in self.carried_by(name, loop):
            own = f"{self.attributes.stems[site]}_{size}"
            if own not in self.open.taken:
                self.open.opened.append(own)
                self.open.tell(site, size, own)
                return own
        self.lost[name] = loop.node
        return None

    def tell_carry(self, name: str, loop: Loop, parameter: str) -> None:
        """The first turn tells the size that the loop begins with, by the first layer to use it."""
        for site, size in self.carried_by(name, loop)[:1]:
            self.open.tell(site, size, parameter)

    def carried_by(self, name: str, loop: Loop) -> list[tuple[Site, str]]:
        """The sites in a loop that are given the size that it carries, and as what."""
        sites = [site for site in self.attributes.in_loop(loop, 0) if site.ref is not None]
        return [(site, size) for site in sites for size, text in site_sizes(site).items() if self.spell(text) == name]

    def check_lost(self) -> None:
        """A size that nobody knows after a turn of its loop may not be used."""
        for name, node in self.lost.items():
            used = (line for line in self.plan.init if name not in line.names and name in WORD.findall(line.text))
            if next(used, None) is not None:
                self.refuse(node, f"the size `{name}` after a turn of the loop cannot be told from the source")

    def carry(self, level: int, name: str, size: str | None) -> None:
        """A size that changes from turn to turn."""
        if size != name:
            self.line(level, f"{name} = {bare(size or '')}", (name,))

    def rewrite_loop(self, event: Loop, depth: int) -> None:
        """In the call, the loop runs over the layers that `__init__` made for it."""
        sites = self.attributes.in_loop(event, depth)
        node = event.node
        if not sites or not isinstance(node, ast.For) or any(s.method == "setup" for s in sites):
            return
        items = list(dict.fromkeys(self.attributes.item(site, depth) for site in sites))
        lists = list(dict.fromkeys(self.attributes.list_at(site, depth) for site in sites))
        targets = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
        if self.attributes.used_in_call(event, targets):
            target = self.text.segment(node.target, {})
            target = f"({target})" if isinstance(node.target, ast.Tuple) and not target.startswith("(") else target
            iterable = self.functions(self.text.segment(node.iter, {}), node.iter)
            items, lists = [target, *items], [iterable, *lists]
        self.plan.expressions[node.target] = ", ".join(items)
        self.plan.expressions[node.iter] = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"

    # ---- sites ----------------------------------------------------------------------------------------------------

    def emit_site(self, site: Site, level: int) -> None:
        if site.shares is not None:
            self.plan.removed.add(site.shares)
        if self.attributes.nested(site):
            return  # written inside the constructor call of the layer that holds it
        if is_variable(site):
            return self.emit_variable(site, level)
        if site.ref is None and not is_param(site):
            return self.emit_stream(site, level)
        code = self.param_code(site) if site.ref is None else self.module_code(site)
        if code is None:
            return
        if site.silent:
            return self.line(level, f"{self.attributes.reference(site)} = {code}")
        here = self.attributes.reference(site)
        if site.ref is None and (names := variables.computed_name(site)):
            made, name = names
            self.line(level, f"setattr(self, {self.spell(made)}, {code})", (), site.call)
            self.plan.expressions.setdefault(site.call, f"getattr(self, {self.text.segment(name, {})})[...]")
            return
        if site.method == "setup":
            self.setup_site(site, level, code)
            return
        if site.loops:
            self.line(level, f"{self.attributes.list_at(site, len(site.loops) - 1)}.append({code})", (), site.node)
        else:
            self.line(level, f"{here} = {code}", (), site.node)
        value = here if site.ref is not None else f"{here}[...]"
        value = value if not site.loops else self.attributes.item(site, len(site.loops) - 1)
        if site.through:
            self.expanded[site] = value
        else:
            self.plan.expressions.setdefault(site.call, value)

    def emit_variable(self, site: Site, level: int) -> None:
        """`self.variable('cache', 'index', init, *args)` becomes an attribute, or a cache that is made when it is asked for."""
        name = ast.literal_eval(site.positional[1])
        here = f"self.{self.attributes.stems[site]}"
        for node, variable in variables.values_read(site, self.facts, self.cls.node):
            self.plan.expressions[node] = f"{variable or here}[...]"
        if variables.is_eager(site):
            texts = [self.functions(self.spell(site.texts[id(a)]) or "", a) for a in variables.initialiser(site)]
            parent = self.facts.names.parent(site.call)
            changed = variables.updated_by_init(site, self.facts, self.cls.node)
            if changed is not None:
                reason = f"`init` runs this update of {name!r} once, which the constructor of NNX does not"
                self.refuse(changed, reason, "put it under `if not self.is_initializing():`")
            kind, definition = variables.kind_of(site, self.facts)
            if definition:
                self.plan.above[kind] = definition
            code = f"{here} = {variables.made(site, kind, texts, self.facts)}"
            if site.method == "setup" and isinstance(parent, (ast.Assign, ast.AnnAssign)):
                self.line(level, code, (), parent)
                self.plan.removed.add(parent)
            else:
                self.line(level, code, (), site.call)
                self.plan.expressions.setdefault(site.call, here)
            return
        arguments = [self.functions(self.text.segment(a, {}), a) for a in variables.initialiser(site)]
        given = ", ".join([f'"{name}"', *arguments])
        self.plan.expressions[site.call] = f"self.{variables.LAZY}({given})"
        if variables.LAZY_METHOD not in self.plan.methods:
            self.plan.methods.append(variables.LAZY_METHOD)
            note = "the cache is made when a call first asks for it: make that call outside of jax transforms"
            self.plan.notes.append(f"line {site.call.lineno}: {note}")

    def emit_stream(self, site: Site, level: int) -> None:
        """`self.make_rng('dropout')` becomes `self.rngs.dropout()`, on a fork of the streams given at construction."""
        if is_sow(site):
            return
        stream = ast.literal_eval(site.positional[0]) if site.positional else "params"
        if not isinstance(stream, str) or not stream.isidentifier() or iskeyword(stream):
            self.refuse(site.call, f"the stream {stream!r} is no name that Python allows", "rename it")
            return
        self.plan.expressions[site.call] = f"self.rngs.{stream}()"
        if not any(line.text == "self.rngs = rngs.fork()" for line in self.plan.init):
            self.plan.init.insert(0, Line(0, "self.rngs = rngs.fork()"))

    def setup_site(self, site: Site, level: int, code: str) -> None:
        parent = self.facts.names.parent(site.node)
        if site.loops or site.element:
            statement = self.facts.names.enclosing(site.node, ast.Assign)
            if isinstance(statement, ast.Assign):
                self.plan.removed.add(statement)
            if site.loops:
                self.line(level, f"{self.attributes.list_at(site, len(site.loops) - 1)}.append({code})", (), statement)
            else:
                self.element_of_list(site, level, code)
            return
        if isinstance(parent, ast.IfExp) and site.choice is not None and parent.body is site.node:
            code = f"{code} if {self.functions(self.spell(site.choice) or '', parent.test)} else None"
            parent = self.facts.names.parent(parent)
        elif site.choice is not None and site.through:
            code = f"{code} if {self.functions(self.spell(site.choice) or '', site.call)} else None"
        elif isinstance(parent, ast.Tuple) and self.of_tuple(parent, site):
            parent = self.facts.names.parent(parent)
        if not isinstance(parent, (ast.Assign, ast.AnnAssign)) or site.attribute is None:
            if is_param(site) and derived.derive(self, site, level, code):
                return
            self.refuse(site.call, f"`{_quote(site.call)}` in setup is not assigned to an attribute of its own")
            return
        self.plan.removed.add(parent)
        self.line(level, f"self.{site.attribute} = {code}", (), parent)
        if site.ref is None:
            self.read_variables(site.attribute)

    def of_tuple(self, values: ast.Tuple, site: Site) -> bool:
        """`self.q, self.k = nn.Dense(3), nn.Dense(3)`: each layer has an attribute of its own."""
        statement = self.facts.names.parent(values)
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        plain = isinstance(target, ast.Tuple) and len(target.elts) == len(values.elts)
        return plain and all(isinstance(value, ast.Call) and value in self.created for value in values.elts)

    def element_of_list(self, site: Site, level: int, code: str) -> None:
        """`self.layers = [nn.Dense(3), nn.relu, nn.Dense(4)]`: one `nnx.List` line, its elements in order."""
        opening = f"self.{site.attribute} = nnx.List(["
        code = self.with_functions(site, code)
        for index in range(len(self.plan.init) - 1, -1, -1):
            line = self.plan.init[index]
            if line.text.startswith(opening) and line.level == level:
                self.plan.init[index] = Line(level, f"{line.text[:-2]}, {code}])", (), line.node)
                return
        self.line(level, f"{opening}{code}])", (), self.facts.names.enclosing(site.node, ast.Assign))

    def with_functions(self, site: Site, code: str) -> str:
        """An element of a list with the functions that stand between it and the layer before, after the last one the rest."""
        places = [i for i, value in enumerate(site.listed) if isinstance(value, Module)]
        here = next(i for i in places if site.listed[i].site is site)
        before = max((i for i in places if i < here), default=-1)
        after = len(site.listed) if here == places[-1] else here + 1
        if after - before == 2:
            return code
        statement = self.facts.names.enclosing(site.node, ast.Assign, ast.AnnAssign)
        written = getattr(statement, "value", None)
        elements = written.elts if isinstance(written, (ast.List, ast.Tuple)) else []
        texts = []
        for i in range(before + 1, after):
            value = site.listed[i]
            named = isinstance(value, Function) and len(elements) == len(site.listed) and isinstance(elements[i], ast.Name)
            text = value.text if type(value) is Static else elements[i].id if named else None  # type: ignore[attr-defined]
            if i != here and (text is None or len(elements) != len(site.listed)):
                self.refuse(site.call, f"`self.{site.attribute}` holds something that is neither a layer nor known to `__init__`")
                return code
            texts.append(code if i == here else self.functions(self.spell(text) or "", elements[i]))
        return ", ".join(texts)

    def read_variables(self, attribute: str) -> None:
        """Reads of `self.<param>` outside subscripts get `[...]`: jax functions take arrays, not Variables."""
        for node in self.cls.nodes:
            if (
                isinstance(node, ast.Attribute)
                and node.attr == attribute
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
                and isinstance(node.ctx, ast.Load)
            ):
                parent = self.facts.names.parent(node)
                asked = isinstance(parent, ast.Compare) and ast.unparse(parent.comparators[0]) == "None"
                if not asked and not (isinstance(parent, ast.Subscript) and parent.value is node):
                    self.plan.expressions[node] = f"self.{attribute}[...]"

    def param_code(self, site: Site) -> str | None:
        """`nnx.Param(init(rngs.params(), shape, dtype))` for `self.param(name, init, shape, dtype)`."""
        named = {name: value for name, value in site.keywords.items() if name != "unbox" or ast.unparse(value) != "True"}
        if {"unbox", "init_fn", "name"} & named.keys():
            self.refuse(site.call, "self.param with `unbox=`, `name=` or `init_fn=` is not handled", "give it by position")
            return None
        arguments = [*site.positional[1:], *named.values()]
        texts = [self.spell(site.texts.get(id(argument))) for argument in arguments]
        if None in texts or len(site.positional) < 2:
            self.refuse(site.call, f"`{_quote(site.call)}` needs values that only the call knows")
            return None
        initialiser, *rest = [self.functions(t or "", a) for t, a in zip(texts, arguments)]
        before = len(site.positional) - 2
        if before and not site.loops:
            self.open.told_by_param(site, rest[0], [size.name for size in self.sizes if not size.whole])
        rest = [*rest[:before], *(f"{name}={text}" for name, text in zip(named, rest[before:]))]
        callee = f"({initialiser})" if initialiser.startswith("lambda") else initialiser
        return f"nnx.Param({callee}({', '.join(['rngs.params()', *rest])}))"

    def module_code(self, site: Site) -> str | None:
        """The NNX constructor call of a submodule."""
        return self.class_code(site) if site.via is None else fields.made_of_field(self, site)

    def class_code(self, site: Site) -> str | None:
        """The constructor call of one class that a submodule may have."""
        assert site.ref is not None
        if site in self.attributes.bridged:
            return self.bridged_code(site)
        if site.ref.nnx is not None:
            return self.ported_code(site)
        sizes: dict[str, str] = {}
        for name, size in site_sizes(site, self.outside).items():
            text = self.spell(size)
            if text is None or site.method == "setup" and self.in_call & set(WORD.findall(text)):
                text = self.open_size(site, name)
            if text is None:
                return None
            sizes[name] = text
        for name in self.open_sizes_of(site):
            text = self.open_size(site, name)
            if text is None:
                return None
            sizes[name] = text
        self.open.note(site, sizes, [size.name for size in self.sizes if not size.whole])
        if site.ref.linen == "Sequential":
            return self.sequential_code(site)
        reason = recurrent.given_carry(site, [size.argument for size in self.sizes])
        if reason:
            self.refuse(site.call, reason)
            return None
        arguments = self.constructor_arguments(site)
        if arguments is None:
            return None
        positional, keywords = arguments
        if site.ref.local is not None:
            return self.local_code(site, sizes, positional, keywords)
        layer = LAYERS.get(site.ref.linen or "")
        if layer is None:
            self.refuse(site.call, f"nn.{site.ref.linen} has no NNX spelling that this version writes")
            return None
        if layer.sizes and not sizes and all(method == detached.METHOD for _, method, _ in site.inputs):
            opened = [self.open_size(site, name) for name in layer.sizes]
            if None in opened:
                return None
            sizes = dict(zip(layer.sizes, map(str, opened)))
            self.open.note(site, sizes, [])
        if layer.sizes and not layer.variables and not layer.refuse:
            self.refuse(site.call, f"the variables of nn.{layer.linen} have another layout in NNX: {layer.note}")
            return None
        made = construct(layer, positional, keywords, sizes, bound_before=[*site.given.keywords] if site.given else ())
        for problem in made.problems:
            self.refuse(site.call, problem)
        for node, method, _ in site.inputs:
            if method == "__call__" and node not in self.plan.arguments and isinstance(node, ast.Call):
                self.call_arguments(layer, node)
        return recurrent.with_streams(layer, made.code)

    def ported_code(self, site: Site) -> str | None:
        """A module that has moved already comes out of its bridge."""
        assert site.ref is not None
        names = ported.parameters(site.ref, self.facts)
        sizes: dict[str, str] = {}
        written = []
        named = [(name, value) for name, value in site.keywords.items() if name not in ("name", "parent")]
        for name, expression in [*zip(names, site.positional), *named]:
            size = any(isinstance(node, ast.Attribute) and node.attr == "shape" for node in ast.walk(expression))
            text = self.spell(site.texts.get(id(expression)))
            text = self.open_size(site, name) if text is None and size else text
            if text is None:
                self.refuse(expression, f"`{_quote(expression)}` in `{_quote(site.call)}` is known only in the call")
                return None
            sizes.update({name: text} if size else {})
            text = self.functions(text, expression)
            written.append(text if any(expression is value for value in site.positional) else f"{name}={text}")
        self.open.note(site, sizes, [size.name for size in self.sizes if not size.whole])
        if len(names) < len(site.positional):
            self.refuse(site.call, f"`{_quote(site.call)}` is given more arguments than `{site.ref.name}` is known to take")
        bare = any(keyword.arg == "skip_rng" and ast.unparse(keyword.value) == "True" for keyword in site.call.keywords)
        return f"{site.ref.nnx}({', '.join(written if bare else [*written, 'rngs=rngs'])})"

    def bridged_code(self, site: Site) -> str | None:
        """The Linen module in its wrapper; its calls say which state they may update."""
        assert site.ref is not None
        state = bridge.updated(site.ref, self.facts)
        reason = bridge.problem(site, self.facts)
        if reason is None and state and self.attributes.nested(site):
            reason = f"`{site.ref.name}` in nn.Sequential stays Linen, so that nothing says to update {', '.join(state)}"
        if reason is not None:
            self.refuse(site.call, reason)
            return None
        arguments = []
        named = [(f"{name}=", value) for name, value in site.keywords.items() if name not in ("name", "parent")]
        for prefix, expression in [*(("", value) for value in site.positional), *named]:
            text = self.spell(site.texts.get(id(expression)))
            if text is None and bridge.is_module_class(expression, self.facts):
                text = ast.unparse(expression)
            if text is None:
                self.refuse(expression, f"`{_quote(expression)}` in `{_quote(site.call)}` is known only in the call")
                return None
            arguments.append(f"{prefix}{text}")
        for node, _, _ in site.inputs if state else ():
            self.plan.keywords.setdefault(node, []).append(("mutable", f"[{', '.join(map(repr, state))}]".replace("'", '"')))
        if site.ref.name not in self.plan.bridges:
            self.plan.bridges[site.ref.name] = site.call.lineno
            note = f"`{site.ref.name}` stays Linen: after construction, nnx.bridge.lazy_init(model, …) makes its variables"
            self.plan.notes.append(f"line {site.call.lineno}: {note}, with inputs as for init")
        return f"nnx.bridge.ToNNX({ast.unparse(site.call.func)}({', '.join(arguments)}), rngs=rngs)"

    def open_size(self, site: Site, name: str) -> str | None:
        """A parameter for a size that the source does not tell, refused where it cannot be one."""
        stem, variable = self.attributes.stem_of(site), self.input_of(site)
        own = f"{variable}_features" if variable else f"{stem}_{name}"
        one = not site.loops or bool(site.inputs) and not name.endswith("_shape")  # that each turn may have
        text = self.open.open(site, name, own) if stem is not None and one else None
        if text is None:
            self.refuse(
                site.call,
                f"the input size ({name}) of `{_quote(site.call)}` cannot be told from the source",
                "compute its input with functions of known shape, or keep the Linen class for now",
            )
        return text

    def input_of(self, site: Site) -> str | None:
        """The variable that a layer runs on, where that keeps its value from there on: `context` gives `context_features`."""
        if site.ref is None or site.ref.linen is None or len(site.inputs) != 1:
            return None
        node, method, _ = site.inputs[0]
        value = node.args[0] if isinstance(node, ast.Call) and node.args and method == "__call__" else None
        function = self.facts.names.enclosing(node, ast.FunctionDef)
        if not isinstance(value, ast.Name) or not isinstance(function, ast.FunctionDef):
            return None
        stores = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == value.id and isinstance(n.ctx, ast.Store)]
        loops = [n for n in ast.walk(function) if isinstance(n, (ast.For, ast.While))]
        changing = any(store in ast.walk(loop) for loop in loops for store in stores)
        return None if changing or any(store.lineno >= node.lineno for store in stores) else value.id

    def open_sizes_of(self, site: Site) -> list[str]:
        """Sizes that the source of a class of this file does not tell, so that it has to be given them."""
        plan = self.planned(site.ref.local) if site.ref is not None and site.ref.local is not None else None
        return plan.open_sizes if plan is not None else []

    def constructor_arguments(self, site: Site) -> tuple[list[str], dict[str, str]] | None:
        positional: list[str] = []
        keywords: dict[str, str] = {}
        names = LAYERS[site.ref.linen].linen_args if site.ref and site.ref.linen and site.ref.linen in LAYERS else ()
        if site.ref is not None and site.ref.local is not None:
            names = tuple(self.facts.fields_of(site.ref.local))
        pairs: list[tuple[str | None, ast.expr]] = [(None, a) for a in site.positional]
        pairs += [(k, v) for k, v in site.keywords.items() if k not in ("name", "parent")]
        for index, (keyword, expression) in enumerate(pairs):
            text = self.spell(site.texts.get(id(expression)))
            if text is not None:
                text = self.functions(text, expression)
                if keyword is None:
                    positional.append(text)
                else:
                    keywords[keyword] = text
                continue
            name = keyword or (names[index] if index < len(names) else None)
            part = dict(parts(site, self.facts)).get(name or "")
            if part is not None and self.attributes.nested(part):
                code = self.module_code(part)
                statement = made_for(part, site, self.facts)
                if statement is not None:
                    self.plan.removed.add(statement)
                if code is None:
                    return None
                if keyword is None and site.ref is not None and site.ref.local is not None:
                    positional.append(code)
                else:
                    keywords[name or ""] = code  # written by position where NNX takes it so
                continue
            held = site.fields.get(name or "")
            if isinstance(held, Partial):
                text = fields.class_text(self, held, site, expression)
                if text is None:
                    return None
                if keyword is None:
                    positional.append(text)
                else:
                    keywords[keyword] = text
                continue
            if site.ref and site.ref.linen and name in CALL_FLAGS and (keyword is not None or index == len(site.positional) - 1):
                self.move_to_call(site, name, expression)
                continue
            own = site.ref.local if site.ref is not None else None
            if keyword is not None and own is not None and merged.taken(own, keyword):
                self.move_to_call(site, keyword, expression)
                continue
            self.refuse(expression, f"`{_quote(expression)}` in `{_quote(site.call)}` is known only in the call")
            return None
        return positional, keywords

    def move_to_call(self, site: Site, name: str, expression: ast.expr) -> None:
        """`nn.Dropout(0.5, deterministic=not train)(x)` becomes `self.dropout(x, deterministic=not train)`."""
        for node, method, given in site.inputs:
            if method == THROUGH:
                self.refuse(expression, f"`{_quote(expression)}` is known only in the call, which jraph makes")
            if method == "__call__" and name not in given:
                self.plan.keywords.setdefault(node, [])
                if name not in [k for k, _ in self.plan.keywords[node]]:
                    self.plan.keywords[node].append((name, self.text.segment(expression, {})))

    def call_arguments(self, layer: Any, node: ast.Call) -> None:
        """Rewrites the arguments of a layer's call only where NNX wants them otherwise."""
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            self.refuse(node, f"`{_quote(node)}` is called with * or ** arguments")
            return
        positional = [ast.unparse(a) for a in node.args]
        keywords = {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
        wanted, problems = nnx_call(layer, positional, keywords)
        for problem in problems:
            self.refuse(node, problem)
        plain = [*positional, *(f"{k}={v}" for k, v in keywords.items())]
        if wanted != plain:
            self.plan.arguments[node] = list(wanted)

    def local_code(self, site: Site, sizes: dict[str, str], positional: list[str], keywords: dict[str, str]) -> str:
        assert site.ref is not None and site.ref.local is not None
        self.uses(site.call, site.ref)
        # Sizes come first in the new signature; positional fields follow them unchanged.
        arguments = [*sizes.values(), *positional, *(f"{name}={text}" for name, text in keywords.items())]
        if has_init(trace(site.ref.local)):
            arguments.append("rngs=rngs")
        lifts = [lift for lift in lifts_of(site, self.facts) if lift.kind != "jit"]
        if not site.lifts:
            return f"{site.spelled or ast.unparse(site.call.func)}({', '.join(arguments)})"
        return self.lifted_code(site, lifts, ", ".join(arguments))

    def uses(self, node: ast.expr, ref: ModuleRef) -> None:
        """Remember that the class needs another one of the file."""
        assert ref.local is not None
        self.plan.uses.setdefault(ref.local.name, node.lineno)
        self.plan.parts.append(ref.local)

    def lifted_code(self, site: Site, lifts: list[Lift], arguments: str) -> str:
        """A rematerialised class becomes a subclass; a mapped one is called under `nnx.vmap` or `nnx.scan`."""
        assert site.ref is not None and site.ref.local is not None
        name = site.ref.local.name
        if site.ref.local.facts is not self.facts:
            if any(lift.kind == "remat" for lift in lifts):
                self.refuse(site.call, f"`{name}`, which another file defines, is lifted", "lift it in that file")
            name = site.spelled or name
        for lift in lifts:
            if lift.problem:
                return ""  # refused already
            if lift.kind == "remat":
                checkpointed = f"Checkpoint{name}"
                made = (site.ref.local.node, remat_class(checkpointed, name, lift))
                if self.plan.beside.setdefault(checkpointed, made) != made:
                    self.refuse(site.call, f"`{name}` is rematerialised in two ways")
                name = checkpointed
            else:
                return self.mapped_code(site, lift, name, arguments)
        return f"{name}({arguments})"

    def mapped_code(self, site: Site, lift: Lift, name: str, arguments: str) -> str:
        assert site.ref is not None and site.ref.local is not None
        for node, _, _ in site.inputs:
            assert isinstance(node, ast.Call)
            statement = self.facts.names.enclosing(node, ast.stmt)
            assert isinstance(statement, ast.stmt)
            own = self.attributes.item(site, len(site.loops) - 1) if site.loops else self.attributes.reference(site)
            if lift.kind == "vmap":
                text = mapped.vmap_call(name, node, lift)
            else:
                problem = mapped.scan_problem(node, lift)
                if problem:
                    self.refuse(node, problem)
                    continue
                text = mapped.scan_call(snake(site.ref.local.name), node, lift, statement)
                self.plan.dropped[node] = mapped.broadcast(node, lift)
            if self.plan.expressions.setdefault(node.func, text) != text:
                self.refuse(node, f"`{_quote(node)}` may call modules that are mapped in different ways")
            self.plan.first[node] = own if node.func is site.call else self.text.segment(node.func, {})
        if lift.shared:
            return f"{name}({arguments})"
        given = lift.in_init(set(self.fields))
        size = given.get("axis_size" if lift.kind == "vmap" else "length") or self.spell(site.copies) or ""
        if not size:
            self.refuse(site.call, f"how often `{_quote(site.call)}` is mapped cannot be told from the source")
        return mapped.copies(f"{name}({arguments})", size)

    def sequential_code(self, site: Site) -> str | None:
        layers = elements(site.fields.get("layers"))
        expression = (site.positional or list(site.keywords.values()))[0]
        if layers is None or not isinstance(expression, (ast.List, ast.Tuple)):
            self.refuse(site.call, "nn.Sequential of a computed list is not handled")
            return None
        parts = []
        for value, element in zip(layers, expression.elts):
            if isinstance(value, Module):
                code = self.module_code(value.site)
                if code is None:
                    return None
                parts.append(code)
            else:
                parts.append(self.functions(self.text.segment(element, {}), element))
        return f"nnx.Sequential({', '.join(parts)})"

    def functions(self, text: str, node: ast.AST) -> str:
        """The text with Linen functions in their NNX spelling."""
        return nnx_functions(text, node, self.facts)


def has_init(found: Trace) -> bool:
    """Whether the NNX class gets an `__init__`: it has fields, or creates something."""
    return bool(found.cls.facts.fields_of(found.cls)) or any(not is_sow(site) for site in found.sites)


def is_sow(site: Site) -> bool:
    return site.ref is None and isinstance(site.call.func, ast.Attribute) and site.call.func.attr == "sow"


def right_of(assignment: str) -> str:
    return assignment.rpartition(" = ")[2]


def _quote(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else text[:59] + "…"
