"""Abstract values of a module's method: what the constructor of the NNX class can know of them.

Arrays are known by the sizes of their axes, layers by the site that makes them.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flake8_nnx.catalog.settings import SETTINGS, told
from flake8_nnx.source.given import Given
from flake8_nnx.source.linen import Facts, LinenClass, ModuleRef
from flake8_nnx.source.sizes import Size, atom

MAX_RANK = 8


@dataclass(frozen=True)
class Unknown:
    """Anything the constructor cannot know: data, flags of the call, results of unseen functions."""


@dataclass(frozen=True)
class Dtype(Unknown):
    """The dtype of an array: `x.dtype`, or one that is made of it."""


@dataclass(frozen=True)
class Static:
    """A value that can be computed in `__init__`; `text` is its source there, `items` its elements if known."""

    text: str
    items: tuple[Any, ...] | None = None
    several: bool = field(default=False, compare=False)  # whether it is a tuple of numbers, however many

    def attribute(self, name: str) -> Any:
        return Static(f"({self.text}).{name}" if self.text.isdigit() else f"{atom(self.text)}.{name}")


@dataclass(frozen=True)
class Array:
    """An array: axes counted from the end, those of the argument `base` unless overridden."""

    base: str | None = None
    axes: Mapping[int, Size] = field(default_factory=dict)  # 1 is the last axis
    rank: int | None = None
    text: str | None = field(default=None, compare=False)  # the name that it has in `__init__`, of one made in setup
    like: tuple[str, int] | None = field(default=None, compare=False)  # an argument, and how many axes more than that it has

    def size(self, axis: int) -> Size:
        """Size of axis -`axis`."""
        if axis < 1:
            return None
        if axis in self.axes:
            return self.axes[axis]
        return f"axis{axis}_of_{self.base}" if self.base else None

    def at(self, index: int) -> Size:
        """Size of `shape[index]`."""
        if index < 0:
            return self.size(-index)
        if self.rank is not None:
            return self.size(self.rank - index) if index < self.rank else None
        return f"sizes_of_{self.base}[{index - 1}]" if index and not self.axes and self.like == (self.base, 0) else None

    def size_at(self, axis: int | str) -> Size:
        """Size of the axis with this number, or with the number that this field holds."""
        return self.at(axis) if isinstance(axis, int) else f"axis_by_{axis}_of_{self.base}"

    def with_axes(self, axes: Mapping[int, Size], rank: int | None = None) -> Array:
        return replace(self, axes={**self.axes, **axes}, rank=self.rank if rank is None else rank, text=None)

    def dims(self) -> list[Size] | None:
        """All sizes, first axis first, when the rank is known."""
        return None if self.rank is None else [self.size(axis) for axis in range(self.rank, 0, -1)]


def array_of(dims: list[Size]) -> Array:
    """An array whose whole shape is given."""
    return Array(None, {len(dims) - i: dim for i, dim in enumerate(dims)}, len(dims))


@dataclass(frozen=True)
class Shape:
    """`x.shape` of an array."""

    array: Array


@dataclass(frozen=True)
class Rank:
    """`x.ndim` of an array."""

    array: Array


@dataclass(frozen=True)
class TheAxis:
    """The number of an axis of an array: one that is written, or one that a field holds."""

    array: Array
    axis: int | str


@dataclass(frozen=True)
class Prefix:
    """`x.shape[:-dropped]` followed by `items`: a shape whose leading part is that of an array."""

    array: Array
    dropped: int
    items: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Start:
    """`x.shape[:count]` followed by `items`: a shape that begins like that of an array."""

    array: Array
    count: int
    items: tuple[Any, ...] = ()


@dataclass(frozen=True)
class AtLeast:
    """A tuple that begins with these elements; whether there are more is known only in the call."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class Items:
    """A tuple or list whose elements are known one by one, though `__init__` cannot compute it."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class Repeated:
    """A list built in a loop: one element stands for all, or those of one turn, after some that were there before."""

    element: Any
    loop: Loop
    others: tuple[Loop, ...] = ()  # of the same list built otherwise
    rest: tuple[Any, ...] = ()  # what a turn appends after the element
    before: tuple[Any, ...] = ()  # what the list holds before the loop

    @property
    def turn(self) -> tuple[Any, ...]:
        return (self.element, *self.rest)


@dataclass(frozen=True)
class Partial:
    """`functools.partial` of a module class, or a module class itself as a value."""

    ref: ModuleRef
    positional: tuple[ast.expr, ...] = ()
    keywords: Mapping[str, ast.expr] = field(default_factory=dict)
    lifts: tuple[ast.Call, ...] = ()  # the `nn.remat(…)` or `nn.vmap(…)` around the class, innermost first
    via: str | None = None  # the parameter of `__init__` that holds the class
    given: tuple[Given, ...] = ()  # what that may be, the class itself first
    texts: Mapping[int, str | None] = field(default_factory=dict, compare=False)  # id(argument) -> its source in `__init__`
    spelled: str = field(default="", compare=False)  # the class as the source names it
    in_call: Mapping[int, str] = field(default_factory=dict, compare=False)  # id(argument) -> its source in the call
    maker: str = field(default="partial", compare=False)  # how it spells `functools.partial`


@dataclass(frozen=True, eq=False)
class Chosen:
    """One of two partials, as a test says; see `source.partials`."""

    node: ast.If
    test: str
    in_call: str
    body: Partial | Chosen
    orelse: Partial | Chosen


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the project, with the names it closes over."""

    node: ast.FunctionDef | ast.Lambda
    facts: Facts = field(compare=False, repr=False)  # of the file that it stands in
    env: Mapping[str, Any] = field(default_factory=dict)
    bound: bool = False  # a method of the module itself
    home: LinenClass | None = field(default=None, compare=False, repr=False)  # the class whose statements it holds
    text: str | None = field(default=None, compare=False)  # the name that it has in `__init__`, of one that is defined there

    def __eq__(self, other: object) -> bool:
        # What a function closes over may hold the function itself, so that is not compared part by part.
        alike = isinstance(other, Function) and self.node is other.node and self.bound == other.bound
        return self is other or alike and (self.env is other.env or not self.env and not other.env)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return id(self.node)


@dataclass(eq=False, repr=False)
class Site:
    """One place where a submodule or a parameter is created; equality is identity."""

    call: ast.Call
    ref: ModuleRef | None  # None for self.param
    positional: list[ast.expr]
    keywords: dict[str, ast.expr]
    texts: dict[int, str]  # id(argument) -> its source in __init__, where it has one
    method: str
    loops: tuple[Loop, ...] = ()
    attribute: str | None = None  # assigned to `self.<attribute>` in setup
    element: bool = False  # an element of a list held by the attribute
    listed: tuple[Any, ...] = ()  # all elements of that list, where it is written out
    place: tuple[int, int] | None = None  # of the list: how many each turn of the loop appends, where those of the first are
    sizes: dict[str, Size] = field(default_factory=dict)  # NNX size parameter -> size
    inputs: list[tuple[ast.Call, str, dict[str, Any]]] = field(default_factory=list)  # (call, method, arguments)
    within: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # such calls by the class that is given it
    fields: dict[str, Any] = field(default_factory=dict)  # of a class of this file: its fields' values
    shape: str | None = None  # of self.param: source of the arguments after the initialiser

    conditional: bool = False  # only if something holds that the call knows
    choice: str | None = None  # the test under which it is made; else its attribute is None
    lifts: tuple[ast.Call, ...] = ()  # the `nn.remat(…)` or `nn.vmap(…)` around its class, innermost first
    copies: Size = None  # how often its class is mapped, by the size of the inputs
    spelled: str = ""  # the class as the source names it
    via: str | None = None  # the parameter of `__init__` that holds the class
    given: Given | None = None  # what of that this is
    option: Partial | None = None  # the partial of a name that has one of several
    options: tuple[Site, ...] = ()  # the same call of the other classes that the parameter may hold
    silent: bool = False  # a function that is called makes it
    through: tuple[ast.Call, ...] = ()  # calls of functions outside of the class that led here, outermost first
    in_call: Mapping[int, str] = field(default_factory=dict)  # id(argument) -> its source in the call, see source.choosers
    shares: ast.Expr | None = None  # the `nn.share_scope(self, …)` that keeps its variables under the names of the class

    @property
    def node(self) -> ast.Call:
        """Where the class itself makes it."""
        return self.through[0] if self.through else self.call


@dataclass(frozen=True)
class Module:
    """An instance of a submodule."""

    site: Site


@dataclass(frozen=True)
class Held(Static):
    """A submodule that the class is given: it can be handed on, but nothing is known of what it returns."""

    ref: ModuleRef | None = None
    site: Site | None = None  # where the class makes it itself

    def attribute(self, name: str) -> Any:
        """A setting of a built-in layer as the NNX layer has it."""
        if self.ref is None or self.ref.linen not in SETTINGS:
            return super().attribute(name)
        text = told(self.ref.linen, name, self.text)
        return Static(text) if text is not None else Unknown()


@dataclass(frozen=True)
class Settings(Static):
    """A layer that the class is given and never runs: its settings are parameters."""

    def attribute(self, name: str) -> Any:
        return Static(f"{self.text}_{name}")


@dataclass(frozen=True)
class Member:
    """`self.encoder.embed` seen from setup: a submodule of a submodule."""

    text: str
    module: Module


@dataclass(frozen=True)
class Graph:
    """A `jraph.GraphsTuple`: the features of nodes, edges and graphs."""

    nodes: Any
    edges: Any
    globals: Any


GRAPH_PARTS = ("nodes", "edges", "globals")


@dataclass(frozen=True)
class Network:
    """What jraph makes of update functions, to be called with a graph."""

    origin: str
    functions: Mapping[str, Any]


@dataclass(frozen=True)
class Joined:
    """`jraph.concatenated_args(module)`; None instead where the test does not hold."""

    function: Any
    test: str | None = None


@dataclass(frozen=True)
class Either:
    """One of these submodules, as a field decides."""

    modules: tuple[Module, ...]
    or_same: bool = False  # or `lambda x: x` in their place


def one_of(value: Any) -> tuple[Module, ...]:
    """The submodules that a value may be; empty when it is none."""
    if isinstance(value, Member):
        return (value.module,)
    if isinstance(value, Repeated):
        return tuple(module for part in (*value.before, *value.turn) for module in one_of(part))
    return value.modules if isinstance(value, Either) else (value,) if isinstance(value, Module) else ()


def either(a: Any, b: Any) -> Any:
    """What is known of one of two submodules or lists of them; None when they are neither."""
    if isinstance(a, Repeated) and isinstance(b, Repeated):
        if a.rest or b.rest or a.before or b.before:
            return None
        return Repeated(Either((*one_of(a), *one_of(b))), a.loop, (*a.others, b.loop, *b.others))
    both = isinstance(a, (Module, Either)) and isinstance(b, (Module, Either))
    same = any(isinstance(value, Either) and value.or_same for value in (a, b))
    return Either(tuple(dict.fromkeys((*one_of(a), *one_of(b)))), same) if both else None


@dataclass(eq=False, repr=False)
class Loop:
    """A loop over something that `__init__` knows; `carried` are sizes that change from step to step."""

    node: ast.For | ast.comprehension
    target: str
    iterable: str
    carried: dict[str, tuple[Size, Size]] = field(default_factory=dict)  # name -> (before the loop, after a step)
    body: list[Any] = field(default_factory=list)  # events
    source: Repeated | None = None  # iterates over this list of submodules


def elements(value: Any) -> tuple[Any, ...] | None:
    """The elements of a tuple or list, where known."""
    return value.items if isinstance(value, (Items, Static)) else None


def appended(left: Any, right: Any) -> Items | AtLeast | None:
    """`left + right` of two tuples that hold no layers, at least one of which is known only in the call."""
    known, more = elements(left), elements(right)
    if isinstance(left, AtLeast):
        return left
    if known is None or not any(isinstance(value, (Items, AtLeast)) for value in (left, right)) or any(map(one_of, known)):
        return None
    if isinstance(right, AtLeast) or more is None:
        return AtLeast((*known, *(right.items if isinstance(right, AtLeast) else ())))
    return None if any(map(one_of, more)) else Items((*known, *more))


def words(value: Any) -> set[str]:
    """The names that a value, or the text of a size, is told with."""
    if isinstance(value, str):
        return {node.id for node in ast.walk(ast.parse(value)) if isinstance(node, ast.Name)}
    if isinstance(value, Array):
        # All axes of an argument count, whether the value mentions them or not.
        each = {f"axis{axis}_of_{value.base}" for axis in range(1, MAX_RANK + 1)}
        base = each | {f"sizes_of_{value.base}"} if value.base else set()
        return base.union(*map(words, value.axes.values()))
    if isinstance(value, Graph):
        return words(value.nodes) | words(value.edges) | words(value.globals)
    if isinstance(value, (Static, Items)):
        own = words(value.text) if isinstance(value, Static) else set()
        return own.union(*map(words, elements(value) or ()))
    return set()


def size_of(value: Any) -> Size:
    """The size that a static value stands for."""
    return _size_of(value.text) if isinstance(value, Static) else None


@functools.lru_cache(maxsize=4096)
def _size_of(text: str) -> Size:
    try:
        literal = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return literal if isinstance(literal, int) and not isinstance(literal, bool) else None
