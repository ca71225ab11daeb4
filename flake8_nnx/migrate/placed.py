"""What becomes of one file by byte span, without its syntax tree: another process can write it.

`migrate.classes` does that.
"""
from __future__ import annotations

import ast
import inspect
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flake8_nnx.migrate import described
from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.migrate.excerpt import BLOCKS, Excerpt, excerpt, first_line
from flake8_nnx.migrate.model import ClassPlan, Line, Parameter
from flake8_nnx.migrate.spans import Span, Spans
from flake8_nnx.migrate.statements import PlacedEdits


@dataclass(frozen=True)
class NewClass:
    """What stands in a class besides what its methods become; `fields` are those that may stay attributes."""

    parameters: list[Parameter]
    lines: list[Line]
    opening: list[str]
    methods: list[str]
    fields: list[str]
    silent: bool
    streams: bool
    asked: frozenset[str]
    said: dict[str, str]  # of its parameters, in strings below the fields
    column: int

    def stored(self, read: set[str]) -> list[str]:
        """The fields that stay attributes because a method reads them."""
        return [name for name in self.fields if name in read]


def new_class(plan: ClassPlan) -> NewClass:
    lines = [replace(line, node=None) for line in plan.init]
    kept = [f.name for f in plan.fields if f.name not in plan.handed]
    fields = [name for field in kept for name in plan.settings.get(field, {field: field}).values()]
    said = {name: inspect.cleandoc(str(string.value)) for name, string in described.strings(plan).items()}
    column = plan.cls.node.col_offset
    own = (plan.silent, plan.streams, plan.asked)
    return NewClass(plan.parameters, lines, plan.opening, plan.methods, fields, *own, said, column)


class Edits:
    """All plans of a file, keyed by byte span, with the text."""

    def __init__(
        self,
        source: str,
        plans: Sequence[ClassPlan],
        functions: Mapping[ast.AST, str],
        bridged: Sequence[ClassPlan],
        around: CodeEdits,
    ) -> None:
        spans = Spans(source)
        self.source = spans.data
        self.around = PlacedEdits(spans, around)
        self.classes = {spans.of(plan.cls.node): new_class(plan) for plan in plans}
        self.expressions = {**spans.keyed(functions.items()), **self.around.expressions}
        self.keywords: dict[Span, list[tuple[str, str]]] = {}
        self.arguments: dict[Span, list[str]] = {}
        self.first: dict[Span, str] = {}
        self.casts: dict[Span, str] = {}
        self.dropped: dict[Span, set[int]] = {}
        self.swapped: set[Span] = set()
        self.tupled: set[Span] = set()
        self.added: dict[Span, list[str]] = {}  # method -> flags that it takes besides
        self.beside: dict[Span, dict[str, str]] = {}  # class -> texts of the subclasses that follow it
        self.above: dict[Span, dict[str, str]] = {}  # class -> texts of the variable classes that it is the first to use
        self.unwrapped: dict[Span, bool] = {}
        self.removed: set[Span] = set()
        self.setups: set[Span] = set()
        self.decorators: set[Span] = set()
        self.homes: dict[Span, Line] = {}  # removed statement or replaced call -> line of __init__ that takes its comments
        for plan in bridged:
            self.expressions.update(spans.keyed(plan.expressions.items()))
            self.keywords.update(spans.keyed(plan.keywords.items()))
            self.first.update(spans.keyed(plan.first.items()))
        for plan in plans:
            self.expressions.update(spans.keyed(plan.expressions.items()))
            for base in plan.cls.node.bases:
                if plan.cls.facts.linen_name(base) in ("Module", "RNNCellBase"):
                    self.expressions[spans.of(base)] = f"nnx.{plan.cls.facts.linen_name(base)}"
            self.keywords.update(spans.keyed(plan.keywords.items()))
            self.arguments.update(spans.keyed(plan.arguments.items()))
            self.first.update(spans.keyed(plan.first.items()))
            self.casts.update(spans.keyed(plan.casts.items()))
            self.dropped.update(spans.keyed(plan.dropped.items()))
            self.swapped |= {spans.of(method) for method in plan.swapped}
            self.tupled |= {spans.of(call) for call in plan.tupled}
            self.added.update(spans.keyed(plan.added.items()))
            for name, (node, text) in plan.beside.items():
                self.beside.setdefault(spans.of(node), {})[name] = text
            self.unwrapped.update(spans.keyed(plan.unwrapped.items()))
            self.removed |= {spans.of(statement) for statement in plan.removed}
            gone = [field for field in plan.fields if field.node in plan.cls.node.body and field.name not in plan.hiding]
            self.removed |= {spans.of(field.node) for field in gone}
            self.removed |= {spans.of(string) for string in described.strings(plan).values()}  # they go to a docstring
            self.decorators |= {spans.of(decorator) for decorator in plan.decorators}
            methods = [plan.cls.methods[name] for name in ("setup", "__post_init__") if name in plan.cls.methods]
            self.setups |= {spans.of(method) for method in methods}
            for line, bare in zip(plan.init, self.classes[spans.of(plan.cls.node)].lines):
                if line.node is not None:
                    self.homes.setdefault(spans.of(line.node), bare)
        defined: set[str] = set()
        for plan in sorted(plans, key=lambda plan: plan.cls.node.lineno):
            new = {name: text for name, text in plan.above.items() if name not in defined}
            self.above[spans.of(plan.cls.node)] = new
            defined |= new.keys()
        places: list[Iterable[Span]] = [self.classes, self.expressions, self.keywords, self.arguments, self.first, self.beside]
        places += [self.added, self.casts, self.dropped, self.swapped, self.tupled, self.unwrapped]
        places += [self.removed, self.setups, self.decorators, self.homes]
        # What goes and leaves no comment behind: nobody has to look into it.
        silent = (s for s in (*self.setups, *self.removed) if b"#" not in self.source[s[0]:spans.end_of_line(s[1])])
        self.silent = frozenset(silent)
        self.starts = sorted({*(start for place in places for start, _ in place), *self.around.starts()})
        self.fields = {spans.of(f.node): f.name for plan in plans for f in plan.fields if f.node in plan.cls.node.body}

    def inside(self, start: int, end: int) -> bool:
        """Whether an edit starts between these places."""
        first = bisect_left(self.starts, start)
        return first < len(self.starts) and self.starts[first] < end

    def excerpt(self, tree: ast.Module) -> Excerpt:
        """The part of the file that has edits."""
        text = self.source.decode()
        spans = Spans(text)
        # The first block stays as well: libcst takes the indentation of the file from it.
        first = next((each for each in tree.body if isinstance(each, BLOCKS) and each.body[0].lineno > each.lineno), None)

        def changes(statement: ast.stmt) -> bool:
            start, span = spans.start_of_line(first_line(statement)), spans.of(statement)
            return statement is first or self.inside(start, span[1]) and not (span in self.setups and span in self.silent)

        gone = {*self.removed, *self.setups, *self.unwrapped, *self.around.removed}
        return excerpt(text, tree, changes, lambda statement: spans.of(statement) in gone)
