"""Where `model.train()` and `model.eval()` stand: before the calls that want them, outside of what jax compiles.

A compiled function takes the model in the mode that its callers set, for a change inside would compile it anew; one that
nobody calls here, or whose calls want both, sets the mode itself, which NNX hands back to the caller.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flake8_nnx.migrate.around import Plan, indent_of, own_nodes
from flake8_nnx.migrate.modes.around import ModeStop, Need, made_of
from flake8_nnx.migrate.roles import Frame, Site, Slot, slot_of, slots_in
from flake8_nnx.source.linen import PARTIAL
from flake8_nnx.source.names import FUNCTIONS

CALLS = {True: "train", False: "eval"}
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)


def set_modes(plan: Plan, frames: Sequence[Frame]) -> None:
    """Put the modes that the calls of these functions want.

    Raises:
        ModeStop: there is no place for one.
    """
    if plan.mode_needs:
        check_constructions(plan, frames)
        Placing(plan, frames).run()


def check_constructions(plan: Plan, frames: Sequence[Frame]) -> None:
    """A field that went with its flag is given nowhere."""
    for slot in plan.program.slots.values():
        for frame, call in slot.definitions:
            found = plan.program.linen_class(call.func, frame)
            planned = plan.classes.get((str(found[0].path), found[1].name)) if found is not None else None
            if found is None or planned is None or frame not in frames:
                continue
            flags = {flag for given in planned.modes.values() for flag in given}
            fields = found[0].facts.fields_of(found[1])
            given = {*list(fields)[: len(call.args)], *(keyword.arg for keyword in call.keywords)}
            for name in flags & fields.keys() & given:
                raise ModeStop(call, frame, f"`{name}=` is given to the constructor of `{planned.name}`", [planned])


def compiled(plan: Plan) -> set[Frame]:
    """The functions that jax traces: those that are compiled or differentiated, what they call, and what stands in them."""
    found = set(plan.program.compilers.values())
    while True:
        more = {frame for frame in plan.program.all_frames() if frame.parent in found}
        more |= {site.callee.frame for frame in found for site in frame.sites}
        if more <= found:
            return found
        found |= more


def binds(site: Site) -> bool:
    return site.frame.file.facts.origin(site.call.func) in PARTIAL


@dataclass
class Placing:
    """The needs of a program on their way to where they are met."""

    plan: Plan
    frames: Sequence[Frame]
    traced: set[Frame] = field(default_factory=set)
    met: dict[Frame, list[Need]] = field(default_factory=dict)  # by functions that set the mode themselves
    setters: set[Frame] = field(default_factory=set)

    def run(self) -> None:
        self.traced = compiled(self.plan)
        waiting, handled = [*self.plan.mode_needs], set[tuple[Frame, Slot]]()
        while waiting:
            need = waiting.pop(0)
            owner = self.owner(need.frame, need.slot.root)
            if need.frame not in self.traced:
                self.met.setdefault(need.frame, []).append(need)
            elif owner is None:
                raise self.stop(need, f"`{need.frame.name}` is compiled and uses a model that it is not given")
            elif (owner, need.slot.root) not in handled:
                handled.add((owner, need.slot.root))
                waiting += self.handed_up(owner, need.slot.root)
        self.setters = {frame for frame, needs in self.met.items() if needs}
        while True:
            more = {frame for frame in self.frames if any(site.callee.frame in self.setters for site in frame.sites)}
            if more <= self.setters:
                break
            self.setters |= more
        for frame, needs in self.met.items():
            Body(self, frame, needs).run()

    def owner(self, frame: Frame, slot: Slot) -> Frame | None:
        """The compiled function around a call that is given the model, or makes it."""
        around: Frame | None = frame
        while around is not None and around in self.traced:
            if slot.frame is around or self.takes(around, slot):
                return around
            around = around.parent
        return None

    def takes(self, frame: Frame, slot: Slot) -> bool:
        return any(slot in slots_in(value) for value in frame.given.values())

    def handed_up(self, owner: Frame, slot: Slot) -> Iterator[Need]:
        """What the callers of a compiled function have to set, or what it sets itself."""
        own = [*self.wanted(owner, slot, set())]
        sites = [site for frame in self.frames for site in frame.sites if site.callee.frame is owner]
        sites = [site for site in sites if not self.binds_others(site)]
        modes = {need.training for need in own}
        if not self.takes(owner, slot) or not sites or len(modes) > 1 or None in modes:
            for need in own:
                self.met.setdefault(need.frame, []).append(need)
            return
        for site in sites:
            outer = self.argument(site, slot)
            if outer is None or binds(site):
                raise self.stop(own[0], f"the model that `{ast.unparse(site.call)[:60]}` hands on cannot be followed")
            yield Need(site.frame, site.call, outer, modes.copy().pop())

    def wanted(self, owner: Frame, slot: Slot, seen: set[tuple[Frame, Slot]]) -> Iterator[Need]:
        """What the calls in a compiled function, and in those that it calls, want of a model that it has."""
        if (owner, slot) in seen:
            return
        seen.add((owner, slot))
        yield from (need for need in self.plan.mode_needs if need.slot.root is slot and need.frame.inside(owner))
        for frame in (frame for frame in self.frames if frame.inside(owner)):
            for site in frame.sites:
                for given in {s for value in site.callee.frame.given.values() for s in slots_in(value)}:
                    if self.argument(site, given) is slot and not site.callee.frame.inside(owner):
                        for need in self.wanted(site.callee.frame, given, seen):
                            yield Need(frame, site.call, slot, need.training, need.condition and "?")

    def binds_others(self, site: Site) -> bool:
        """Whether this is a partial that binds no model, or one that the function is given twice."""
        layout = dict(self.plan.layout(site.callee.frame))
        kept = (name for name, argument in site.arguments.items() if slots_in(self.plan.program.values.get(argument)))
        return binds(site) and not any(layout.get(name) for name in kept)

    def argument(self, site: Site, slot: Slot) -> Slot | None:
        """The model of the caller that a call hands to a parameter."""
        for name, argument in site.arguments.items():
            value = self.plan.program.values.get(argument)
            if slot.root in slots_in(site.callee.frame.given.get(name)) and slots_in(value):
                return slot_of(value).root
        return None

    def stop(self, need: Need, reason: str) -> ModeStop:
        return ModeStop(need.node, need.frame, reason, [planned for planned, _ in made_of(self.plan, need.slot)])


@dataclass
class Body:
    """One function that sets modes, statement by statement."""

    placing: Placing
    frame: Frame
    needs: Sequence[Need]

    def run(self) -> None:
        node = self.frame.node
        if isinstance(node, ast.Lambda):
            raise self.placing.stop(self.needs[0], "a lambda has no place for a statement")
        self.lazy = any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in own_nodes(node))
        for slot in dict.fromkeys(need.slot.root for need in self.needs):
            own = [need for need in self.needs if need.slot.root is slot]
            self.block(node.body, own, None)  # type: ignore[attr-defined]

    def block(self, body: Sequence[ast.stmt], needs: Sequence[Need], mode: bool | None) -> bool | None:
        """Set the modes of these statements; the mode before and after them, None where it is not known."""
        for statement in body:
            mode = self.statement(statement, needs, None if self.lazy else mode)
        return mode

    def statement(self, node: ast.stmt, needs: Sequence[Need], mode: bool | None) -> bool | None:
        inside = {*ast.walk(node)} if not isinstance(node, (*FUNCTIONS, ast.ClassDef)) else set()
        here = [need for need in needs if need.node in inside]
        changes = any(site.call in inside and site.callee.frame in self.placing.setters for site in self.frame.sites)
        if not here:
            return None if changes else mode
        wanted = {need.training for need in here} if not any(need.condition for need in here) else {None}
        made = here[0].slot.root.node in inside
        if isinstance(node, (ast.If, ast.Try, ast.Match)) or (isinstance(node, LOOPS) and (len(wanted) > 1 or changes or made)):
            return self.compound(node, needs, mode)
        if isinstance(node, LOOPS) and (self.lazy or None in wanted):
            return self.compound(node, needs, mode)
        return self.before(node, here, mode, changes)

    def before(self, node: ast.stmt, here: Sequence[Need], mode: bool | None, changes: bool) -> bool | None:
        texts = {(need.training, need.condition) for need in here}
        if len(texts) > 1 or changes or here[0].slot.root.node in ast.walk(node):
            raise self.placing.stop(here[0], f"`{ast.unparse(node).splitlines()[0][:60]}` wants a mode in its middle")
        ((training, condition),) = texts
        name = self.placing.plan.model(here[0].slot)
        if condition == "?":
            raise self.placing.stop(here[0], "whether it trains is decided in a function that jax compiles")
        if training is None:
            indent = indent_of(self.frame)
            text = f"if {condition}:\n{indent}{name}.train()\nelse:\n{indent}{name}.eval()"
        else:
            text = f"{name}.{CALLS[training]}()"
        if training is None or training is not mode:
            self.placing.plan.of(self.frame).before.setdefault(node, []).append(text)
        return training

    def compound(self, node: ast.stmt, needs: Sequence[Need], mode: bool | None) -> bool | None:
        """Set the modes inside of a statement; what its head wants comes before it."""
        blocks = [block for name in ("body", "orelse", "finalbody") if (block := getattr(node, name, None))]
        blocks += [part.body for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))]
        within = {n for block in blocks for statement in block for n in ast.walk(statement)}
        head = [need for need in needs if need.node in ast.walk(node) and need.node not in within]
        sites = [site for site in self.frame.sites if site.callee.frame in self.placing.setters]
        changes = any(site.call in ast.walk(node) and site.call not in within for site in sites)
        if head:
            if isinstance(node, ast.While) or self.is_elif(node):
                raise self.placing.stop(head[0], "the test of a loop or of an `elif` wants a mode of its own")
            mode = self.before(node, head, mode, changes)
        start = mode if isinstance(node, (ast.If, ast.Match)) and not changes else None
        ends = [self.block(block, needs, start) for block in blocks]
        if isinstance(node, ast.If):
            ends = ends if len(blocks) == 2 else [*ends, start]
            return ends[0] if len(set(ends)) == 1 else None
        return None

    def is_elif(self, node: ast.stmt) -> bool:
        above = self.frame.file.facts.names.parent(node)
        return isinstance(node, ast.If) and isinstance(above, ast.If) and node in above.orelse
