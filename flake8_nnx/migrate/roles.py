"""What values of a training program are to the model: its definition, its variables, its train state, a function of it.

A slot is one model as one function knows it; slots that are used together become one NNX module.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Union

from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.project import SourceFile

Function = Union[ast.FunctionDef, ast.Lambda]


@dataclass(eq=False)
class Frame:
    """One function, or the top level of one file."""

    file: SourceFile
    node: ast.AST
    parent: Frame | None
    env: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)  # values of its parameters
    returned: Any = None
    sites: list[Site] = field(default_factory=list)  # the calls of this function
    inner: list[Frame] = field(default_factory=list)  # the functions that are defined in it

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "<lambda>" if isinstance(self.node, ast.Lambda) else "<module>")

    @property
    def parameters(self) -> list[ast.arg]:
        """Positional ones first, then those given by keyword alone."""
        arguments = self.node.args if isinstance(self.node, FUNCTIONS) else None
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if arguments else []

    @property
    def positional(self) -> int:
        arguments = self.node.args if isinstance(self.node, FUNCTIONS) else None
        return len(arguments.posonlyargs) + len(arguments.args) if arguments else 0

    def inside(self, other: Frame) -> bool:
        """Whether this function is another, or is defined in it."""
        frame: Frame | None = self
        while frame is not None and frame is not other:
            frame = frame.parent
        return frame is not None


@dataclass(eq=False)
class Slot:
    """A model in one function: the parameter, call or construction that it comes from."""

    frame: Frame
    node: ast.AST  # ast.arg of a parameter, ast.Call of a construction, of a call or of TrainState.create
    inner: Slot | None = None  # the slot of the called function that made it
    original: Slot | None = None  # of a copy: whose it is
    same: Slot | None = None  # what it was found to be the same as
    source: Slot | None = None  # the model whose train state it is put into, with other settings
    optimizer: bool = False  # no model, but the state of optax
    holder: tuple[Slot, str] | None = None  # the optimiser that keeps it, and the field of the train state that it was
    copy: bool = False  # a parameter that is given variables beside those of the model
    definitions: list[tuple[Frame, ast.Call]] = field(default_factory=list)  # its constructions
    started: list[tuple[Frame, ast.Call]] = field(default_factory=list)  # calls of `init` on it

    @property
    def root(self) -> Slot:
        slot = self
        while slot.same is not None:
            slot = slot.same
        return slot

    @property
    def is_given(self) -> bool:
        return isinstance(self.node, ast.arg)

    @property
    def rank(self) -> int:
        """What is given from outside comes before what is initialised here, and that before the rest."""
        return 0 if self.is_given else 1 if self.started else 2


def merge(one: Slot, other: Slot) -> Slot:
    """Make two slots one: that of the outer function stays, then the one that is given from outside, then the older one."""
    one, other = one.root, other.root
    if one is other:
        return one
    if outer(other.frame, one.frame) or (not outer(one.frame, other.frame) and other.rank < one.rank):
        one, other = other, one
    other.same = one
    one.started += [item for item in other.started if item not in one.started]
    one.definitions += [item for item in other.definitions if item not in one.definitions]
    one.source = one.source or other.source
    one.optimizer = one.optimizer or other.optimizer
    return one


def outer(one: Frame, other: Frame) -> bool:
    return one is not other and other.inside(one)


@dataclass(frozen=True)
class Model:
    """A Linen module: in NNX the model itself."""

    slot: Slot


@dataclass(frozen=True)
class Variables:
    """Variables of a model, those of one collection, or what `mutable=` returned of them.

    Apart from the model, in NNX as well, are those that a function takes and returns which `DynamicScale` differentiates.
    """

    slot: Slot
    collection: str | None = None
    updated: bool = False
    apart: bool = False


@dataclass(frozen=True)
class State:
    """A train state: in NNX the model and its optimiser, which is a slot of its own."""

    slot: Slot
    optimizer: Slot


@dataclass(frozen=True)
class Method:
    """`init` or `apply` of a model, `apply_gradients` or `replace` of a state."""

    slot: Slot
    name: str
    optimizer: Slot | None = None


@dataclass(frozen=True)
class Field:
    """What a train state keeps beside the variables: the step, the optax state, more of a subclass."""

    slot: Slot
    optimizer: Slot
    name: str


@dataclass(frozen=True)
class Tool:
    """An object of a library that keeps train states, or one of its methods, by its full name."""

    name: str


@dataclass(frozen=True)
class Scaled:
    """`value_and_grad` of the `DynamicScale` that a train state keeps."""


@dataclass(frozen=True)
class Gradients:
    slot: Slot


@dataclass(frozen=True)
class Maker:
    """The expression of a function that makes a gradient transformation, after the calls that lead to it."""

    frame: Frame
    path: tuple[ast.AST, ...]


@dataclass(frozen=True)
class Transform:
    """A gradient transformation of optax, and what may have made it."""

    makers: frozenset[Maker]


@dataclass(frozen=True)
class OptState:
    """What a gradient transformation keeps: in NNX an optimiser."""

    slot: Slot


@dataclass(frozen=True)
class Updates:
    """What a gradient transformation makes of gradients, by its call."""

    call: ast.Call


@dataclass(frozen=True)
class Items:
    """A tuple whose elements are known."""

    elements: tuple[Any, ...]


@dataclass(frozen=True)
class Callee:
    """A function of the program, with what `functools.partial` has bound and how it is differentiated."""

    frame: Frame
    count: int = 0  # positional arguments that are bound
    bound: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)
    closure: Mapping[Any, Any] = field(default_factory=dict, hash=False, compare=False)  # slots of functions around it, by call
    gradient: str = ""  # grad, value_and_grad, scaled
    has_aux: bool = False


@dataclass(frozen=True)
class Kinds:
    """One of these Linen classes of the program, by file: which one, the call of it tells."""

    classes: tuple[tuple[SourceFile, LinenClass], ...]


@dataclass(frozen=True)
class Site:
    """A call of a function of the program: where, and what its parameters are given."""

    frame: Frame
    call: ast.Call
    callee: Callee
    arguments: Mapping[str, ast.expr] = field(hash=False, compare=False)


def slots_in(value: Any) -> list[Slot]:
    """The models that a value holds."""
    if isinstance(value, (Model, Variables, State, Method, Gradients, OptState)):
        return [value.slot.root]
    if isinstance(value, Items):
        return [slot for element in value.elements for slot in slots_in(element)]
    return []


def is_copy(slot: Slot) -> bool:
    """Whether variables are beside those of the model."""
    return slot.root.copy or slot.root.original is not None


def original(slot: Slot) -> Slot:
    """The model that a slot is a copy of, itself when it is none."""
    root = slot.root
    return root.original.root if root.original is not None else root


def slot_of(value: Any) -> Slot:
    """The model of a value that holds one."""
    return slots_in(value)[0]


def replaced(value: Any, slots: Mapping[Slot, Slot], other: Any) -> Any:
    """The value with the slots of a called function exchanged for those of the caller; `other` makes new ones."""
    if isinstance(value, Items):
        return Items(tuple(replaced(element, slots, other) for element in value.elements))
    if isinstance(value, State):
        return State(other(value.slot.root), other(value.optimizer.root))
    if isinstance(value, Method):
        return Method(other(value.slot.root), value.name, value.optimizer and other(value.optimizer.root))
    if isinstance(value, Variables):
        return replace(value, slot=other(value.slot.root))
    if isinstance(value, Callee):
        return replace(value, closure={**value.closure, **slots})
    if isinstance(value, (Model, Gradients, OptState)):
        return type(value)(other(value.slot.root))
    return value
