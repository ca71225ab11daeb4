"""Decorators of the methods of a Linen class: what goes, what stays, and what is called otherwise in NNX."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.construct import bound
from flake8_nnx.catalog.transforms import TRANSFORMS
from flake8_nnx.source.linen import LINEN, PARTIAL, Facts

DROPPED = frozenset({"compact", "nowrap"})
PLAIN = frozenset({"staticmethod", "classmethod", "property", "functools.cached_property", "functools.wraps"})
# Decorators from here change what is computed, or take the module for a value; those of other libraries stay.
LOOKED_AT = frozenset({"flax", "jax", "functools", "dataclasses"})
HARMLESS = frozenset({"jax.named_scope", "jax.named_call", "jax.default_matmul_precision", "jax.profiler.annotate_function"})
JITTED = {"jax.jit": "jit", LINEN + "jit": "jit", LINEN + "remat": "remat", LINEN + "checkpoint": "remat"}
STATIC = ("static_argnums", "static_argnames")


def edited(decorator: ast.expr, method: str, facts: Facts) -> tuple[str | None, str]:
    """The decorator in its NNX spelling (empty: it goes, None: it stays), and why there is none."""
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
    if origin and origin.partition(".")[0] not in LOOKED_AT:
        return None, ""
    binding = facts.names.binding(function) if isinstance(function, ast.Name) else None
    if binding is not None and isinstance(binding.node, ast.FunctionDef) and binding.kind == "def":
        if not any((facts.origin(node) or "").startswith("flax") for node in ast.walk(binding.node)):
            return None, ""
    return None, f"the decorator `{ast.unparse(decorator)[:60]}` of `{method}` is not handled"


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


def _without_self(text: str) -> str:
    """Static arguments without the module, which is never static in NNX; empty when they are not literal."""
    try:
        value = ast.literal_eval(text)
    except ValueError:
        return ""
    values = value if isinstance(value, (tuple, list, set)) else (value,)
    kept = [f'"{each}"' if isinstance(each, str) else str(each) for each in values if each not in ("self", 0)]
    return f"({', '.join(kept)}{',' if len(kept) == 1 else ''})"
