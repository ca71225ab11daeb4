"""What a migration decides, as data: plans of classes and files, refusals, records.

Nothing here reads or writes source text.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.source.features import SizeParameter
from flake8_nnx.source.linen import Facts, Field, LinenClass
from flake8_nnx.variable_map import with_earlier


@dataclass(frozen=True)
class Refusal:
    """Why a class is not rewritten: where, the reason and what to do."""

    line: int
    reason: str
    advice: str = "keep the Linen class for now, or wrap it with nnx.bridge.ToNNX"

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}; {self.advice}"


@dataclass(frozen=True)
class Line:
    """One line of the new `__init__`; `names` are what it defines, when it is needed only if one of them is read."""

    level: int
    text: str
    names: tuple[str, ...] = ()
    node: ast.AST | None = None  # what it replaces, whose comments it takes


@dataclass(frozen=True)
class Parameter:
    """A parameter of the new `__init__`."""

    name: str
    annotation: str | None
    default: str | None = None
    keyword: bool = False  # by keyword alone


@dataclass
class ClassPlan:
    """What one Linen class becomes; edits are keyed by the `ast` nodes of the original."""

    cls: LinenClass
    parameters: list[Parameter] = field(default_factory=list)
    init: list[Line] = field(default_factory=list)
    expressions: dict[ast.AST, str] = field(default_factory=dict)  # expression -> new source
    keywords: dict[ast.Call, list[tuple[str, str]]] = field(default_factory=dict)  # keywords to add to a call
    arguments: dict[ast.Call, list[str]] = field(default_factory=dict)  # all arguments of a call, anew
    written_out: dict[ast.Call, ast.FunctionDef] = field(default_factory=dict)  # calls of functions that made layers
    dropped: dict[ast.Call, set[int]] = field(default_factory=dict)  # positions of arguments that go
    perhaps: set[int] = field(default_factory=set)  # of the parts, those that a field may hold: a run may not reach them
    added: dict[ast.FunctionDef, list[str]] = field(default_factory=dict)  # flags that a method takes besides
    swapped: set[ast.FunctionDef] = field(default_factory=set)  # (self, rng, input_shape) becomes (self, input_shape, rngs=None)
    tupled: set[ast.Call] = field(default_factory=set)  # calls whose positional arguments become one tuple
    unwrapped: dict[ast.If, bool] = field(default_factory=dict)  # whether what stands under them runs always, or never
    removed: set[ast.stmt] = field(default_factory=set)
    decorators: set[ast.expr] = field(default_factory=set)
    fields: list[Field] = field(default_factory=list)
    hiding: set[str] = field(default_factory=set)  # fields that stay in the class body, since they hide a method of a base
    base: LinenClass | None = None  # of the project, that it derives from
    silent: bool = False  # whether the `__init__` of the base is its own
    streams: bool = True  # whether its `__init__` takes random streams: it creates something, or has fields
    opening: list[str] = field(default_factory=list)  # what `__init__` begins with: defaults that it makes, the base's own
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # field -> settings of a layer that it is given for
    handed: set[str] = field(default_factory=set)  # fields that are kept by the base's `__init__`, or set otherwise
    stems: dict[ast.Call, str] = field(default_factory=dict)  # names of what it creates
    told: dict[ast.Call, dict[str, Any]] = field(default_factory=dict)  # sizes that the variables of a site tell
    first: dict[ast.Call, str] = field(default_factory=dict)  # an argument to put before those of a call
    casts: dict[ast.expr, str] = field(default_factory=dict)  # array -> the dtype that it is cast to
    beside: dict[str, tuple[ast.ClassDef, str]] = field(default_factory=dict)  # subclass -> what it follows, its text
    above: dict[str, str] = field(default_factory=dict)  # what is to be defined before the first use: classes of variables
    sizes: list[SizeParameter] = field(default_factory=list)  # parameters that the inputs of a call tell
    bridges: dict[str, int] = field(default_factory=dict)  # classes that it wraps with a bridge -> line
    uses: dict[str, int] = field(default_factory=dict)  # classes of the project it constructs -> line
    # All these classes themselves: those of different files or functions may share a name.
    parts: list[LinenClass] = field(default_factory=list)
    slots: list[dict[str, Any]] = field(default_factory=list)  # of the variable map, with a class as itself
    open_sizes: dict[str, str] = field(default_factory=dict)  # parameters for what the source does not tell -> size, shape, dtype
    refusals: list[Refusal] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)  # to be added at the end of the class, `{indent}` for its indentation
    notes: list[str] = field(default_factory=list)  # what the new code does otherwise, for the user to know
    optional_arguments: dict[str, str] = field(default_factory=dict)  # parameter -> the argument that calls give where it is true
    asked: frozenset[str] = frozenset()  # attributes that other code may read of it
    modes: dict[str, dict[str, bool]] = field(default_factory=dict)  # method -> flag that became a mode -> its value in training

    @property
    def name(self) -> str:
        return self.cls.name

    def of_calls(self) -> tuple[Mapping[Any, Any], ...]:
        """The edits of calls and of their arguments."""
        return self.keywords, self.arguments, self.first, self.dropped, self.casts


@dataclass
class FilePlan:
    """The Linen classes of one file and what becomes of each; `run` are those of all files that are migrated together."""

    source: str
    facts: Facts
    plans: list[ClassPlan] = field(default_factory=list)
    run: list[ClassPlan] = field(default_factory=list)
    around: CodeEdits = field(default_factory=CodeEdits)  # of the code around the classes
    earlier: Mapping[str, Any] = field(default_factory=dict)  # variable maps of classes of the file that have moved before

    @property
    def native(self) -> list[ClassPlan]:
        return [plan for plan in self.plans if not plan.refusals]

    @property
    def bridged(self) -> list[ClassPlan]:
        """Classes that stay Linen and wrap what has moved."""
        return [plan for plan in self.plans if plan.refusals and plan.bridges]

    def variable_map(self, plan: ClassPlan) -> dict[str, Any]:
        """From the variables of the class as it is now."""
        modes = {"modes": plan.modes} if plan.modes else {}
        axes = {size.name: [size.argument, -size.place] for size in plan.sizes if size.place > 1}
        asked = {new: [name, old] for name, settings in plan.settings.items() for old, new in settings.items()}
        besides = {**({"axes": axes} if axes else {}), **({"settings": asked} if asked else {})}
        return {**with_earlier(self.own_map(plan), self.earlier, moved=True), **modes, **besides}

    def own_map(self, plan: ClassPlan) -> dict[str, Any]:
        """The slots of a class and of those that it constructs, with or without a bridge, each by a name that no other has."""
        everything = {id(plan.cls.node): plan for plan in self.run or self.plans}
        names: dict[int, str] = {}
        classes: dict[str, Any] = {}

        def named(cls: LinenClass) -> str:
            key = id(cls.node)
            if key not in names:
                alike = sum(name.partition(" ")[0] == cls.name for name in names.values())
                names[key] = f"{cls.name} ({alike + 1})" if alike else cls.name
                classes[names[key]] = []  # in its place, before those below
                inner = everything.get(key)
                moved = inner is not None and (not inner.refusals or inner.bridges)
                classes[names[key]] = spelt(inner.slots) if moved and inner is not None else [{"same": True}]
            return names[key]

        def spelt(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [
                {k: named(v) if k == "class" else spelt(v) if k in ("each", "either") else v for k, v in slot.items()}
                for slot in slots
            ]

        return {"slots": spelt(plan.slots), "classes": classes}


@dataclass(frozen=True)
class ClassRecord:
    """What became of one Linen class; one object of the migration log."""

    file: str
    cls: str
    line: int
    status: str  # native, bridged, refused
    verdict: str | None = None  # PROVED, MATCHED, DIFFERS, UNVERIFIED
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    variable_map: Mapping[str, Any] = field(default_factory=dict)
    todo: tuple[str, ...] = ()
    written: bool = False

    def to_json(self) -> dict[str, Any]:
        """The log entry."""
        return {
            "file": self.file,
            "class": self.cls,
            "line": self.line,
            "status": self.status,
            "verdict": self.verdict,
            "reason": self.reason,
            "evidence": dict(self.evidence),
            "variable_map": dict(self.variable_map),
            "todo": list(self.todo),
            "written": self.written,
        }
