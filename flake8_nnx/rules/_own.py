"""Calls that a Linen module makes on itself."""
from __future__ import annotations

import ast
import functools

from flake8_nnx.rules._text import is_attribute, quote
from flake8_nnx.source.linen import LINEN, Facts

# Lifted transforms that call a function with the module as its first argument.
LIFTED = frozenset(
    LINEN + name
    for name in "cond switch while_loop scan vmap remat checkpoint jit grad value_and_grad vjp jvp custom_vjp "
    "map_variables add_metadata_axis remat_scan".split()
)


def arguments(call: ast.Call, *names: str) -> list[ast.expr] | None:
    """The values of the leading parameters, given by position or by name; None when one cannot be seen."""
    if any(isinstance(a, ast.Starred) for a in call.args[: len(names)]):
        return None
    given = {k.arg: k.value for k in call.keywords if k.arg}
    found = [call.args[i] if i < len(call.args) else given.get(name) for i, name in enumerate(names)]
    return [node for node in found if node is not None] if None not in found else None


def others(call: ast.Call, *names: str) -> list[ast.expr | ast.keyword]:
    """The arguments beyond the leading parameters; `unbox=` has no meaning in NNX."""
    return [*call.args[len(names):], *(k for k in call.keywords if k.arg not in (*names, "unbox"))]


def attribute(name: ast.expr, value: str) -> str:
    """`self.scale = value`, or `setattr` for a name that is computed."""
    if isinstance(name, ast.Constant) and is_attribute(name.value):
        return f"self.{name.value!s} = {value}"
    return f"setattr(self, {quote(name)}, {value})"


def own_call(call: ast.Call, facts: Facts, *names: str) -> bool:
    """Whether this is `self.<name>(…)` of flax.linen.Module, in a Linen class that does not define the name itself.

    In the body of a lifted function, its first parameter is the module too.
    """
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in names or not isinstance(func.value, ast.Name):
        return False
    method = facts.enclosing_method(call)
    if func.value.id != "self" and not _is_self(func.value, method, facts):
        if not _lifted_self(func.value, facts):
            return False
        if method is None:
            return True
    cls = facts.linen_class(facts.names.parent(method)) if method is not None else None
    return cls is not None and facts.method_of(cls, func.attr) is None and func.attr not in facts.fields_of(cls)


def receiver(call: ast.Call) -> str:
    """What the call names the module: `self`, or the first parameter of a lifted function."""
    return quote(call.func.value) if isinstance(call.func, ast.Attribute) else "self"


def _is_self(name: ast.Name, method: ast.FunctionDef | None, facts: Facts) -> bool:
    """Whether a name is what a method calls its instance, spelled otherwise than `self`."""
    binding = facts.names.binding(name)
    return method is not None and binding is not None and binding.kind == "param" and binding.node in method.args.args[:1]


def _lifted_self(name: ast.Name, facts: Facts) -> bool:
    """Whether a name is the first parameter of a function that a lifted transform calls."""
    binding = facts.names.binding(name)
    return binding is not None and binding.kind == "param" and id(binding.node) in _lifted(facts)


@functools.lru_cache(maxsize=4)
def _lifted(facts: Facts) -> frozenset[int]:
    """The first parameters of the functions given to lifted transforms."""
    found: set[int] = set()
    for call in facts.names.nodes:
        if not isinstance(call, ast.Call) or facts.origin(call.func) not in LIFTED:
            continue
        for given in [each for arg in call.args for each in (arg.elts if isinstance(arg, (ast.List, ast.Tuple)) else [arg])]:
            binding = facts.names.binding(given) if isinstance(given, ast.Name) else None
            function = binding.node if binding is not None and binding.kind == "def" else given
            if isinstance(function, (ast.FunctionDef, ast.Lambda)) and function.args.args:
                found.add(id(function.args.args[0]))
    return frozenset(found)
