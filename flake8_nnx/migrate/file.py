"""Migrates the text of one file: which classes can go together, the new text, what is left to do by hand."""
from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from libcst import ParserSyntaxError

from flake8_nnx.lint import lint_source
from flake8_nnx.migrate import refuse
from flake8_nnx.migrate.classes import Unmatched, rewrite_classes
from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.migrate.imports import fix_imports, nnx_is_taken
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.plan import plan_classes
from flake8_nnx.rules._text import nnx_function
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.read import nesting, parse


FORM_FEED = re.compile(r"^[ \t]*\x0c(?=[^\S\r\n]*\S)", re.MULTILINE)  # on a line of its own it is kept
UNMATCHED = "an expression of it could not be matched with the concrete syntax tree"
OF_ARRAYS = frozenset({"dtype", "shape", "ndim", "size", "T", "at", "sharding", "device", "real", "imag"})
CONFIGURATION = re.compile(r"conf|cfg|args|flags|params|options|settings", re.IGNORECASE)
BROKEN = "what it would become is no Python, which is a bug of flake8-nnx: please report it"


@dataclass
class FilePlan:
    """The Linen classes of one file and what becomes of each."""

    source: str
    facts: Facts
    plans: list[ClassPlan] = field(default_factory=list)
    around: CodeEdits = field(default_factory=CodeEdits)  # of the code around the classes

    @property
    def native(self) -> list[ClassPlan]:
        return [plan for plan in self.plans if not plan.refusals]

    @property
    def bridged(self) -> list[ClassPlan]:
        """Classes that stay Linen and wrap what has moved."""
        return [plan for plan in self.plans if plan.refusals and plan.bridges]

    def variable_map(self, plan: ClassPlan) -> dict[str, Any]:
        """The slots of a class and of the classes of this file that it constructs, with or without a bridge."""
        by_name = {p.name: p for p in self.plans}
        classes: dict[str, Any] = {}
        line = [*plan.uses, *plan.bridges]
        while line:
            name = line.pop()
            if name not in classes and name in by_name:
                plan_below = by_name[name]
                classes[name] = list(plan_below.slots) if plan_below in (*self.native, *self.bridged) else [{"same": True}]
                line += [*by_name[name].uses, *by_name[name].bridges]
        return {"slots": list(plan.slots), "classes": classes}


def plan_file(source: str, filename: str, without: Collection[str] = (), keep_running: bool = True) -> FilePlan:
    """Plan every Linen class of a file; those named in `without` stay as they are.

    With `keep_running`, so do classes that a remaining Linen class still uses.

    Raises:
        SourceError: the text is not Python, or nested too deeply to be followed.
    """
    facts = Facts(parse(source, filename), filename, source=source)
    with nesting(filename, "migrated"):
        found = FilePlan(source, facts, plan_classes(facts))
    check_file(found)
    for plan in found.plans:
        if plan.name in without and not plan.refusals:
            refuse.add(plan, plan.cls.node, "not verified")
    settle(found, keep_running)
    return found


def check_file(found: FilePlan) -> None:
    """Refusals that the file around a class decides."""
    taken = nnx_is_taken(found.facts.names)
    feed = FORM_FEED.search(found.source)
    asked = attributes_asked(found.facts)
    for plan in found.plans:
        plan.asked = asked
        if feed is not None:
            line = found.source.count("\n", 0, feed.end()) + 1
            refuse.add(plan, plan.cls.node, f"line {line} starts with a form feed, which libcst does not keep", "remove it")
        if taken:
            refuse.add(plan, plan.cls.node, "the name `nnx` means something else in this file", "rename it")
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
    )


def _may_be_module(node: ast.Attribute, facts: Facts) -> bool:
    owner = node.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    if name == "self" or CONFIGURATION.search(name):
        return False
    return node.attr not in OF_ARRAYS or isinstance(owner, ast.Attribute) or facts.instance(owner) is not None


def nested(plans: list[ClassPlan]) -> Iterator[tuple[ClassPlan, ClassPlan]]:
    """Pairs of a class and one that is defined inside of it."""
    for outer in plans:
        first, last = outer.cls.node.lineno, outer.cls.node.end_lineno or 0
        yield from ((outer, plan) for plan in plans if plan is not outer and first <= plan.cls.node.lineno <= last)


def settle(found: FilePlan, keep_running: bool) -> None:
    """A class stays Linen when it needs one that does, or when one that does needs it: the file must keep running."""
    changed = True
    while changed:
        changed = False
        refused = [plan for plan in found.plans if plan.refusals]
        for plan in found.native:
            blocking = [other.name for other in refused if any(part is other.cls for part in plan.parts)]
            users = [other for other in refused if keep_running and needs(other.cls, plan.cls, found.facts)]
            if blocking:
                name = blocking[0]
                reason = f"it constructs `{name}` (line {plan.uses[name]}), which stays Linen"
                refuse.add(plan, plan.cls.node, reason, f"see `{name}`")
            elif users:
                name = users[0].name
                refuse.add(plan, plan.cls.node, f"`{name}`, which stays Linen, still uses it", f"see `{name}`")
            changed = changed or bool(blocking or users)


def needs(user: LinenClass, used: LinenClass, facts: Facts) -> bool:
    """Whether a class constructs another, or derives from it."""
    for node in ast.walk(user.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == used.name:
            ref = facts.module_class(node)
            if ref is not None and ref.local is used:
                return True
    return False


def rewrite(found: FilePlan) -> str:
    """The new text of the file; the old one when no class can move, or when it cannot be rewritten."""
    native = found.native
    if not native and not found.around:
        return found.source
    functions = {}
    if len(native) == len(found.plans):  # no Linen class is left, so plain functions lose their Linen spelling as well
        classes = {plan.cls.node for plan in native}
        functions = linen_functions(found.facts, classes)
    try:
        new = fix_imports(found.facts.tree, rewrite_classes(found.source, native, functions, found.bridged, found.around))
        ast.parse(new)  # a text that does not compile is a bug, and must never be written
        return new
    except Unmatched as error:
        if found.bridged:  # what wraps them was planned for all of them
            return stays(found, UNMATCHED)
        if not error.plans and found.around:
            found.around = CodeEdits()  # and with it the rest of its program, see `migrate.run`
            return rewrite(found)
        for plan in error.plans or native:
            refuse.add(plan, plan.cls.node, UNMATCHED)
        settle(found, keep_running=True)
        return rewrite(found)
    except RecursionError:
        reason = "the file is nested too deeply to be rewritten"
    except (SyntaxError, ParserSyntaxError):
        reason = BROKEN
    return stays(found, reason)


def stays(found: FilePlan, reason: str) -> str:
    """The old text, and why nothing of the file is rewritten."""
    for plan in found.native:
        refuse.add(plan, plan.cls.node, reason)
    for plan in found.bridged:
        plan.bridges.clear()
    return found.source


def linen_functions(facts: Facts, skip: set[ast.ClassDef]) -> dict[ast.AST, str]:
    """Linen functions outside of the migrated classes, with their NNX spelling."""
    found: dict[ast.AST, str] = {}
    stack: list[ast.AST] = [facts.tree]
    while stack:
        node = stack.pop()
        if node in skip:
            continue
        if isinstance(node, (ast.Name, ast.Attribute)):
            new = "nnx.Module" if facts.linen_name(node) == "Module" else nnx_function(node, facts)
            if new is not None:
                found[node] = new
                continue
        stack.extend(ast.iter_child_nodes(node))
    return found


def todo(found: FilePlan, new: str, filename: str) -> list[str]:
    """What the file still needs by hand: constructions without the new arguments, and Linen that is left."""
    notes = [f"{plan.name}: {note}" for plan in (*found.native, *found.bridged) for note in plan.notes]
    wrapped = {call for plan in found.bridged for call in plan.first}
    done = found.around.places()
    for plan in found.native:
        fields = found.facts.fields_of(plan.cls)
        required = [p.name for p in plan.parameters if p.name not in fields]
        inside = {node for other in found.native for node in ast.walk(other.cls.node)} | wrapped
        for node in found.facts.names.nodes:
            if isinstance(node, ast.Call) and node not in inside and (node.lineno, node.col_offset) not in done:
                ref = found.facts.module_class(node.func)
                if ref is not None and ref.local is plan.cls:
                    extra = ", ".join([*required, "rngs=nnx.Rngs(…)"])
                    if not plan.parameters and not plan.init:
                        continue
                    notes.append(f"line {node.lineno}: `{ast.unparse(node)[:60]}` now needs {extra}")
    left = Facts(ast.parse(new), filename).classes
    linen = {line for cls in left for line in range(cls.node.lineno, (cls.node.end_lineno or 0) + 1)}
    findings = lint_source(new, filename)
    # Classes that stay Linen are reported with their refusals; what is left is the code around the classes.
    around = [finding for finding in findings if finding.line not in linen]
    notes += [f"line {finding.line} of the new text: {finding.code} {finding.message}" for finding in around]
    return notes
