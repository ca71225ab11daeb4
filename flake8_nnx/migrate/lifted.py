"""Classes under `nn.remat` and `nn.vmap`: the functional NNX transforms of their `__call__`.

A rematerialised class becomes a subclass beside it; a mapped one is made and called under `nnx.vmap`.
"""
from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from flake8_nnx.catalog.construct import bound
from flake8_nnx.catalog.transforms import TRANSFORMS
from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.values import Site

# The remat of this module counts arguments without self, flax.linen's and NNX's with it.
PARTITIONING = LINEN + "partitioning.remat"
PREFIXES = {"remat": "Checkpoint", "checkpoint": "Checkpoint", "vmap": "Vmap", "jit": "Jit"}
KEPT = ("policy", "prevent_cse", "static_argnums")


@dataclass(frozen=True)
class Lift:
    """The transform around a class, with the source text of its arguments by their Linen names."""

    kind: str  # remat, vmap, jit
    given: dict[str, str]
    prefix: str  # what Linen puts before the name of the class
    problem: str = ""

    def in_init(self, fields: set[str]) -> dict[str, str]:
        """Its arguments where the fields are parameters."""
        return {
            key: re.sub(r"\bself\.(\w+)", lambda m: m[1] if m[1] in fields else m[0], text) for key, text in self.given.items()
        }


def lift_of(site: Site, facts: Facts) -> Lift | None:
    """The transform around the class of a site, None where there is none."""
    call = site.lift
    if call is None:
        return None
    lift = _read(call, facts)
    return lift if lift.problem or lift.kind == "jit" else replace(lift, problem=_place_problem(site, call, facts))


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
    prefix = "Core_remat_static" if origin == PARTITIONING else PREFIXES[name]
    if name == "vmap":
        return Lift("vmap", given, prefix, "; ".join(problems) or _vmap_problem(given))
    given = {key: text for key, text in given.items() if text not in transform.neutral(key)}
    extra = [key for key in given if key not in KEPT]
    if origin == PARTITIONING and "static_argnums" in given:
        given["static_argnums"] = _with_self(given["static_argnums"])
        problems += [] if given["static_argnums"] else ["static_argnums of nn.remat are no literal numbers"]
    problems += [f"`{key}={given[key]}` of {what} has no twin in nnx.remat" for key in extra]
    return Lift("remat", given, prefix, "; ".join(problems))


def _with_self(text: str) -> str:
    """`(5, 6)` counted without self is `(6, 7)` with it."""
    try:
        numbers = ast.literal_eval(text)
    except ValueError:
        return ""
    numbers = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return repr(tuple(number + 1 for number in numbers))


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
    if facts.linen_name(call.func) == "vmap":
        for node, method, _ in site.inputs:
            plain = isinstance(node, ast.Call) and not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
            if method != "__call__" or not plain:
                return f"`{ast.unparse(node)[:60]}` of a mapped module is not a plain call with positional arguments"
        if site.loops or site.element:
            return "a mapped class in a loop is not handled"
    return ""


def remat_class(name: str, base: str, lift: Lift) -> str:
    """The statement of a class whose call is rematerialised in the backward pass."""
    options = "".join(f", {key}={text}" for key, text in lift.given.items())
    return f"class {name}({base}):\n{{indent}}__call__ = nnx.remat({base}.__call__{options})\n"


def _vmap_problem(given: dict[str, str]) -> str:
    axes = _literal(given.get("variable_axes", "{}"))
    split = _literal(given.get("split_rngs", "{}"))
    if "axis_size" not in given:
        return "nn.vmap without axis_size= is not handled"
    own = isinstance(axes, dict) and "params" in axes and all(axis == 0 for axis in axes.values())
    if not own or not isinstance(split, dict):
        return "nn.vmap is handled only where every copy has parameters of its own, along axis 0"
    if not split or not all(split.get(stream) is True for stream in ("params", *split)):
        return "nn.vmap is handled only where every copy has random streams of its own"
    if _literal(given.get("in_axes", "0")) is not None:
        return "nn.vmap over axes of the input is not handled"
    unknown = set(given) - {"variable_axes", "split_rngs", "in_axes", "out_axes", "axis_size", "axis_name"}
    return f"`{min(unknown)}=` of nn.vmap is not handled" if unknown else ""


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text


def vmapped(code: str, size: str) -> str:
    """`code` makes one copy with the streams `rngs`; this makes `size` of them."""
    return f"nnx.vmap(lambda rngs: {code})(rngs.split({size}))"


def call_of(base: str, count: int, lift: Lift) -> str:
    """What stands for the module in a call of its copies; the module itself comes before the `count` arguments."""
    axes = ", ".join(["0", *["None"] * count])
    out = lift.given.get("out_axes", "0")
    options = "" if out == "0" else f", out_axes={out}"
    options += f", axis_name={lift.given['axis_name']}" if "axis_name" in lift.given else ""
    return f"nnx.vmap({base}.__call__, in_axes=({axes}){options})"
