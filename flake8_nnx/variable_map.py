"""The variable map: which Linen variable is which NNX variable, for every size and configuration of a class.

A rewrite emits it as a tree of slots in creation order; `resolve` turns it into flat paths for one concrete instance.
"""
from __future__ import annotations

import json
import pathlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
INDEX = re.compile(r"\{(\d+)(?:\*(\d+))?(?:([+-])(\d+))?\}")

# A slot is one of
#   {"param": "kernel", "collection": "params", "nnx": "kernel"}          a variable of the class itself
#   {"linen": "fc1", "nnx": "fc1", "leaves": {"params/kernel": "kernel"}} a built-in layer with an explicit name
#   {"linen": "Dense", "auto": true, "nnx": "dense_0", "leaves": …}       named by Linen: Dense_0, Dense_1, …
#   {"linen": "block_{0}", "nnx": "blocks/{0}", "class": "Block"}         a class; {k} is the index in the k-th loop,
#                                                                           {k*2+1} of the second that each turn appends
#   {"each": [slots]}                                                     the body of a loop
#   {"either": [slots]}                                                   a layer of one of several classes
#   {"linen": "block", "nnx": "block", "same": true}                      a bridge: below, both sides have the same paths
#   {"same": true}                                                        so has the class itself, but for the slots before
#   {"linen": "fc1", "nnx": "fc1", "shared": true, …}                     its variables stand among those of the class itself
# A slot may have "sizes": which constructor parameters of the class its variables tell, by an axis of one of its leaves or by its
#   dtype, {"in_features": [["params/kernel", -2]], "dense_param_dtype": [["params/kernel", "dtype"]]}, for a variable of the
#   class itself by its own axis, {"in_features": -2}, its shape or its dtype, {"kernel_shape": "shape"}, or, for a class, by a
#   parameter of that, {"encoder_in_features": "in_features"}.
# Beside the slots, {"modes": {"__call__": {"train": true}}} says which flags of methods are modes of the NNX module, with the
#   value that they have in training; {"axes": {"length": ["x", -2]}} which axis of an argument a constructor parameter is, and
#   {"settings": {"wrapped_features": ["wrapped", "features"]}} which setting of a layer in a field that the class never runs.


@dataclass(frozen=True)
class Leaf:
    """A Linen variable, by what it tells of constructor parameters."""

    shape: tuple[int, ...]
    dtype: Any = None

    def tells(self, source: int | str) -> Any:
        """The size of an axis, the shape or the dtype."""
        return self.shape[source] if isinstance(source, int) else getattr(self, source)


def resolve(tree: Mapping[str, Any], linen_paths: Iterable[str], nnx_paths: Iterable[str]) -> dict[str, str]:
    """Flat variable map of one instance, Linen path to NNX path.

    Args:
        tree: `{"slots": […], "classes": {name: […]}}`.
        linen_paths: `collection/module/…/leaf` of every variable of the Linen instance.
        nnx_paths: `attribute/…/leaf` of every variable of the NNX instance.

    A slot without variables on both sides adds nothing, so the caller checks that the map is complete.
    """
    linen = frozenset(linen_paths)
    nnx = [tuple(path.split("/")) for path in nnx_paths]
    found: dict[str, str] = {}
    resolver = _Resolver(tree.get("classes", {}), linen, frozenset(nnx), _prefixes(nnx), found)
    resolver.walk(tree["slots"], (), (), (), Counter())
    return found


def told_sizes(
    tree: Mapping[str, Any], shapes: Mapping[str, Sequence[int]], dtypes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Constructor parameters of an NNX class that the shapes and dtypes of the Linen variables tell.

    None stands for a size of layers that the instance does not have: whoever uses it fails.

    Args:
        tree: as for `resolve`.
        shapes: shape of every Linen variable by `collection/module/…/leaf`.
        dtypes: their dtypes.
    """
    leaves = {path: Leaf(tuple(shape), (dtypes or {}).get(path)) for path, shape in shapes.items()}
    modules = {tuple(path.split("/")[1:length]) for path in shapes for length in range(2, path.count("/") + 2)}
    return {**dict.fromkeys(_asked(tree["slots"])), **_told(tree["slots"], (), (), tree.get("classes", {}), leaves, modules)}


def _asked(slots: Iterable[Mapping[str, Any]]) -> list[str]:
    """The constructor parameters that the variables of these slots would tell."""
    return [name for slot in slots for name in (*slot.get("sizes", ()), *_asked(slot.get("each", ())))]


def _told(
    slots: Sequence[Mapping[str, Any]],
    linen: Path,
    indices: tuple[int, ...],
    classes: Mapping[str, Sequence[Mapping[str, Any]]],
    leaves: Mapping[str, Leaf],
    modules: set[Path],
    counts: Counter[str] | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    counts = Counter() if counts is None else counts
    for slot in slots:
        if "each" in slot:  # the first turn tells
            found = {**_told(slot["each"], linen, (*indices, 0), classes, leaves, modules, counts.copy()), **found}
            for name, many in _turned(slot["each"], slots, linen, modules).items():
                counts[name] += many
            continue
        slot = chosen(slot, linen, indices, counts, modules)
        if "param" in slot:
            path = "/".join([slot["collection"], *linen, slot["param"]])
            told = slot.get("sizes", {}) if path in leaves else {}
            found = {**{name: leaves[path].tells(source) for name, source in told.items()}, **found}
        if "linen" not in slot:
            continue
        name = filled(slot["linen"], indices)
        below = (*linen, *name.split("/"))
        if slot.get("shared"):
            below = linen
        elif slot.get("auto"):
            numbered = f"{name}_{counts[name]}"
            if (*linen, numbered) not in modules:
                continue  # not created in this configuration
            counts[name] += 1
            below = (*linen, numbered)
        inner: dict[str, Any] = {}
        for option in alike(slot):  # the first that finds its variables
            below_it = _told(classes[option["class"]], below, (), classes, leaves, modules) if "class" in option else {}
            inner = {**below_it, **inner}
        for parameter, source in slot.get("sizes", {}).items():
            if isinstance(source, str):
                value = inner.get(source)
            else:
                paths = (("/".join([leaf.split("/")[0], *below, *leaf.split("/")[1:]]), axis) for leaf, axis in source)
                value = next((leaves[path].tells(axis) for path, axis in paths if path in leaves), None)
            if value is not None:
                found.setdefault(parameter, value)
    return found


def _turned(
    each: Sequence[Mapping[str, Any]], slots: Sequence[Mapping[str, Any]], linen: Path, modules: set[Path]
) -> Counter[str]:
    """How many layers of each counted name a loop makes, where no other does: all but those of the slots beside it."""
    found: Counter[str] = Counter()
    for name in {slot["linen"] for slot in each if slot.get("auto")}:
        loops = [slot["each"] for slot in slots if "each" in slot]
        single = sum(slot.get("auto", False) and slot["linen"] == name for slot in slots)
        others = [inner for loop in loops if loop is not each for inner in loop]
        if not any(inner.get("linen") == name or "each" in inner for inner in others):
            made = sum((*linen, f"{name}_{number}") in modules for number in range(len(modules)))
            found[name] = max(0, made - single)
    return found


def beside(path: pathlib.Path) -> pathlib.Path:
    """Where the variable maps of the classes of a file are."""
    return path.with_suffix(".nnx-map.json")


def read_maps(path: pathlib.Path) -> dict[str, Any]:
    """The variable maps beside a file, by class; none when there are none, or when the file is no such thing."""
    try:
        found = json.loads(beside(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: tree for name, tree in found.items() if isinstance(tree, dict) and "slots" in tree}


def with_earlier(tree: Mapping[str, Any], earlier: Mapping[str, Any], moved: bool) -> dict[str, Any]:
    """A map that leads on into classes that have moved before, as slots with `ported` name them.

    Args:
        earlier: their own maps by class, from their Linen variables.
        moved: the variables of the Linen side have the names of NNX below these slots, not those of Linen.
    """
    classes = dict(tree.get("classes", {}))

    def led(slot: Mapping[str, Any]) -> dict[str, Any]:
        if "each" in slot:
            return {"each": [led(inner) for inner in slot["each"]]}
        name = slot.get("ported", "")
        if name not in earlier:
            return dict(slot)
        below = {**earlier[name].get("classes", {}), name: earlier[name]["slots"]}
        classes.update({key: [_moved(inner) for inner in slots] if moved else list(slots) for key, slots in below.items()})
        return {**slot, "class": name}

    slots = [led(slot) for slot in tree["slots"]]
    for name in [*classes]:
        classes[name] = [led(slot) for slot in classes[name]]
    return {"slots": slots, "classes": classes}


def _moved(slot: Mapping[str, Any]) -> dict[str, Any]:
    """The slot where the Linen side has the names of the NNX side."""
    if "each" in slot:
        return {"each": [_moved(inner) for inner in slot["each"]]}
    if "nnx" not in slot:
        return dict(slot)
    if "param" in slot:
        return {**slot, "param": slot["nnx"]}
    leaves = {old: f"{old.split('/')[0]}/{new}" for old, new in slot.get("leaves", {}).items()}
    sizes = {
        name: source if isinstance(source, str) else [[leaves.get(leaf, leaf), axis] for leaf, axis in source]
        for name, source in slot.get("sizes", {}).items()
    }
    found = {name: value for name, value in slot.items() if name not in ("auto", "shared")} | {"linen": slot["nnx"]}
    own = {"leaves": {leaves[old]: new for old, new in slot.get("leaves", {}).items()}} if leaves else {}
    return {**found, **own, **({"sizes": sizes} if sizes else {})}


class _Resolver:
    def __init__(
        self,
        classes: Mapping[str, Sequence[Mapping[str, Any]]],
        linen: frozenset[str],
        nnx: frozenset[Path],
        prefixes: frozenset[Path],
        found: dict[str, str],
    ) -> None:
        self.classes, self.linen, self.nnx, self.prefixes, self.found = classes, linen, nnx, prefixes, found
        self.modules = _prefixes(tuple(path.split("/")[1:]) for path in linen)
        self.longest = 1 + max((int(part) for path in nnx for part in path if part.isdecimal()), default=-1)  # of the lists

    def walk(
        self, slots: Sequence[Mapping[str, Any]], linen: Path, nnx: Path, indices: tuple[int, ...], counts: Counter[str]
    ) -> None:
        for slot in slots:
            if "each" in slot:
                turn = 0
                while (there := self.exists(slot["each"], nnx, (*indices, turn))) or turn < self.longest:
                    if there:  # a turn may make nothing
                        self.walk(slot["each"], linen, nnx, (*indices, turn), counts)
                    turn += 1
                continue
            if "nnx" not in first(slot):
                self.same(linen, nnx)
                continue
            slot = chosen(self.fitting(slot, nnx, indices), linen, indices, counts, self.modules)
            if len(alike(slot)) > 1:
                self.one_of(alike(slot), linen, nnx, indices)
                continue
            here = (*nnx, *filled(slot["nnx"], indices).split("/"))
            if "param" in slot:
                self.add((slot["collection"], *linen, slot["param"]), here)
                continue
            name = filled(slot["linen"], indices)
            if slot.get("auto"):
                if here not in self.prefixes:
                    continue  # not created in this configuration, so Linen did not count it
                counts[name] += 1
                name = f"{name}_{counts[name] - 1}"
            below = linen if slot.get("shared") else (*linen, *name.split("/"))
            for leaf, target in slot.get("leaves", {}).items():
                collection, *rest = leaf.split("/")
                self.add((collection, *below, *rest), (*here, *target.split("/")))
            if "class" in slot:
                self.walk(self.classes[slot["class"]], below, here, (), Counter())
            if "same" in slot:
                self.same(below, here)

    def fitting(self, slot: Mapping[str, Any], nnx: Path, indices: tuple[int, ...]) -> Mapping[str, Any]:
        """Of a layer that Linen counts by its class, the classes that may have the variables that it has in NNX."""
        if "either" not in slot or not all(option.get("auto") and "leaves" in option for option in slot["either"]):
            return slot
        here = (*nnx, *filled(first(slot)["nnx"], indices).split("/"))
        own = {"/".join(path[len(here):]) for path in self.nnx if path[: len(here)] == here}
        more = [len({*option["leaves"].values()} - own) for option in slot["either"]]
        fit = [i for i, option in enumerate(slot["either"]) if own <= {*option["leaves"].values()}]
        return {**slot, "either": [slot["either"][i] for i in sorted(fit, key=more.__getitem__)]} if fit else slot

    def one_of(self, options: Sequence[Mapping[str, Any]], linen: Path, nnx: Path, indices: tuple[int, ...]) -> None:
        """A layer that has the same name whichever class it is: as the class that accounts for all of its variables."""
        below = (*linen, *filled(options[0]["linen"], indices).split("/"))
        own = {path for path in self.linen if tuple(path.split("/")[1:])[: len(below)] == below}
        maps: list[dict[str, str]] = []
        for option in options:
            found: dict[str, str] = {}
            inner = _Resolver(self.classes, self.linen, self.nnx, self.prefixes, found)
            inner.walk([option], linen, nnx, indices, Counter())
            if found.keys() == own and found not in maps:
                maps.append(found)
        if len(maps) == 1:  # else the names do not say which it is
            self.found.update(maps[0])

    def same(self, linen: Path, nnx: Path) -> None:
        """Every variable below that is not mapped yet, under its own path."""
        for path in sorted(self.linen):
            collection, *rest = path.split("/")
            if tuple(rest[: len(linen)]) == linen and path not in self.found:
                self.add((collection, *rest), (*nnx, *rest[len(linen):]))

    def exists(self, slots: Sequence[Mapping[str, Any]], nnx: Path, indices: tuple[int, ...]) -> bool:
        return any(
            any(self.exists(slot["each"], nnx, (*indices, turn)) for turn in range(self.longest))
            if "each" in slot
            else (*nnx, *filled(first(slot)["nnx"], indices).split("/")) in self.prefixes
            for slot in slots
        )

    def add(self, linen: Path, nnx: Path) -> None:
        path = "/".join(linen)
        if path in self.linen and nnx in self.nnx:
            self.found[path] = "/".join(nnx)


def first(slot: Mapping[str, Any]) -> Mapping[str, Any]:
    return slot["either"][0] if "either" in slot else slot  # type: ignore[no-any-return]


def chosen(
    slot: Mapping[str, Any], linen: Path, indices: tuple[int, ...], counts: Counter[str], modules: Collection[Path]
) -> Mapping[str, Any]:
    """Of a layer that may have one of several classes, the slot of the one that this instance has."""
    for option in slot.get("either", ()):
        name = filled(option["linen"], indices)
        if (*linen, *(f"{name}_{counts[name]}" if option.get("auto") else name).split("/")) in modules:
            sizes = {"sizes": slot["sizes"]} if "sizes" in slot else {}
            alone = {"either": ()} if option.get("auto") else {"either": slot["either"]}
            return {**option, **sizes, **alone}
    return first(slot)


def alike(slot: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The layer, or each class that it may have where all are called the same."""
    return slot.get("either") or (slot,)


def filled(template: str, indices: tuple[int, ...]) -> str:
    """`block_{0+1}` in the third turn of the loop is `block_3`."""

    def value(match: re.Match[str]) -> str:
        offset = int(match.group(4) or 0)
        index = indices[int(match.group(1))] * int(match.group(2) or 1)
        return str(index + (-offset if match.group(3) == "-" else offset))

    return INDEX.sub(value, template)


def _prefixes(paths: Iterable[Path]) -> frozenset[Path]:
    return frozenset(path[:length] for path in paths for length in range(1, len(path) + 1))
