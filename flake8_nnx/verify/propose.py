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
    for key in (plain, kind, tail, leaf_name):  # from the surest to the vaguest
        rest = sorted((path for path in linen if path not in found), key=natural)
        taken = set(found.values())
        free = sorted((path for path in nnx if path not in taken), key=natural)
        for name in {key(path.split("/", 1)[1]) for path in rest}:
            for signature in {linen[path] for path in rest}:
                old = [path for path in rest if key(path.split("/", 1)[1]) == name and linen[path] == signature]
                new = [path for path in free if key(path) == name and nnx[path] == signature]
                if len(old) == len(new) or key is leaf_name:
                    found.update(zip(old, new))
    return found


def plain(path: str) -> str:
    """`Dense_0/kernel`, `dense_0/kernel` and `dense0/kernel` are one name; `layers_0` is `layers/0`."""
    return re.sub(r"[^a-z0-9]", "", path.lower())


def kind(path: str) -> str:
    """As `plain`, without numbers: `LayerNorm_0/scale` and `layer_norm/scale` are one name."""
    return re.sub(r"[^a-z/]", "", path.lower())


def tail(path: str) -> str:
    """The last two names: `attention/query/kernel` and `MultiHeadDotProductAttention_0/query/kernel` are one."""
    return "/".join(kind(path).split("/")[-2:])


def leaf_name(path: str) -> str:
    return path.rsplit("/", 1)[-1].lower()


def natural(path: str) -> list[tuple[int, str]]:
    """Sorts `layers_10` after `layers_9`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]
