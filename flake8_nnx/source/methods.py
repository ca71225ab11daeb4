"""What the names in a method are: flags or data, plain targets, fields that a local variable hides."""
from __future__ import annotations

import ast
import re

from flake8_nnx.source.given import classes_of
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.literals import is_idle, is_none

FLAG_NAMES = frozenset("train training is_training deterministic use_running_average eval inference decode mutable".split())


def hidden_fields(cls: LinenClass, facts: Facts) -> set[str]:
    """Fields whose name a method gives to something else; `__init__` reads them as attributes."""
    if id(cls.node) not in facts.hidden:
        facts.hidden[id(cls.node)] = _hidden_fields(cls, facts)
    return facts.hidden[id(cls.node)]


def _hidden_fields(cls: LinenClass, facts: Facts) -> set[str]:
    fields = facts.fields_of(cls)
    hidden: set[str] = set()
    if facts.names.local.isdisjoint(fields):
        return hidden
    for node in cls.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in fields:
            above = facts.names.parent(node)
            own = isinstance(above, ast.Assign) and (
                ast.unparse(above.value) == f"self.{node.id}" or bool(classes_of(above.value, facts))
            )
            in_body = above is not None and facts.names.parent(above) is cls.node
            if not own and not in_body:
                hidden.add(node.id)
    return hidden


def optional_fields(cls: LinenClass) -> frozenset[str]:
    """The fields of a class that may be None, as far as their defaults and annotations say."""
    found = []
    for name, field in cls.facts.fields_of(cls).items():
        none = is_none(field.default)
        annotation = field.facts.text.segment(field.annotation, {})
        if none or re.search(r"\b(None|Optional)\b", annotation):
            found.append(name)
    return frozenset(found)


def decorated(method: ast.AST, *builtin: str) -> bool:
    """Whether a method has one of these decorators of Python, as `staticmethod`."""
    return any(isinstance(d, ast.Name) and d.id in builtin for d in getattr(method, "decorator_list", ()))


def stores(scope: ast.AST, name: str) -> list[ast.Name]:
    """Where code gives a variable a value."""
    return [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)]


def fixed_length(annotation: ast.expr) -> int:
    """How many numbers `tuple[int, int]` holds; 0 where that is not told."""
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
        return 0
    parts = [ast.unparse(part) for part in annotation.slice.elts]
    return len(parts) if ast.unparse(annotation.value) in ("tuple", "Tuple", "typing.Tuple") and {*parts} == {"int"} else 0


def is_several(annotation: ast.expr) -> bool:
    """Whether a field holds a tuple of numbers and its annotation does not say how many: `Sequence[int]`, `tuple[int, ...]`."""
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    word = ast.unparse(outer).rpartition(".")[2]
    return word in ("Sequence", "tuple", "Tuple", "list", "List") and fixed_length(annotation) == 0


def is_plain_property(method: ast.FunctionDef) -> bool:
    """Whether a method is a property that returns an expression and does nothing else."""
    body = [s for s in method.body if not is_idle(s)]
    decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
    return decorators == ["property"] and len(body) == 1 and isinstance(body[0], ast.Return)


def is_flag(argument: ast.arg, default: ast.expr | None) -> bool:
    """Whether a method's argument is a flag rather than data."""
    annotation = ast.unparse(argument.annotation) if argument.annotation else ""
    boolean = isinstance(default, ast.Constant) and isinstance(default.value, (bool, str))
    return argument.arg in FLAG_NAMES or "bool" in annotation.split("[")[0].split(" ") or annotation == "str" or boolean


def plain_names(target: ast.expr) -> tuple[str, ...]:
    """Names of a target made of names and attributes of self alone, those of a tuple in order."""
    if isinstance(target, ast.Name):
        return (target.id,)
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        return (f"self.{target.attr}",)
    if isinstance(target, (ast.Tuple, ast.List)):
        names = [plain_names(element) for element in target.elts]
        return tuple(name for name, in names) if all(len(each) == 1 for each in names) else ()
    return ()


def target_text(target: ast.expr) -> str:
    """Source of the target of an assignment."""
    text = ast.unparse(target)
    return text[1:-1] if isinstance(target, ast.Tuple) and len(target.elts) > 1 else text


def short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) < 50 else text[:49] + "…"


def filled_by(statement: ast.stmt) -> set[str]:
    """The field that a statement sets: `self.width = …`."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    return {target.attr} if own else set()  # type: ignore[union-attr]


def filled_fields(cls: LinenClass) -> set[str]:
    """The fields that `__post_init__` of a class sets."""
    method = cls.methods.get("__post_init__")
    statements = (node for node in ast.walk(method) if isinstance(node, ast.stmt)) if method is not None else ()
    return set().union(*map(filled_by, statements)) & {*cls.facts.fields_of(cls)}


def positional_names(function: ast.FunctionDef | ast.Lambda) -> list[str]:
    """The names of the parameters that can be given by position."""
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]


def defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The default of every argument that has one."""
    spec = function.args
    found = dict(zip(positional_names(function)[::-1], spec.defaults[::-1]))
    return found | {a.arg: value for a, value in zip(spec.kwonlyargs, spec.kw_defaults) if value is not None}
