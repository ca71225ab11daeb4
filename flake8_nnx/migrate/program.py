"""Plans the code around the classes of a run: one program after the other, each as a whole or not at all.

A program is the functions that hand models, variables and train states to each other.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from flake8_nnx.migrate.around import Plan, Stop, is_test, own_nodes, slots_of, touches
from flake8_nnx.migrate.by_hand import check_by_hand, check_none
from flake8_nnx.migrate.calls import Rewriting
from flake8_nnx.migrate.construction import find_added
from flake8_nnx.migrate.dead import dead_classes, dead_parameters, dead_statements
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.definitions import check_definitions
from flake8_nnx.migrate.lazy import check_lazy
from flake8_nnx.migrate.lent import check_lent
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.modes.placing import set_modes
from flake8_nnx.migrate.paths import check_masks
from flake8_nnx.migrate.roles import Callee, Frame, Kinds, slots_in
from flake8_nnx.migrate.scaled import check_apart
from flake8_nnx.migrate.sources import check_sources
from flake8_nnx.migrate.stale import check_stale
from flake8_nnx.migrate.states import find_states
from flake8_nnx.source.project import Project, SourceFile
from flake8_nnx.source.read import SourceError

ROUNDS = 8  # what is dead makes more dead
MOST_COPIES = 20


def around_classes(project: Project, classes: Mapping[tuple[str, str], ClassPlan]) -> Plan:
    """Plan the code around the classes that become NNX, in all files that have to do with them."""
    files = concerned(project, {path for path, _ in classes})
    try:
        return plan_around(project, files, classes)
    except RecursionError:
        return Plan(Program(project, []), classes)  # a file is nested too deeply to be followed


def concerned(project: Project, paths: set[str]) -> list[SourceFile]:
    """The files of these classes, those that import them, and those that import these in turn."""
    chosen = [file for file in project.files if str(file.path) in paths]
    rest = [file for file in project.files if file not in chosen and readable(file)]
    position = 0
    while position < len(chosen):
        file = chosen[position]
        stem = file.path.parent.name if file.is_package else file.path.stem
        word = re.escape(stem)
        named = re.compile(rf"import\b.*\b{word}\b|from\s+\S*\b{word}\b\S*\s+import|^\s+{word},?$", re.MULTILINE)
        more = [other for other in rest if named.search(other.source)]
        chosen += more
        rest = [other for other in rest if other not in more]
        position += 1
    return chosen


def readable(file: SourceFile) -> bool:
    try:
        return file.tree is not None
    except SourceError:
        return False


def plan_around(project: Project, files: Sequence[SourceFile], classes: Mapping[tuple[str, str], ClassPlan]) -> Plan:
    """Plan the functions of these files around the classes that become NNX, by path and name.

    A name that keeps variables from before an update becomes a copy of the model, and all is planned anew.
    """
    copies: set[tuple[int, str]] = set()
    while True:
        whole = plan_with(Program(project, files, copies), classes)
        more = {stop.copy for stop in whole.refusals if stop.copy is not None} | whole.program.wanted
        more -= copies
        if not more or len(copies) > MOST_COPIES:
            return whole
        copies |= more


def plan_with(program: Program, classes: Mapping[tuple[str, str], ClassPlan]) -> Plan:
    """The plan of all programs, the way the names were followed."""
    whole = Plan(program, classes)
    whole.find_uses()
    for frames in components(program):
        part = None
        while part is None and frames:
            try:
                part = planned(program, classes, whole, frames)
            except Stop as stop:
                whole.refusals.append(stop)
                # A test that cannot be rewritten does not keep the program from moving.
                frames = [f for f in frames if f.file is not stop.frame.file] if is_test(stop.frame.file) else []
        if part is None:
            continue
        for file, edits in part.edits.items():
            mine = whole.edits.setdefault(file, type(edits)())
            for name, found in vars(edits).items():
                getattr(mine, name).update(found)
        whole.notes += part.notes
    for edits, node in list(dead_classes(whole)):
        edits.removed.add(node)
    return whole


def planned(program: Program, classes: Mapping[tuple[str, str], ClassPlan], whole: Plan, frames: Sequence[Frame]) -> Plan:
    """One program; planned anew until nothing in it is dead.

    Raises:
        Stop: something of it has no exact form.
    """
    inside = set(frames)
    for node, (frame, reason) in program.escapes.items():
        if frame in inside:
            raise Stop(node, frame, reason)
    for node, (frame, function, by) in program.handed.items():
        if function in inside and touches(program, function):
            raise Stop(node, frame, f"`{function.name}`, which takes or uses a model, is handed to {by}")
    for frame in frames:
        method = isinstance(frame.file.facts.names.parent(frame.node), ast.ClassDef)
        if method and any(slots_in(value) for value in frame.given.values()):
            raise Stop(frame.node, frame, f"the method `{frame.name}` takes a model, and who calls it cannot be followed")
        if frame.file not in program.project.files:
            raise Stop(frame.node, frame, f"`{frame.name}` is outside of the files to migrate", "migrate its file as well")
    dropped: dict[Frame, set[str]] = {}
    gone: set[ast.stmt] = set()
    for _ in range(ROUNDS):
        plan = Plan(program, classes, uses=whole.uses, dropped=dropped)
        find_added(plan, frames)
        find_states(plan, frames)
        check_lazy(plan, frames)
        check_apart(plan, frames)
        check_definitions(plan, frames)
        check_lent(plan, frames)
        check_none(plan, frames)
        check_by_hand(plan, frames)
        check_masks(plan, frames)
        check_stale(plan, frames)
        check_sources(plan, frames)
        for frame in frames:
            Rewriting(plan, frame, gone).run()
        set_modes(plan, frames)
        more = {frame: found for frame in frames if (found := dead_parameters(plan, frame))}
        less = {node for frame in frames for node in dead_statements(plan, frame)}
        if not more and not less:
            return plan
        for frame, names in more.items():
            dropped.setdefault(frame, set()).update(names)
        gone |= less
    return plan


def components(program: Program) -> list[list[Frame]]:
    """The functions that have to do with models, by program."""
    frames = program.all_frames()
    parents: dict[Frame, Frame] = {frame: frame for frame in frames}

    def find(frame: Frame) -> Frame:
        while parents[frame] is not frame:
            frame = parents[frame]
        return frame

    busy = {frame for frame in frames if is_busy(program, frame)}
    for frame in frames:
        for site in frame.sites:
            tell = [site.callee.frame.returned, *site.callee.frame.given.values()]
            if any(slots_in(value) or isinstance(value, (Callee, Kinds)) for value in tell) and site.callee.frame in busy:
                parents[find(site.callee.frame)] = find(frame)
                busy.add(frame)
        if frame.parent is not None and frame in busy and not isinstance(frame.parent.node, ast.Module):
            parents[find(frame)] = find(frame.parent)
            busy.add(frame.parent)
        for home in at_top(program, frame) if frame in busy else ():
            parents[find(frame)] = find(home)
    for several in creators(program, busy):
        for frame in several[1:]:
            parents[find(frame)] = find(several[0])
    groups: dict[Frame, list[Frame]] = {}
    for frame in frames:
        if frame in busy:
            groups.setdefault(find(frame), []).append(frame)
    return list(groups.values())


def creators(program: Program, frames: set[Frame]) -> list[list[Frame]]:
    """The functions that make train states of the same class of the program."""
    found: dict[ast.ClassDef, list[Frame]] = {}
    for frame in sorted(frames, key=lambda frame: getattr(frame.node, "lineno", 0)):
        for node in own_nodes(frame.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create":
                cls = program.state_class(node.func.value, frame)
                if cls is not None:
                    found.setdefault(cls, []).append(frame)
    return list(found.values())


def at_top(program: Program, frame: Frame) -> set[Frame]:
    """The files at whose top level the models of a function are made."""
    slots = [slot for node in own_nodes(frame.node) for slot in slots_of(program.values.get(node))]
    return {slot.root.frame for slot in slots if isinstance(slot.root.frame.node, ast.Module)}


def is_busy(program: Program, frame: Frame) -> bool:
    """Whether a function takes, makes or uses a model."""
    if any(slots_in(value) for value in frame.given.values()):
        return True
    return any(slots_of(program.values.get(node)) for node in own_nodes(frame.node))
