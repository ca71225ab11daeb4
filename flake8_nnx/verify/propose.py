"""Proposes a variable map where none is given: layer by layer, by name, then by their variables and order.

A proposal is never trusted: the verification runs under it and fails when it is wrong.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence

Signature = tuple[tuple[int, ...], str]
Layers = dict[str, dict[str, str]]  # path of a module -> names of its own variables -> their paths
Key = Callable[[str], str]


def propose(linen: Mapping[str, Signature], nnx: Mapping[str, Signature]) -> dict[str, str]:
    """Linen path to NNX path, as far as it can be guessed.

    Layers are paired as wholes, so that the bias of one never goes with the kernel of another; what is then left over
    is paired variable by variable.

    Args:
        linen, nnx: shape and dtype of every variable by path; Linen paths begin with their collection.
    """
    old, new = _layers({path: _bare(path) for path in linen}), _layers({path: path for path in nnx})
    layers = _paired(_contents(old, linen), _contents(new, nnx), (plain, kind, tail, _anything))
    found = {path: new[layers[layer]][leaf] for layer in layers for leaf, path in old[layer].items()}
    rest = {path: signature for path, signature in linen.items() if path not in found}
    free = {path: signature for path, signature in nnx.items() if path not in set(found.values())}
    return found | _paired(rest, free, (plain, kind, tail, leaf_name), _bare)


def _layers(names: Mapping[str, str]) -> Layers:
    found: Layers = {}
    for path, name in names.items():
        module, _, leaf = name.rpartition("/")
        found.setdefault(module, {})[leaf] = path
    return found


def _contents(layers: Layers, signatures: Mapping[str, Signature]) -> dict[str, Hashable]:
    return {layer: frozenset((leaf, signatures[path]) for leaf, path in own.items()) for layer, own in layers.items()}


def _paired(
    old: Mapping[str, Hashable], new: Mapping[str, Hashable], keys: Sequence[Key], name: Key = str
) -> dict[str, str]:
    """Pairs of the same value whose names have the same key, in natural order; keys go from the surest to the vaguest.

    Groups of different sizes are only paired, as far as they go, by the last key.
    """
    found: dict[str, str] = {}
    for key in keys:
        groups: dict[tuple[str, Hashable], list[str]] = {}
        taken = set(found.values())
        for path in sorted((path for path in new if path not in taken), key=natural):
            groups.setdefault((key(path), new[path]), []).append(path)
        mine: dict[tuple[str, Hashable], list[str]] = {}
        for path in sorted((path for path in old if path not in found), key=natural):
            mine.setdefault((key(name(path)), old[path]), []).append(path)
        for group, paths in mine.items():
            others = groups.get(group, [])
            if len(paths) == len(others) or key is keys[-1]:
                found.update(zip(paths, others))
    return found


def _bare(path: str) -> str:
    """A Linen path without its collection."""
    return path.split("/", 1)[1]


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


def _anything(path: str) -> str:
    return ""


def natural(path: str) -> list[tuple[int, str]]:
    """Sorts `layers_10` after `layers_9`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]
