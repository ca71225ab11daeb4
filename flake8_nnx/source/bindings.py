"""Bindings: a target and the value that it holds from here on, and the names that layers get by it.

A layer is named by the attribute that holds it, alone or in a list.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.inittext import Env, static
from flake8_nnx.source.values import Array, Either, Module, Repeated, Shape, Unknown, elements, one_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def bind(tracer: Tracer, target: ast.expr, value: Any, env: Env) -> None:
    """Bind an assignment target to an abstract value."""
    if isinstance(target, ast.Name):
        env[target.id] = value
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        tracer.attributes[target.attr] = value
        _name_sites(target.attr, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        items = elements(value)
        if isinstance(value, Shape):
            array = Array(value.array.base, value.array.axes, len(target.elts))
            items = tuple(map(static, array.dims() or []))
            _refine(value.array, array, env)
        for index, element in enumerate(target.elts):
            bind(tracer, element, items[index] if items is not None and index < len(items) else Unknown(), env)


def _refine(old: Array, new: Array, env: Env) -> None:
    """`b, t, c = x.shape` tells the rank of x."""
    for name, value in env.items():
        if value is old:
            env[name] = new


def _name_sites(attribute: str, value: Any) -> None:
    if isinstance(value, (Module, Either)):
        for module in one_of(value):
            module.site.attribute = module.site.attribute or attribute
    elif isinstance(value, Repeated):
        if value.rest or value.before:
            for i, module in enumerate(value.turn):
                module.site.place = len(value.turn), len(value.before) + i
        _name_elements(attribute, list(one_of(value)))
    elif elements(value) is not None:
        _name_elements(attribute, list(elements(value) or ()))


def _name_elements(attribute: str, values: list[Any]) -> None:
    for value in values:
        if isinstance(value, Module) and value.site.attribute is None:
            value.site.attribute, value.site.element, value.site.listed = attribute, True, tuple(values)
