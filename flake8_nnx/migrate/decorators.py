"""Decorators of the methods of a Linen class: what goes, what stays, and what is called otherwise in NNX."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.construct import bound
from flake8_nnx.catalog.transforms import TRANSFORMS
from flake8_nnx.migrate import mapped
from flake8_nnx.migrate.lifted import habit_problem, layout
from flake8_nnx.migrate.stateful import habits
from flake8_nnx.source.lifts import read_axes
from flake8_nnx.source.linen import LINEN, PARTIAL, LinenClass
from flake8_nnx.source.methods import is_flag

DROPPED = frozenset({"compact", "nowrap"})
PLAIN = frozenset({"staticmethod", "classmethod", "property", "functools.cached_property", "functools.wraps"})
# Decorators from here change what is computed, or take the module for a value; those of other libraries stay.
LOOKED_AT = frozenset({"flax", "jax", "functools", "dataclasses"})
HARMLESS = frozenset({"jax.named_scope", "jax.named_call", "jax.default_matmul_precision", "jax.profiler.annotate_function"})
JITTED = {"jax.jit": "jit", LINEN + "jit": "jit", LINEN + "remat": "remat", LINEN + "checkpoint": "remat"}
STATIC = ("static_argnums", "static_argnames")


def edited(decorator: ast.expr, method: ast.FunctionDef, cls: LinenClass) -> tuple[str | None, str]:
    """The decorator in its NNX spelling (empty: it goes, None: it stays), and why there is none."""
    facts = cls.facts
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    options = list(decorator.keywords) if isinstance(decorator, ast.Call) else []
    positional = list(decorator.args) if isinstance(decorator, ast.Call) else []
    wrapped = isinstance(decorator, ast.Call) and facts.origin(function) in PARTIAL and bool(positional)
    if wrapped:
        function, *positional = positional
    origin = facts.origin(function) or ""
    if origin.removeprefix(LINEN) in DROPPED and origin.startswith(LINEN):
        return "", ""
    if (origin or ast.unparse(function)) in PLAIN or origin in HARMLESS or origin.startswith("abc."):
        return None, ""
    if origin in JITTED:
        return _transformed(origin, function, positional, options, wrapped)
    if origin in (LINEN + "scan", LINEN + "vmap"):
        return _in_turns(origin.removeprefix(LINEN), positional, options, method, cls)
    if origin and origin.partition(".")[0] not in LOOKED_AT:
        return None, ""
    binding = facts.names.binding(function) if isinstance(function, ast.Name) else None
    if binding is not None and isinstance(binding.node, ast.FunctionDef) and binding.kind == "def":
        if not any((facts.origin(node) or "").startswith("flax") for node in ast.walk(binding.node)):
            return None, ""
    return None, f"the decorator `{ast.unparse(decorator)[:60]}` of `{method.name}` is not handled"


def _transformed(
    origin: str, function: ast.expr, positional: list[ast.expr], options: list[ast.keyword], wrapped: bool
) -> tuple[str | None, str]:
    """`@functools.partial(nn.jit, static_argnames=("self", "train"))` becomes `@nnx.jit(static_argnames=("train",))`."""
    name = JITTED[origin]
    transform = TRANSFORMS[name]
    texts = {option.arg or "**": ast.unparse(option.value) for option in options}
    given, problems = bound(f"nn.{name}", transform.args, (), ["", *map(ast.unparse, positional)], texts)
    if positional and not wrapped or problems:
        return None, f"the arguments of the decorator `{ast.unparse(function)}` are not understood"
    kept = []
    for key, text in given.items():
        if key == transform.args[0] or text in transform.neutral(key):
            continue
        if key in transform.dropped:
            return None, f"`{key}={text}` of {ast.unparse(function)} has no twin in nnx.{name}"
        if key in STATIC:
            text = _without_self(text)
            if not text:
                return None, f"`{key}` of {ast.unparse(function)} is not written out"
            if text == "()":
                continue
        kept.append(f"{key}={text}")
    return f"nnx.{name}({', '.join(kept)})" if kept else f"nnx.{name}", ""


def _in_turns(
    name: str, positional: list[ast.expr], options: list[ast.keyword], method: ast.FunctionDef, cls: LinenClass
) -> tuple[str | None, str]:
    """A method that is mapped or scanned over its inputs, all turns with the same variables."""
    what = f"nn.{name}"
    given = {option.arg: option.value for option in options if option.arg}
    texts = {key: ast.unparse(value) for key, value in given.items()}
    axes = read_axes(given, name == "scan", cls.facts)
    shared, problem = layout(name, texts)
    arguments = method.args
    if positional or len(given) < len(options) or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
        return None, f"`{method.name}` under {what} is not handled"
    problem = problem or axes.problem or habit_problem(what, texts, True, habits(cls))
    if not problem and not shared:
        problem = f"a method under {what} whose turns have variables of their own is not handled"
    inputs = arguments.args[1 + axes.scan:]
    places = axes.of_inputs(len(inputs))
    defaults = [None] * (len(inputs) - len(arguments.defaults)) + list(arguments.defaults)
    if any(place is None and is_flag(each, default) for each, default, place in zip(inputs, defaults, places)):
        problem = problem or f"a flag of a method under {what} is not handled: give it to the class"
    own = ["None", *(["nnx.Carry"] if axes.scan else []), *map(str, places)]
    out = f"(nnx.Carry, {axes.output})" if axes.scan else str(axes.output)
    return (None, problem) if problem else (mapped.decorator(name, texts, own, out), "")


def _without_self(text: str) -> str:
    """Static arguments without the module, which is never static in NNX; empty when they are not literal."""
    try:
        value = ast.literal_eval(text)
    except ValueError:
        return ""
    values = value if isinstance(value, (tuple, list, set)) else (value,)
    kept = [f'"{each}"' if isinstance(each, str) else str(each) for each in values if each not in ("self", 0)]
    return f"({', '.join(kept)}{',' if len(kept) == 1 else ''})"
