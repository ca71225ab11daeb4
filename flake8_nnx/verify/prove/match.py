"""Proposes which random key of the new program is which of the old, by walking both from their outputs.

Nothing here is trusted: a proposal is checked by writing the new program again with the keys put in place.
"""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove.rules.elementwise import COMMUTATIVE
from flake8_nnx.verify.prove.table import Table

UNORDERED = frozenset((*COMMUTATIVE, "max", "min"))


def propose(table: Table, old: Sequence[int], new: Sequence[int], keys: frozenset[int]) -> dict[int, int]:
    """New key to old key, as far as the two lists of values have the same form.

    Args:
        keys: the keys that either program consumes from its own streams.
    """
    forms = _forms(table, keys)
    pairs: dict[int, int] = {}
    seen: set[tuple[int, int]] = set()
    stack = list(zip(old, new))[::-1]
    while stack:
        before, after = stack.pop()
        if before == after or (before, after) in seen:
            continue
        seen.add((before, after))
        if before in keys and after in keys:
            pairs.setdefault(after, before)
            continue
        left, right = table.nodes[before], table.nodes[after]
        if left.op != right.op or len(left.operands) != len(right.operands):
            continue
        x, y = list(left.operands), list(right.operands)
        if left.op in UNORDERED:
            x.sort(key=lambda value: forms[value])
            y.sort(key=lambda value: forms[value])
        if left.op in ("scan_carry", "scan_stack", "while"):
            roots = left.param("roots")
            x, y = _by_form(x, roots, forms), _by_form(y, roots, forms)
        stack.extend(reversed(list(zip(x, y))))
    return pairs


def _by_form(operands: list[int], roots: int, forms: list[int]) -> list[int]:
    """The operands of a loop with its equations in an order that does not depend on numbers."""
    flat = operands[roots:]
    equations = sorted((flat[k : k + 3] for k in range(0, len(flat), 3)), key=lambda e: [forms[value] for value in e])
    return operands[:roots] + [value for equation in equations for value in equation]


def _forms(table: Table, keys: frozenset[int]) -> list[int]:
    """A hash of each value that does not see which keys and which carries are in it."""
    forms: list[int] = []
    for number, node in enumerate(table.nodes):
        if number in keys:
            forms.append(hash(("key", node.shape)))
        elif node.op == "carry":
            forms.append(hash(("carry", node.param("level"), node.shape, node.dtype)))
        else:
            inner = [forms[operand] for operand in node.operands]
            if node.op in UNORDERED or node.op in ("scan_carry", "scan_stack", "while"):
                inner.sort()
            params = tuple((k, v) for k, v in node.params)
            forms.append(hash((node.op, tuple(inner), params, node.shape, node.dtype, node.result)))
    return forms
