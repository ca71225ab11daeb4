"""A hash-consed table of array values: two values with one number are the same function of the same inputs.

Both programs are written into one table, so comparing them is comparing numbers.
The table itself knows nothing of JAX; dimensions are integers or the spelling of a symbolic size.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

Dim = int | str
Shape = tuple[Dim, ...]
Params = tuple[tuple[str, Hashable], ...]


class Refuse(Exception):
    """The program has something that the proof engine does not understand; nothing is claimed about it."""


class Type(NamedTuple):
    """Shape and dtype of a value; weak types are not part of a value."""

    shape: Shape
    dtype: str


class Node(NamedTuple):
    """One value: the `result`-th result of an operation on earlier values.

    Elementwise operations broadcast their operands to `shape`: each operand is a scalar or has the rank of the result
    with size 1 wherever it is constant along an axis.
    """

    op: str
    operands: tuple[int, ...]
    params: Params
    shape: Shape
    dtype: str
    result: int = 0

    def param(self, name: str, default: Any = None) -> Any:
        return next((value for key, value in self.params if key == name), default)

    @property
    def type(self) -> Type:
        return Type(self.shape, self.dtype)


class Call(NamedTuple):
    """An operation about to be written down: what a rule sees."""

    op: str
    operands: tuple[int, ...]
    params: Params
    types: tuple[Type, ...]

    def param(self, name: str, default: Any = None) -> Any:
        return next((value for key, value in self.params if key == name), default)


class Table:
    """Values by number; operands always have smaller numbers than the values made from them.

    Args:
        rules: the canonical rules to apply (see `rules`), in order, none by default.

    Attributes:
        fired: names of the rules that changed something.
        source: where the program being written is at, opaque here; kept in `sources` for each value first made there.
    """

    def __init__(self, rules: Iterable[Any] = ()) -> None:
        self.nodes: list[Node] = []
        self.fired: set[str] = set()
        self.source: Any = None
        self.sources: list[Any] = []
        self._numbers: dict[Node, int] = {}
        self._free: list[int] = []
        self._rules: dict[str, list[Any]] = {}
        self._applied: dict[Call, list[int]] = {}
        for rule in rules:
            for op in rule.ops:
                self._rules.setdefault(op, []).append(rule)

    def make(self, node: Node, *, opens: int | None = None, closes: int | None = None) -> int:
        """The number of exactly this node, without any rule.

        Args:
            opens: loop level that the value varies with (leaves such as a carry).
            closes: loop level that the value binds (a whole loop).
        """
        number = self._numbers.get(node)
        if number is None:
            number = len(self.nodes)
            free = 0
            for operand in node.operands:
                free |= self._free[operand]
            if opens is not None:
                free |= 1 << opens
            if closes is not None:
                free &= ~(1 << closes)
            self._numbers[node] = number
            self.nodes.append(node)
            self._free.append(free)
            self.sources.append(self.source)
        return number

    def apply(self, op: str, operands: Sequence[int], params: Params, types: Sequence[Type]) -> list[int]:
        """The results of an operation in canonical form: the first rule that changes it wins."""
        call = Call(op, tuple(operands), params, tuple(types))
        known = self._applied.get(call)  # a rule sees the call and the nodes below it, which never change
        if known is None:
            known = self._applied[call] = self._canonical(call)
        return list(known)

    def _canonical(self, call: Call) -> list[int]:
        for rule in self._rules.get(call.op, ()):
            results = rule.rewrite(self, call)
            if results is not None:
                self.fired.add(rule.name)
                return list(results)
        return [self.make(Node(call.op, call.operands, call.params, *kind, i)) for i, kind in enumerate(call.types)]

    def apply1(self, op: str, operands: Sequence[int], params: Params, result: Type) -> int:
        return self.apply(op, operands, params, (result,))[0]

    def leaf(self, label: tuple[str, str], shape: Shape, dtype: str) -> int:
        """An input of the programs, known by its label."""
        return self.make(Node("input", (), (("label", label),), shape, dtype))

    # ---- reading -------------------------------------------------------------------------------------------------

    def shape(self, value: int) -> Shape:
        return self.nodes[value].shape

    def dtype(self, value: int) -> str:
        return self.nodes[value].dtype

    def free(self, value: int) -> int:
        """Bit mask of the enclosing loop levels that the value varies with."""
        return self._free[value]

    def varies(self, value: int, level: int) -> bool:
        return bool(self._free[value] >> level & 1)

    def below(self, *values: int) -> Iterator[int]:
        """The values and everything that they are computed from, each once."""
        seen, stack = set(values), list(values)
        while stack:
            current = stack.pop()
            yield current
            for operand in self.nodes[current].operands:
                if operand not in seen:
                    seen.add(operand)
                    stack.append(operand)

    def spell(self, value: int, depth: int = 3) -> str:
        """The value as a short expression, for people."""
        node = self.nodes[value]
        if node.op == "input":
            return " ".join(node.param("label"))
        if node.op == "const":
            return str(node.param("shown"))
        kind = f"{node.dtype}{list(node.shape)}".replace("'", "").replace(" ", "")
        if node.op in ("carry", "element", "bound") or depth == 0:
            return f"{node.op}:{kind}"
        inner = ", ".join(self.spell(operand, depth - 1) for operand in node.operands)
        own = ", ".join(f"{k}={_plain(v)}" for k, v in node.params if k in _SHOWN and v is not None)
        return f"{node.op}({inner}{'; ' + own if own else ''}):{kind}"


_SHOWN = frozenset(
    "axes axis dimension padding window_strides start limit start_indices limit_indices y length reverse "
    "precision".split()
)


def _plain(value: Hashable) -> str:
    """A normalised parameter as it was written."""
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        inner = [_plain(item) for item in value[1:]]
        if value[0] == "tuple":
            return f"({', '.join(inner)})"
        return inner[0] if len(inner) == 1 else f"{value[0]}{inner}"
    return str(value)
