"""Module classes that the fields of a class are given: by default, and wherever its file, or one beside it, constructs the class.

`conv: ModuleDef = nn.Conv`, `ResNet(block_cls=Block)`, `Block(norm=partial(nn.BatchNorm, use_running_average=not train))`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flake8_nnx.source.linen import PARTIAL, Facts, LinenClass, ModuleRef

# Constructor arguments of Linen layers that a call may pass as well.
CALL_FLAGS = frozenset({"deterministic", "use_running_average"})


@dataclass(frozen=True)
class Given:
    """A module class as a value, with what a partial around it gives already."""

    ref: ModuleRef
    keywords: Mapping[str, ast.expr] = field(default_factory=dict)
    positional: bool = False  # whether the partial gives positional arguments
    flags: frozenset[str] = frozenset()  # arguments that are known only in the call of the class that gives them
    lifts: tuple[ast.Call, ...] = ()  # the `nn.remat(…)` around the class


Table = dict[int, dict[str, tuple[Given, ...]]]  # by class and field
Construction = tuple[ast.Call, list[LinenClass], Facts]  # with the file that it stands in
ROUNDS = 4  # a class may hand on what it is given


def given_to(cls: LinenClass) -> dict[str, tuple[Given, ...]]:
    """By field, the classes that it is given, the default first."""
    table: Table = cls.facts.given
    if id(cls.node) not in table:
        classes = cls.facts.classes
        for each in classes:
            table.setdefault(id(each.node), {})
        elsewhere = [*_elsewhere(cls.facts)]
        for _ in range(ROUNDS):
            before = dict(table)
            calls = [*((*call, cls.facts) for call in calls_of_classes(cls.facts)), *elsewhere]
            for each in classes:
                table[id(each.node)] = _given(each, calls)
            if table == before:
                break
    return table.get(id(cls.node), {})


def _elsewhere(facts: Facts) -> Iterator[Construction]:
    """The calls in other files that construct classes of this one."""
    for other in facts.beside:
        if other is not facts and other.constructions is None:
            other.constructions = []  # what those of a file are depends on what its own classes are given
            other.constructions += [(node, classes, other) for node, classes in calls_of_classes(other)]
        for call in other.constructions or () if other is not facts else ():
            if any(cls.facts is facts for cls in call[1]):
                yield call


def _given(cls: LinenClass, calls: list[Construction]) -> dict[str, tuple[Given, ...]]:
    found: dict[str, list[Given]] = {}
    for name, value, facts in values_given(cls, calls):
        for given in classes_of(value, facts):
            if given not in found.setdefault(name, []):
                found[name].append(given)
    for name, each in cls.facts.fields_of(cls).items():
        ref = _annotated(each.annotation, each.facts)
        if ref is not None and not found.get(name):
            found[name] = [Given(ref)]
    return {name: tuple(givens) for name, givens in found.items() if givens}


def _annotated(node: ast.expr, facts: Facts) -> ModuleRef | None:
    """The class in `type[Block]`, which may stand beside None."""
    if isinstance(node, ast.BinOp):
        return _annotated(node.left, facts) or _annotated(node.right, facts)
    if not isinstance(node, ast.Subscript):
        return None
    kind = node.value.id if isinstance(node.value, ast.Name) and node.value.id == "type" else facts.origin(node.value)
    if kind == "typing.Optional":
        return _annotated(node.slice, facts)
    ref = facts.module_class(node.slice) if kind in ("type", "typing.Type") else None
    return None if ref is not None and ref.linen == "Module" else ref


def calls_of_classes(facts: Facts) -> Iterator[tuple[ast.Call, list[LinenClass]]]:
    """Each call that constructs a module class of the file, or is a partial of one, with the classes that it may be."""
    for node in facts.names.nodes:
        if isinstance(node, ast.Call):
            partial = facts.origin(node.func) in PARTIAL and bool(node.args)
            made = classes_of(node.args[0] if partial else node.func, facts)
            local = [given.ref.local for given in made if given.ref.local is not None]
            if local:
                yield node, local


def values_given(cls: LinenClass, calls: list[Construction]) -> Iterator[tuple[str, ast.expr, Facts]]:
    """Fields with their defaults, then with the arguments of each constructor call and partial."""
    fields = cls.facts.fields_of(cls)
    for name, each in fields.items():
        if each.default is not None:
            yield name, each.default, each.facts
    for node, classes, facts in calls:
        if cls in classes:
            positional = node.args[1:] if facts.origin(node.func) in PARTIAL else node.args
            yield from ((name, value, facts) for name, value in zip(fields, positional))
            yield from ((keyword.arg, keyword.value, facts) for keyword in node.keywords if keyword.arg and keyword.arg in fields)


def classes_of(node: ast.expr, facts: Facts, depth: int = 0) -> list[Given]:
    """The module classes that an expression may stand for; none where it is anything else."""
    if depth > 5:
        return []
    if isinstance(node, ast.IfExp):
        return [*classes_of(node.body, facts, depth + 1), *classes_of(node.orelse, facts, depth + 1)]
    if isinstance(node, ast.Call):
        if facts.origin(node.func) not in PARTIAL or not node.args:
            return []
        own = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        flags = {name for name, value in own.items() if name in CALL_FLAGS and of_the_call(value, facts)}
        return [
            Given(each.ref, {**each.keywords, **own}, each.positional or len(node.args) > 1, each.flags - {*own} | flags)
            for each in classes_of(node.args[0], facts, depth + 1)
        ]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        owner = facts.enclosing_class(node)
        return [*given_to(owner).get(node.attr, ())] if owner is not None and owner.facts is facts else []
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is not None and binding.kind == "assign" and binding.value is not None and binding.value is not node:
        return classes_of(binding.value, facts, depth + 1)
    ref = facts.module_class(node)
    return [Given(ref)] if ref is not None else []


def of_the_call(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression reads an argument of the method that it stands in."""
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id != "self")
    return any((binding := facts.names.binding(name)) is not None and binding.kind == "param" for name in names)
