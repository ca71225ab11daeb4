"""Writes planned files: the new texts, and what is left to do by hand."""
from __future__ import annotations

import ast
from collections.abc import Sequence

from libcst import ParserSyntaxError

from flake8_nnx.lint import lint_source
from flake8_nnx.migrate import refuse
from flake8_nnx.migrate.classes import Unmatched, rewrite_classes
from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.migrate.imports import fix_imports
from flake8_nnx.migrate.model import FilePlan
from flake8_nnx.migrate.project import plan_files, settle
from flake8_nnx.rules._text import nnx_function
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.read import SourceError, parse

BROKEN = "what it would become is no Python, which is a bug of flake8-nnx: please report it"


def plan_file(source: str, filename: str, keep_running: bool = True) -> FilePlan:
    """Plan every Linen class of one file by itself; with `keep_running`, what a remaining Linen class uses stays as it is.

    Raises:
        SourceError: the text is not Python, or nested too deeply to be followed.
    """
    (found,) = plan_files([(source, Facts(parse(source, filename), filename, source=source))], keep_running)
    if isinstance(found, SourceError):
        raise found
    return found


def rewrite(found: FilePlan) -> str:
    """The new text of a file that was planned by itself."""
    return rewrite_files([found])[0]


def rewrite_files(files: Sequence[FilePlan]) -> list[str]:
    """The new texts of files that were planned together; the old ones where no class can move, or be rewritten."""
    texts: dict[tuple[int, ...], str | None] = {}
    while True:
        written = [(*file.native, *file.bridged) for file in files]
        keys = [(place, bool(file.around), *map(id, plans)) for place, (file, plans) in enumerate(zip(files, written))]
        for file, key in zip(files, keys):
            if key not in texts:
                texts[key] = _rewritten(file)
        found = [text for key in keys if (text := texts[key]) is not None]
        if len(found) == len(files):
            return found
        settle(files, keep_running=True)


def _rewritten(found: FilePlan) -> str | None:
    """The new text; None where classes had to be refused, so that what needs them has to be looked at again."""
    native = found.native
    if not native and not found.bridged and not found.around:
        return found.source
    functions = {}
    if len(native) == len(found.plans):  # no Linen class is left, so plain functions lose their Linen spelling as well
        classes = {plan.cls.node for plan in native}
        functions = linen_functions(found.facts, classes)
    try:
        tree, names = found.facts.tree, found.facts.names
        new = fix_imports(names, rewrite_classes(found.source, tree, native, functions, found.bridged, found.around))
        ast.parse(new)  # a text that does not compile is a bug, and must never be written
        return new
    except Unmatched as error:
        if not error.plans and found.around and not found.bridged:
            found.around = CodeEdits()  # and with it the rest of its program, see `migrate.run`
            return None
        # What wraps them was planned for all of them.
        refused = native if found.bridged else error.plans or native
        reason = "an expression of it could not be matched with the concrete syntax tree"
    except RecursionError:
        refused, reason = native, "the file is nested too deeply to be rewritten"
    except (SyntaxError, ParserSyntaxError):
        refused, reason = native, BROKEN
    for plan in refused:
        refuse.add(plan, plan.cls.node, reason)
    for plan in found.bridged:
        plan.bridges.clear()
    return None


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
