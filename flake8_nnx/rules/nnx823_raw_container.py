"""A plain container of modules, or None, as an attribute of an NNX module.

Since flax 0.12 an NNX module takes modules and variables in plain Python containers for a mistake.

**What it flags.** In an NNX module: `self.layers = [nnx.Linear(…)]` and the like (lists, tuples, dictionaries and
comprehensions of NNX modules or variables, also those filled by `append`), at the value; and `self.layer = None`
before `self.layer = nnx.Linear(…)` in the constructor, at the second.

**Why.** What an attribute first holds says whether it is data. A plain container or None is not, so that modules in it
raise a ValueError.

**Caveats.** `nnx.List([...])` and `nnx.Dict({...})` hold modules, and `nnx.data(None)` is a place for one. Classes with
`pytree=False` and attributes that the class declares are left alone.

Source: Flax guide "Module & Pytree"; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Union

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none

Container = Union[ast.List, ast.Tuple, ast.ListComp, ast.Dict, ast.DictComp]
DICTS = (ast.Dict, ast.DictComp)
KINDS = ("module", "variable", "rngs", "metric", "optimizer")

RULE = Rule(
    "NNX823",
    "raw-container",
    "`self.{name}` {problem}: use `{new}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layers = [nnx.Linear(2, 2, rngs=rngs) for _ in range(3)]
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layers = nnx.List([nnx.Linear(2, 2, rngs=rngs) for _ in range(3)])
''',
        ),
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs, deep=True):
        self.layer = None
        if deep:
            self.layer = nnx.Linear(2, 2, rngs=rngs)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs, deep=True):
        self.layer = nnx.data(None)
        if deep:
            self.layer = nnx.Linear(2, 2, rngs=rngs)
''',
        ),
    ),
)


@RULE.on(ast.Assign)
def check(assign: ast.Assign, facts: Facts) -> Iterator[Report]:
    """One finding per assignment."""
    target = assign.targets[0]
    if len(assign.targets) > 1 or not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return
    around = nnx.enclosing(assign, facts)
    if around is None or target.value.id != nnx.self_name(around[1]) or _declared(around[0], target.attr, facts):
        return
    container = _container(assign.value, facts)
    if container is not None:
        if any(_is_data(each, facts) for each in _elements(container, assign, facts)):
            new = "nnx.Dict" if isinstance(container, DICTS) else "nnx.List"
            shown = {ast.Tuple: "tuple", ast.List: "list", ast.ListComp: "list"}.get(type(container), "dictionary")
            problem = f"is a plain {shown} of NNX objects, which flax 0.12 refuses"
            yield assign.value, {"name": target.attr, "problem": problem, "new": f"{new}(…)"}
    elif around[1].name == "__init__" and _is_data(assign.value, facts):
        nothing = _nothing_before(assign, target.attr, around[1])
        if nothing is not None:
            problem = f"is None in line {nothing.lineno}, and flax 0.12 refuses an NNX object in its place"
            yield target, {"name": target.attr, "problem": problem, "new": f"self.{target.attr} = nnx.data(None)"}


def _declared(cls: ast.ClassDef, attr: str, facts: Facts) -> bool:
    """Whether a class says itself what its attributes are, or may: fields, `pytree=False`, decorators, bases."""
    for each in nnx.ancestors(cls, facts):
        if each.keywords or each.decorator_list or nnx.method_of(each, "__setattr__", facts):
            return True
        for stmt in each.body:
            targets = [stmt.target] if isinstance(stmt, ast.AnnAssign) else getattr(stmt, "targets", [])
            if any(isinstance(target, ast.Name) and target.id in (attr, "__data__", "__nodes__") for target in targets):
                return True
    return not nnx.known_line(cls, facts)


def _container(value: ast.expr, facts: Facts) -> Container | None:
    """A display or comprehension, at once or by a name that is bound to one."""
    if isinstance(value, ast.Name):
        binding = facts.names.binding(value)
        value = binding.value if binding is not None and binding.kind == "assign" and binding.value else value
    return value if isinstance(value, (ast.List, ast.Tuple, ast.ListComp, ast.Dict, ast.DictComp)) else None


def _elements(container: Container, assign: ast.Assign, facts: Facts) -> Iterator[ast.expr]:
    """What a container holds, with what is appended to it in the same function."""
    if isinstance(container, ast.ListComp):
        yield container.elt
    elif isinstance(container, ast.DictComp):
        yield container.value
    else:
        yield from container.values if isinstance(container, ast.Dict) else container.elts
    if not isinstance(container, ast.List):
        return
    function = facts.names.enclosing(assign, ast.FunctionDef)
    held = {ast.unparse(assign.targets[0]), *([assign.value.id] if isinstance(assign.value, ast.Name) else [])}
    for call in ast.walk(function) if function else ():
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append":
            if quote(call.func.value) in held:
                yield from call.args


def _is_data(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is an NNX object, or a container with one."""
    container = node if isinstance(node, (ast.List, ast.Tuple)) else None
    if container is not None:
        return any(_is_data(each, facts) for each in container.elts)
    ref = nnx.instance(node, facts)
    return ref is not None and ref.kind in KINDS


def _nothing_before(assign: ast.Assign, attr: str, method: ast.FunctionDef) -> ast.Assign | None:
    """`self.<attr> = None` among the statements of the constructor itself, above the assignment."""
    found: ast.Assign | None = None
    for stmt in method.body:
        if stmt.lineno >= assign.lineno:
            break
        targets = [t.attr for t in stmt.targets if isinstance(t, ast.Attribute)] if isinstance(stmt, ast.Assign) else []
        if isinstance(stmt, ast.Assign) and attr in targets:
            found = stmt if is_none(stmt.value) else None
    return found
