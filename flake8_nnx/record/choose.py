"""From recorded calls to a few cases: calls that differ in batch size or in a training flag become one case.

Batch sizes become the named axis `b` only when at least two were recorded; every other size stays as it was.
"""
from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.record.abstract import Node, arrays
from flake8_nnx.record.store import Record

if TYPE_CHECKING:
    from flake8_nnx.case import Case

MOST = 4
TRAINING = {"train": True, "training": True, "is_training": True, "is_train": True, "use_dropout": True}
TRAINING |= {name: False for name in ("deterministic", "eval", "evaluate", "inference", "is_eval", "test", "use_running_average")}
# Collections that say nothing about how the next call is made: sown values, and statistics whose shapes no input decides.
UNSHAPED = {"params", "batch_stats", "intermediates"}


@dataclass(frozen=True)
class Group:
    """Calls that differ in batch size and flags alone, and the flags of the case: evaluation, and training or None."""

    records: tuple[Record, ...]
    flags: dict[str, bool]
    train: dict[str, bool] | None = None

    @property
    def calls(self) -> int:
        return sum(record.calls for record in self.records)

    @property
    def applied(self) -> bool:
        return any(record.phase == "apply" for record in self.records)


def cases(target: str, records: Sequence[Record]) -> list[Case]:
    """At most four cases, each as unlike those before it as there are calls.

    Args:
        target: `path/to/file.py:Class`.
        records: usable calls of that class.
    """
    found = [group for alike in groups(records) for group in by_flags(alike)]
    # A method without inputs, such as initialize_carry, computes nothing that is worth a case beside others.
    # An initial call may be one that is never made again, as with a cache; it counts where there is nothing else.
    applied = {(group.records[0].method, group.records[0].init) for group in found if group.applied}
    found = [group for group in found if group.records[0].method == "__call__" or leaves(group.records[0])] or found
    left = [group for group in found if group.applied or (group.records[0].method, group.records[0].init) not in applied]
    chosen: list[Group] = []
    while left and len(chosen) < MOST:
        best = max(left, key=lambda group: worth(group, chosen))
        left.remove(best)
        chosen.append(best)
    made = [case(target, group, records) for group in chosen]
    return list({json.dumps(replace(each, origin="").to_json()): each for each in made}.values())


def worth(group: Group, chosen: Sequence[Group]) -> tuple[Any, ...]:
    """How much a group adds: a new method, a new constructor, new inputs, training, and calls."""
    first = group.records[0]
    taken = [other.records[0] for other in chosen]
    return (
        first.method not in {record.method for record in taken},
        first.method == "__call__",
        first.init not in {record.init for record in taken},
        shape_key(first) not in {shape_key(record) for record in taken},
        group.train is not None,
        group.calls,
    )


def groups(records: Sequence[Record]) -> list[list[Record]]:
    """Calls that differ in leading sizes and in the values of flags alone."""
    found: dict[Any, list[Record]] = {}
    for record in records:
        found.setdefault((record.method, record.init, shape_key(record), others(record)), []).append(record)
    return list(found.values())


def by_flags(records: list[Record]) -> Iterator[Group]:
    """One group for evaluation with training, and one for each other setting of the flags."""
    varying = {name for record in records for name in given_flags(record)}
    settings: dict[str, list[Record]] = {}
    for record in records:
        flags = {name: value for name, value in {**record.flags, **given_flags(record)}.items() if name in varying}
        settings.setdefault(json.dumps(flags, sort_keys=True), []).append(record)
    ordered = sorted(settings, key=lambda text: trainness(json.loads(text)))
    evaluation = next(iter(ordered))
    training = next((text for text in reversed(ordered) if trains(json.loads(text), json.loads(evaluation))), None)
    for text, alike in settings.items():
        if text == evaluation and training is not None:
            yield Group((*alike, *settings[training]), json.loads(text), json.loads(training))
        elif text != training:
            yield Group(tuple(alike), json.loads(text))


def trainness(flags: dict[str, bool]) -> int:
    return sum(1 if value == TRAINING[name] else -1 for name, value in flags.items() if name in TRAINING)


def trains(flags: dict[str, bool], evaluation: dict[str, bool]) -> bool:
    """Whether these flags are those of evaluation with nothing but training switched on."""
    differ = {name for name in flags if flags[name] != evaluation.get(name)}
    return bool(differ) and differ <= set(TRAINING) and set(flags) == set(evaluation) and trainness(flags) > trainness(evaluation)


def given_flags(record: Record) -> dict[str, bool]:
    return {name: node[1] for name, node in record.kwargs.items() if node[0] == "value" and isinstance(node[1], bool)}


def others(record: Record) -> str:
    """The constants of a call that are no flags."""
    values = {name: node for name, node in record.kwargs.items() if name not in given_flags(record)}
    return json.dumps([without_sizes(record.args), without_sizes(values)], sort_keys=True)


def without_sizes(value: Any) -> Any:
    """Nodes without leading sizes and bounds."""
    if isinstance(value, dict):
        return {name: without_sizes(node) for name, node in value.items()}
    if value and value[0] == "array":
        return ["array", value[1], [None, *value[2][1:]] if value[2] else []]
    return [without_sizes(item) if isinstance(item, (list, dict)) else item for item in value]


def shape_key(record: Record) -> str:
    return json.dumps([node[1:3] if len(node[2]) < 1 else [node[1], node[2][1:]] for node in leaves(record)])


def leaves(record: Record) -> list[Node]:
    """The arrays of a call, in order."""
    return [leaf for node in (*record.args, *(record.kwargs[name] for name in sorted(record.kwargs))) for leaf in arrays(node)]


# ---- one case ---------------------------------------------------------------------------------------------------


def case(target: str, group: Group, records: Sequence[Record]) -> Case:
    """The case of a group; `records` has the initial calls that a module with a cache was made ready by."""
    from flake8_nnx.case import Case

    first = max(group.records, key=lambda record: (record.phase == "apply", record.calls))
    ready = initial(first, records)
    named = batch(group.records) if ready is None else [False] * len(leaves(first))
    bounds = [largest(nodes) for nodes in zip(*map(leaves, group.records))]
    args, kwargs = spelled(first, named, bounds)
    given = {name: value for name, value in kwargs.items() if name not in group.flags}
    return Case(
        target=target,
        init=first.init,
        args=args,
        kwargs={**given, **group.flags},
        train_kwargs=group.train if group.train is None else changed(group.train, group.flags),
        rngs=tuple(sorted({name for record in group.records for name in record.streams})),
        mutable=tuple(sorted({name for record in group.records if record.phase == "apply" for name in state(record.mutable)})),
        method=first.method,
        init_args=None if ready is None else ready[0],
        init_kwargs=None if ready is None else ready[1],
        origin=f"recorded: {group.calls} call{'s' * (group.calls != 1)}, {first.place}",
    )


def changed(train: dict[str, bool], flags: dict[str, bool]) -> dict[str, bool]:
    return {name: value for name, value in train.items() if flags.get(name) != value}


def state(collections: Sequence[str]) -> list[str]:
    return [name for name in collections if name not in ("params", "intermediates")]


def initial(first: Record, records: Sequence[Record]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Inputs of the initial call of a module whose state has the shapes of those inputs, where they differ from `first`."""
    if first.phase == "init" or set(first.collections) <= UNSHAPED:
        return None
    shapes = [node[2] for node in leaves(first)]
    for record in records:
        found = [node[2] for node in leaves(record)]
        alike = record.phase == "init" and record.init == first.init and record.method == first.method
        if alike and found != shapes and found and shapes and found[0][:1] == shapes[0][:1]:
            return spelled(record, [False] * len(found), [node[3] for node in leaves(record)])
    return None


def batch(records: Sequence[Record]) -> list[bool]:
    """Which arrays have the batch as leading axis: those whose leading sizes vary together, if all that vary do.

    The only axis of floats may as well be that of features, so it needs a larger array beside it.
    """
    sure = [len(node[2]) > 1 or node[1][0] in "iu" for node in leaves(records[0])]
    table = [[node[2][0] if node[2] else None for node in leaves(record)] for record in records]
    columns = [tuple(column) for column in zip(*table)]
    varying = {column for column in columns if len(set(column)) > 1}
    found = len(varying) == 1 and any(column in varying for column, certain in zip(columns, sure) if certain)
    return [found and column in varying for column in columns]


def largest(nodes: Sequence[Node]) -> int | None:
    """The bound under which all integers were that were seen."""
    return max((node[3] for node in nodes if node[3] is not None), default=None)


def spelled(record: Record, named: Sequence[bool], bounds: Sequence[int | None]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as a case has them: shape strings for arrays, constants as they are."""
    own = copy.deepcopy(record)
    for node, name, below in zip(leaves(own), named, bounds):
        node[2:] = [["b", *node[2][1:]] if name else node[2], below]
    return tuple(map(value, own.args)), {name: value(node) for name, node in own.kwargs.items()}


def value(node: Node) -> Any:
    kind, content = node[:2]
    if kind == "array":
        if content == "key":
            return "key"
        return f"{content}[{','.join(map(str, node[2]))}]" + (f"<{node[3]}" if node[3] else "")
    if kind == "dict":
        return {key: value(item) for key, item in content}
    if kind in ("tuple", "list"):
        return (tuple if kind == "tuple" else list)(map(value, content))
    return content
