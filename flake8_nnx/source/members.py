"""What is asked of submodules that are there: `self.encoder.embed.features`, `isinstance(layer, nn.Dropout)`.

Only what the NNX class has as well is known.
"""
from __future__ import annotations

import ast
from typing import Any

from flake8_nnx.catalog.settings import SETTINGS
from flake8_nnx.source.linen import LINEN, Facts, ModuleRef
from flake8_nnx.source.values import Array, Function, Held, Member, Module, Static, Unknown, array_of

BASES = frozenset({"Module", "RNNCellBase", "MultiHeadDotProductAttention"})  # classes of flax.linen from which others derive
FUNCTION_ROOTS = (LINEN, "jax.nn.", "jax.numpy.")


def member(owner: Module | Member, node: ast.Attribute) -> Any:
    """The value of an attribute of a submodule, as far as `__init__` can read it."""
    from flake8_nnx.source.features import trace  # the two call each other

    ref = (owner.module if isinstance(owner, Member) else owner).site.ref
    if ref is None:
        return Unknown()
    above = owner.text if isinstance(owner, Member) else ast.unparse(node.value)
    if ref.local is None:
        kept = SETTINGS.get(ref.linen or "", {}).get(node.attr)
        return Static(kept.format(above)) if kept is not None else Unknown()
    text = f"{above}.{node.attr}"
    found = trace(ref.local).attributes.get(node.attr)
    if isinstance(found, Module):
        return Member(text, found)
    return Static(text) if type(found) is Static or isinstance(found, Held) else Unknown()


def held_output(callee: Held, positional: list[Any]) -> Any:
    """What a submodule returns that the class is given: of an embedding, its vectors; of a dense layer, its features."""
    kind = callee.ref.linen if callee.ref is not None else None
    data = positional[0] if positional else Unknown()
    if kind == "Dense":
        return data.with_axes({1: f"{callee.text}.out_features"}) if isinstance(data, Array) else Unknown()
    if kind != "Embed":
        return Unknown()
    dims = data.dims() if isinstance(data, Array) else None
    size = f"{callee.text}.features"
    return Array(None, {1: size}) if dims is None else array_of([*dims, size])


def is_instance(value: Any, cls: ast.expr, facts: Facts) -> bool | None:
    """Whether a submodule, or a function beside it in a list, is an instance of a module class; None where that is not told."""
    if isinstance(cls, (ast.Tuple, ast.List)):
        each = [is_instance(value, element, facts) for element in cls.elts]
        return True if True in each else None if None in each else False
    asked = facts.module_class(cls)
    if asked is None:
        return None
    if isinstance(value, Module):
        return _derives(value.site.ref, asked)
    return False if isinstance(value, Function) or isinstance(value, Static) and _is_function(value.text, facts) else None


def _is_function(text: str, facts: Facts) -> bool:
    """Whether a name stands for a function of a library or of the file: `nn.gelu`."""
    root, _, rest = text.partition(".")
    binding = facts.names.lookup(root, facts.names.module) if root.isidentifier() else None
    if binding is None:
        return False
    name = f"{binding.origin}.{rest}".rstrip(".")
    return binding.kind == "def" or name.startswith(FUNCTION_ROOTS) and name.rpartition(".")[2].islower()


def _derives(made: ModuleRef | None, asked: ModuleRef) -> bool | None:
    """Whether the class of a submodule is the one that is asked for, or derives from it."""
    if made is None or made.nnx is not None or asked.nnx is not None or asked.linen in BASES:
        return True if asked.linen == "Module" else None
    if made.local is None:
        return made.linen == asked.linen if asked.local is None else False
    if asked.local is None:
        return None if any(base.startswith(LINEN) for base in made.local.bases) else False
    return any(base.node is asked.local.node for base in made.local.facts.ancestors(made.local))
