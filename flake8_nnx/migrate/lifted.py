"""Classes under lifted transforms, read from their Linen calls: what is asked for, and why it cannot be had.

A rematerialised class becomes a subclass beside it; for mapped and scanned ones see `mapped.py`.
"""
from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from flake8_nnx.catalog.construct import bound
from flake8_nnx.catalog.transforms import TRANSFORMS
from flake8_nnx.migrate.stateful import DRAWS, KEEPS, habits
from flake8_nnx.source.lifts import Axes, axes_of
from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.values import Site

# The remat of this module counts arguments without self, flax.linen's and NNX's with it.
PARTITIONING = LINEN + "partitioning.remat"
PREFIXES = {"remat": "Checkpoint", "checkpoint": "Checkpoint", "vmap": "Vmap", "jit": "Jit", "scan": "Scan"}
KEPT = ("policy", "prevent_cse", "static_argnums")
MAPPED = frozenset("variable_axes variable_broadcast split_rngs in_axes out_axes".split())
# Options that NNX takes as they are.
PASSED = {"vmap": ("axis_size", "axis_name"), "scan": ("length", "reverse", "unroll")}


@dataclass(frozen=True)
class Lift:
    """One transform around a class, with the source text of its arguments by their Linen names."""

    kind: str  # remat, vmap, scan, jit
    given: dict[str, str]
    prefix: str  # what Linen puts before the name of the class
    problem: str = ""
    axes: Axes | None = None  # of vmap and scan
    shared: bool = False  # all turns of vmap and scan use the same variables

    def of_field(self) -> str | None:
        """The option that reads a field, which a class beside the one that has it could not."""
        return next((key for key, text in self.given.items() if re.search(r"\bself\b", text)), None)

    def in_init(self, fields: set[str]) -> dict[str, str]:
        """Its arguments where the fields are parameters."""
        return {
            key: re.sub(r"\bself\.(\w+)", lambda m: m[1] if m[1] in fields else m[0], text) for key, text in self.given.items()
        }


def lifts_of(site: Site, facts: Facts) -> list[Lift]:
    """The transforms around the class of a site, innermost first."""
    lifts = [_checked(_read(call, facts), site, call, facts) for call in site.lifts]
    for i, lift in enumerate(lifts):
        if lift.kind in ("vmap", "scan") and any(outer.kind != "jit" for outer in lifts[i + 1:]):
            lifts[i] = replace(lift, problem=f"nn.{lift.kind} of a class inside of another transform is not handled")
        elif lift.kind == "remat" and any(inner.kind == "remat" for inner in lifts[:i]):
            lifts[i] = replace(lift, problem="a class that is rematerialised twice is not handled")
        elif lift.kind == "remat" and not lift.problem and (own := lift.of_field()) is not None:
            outer = lifts[i + 1] if i + 1 < len(lifts) else None
            if outer is None or outer.kind != "scan" or not _closed_over(lift, outer, site):
                reason = f"`{own}=` of nn.remat that depends on a field is not handled"
                lifts[i] = replace(lift, problem=f"{reason}, but for a class that nn.scan runs")
    return lifts


def _checked(lift: Lift, site: Site, call: ast.Call, facts: Facts) -> Lift:
    if lift.problem or lift.kind == "jit":
        return lift
    problem = _place_problem(site, call, facts)
    if not problem and lift.kind in ("vmap", "scan"):
        problem = _turn_problem(lift, site, facts)
    return replace(lift, problem=problem)


def _closed_over(lift: Lift, scan: Lift, site: Site) -> bool:
    """Whether every turn of the scan gets all arguments alike that the remat takes for static ones."""
    numbers = _literal(lift.given.get("static_argnums", "()"))
    static = {numbers} if isinstance(numbers, int) else set(numbers) if isinstance(numbers, (tuple, list)) else {None}
    if scan.problem or scan.axes is None:
        return False
    for node, _, _ in site.inputs:
        axes = scan.axes.of_inputs(len(node.args) - 1) if isinstance(node, ast.Call) and node.args else []
        if not static <= {i + 2 for i, axis in enumerate(axes) if axis is None}:  # counted with self and the carry
            return False
    return True


def _read(call: ast.Call, facts: Facts) -> Lift:
    origin = facts.origin(call.func) or ""
    name = "remat" if origin == PARTITIONING else origin.removeprefix(LINEN)
    what = f"nn.{name}"
    if name not in PREFIXES:
        return Lift(name, {}, "", f"{what} of a class is not handled")
    if name == "jit":  # compiling changes no number: in NNX it is the training step that is jitted
        return Lift("jit", {}, PREFIXES[name])
    transform = TRANSFORMS[name]
    positional = ["" for _ in call.args[:1]] + [ast.unparse(argument) for argument in call.args[1:]]
    keywords = {keyword.arg or "**": ast.unparse(keyword.value) for keyword in call.keywords}
    given, problems = bound(what, transform.args, (), positional, keywords)
    given = {key: text for key, text in given.items() if key != "target"}
    if name in ("vmap", "scan"):
        axes = axes_of(call, facts)
        shared, problem = layout(name, given)
        problem = "; ".join(problems) or (axes.problem if axes else "") or problem
        return Lift(name, given, PREFIXES[name], problem, axes, shared)
    prefix = "Core_remat_static" if origin == PARTITIONING else PREFIXES[name]
    given = {key: text for key, text in given.items() if text not in transform.neutral(key)}
    extra = [key for key in given if key not in KEPT]
    if origin == PARTITIONING and "static_argnums" in given:
        given["static_argnums"] = _with_self(given["static_argnums"])
        problems += [] if given["static_argnums"] else ["static_argnums of nn.remat are no literal numbers"]
    problems += [f"`{key}={given[key]}` of {what} has no twin in nnx.remat" for key in extra]
    return Lift("remat", given, prefix, "; ".join(problems))


def layout(name: str, given: dict[str, str]) -> tuple[bool, str]:
    """Whether all turns share the variables, each having its own along axis 0 otherwise; and why neither can be said."""
    axes, split = _literal(given.get("variable_axes", "{}")), _literal(given.get("split_rngs", "{}"))
    if not isinstance(axes, dict) or not isinstance(split, dict):
        return False, f"variable_axes= and split_rngs= of nn.{name} that are no literals are not handled"
    transform = TRANSFORMS[name]
    passed = {*MAPPED, *PASSED[name]}
    for key, text in given.items():
        if key not in passed and text not in (*transform.neutral(key), "['__call__']", "('__call__',)"):
            return False, f"`{key}=` of nn.{name} is not handled"
    broadcast = _literal(given.get("variable_broadcast", "False"))
    if axes.get("params", "") is None or not axes and broadcast in ("params", ["params"], ("params",), True):
        ok = all(axis is None for axis in axes.values()) and not split.get("params")
        return True, "" if ok else f"nn.{name} that shares the parameters but not all of the variables is not handled"
    if "params" not in axes or any(axis != 0 for axis in axes.values()) or broadcast:
        return False, f"nn.{name} is handled only where every turn has variables of its own along axis 0, or shares them all"
    if not split.get("params"):
        return False, f"nn.{name} that starts every copy with the same parameters is not handled"
    return False, ""


def _with_self(text: str) -> str:
    """`(5, 6)` counted without self is `(6, 7)` with it."""
    numbers = _literal(text)
    each = (numbers,) if isinstance(numbers, int) else numbers
    return repr(tuple(number + 1 for number in each)) if isinstance(each, (tuple, list)) else ""


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _place_problem(site: Site, call: ast.Call, facts: Facts) -> str:
    """What stands in the way at this place."""
    if site.ref is None or site.ref.local is None:
        return "a lifted layer of flax.linen is not handled"
    if facts.names.enclosing(call, ast.ClassDef) is not facts.names.enclosing(site.call, ast.ClassDef):
        return f"`{ast.unparse(call)[:60]}` lifts the class outside of the one that uses it"
    for node in (n for argument in (*call.args[1:], *(k.value for k in call.keywords)) for n in ast.walk(argument)):
        binding = facts.names.binding(node) if isinstance(node, ast.Name) and node.id != "self" else None
        if binding is not None and facts.names.enclosing(binding.node, *FUNCTIONS) is not None:
            return f"`{ast.unparse(call)[:60]}` uses `{ast.unparse(node)}`, a value of the call"
    return ""


def _turn_problem(lift: Lift, site: Site, facts: Facts) -> str:
    """Why a class cannot be mapped or scanned over here."""
    assert site.ref is not None and site.ref.local is not None and lift.axes is not None
    what = f"nn.{lift.kind}"
    for node, method, _ in site.inputs:
        plain = isinstance(node, ast.Call) and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
        if method != "__call__" or not plain:
            return f"`{ast.unparse(node)[:60]}` of a mapped module is not a plain call with positional arguments"
        if lift.kind == "scan" and not node.args:  # type: ignore[union-attr]
            return f"`{ast.unparse(node)[:60]}` gives {what} no carry"
    return habit_problem(what, lift.given, lift.shared, habits(site.ref.local)) or (
        _size_problem(lift, site) if not lift.shared else ""
    )


def habit_problem(what: str, given: dict[str, str], shared: bool, found: set[str]) -> str:
    """Why a class with these habits cannot be run in turns."""
    split = _literal(given.get("split_rngs", "{}"))
    streams = {name: own for name, own in split.items() if name != "params"} if isinstance(split, dict) else {}
    if shared and KEEPS in found:
        return f"{what} that shares the variables of a class that keeps some from call to call is not handled"
    if shared and DRAWS in found and (what == "nn.scan" or any(streams.values())):
        return f"{what} that shares the variables but not the random numbers is not handled"
    if not shared and DRAWS in found and not all(streams.values()):
        return f"{what} that gives every copy the same random numbers is not handled"
    return ""


def _size_problem(lift: Lift, site: Site) -> str:
    option = "axis_size" if lift.kind == "vmap" else "length"
    known = option in lift.given or site.copies is not None
    reason = f"nn.{lift.kind} without {option}= is not handled where the source does not tell the size of its inputs"
    return "" if known else reason


def remat_class(name: str, base: str, lift: Lift) -> str:
    """The statement of a class whose call is rematerialised in the backward pass."""
    options = "".join(f", {key}={text}" for key, text in lift.given.items())
    return f"class {name}({base}):\n{{indent}}__call__ = nnx.remat({base}.__call__{options})\n"
