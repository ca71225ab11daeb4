"""Proposes a variable map where none is given: by name, then by leaf name, shape and order.

A proposal is never trusted: the verification runs under it and fails when it is wrong.
"""
from __future__ import annotations

import re
from collections.abc import Mapping

Signature = tuple[tuple[int, ...], str]


def propose(linen: Mapping[str, Signature], nnx: Mapping[str, Signature]) -> dict[str, str]:
    """Linen path to NNX path, as far as it can be guessed.

    Args:
        linen, nnx: shape and dtype of every variable by path, in creation order.
    """
    found: dict[str, str] = {}
    free = dict(nnx)
    by_name: dict[str, list[str]] = {}
    for path in free:
        by_name.setdefault(plain(path), []).append(path)
    for old, signature in linen.items():
        names = [new for new in by_name.get(plain(old.split("/", 1)[1]), []) if new in free and free[new] == signature]
        if len(names) == 1:
            found[old] = names[0]
            del free[names[0]]
    for old in sorted((path for path in linen if path not in found), key=natural):
        leaf = old.rsplit("/", 1)[-1]
        alike = sorted(
            (new for new, other in free.items() if other == linen[old] and new.rsplit("/", 1)[-1] == leaf), key=natural
        )
        if alike:
            found[old] = alike[0]
            del free[alike[0]]
    return found


def plain(path: str) -> str:
    """`Dense_0/kernel`, `dense_0/kernel` and `dense0/kernel` are one name; `layers_0` is `layers/0`."""
    return re.sub(r"[^a-z0-9]", "", path.lower())


def natural(path: str) -> list[tuple[int, str]]:
    """Sorts `layers_10` after `layers_9`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]
