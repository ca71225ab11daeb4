"""Plans the classes of many files together: a class after those that it constructs, whichever file they stand in.

What stays Linen is settled over all files, for they must keep running.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from flake8_nnx.migrate import refuse, renamed
from flake8_nnx.migrate.imports import nnx_is_taken
from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.plan import Planner
from flake8_nnx.migrate.unfollowed import classes_around
from flake8_nnx.rules._traced import RENAMED
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.read import SourceError, nesting

FORM_FEED = re.compile(r"^[ \t]*\x0c(?=[^\S\r\n]*\S)", re.MULTILINE)  # on a line of its own it is kept
OF_ARRAYS = frozenset({"dtype", "shape", "ndim", "size", "T", "at", "sharding", "device", "real", "imag"})
CONFIGURATION = re.compile(r"conf|cfg|args|flags|params|options|settings", re.IGNORECASE)


class Plans:
    """The plans of a run while they are made, by the id of the class's node.

    Args:
        kept: classes that stay Linen with why, by the id of their node; what constructs them wraps them. None wraps nothing.
        movable: all classes of the run, with those that stay; what stands in other files is wrapped as well.
    """

    def __init__(self, kept: Mapping[int, ClassPlan] | None = None, movable: frozenset[int] = frozenset()) -> None:
        self.kept, self.movable = kept, movable
        self.made: dict[int, ClassPlan | None] = dict.fromkeys(kept or ())

    def planned(self, cls: LinenClass) -> ClassPlan | None:
        """The plan of a class; None while that is being made, for a class may construct itself."""
        key = id(cls.node)
        if key not in self.made:
            self.made[key] = None
            self.made[key] = Planner(cls, self.planned, self.kept, self.movable).run()
        return self.made[key]

    def of_file(self, source: str, facts: Facts) -> FilePlan:
        """The plans of the classes of a file, in its order.

        Raises:
            SourceError: the file is nested too deeply to be followed.
        """
        kept = self.kept or {}
        with nesting(facts.filename, "migrated"):
            plans = [plan for cls in facts.classes if (plan := kept.get(id(cls.node)) or self.planned(cls)) is not None]
        found = FilePlan(source, facts, plans)
        check_file(found)
        return found


def plan_files(sources: Sequence[tuple[str, Facts]], keep_running: bool = True) -> list[FilePlan | SourceError]:
    """Plan every Linen class of these files; in place of a file that cannot be followed, why.

    With `keep_running`, classes stay as they are that a remaining Linen class still uses.
    """
    beside = tuple(facts for _, facts in sources)
    for facts in beside:
        facts.run_with(beside)
    plans = Plans()
    found: list[FilePlan | SourceError] = []
    for source, facts in sources:
        try:
            found.append(plans.of_file(source, facts))
        except SourceError as error:
            found.append(error)
    files = [file for file in found if isinstance(file, FilePlan)]
    together(files)
    _check_renamed(files)
    settle(files, keep_running)
    return found


def closed(files: Sequence[FilePlan], without: Mapping[int, str], keep_running: bool = True) -> list[FilePlan]:
    """The same plans where some classes, by the id of their node, stay as they are for a reason; the given ones keep theirs."""
    copies = [replace(file, plans=[replace(plan, refusals=list(plan.refusals)) for plan in file.plans]) for file in files]
    run = [plan for file in copies for plan in file.plans]
    for plan in run:
        if id(plan.cls.node) in without and not plan.refusals:
            refuse.add(plan, plan.cls.node, without[id(plan.cls.node)])
    for file in copies:
        file.run = run
    settle(copies, keep_running)
    return copies


def together(files: Sequence[FilePlan]) -> None:
    """Let each file know the plans of all."""
    run = [plan for file in files for plan in file.plans]
    asked = frozenset[str]().union(*(attributes_asked(file.facts) for file in files if len(files) > 1))
    for file in files:
        file.run = run
    for plan in run:
        plan.asked |= asked


def _check_renamed(files: Sequence[FilePlan]) -> None:
    """Refuse classes whose fields get another name where other code may read the old one, and would find the method."""
    plans = [(plan, new) for file in files for plan in file.plans if (new := renamed.names(plan.cls, file.facts))]
    read = frozenset[str]().union(*(attributes_asked(file.facts) for file in files if plans))
    for plan, new in plans:
        for name in new.keys() & read:
            reason = f"the field `{name}` would hide `{name}` of nnx.Module, and other code reads `.{name}`"
            refuse.add(plan, plan.cls.node, reason, "rename the field")
        kept = (f"line {plan.cls.node.lineno}: it keeps `{name}` as `self.{other}`" for name, other in new.items())
        plan.notes += [f"{text}, for that name is a method of nnx.Module" for text in kept]


# ---- what keeps a file as it is -----------------------------------------------------------------------------------


def check_file(found: FilePlan) -> None:
    """Refusals that the text of the file decides."""
    taken = nnx_is_taken(found.facts.names)
    feed = FORM_FEED.search(found.source)
    asked = attributes_asked(found.facts) if found.plans else frozenset()
    for plan in found.plans:
        plan.asked |= asked
        if feed is not None:
            line = found.source.count("\n", 0, feed.end()) + 1
            refuse.add(plan, plan.cls.node, f"line {line} starts with a form feed, which libcst does not keep", "remove it")
        if taken:
            refuse.add(plan, plan.cls.node, "the name `nnx` means something else in this file", "rename it")
    beside: dict[str, str] = {}
    for plan in found.plans:
        for name, (node, text) in plan.beside.items():
            if beside.setdefault(name, text) != text:
                refuse.add(plan, plan.cls.node, f"`{node.name}` is rematerialised in another way than elsewhere in this file")
    for outer, inner in nested(found.plans):
        refuse.add(inner, inner.cls.node, f"it is defined inside of `{outer.name}`", "move it to the top level of the file")
        refuse.add(outer, inner.cls.node, f"`{inner.name}` is defined inside of it", "move that to the top level of the file")


def attributes_asked(facts: Facts) -> frozenset[str]:
    """Names that some code reads of what may be a module: `self.encoder.width`, `model.width`.

    What every array has counts only where it is read of an attribute or a known module, what a configuration has never does.
    """
    return frozenset(
        node.attr
        for node in facts.names.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _may_be_module(node, facts)
        and not (node.attr in RENAMED and _is_called(node, facts))
    )


def _is_called(node: ast.Attribute, facts: Facts) -> bool:
    above = facts.names.parent(node)
    return isinstance(above, ast.Call) and above.func is node


def _may_be_module(node: ast.Attribute, facts: Facts) -> bool:
    owner = node.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    if name == "self" or CONFIGURATION.search(name) or (facts.origin(node) or "").startswith(("flax.", "jax.")):
        return False
    return node.attr not in OF_ARRAYS or isinstance(owner, ast.Attribute) or facts.instance(owner) is not None


def nested(plans: list[ClassPlan]) -> Iterator[tuple[ClassPlan, ClassPlan]]:
    """Pairs of a class and one that is defined inside of it."""
    for outer in plans:
        first, last = outer.cls.node.lineno, outer.cls.node.end_lineno or 0
        yield from ((outer, plan) for plan in plans if plan is not outer and first <= plan.cls.node.lineno <= last)


# ---- what keeps other classes as they are -------------------------------------------------------------------------


def settle(files: Sequence[FilePlan], keep_running: bool) -> None:
    """A class stays Linen when it needs one that does, or when one that does needs it: the files must keep running."""
    everything = {id(plan.cls.node): plan for file in files for plan in file.plans}
    named: dict[int, set[int]] = {}  # what the classes that stay Linen name
    changed = True
    while changed:
        changed = False
        refused = [plan for plan in everything.values() if plan.refusals]
        users: dict[int, ClassPlan] = {}
        for plan in refused if keep_running else ():
            key = id(plan.cls.node)
            if key not in named:
                named[key] = names_of(plan.cls)
            for used in named[key]:
                users.setdefault(used, plan)
        for plan in everything.values():
            if plan.refusals:
                continue
            reason = _blocked(plan, everything)
            user = users.get(id(plan.cls.node))
            if reason is not None:
                refuse.add(plan, plan.cls.node, *reason)
            elif user is not None:
                reason = (f"`{user.name}`, which stays Linen, still uses it", f"see `{user.name}`")
                refuse.add(plan, plan.cls.node, *reason)
            changed = changed or reason is not None


def _blocked(plan: ClassPlan, everything: Mapping[int, ClassPlan]) -> tuple[str, str] | None:
    """Why a class cannot move, as far as those decide that it constructs, and what to do."""
    for base in plan.cls.facts.ancestors(plan.cls)[1:]:
        above = everything.get(id(base.node))
        if above is None:
            return f"it derives from `{base.name}` of {base.facts.filename}, which stays as it is", "give that file as well"
        if above.refusals:
            return f"it derives from `{base.name}`, which stays Linen", f"see `{base.name}`"
    for part in plan.parts:
        other = everything.get(id(part.node))
        line = plan.uses[part.name]
        if other is None:
            where = part.facts.filename
            return f"it constructs `{part.name}` (line {line}) of {where}, which stays as it is", "give that file as well"
        if other.refusals:
            return f"it constructs `{part.name}` (line {line}), which stays Linen", f"see `{part.name}`"
    return None


def names_of(cls: LinenClass) -> set[int]:
    """The module classes of the project, by node, that a class names, or that a function which it calls does."""
    found = classes_around(cls)
    for node in cls.nodes:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            ref = cls.facts.module_class(node)
            if ref is not None and ref.local is not None and ref.local is not cls:
                found.add(id(ref.local.node))
    return found
