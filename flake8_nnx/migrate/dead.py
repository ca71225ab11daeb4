"""What nothing reads any more after a rewriting: parameters, and assignments without an effect of their own.

Only what was read before goes; what was dead already is none of our business.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flake8_nnx.migrate.around import Plan, own_nodes
from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.migrate.roles import Callee, Frame, slots_in
from flake8_nnx.source.names import FUNCTIONS

WORD = re.compile(r"[^\W\d]\w*")
PURE = ("jax.numpy.", "jax.random.", "numpy.ones", "numpy.zeros")


def alive(node: ast.AST, edits: CodeEdits, skip: ast.AST | None = None, attributes: bool = False) -> Iterator[str]:
    """The names, with `attributes` those behind a dot as well, that are read below a node once it is rewritten."""
    if node is skip:
        return
    for text in (*edits.before.get(node, ()), *edits.after.get(node, ())) if isinstance(node, ast.stmt) else ():
        yield from WORD.findall(text)
    if node in edits.removed:
        return
    if node in edits.expressions:
        yield from WORD.findall(edits.expressions[node])
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    if attributes and isinstance(node, ast.Attribute):
        yield node.attr
    below: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call) and node in edits.arguments:
        pieces = edits.arguments[node]
        yield from (word for piece in pieces if isinstance(piece, str) for word in WORD.findall(piece))
        below = [node.func, *(piece for piece in pieces if not isinstance(piece, str))]
    elif node in edits.elements:
        pieces = edits.elements[node]
        yield from (word for piece in pieces if isinstance(piece, str) for word in WORD.findall(piece))
        below = [piece for piece in pieces if not isinstance(piece, str)]
    elif isinstance(node, ast.FunctionDef) and node in edits.parameters:
        pieces = edits.parameters[node]
        yield from (word for piece in pieces if isinstance(piece, str) for word in WORD.findall(piece))
        defaults = [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]
        returns = [node.returns] if node.returns is not None and node not in edits.returns else []
        kept = [piece for piece in pieces if not isinstance(piece, str)]
        below = [*node.decorator_list, *defaults, *returns, *node.body, *kept]
    elif node in edits.unassigned:
        below = [node.value]  # type: ignore[attr-defined]
    for child in below:
        yield from alive(child, edits, skip, attributes)


def dead_classes(plan: Plan) -> Iterator[tuple[CodeEdits, ast.ClassDef]]:
    """Classes of train states, without methods, that nothing names any more."""
    program = plan.program
    for file in program.files:
        home = program.module(file)
        for node in file.tree.body:
            if not isinstance(node, ast.ClassDef) or not any(program.is_state(base, home) for base in node.bases):
                continue
            if any(isinstance(statement, (ast.FunctionDef, ast.ClassDef)) for statement in node.body):
                continue
            now = (w for f in program.files for w in alive(f.tree, plan.edits.get(f, CodeEdits()), node, attributes=True))
            before = (w for f in program.files for w in alive(f.tree, CodeEdits(), node, attributes=True))
            if node.name not in now and node.name in before:
                yield plan.of(home), node


def read_before(frame: Frame, name: str, skip: ast.AST | None = None) -> bool:
    inside = set(ast.walk(skip)) if skip is not None else set()
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) and node not in inside
        for node in own_nodes(frame.node, nested=True)
    )


def dead_parameters(plan: Plan, frame: Frame) -> set[str]:
    """Parameters that are read no more, where every call of the function is known."""
    if not isinstance(frame.node, ast.FunctionDef) or frame.node in plan.of(frame).removed or not only_called(plan, frame):
        return set()
    body = {name for statement in frame.node.body for name in alive(statement, plan.of(frame))}
    gone = plan.dropped.get(frame, set())
    return {
        parameter.arg for parameter in frame.parameters
        if parameter.arg not in gone and parameter.arg not in body and not slots_in(frame.given.get(parameter.arg))
        and read_before(frame, parameter.arg)
    }


def only_called(plan: Plan, frame: Frame) -> bool:
    """Whether the program calls a function and does nothing else with it that could count its parameters."""
    sites = [site for other in plan.program.all_frames() for site in other.sites if site.callee.frame is frame]
    if not sites or any(isinstance(a, ast.Starred) for site in sites for a in site.call.args):
        return False
    known = {id(site.call.func) for site in sites} | {id(a) for site in sites for a in site.call.args[:1]}
    for file in plan.program.files:
        names = file.facts.names
        for node in names.nodes:
            value = plan.program.values.get(node)
            if isinstance(value, Callee) and value.frame is frame and isinstance(node, (ast.Name, ast.Attribute)):
                stored = isinstance(node.ctx, ast.Store)
                above = names.parent(node)
                compiled = isinstance(above, ast.Call) and above.func in plan.program.compilers
                if not stored and id(node) not in known and not compiled and not handed_on(plan, node, above):
                    return False
    return True


def handed_on(plan: Plan, node: ast.AST, above: ast.AST | None) -> bool:
    """Whether a function is given to a parameter whose calls are known."""
    call = above if isinstance(above, ast.Call) else None
    return any(
        site.call is call and isinstance(site.callee.frame.given.get(name), Callee)
        for frame in plan.program.all_frames() for site in frame.sites
        for name, argument in site.arguments.items() if argument is node
    )


def dead_statements(plan: Plan, frame: Frame) -> set[ast.stmt]:
    """Assignments of arrays and keys to names that are read no more."""
    if not isinstance(frame.node, ast.FunctionDef):
        return set()
    edits = plan.of(frame)
    found: set[ast.stmt] = set()
    for node in own_nodes(frame.node):
        if not isinstance(node, ast.Assign) or node in edits.removed or not pure(node.value, frame):
            continue
        stored = (ast.Name, ast.Attribute, ast.Subscript)
        targets = [n for target in node.targets for n in ast.walk(target) if isinstance(n, stored)]
        names = [n.id for n in targets if isinstance(n, ast.Name)]
        if len(names) != len(targets) or any(slots_in(plan.program.values.get(target)) for target in targets):
            continue
        read = {name for statement in frame.node.body for name in alive(statement, edits, skip=node)}
        if not read & set(names) and any(read_before(frame, name, skip=node) for name in names):
            found.add(node)
    return found


def pure(node: ast.expr, frame: Frame) -> bool:
    """Whether an expression does nothing but compute."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            origin = frame.file.facts.origin(inner.func) or ""
            if not origin.startswith(PURE) and not (isinstance(inner.func, ast.Name) and inner.func.id in ("len", "tuple")):
                return False
        elif isinstance(inner, (*FUNCTIONS, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
    return True
