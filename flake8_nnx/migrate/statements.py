"""Writes the edits of code around classes with libcst: statements, calls, tuples and signatures, by byte span.

Comments of what goes stay where it was.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import libcst as cst

from flake8_nnx.migrate.edits import CodeEdits, Piece
from flake8_nnx.migrate.lines import joined, wrapped
from flake8_nnx.migrate.spans import Span, Spans

COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


class PlacedEdits:
    """The edits of one file by byte span; a node among the pieces is known by its span as well."""

    def __init__(self, spans: Spans, edits: CodeEdits) -> None:
        def pieces(several: Sequence[Piece]) -> list[Any]:
            return [piece if isinstance(piece, str) else spans.of(piece) for piece in several]

        self.expressions = spans.keyed(edits.expressions.items())
        self.arguments = {spans.of(node): pieces(several) for node, several in edits.arguments.items()}
        self.elements = {spans.of(node): pieces(several) for node, several in edits.elements.items()}
        self.parameters = {
            spans.of(node): [piece if isinstance(piece, str) else piece.arg for piece in several]  # type: ignore[attr-defined]
            for node, several in edits.parameters.items()
        }
        self.before = spans.keyed(edits.before.items())
        self.after = spans.keyed(edits.after.items())
        self.removed = {spans.of(node) for node in edits.removed}
        self.unassigned = {spans.of(node) for node in edits.unassigned}
        self.returns = {spans.of(node) for node in edits.returns}

    def all(self) -> set[Span]:
        """The places that have to be found."""
        return {span for places in vars(self).values() for span in places}

    def starts(self) -> Iterable[int]:
        pieces = (piece for several in (*self.arguments.values(), *self.elements.values()) for piece in several)
        return (start for start, _ in (*self.all(), *(piece for piece in pieces if not isinstance(piece, str))))


class Around(cst.CSTTransformer):
    """The part of the rewriter that is about code around classes."""

    def __init__(self, around: PlacedEdits, indent: str, source: bytes, spans: Mapping[cst.CSTNode, Span]) -> None:
        super().__init__()
        self.around, self.source, self.spans = around, source, spans
        # Google style (two spaces) continues lines by four and ends them at 80; Black by one indent, at 88.
        google = indent == "  "
        self.continuation, self.width = (indent * 2, 80) if google else (indent, 88)
        self.config = cst.PartialParserConfig(default_indent=indent)
        self.seen: set[Span] = set()
        self.inside: list[Any] = []  # classes around the place that is being visited, whose lines are theirs
        self.pending: list[cst.EmptyLine] = []  # comments of statements that went, for the next one
        self.claimed: dict[cst.CSTNode, list[cst.EmptyLine]] = {}
        self.kept: dict[Span, cst.BaseExpression] = {}  # pieces as they are now
        places = [*around.arguments.values(), *around.elements.values()]
        self.wanted = {piece for several in places for piece in several if not isinstance(piece, str)}

    def span(self, node: cst.CSTNode) -> Span:
        return self.spans[node]

    def column(self, span: Span) -> int:
        return span[0] - (self.source.rfind(b"\n", 0, span[0]) + 1)

    def around_expression(self, span: Span, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        """The expression with its edits; remembered where another one is made of it."""
        if isinstance(updated, cst.Lambda):
            updated = self.function(span, updated)
        elif span in self.around.arguments and isinstance(updated, cst.Call):
            updated = self.call(original, updated, self.around.arguments[span])
        elif span in self.around.elements and isinstance(updated, cst.Tuple):
            updated = self.tuple(updated, self.around.elements[span])
        if span in self.wanted:
            self.kept[span] = updated
        return updated

    def call(self, original: Any, updated: cst.Call, pieces: Sequence[Any]) -> cst.Call:
        before = {self.span(old.value): new for old, new in zip(original.args, updated.args)}
        arguments: list[cst.Arg] = []
        for piece in pieces:
            if isinstance(piece, str):
                arguments.append(written_argument(piece))
            else:
                arguments.append(before[piece])
        if not arguments:
            return updated.with_changes(args=[], whitespace_before_args=cst.SimpleWhitespace(""))
        return self.laid_out(original, updated, arguments)

    def laid_out(self, original: Any, updated: cst.Call, arguments: list[cst.Arg]) -> cst.Call:
        """The call on one line where it fits and nothing is in the way, else over several as it was, else over three."""
        no_space = cst.SimpleWhitespace("")
        flat = updated.with_changes(
            args=spaced([a.with_changes(whitespace_after_arg=no_space) for a in arguments]), whitespace_before_args=no_space
        )
        code = cst.Module([]).code_for_node(flat)
        start, end = self.span(original)
        column = self.column((start, end))
        after = len(self.source[end:].split(b"\n", 1)[0])
        commented = has_comment(updated)
        lines = code.split("\n")
        fits = column + len(lines[0]) + after <= self.width
        if not commented and fits and (len(lines) == 1 or b"\n" not in self.source[start:end]):
            return flat
        if b"\n" in self.source[start:end]:
            commas = [a.comma for a in updated.args[:-1] if isinstance(a.comma, cst.Comma)]
            between = next((comma for comma in commas if not has_comment(comma)), without_comment(commas[0]) if commas else COMMA)
            last = updated.args[-1]
            closing, said = last.comma, with_comment_of(between, last.comma)
            if said is not between and arguments[-1] is not last:
                closing = without_comment(closing)
            return updated.with_changes(args=[
                a if a in updated.args[:-1] and i < len(arguments) - 1
                else a.with_changes(comma=said if a is last else between, whitespace_after_arg=no_space) if i < len(arguments) - 1
                else a.with_changes(comma=closing, whitespace_after_arg=last.whitespace_after_arg)
                for i, a in enumerate(arguments)
            ])
        return flat

    def spread(self, original: cst.CSTNode, statement: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        """A line that an edit made too long over several lines."""
        bare = statement.with_changes(leading_lines=(), trailing_whitespace=cst.TrailingWhitespace())
        code = cst.Module([]).code_for_node(bare)
        width = self.width - self.column(self.span(original))
        text = code.strip()
        if max(map(len, text.split("\n"))) <= width or "#" in text or self.inside:
            return statement
        rows = wrapped(joined(re.sub(r",(?=\s*\n\s*[)\]}])", "", text), 10 * len(text)), self.continuation, width)
        new = cst.ensure_type(cst.parse_statement("\n".join(rows), self.config), cst.SimpleStatementLine)
        return statement.with_changes(body=new.body)

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:
        """A loop over more than before: its first line fits."""
        old, new = (cst.Module([]).code_for_node(node.iter) for node in (original_node, updated_node))
        head = f"for {cst.Module([]).code_for_node(updated_node.target).strip()} in {new}:"
        width = self.width - self.column(self.span(original_node))
        if old == new or "\n" in head or len(head) <= width:
            return updated_node
        rows = wrapped(head, self.continuation, width)
        loop = cst.ensure_type(cst.parse_statement("\n".join(rows) + " pass", self.config), cst.For)
        return updated_node.with_changes(iter=loop.iter)

    def added(self, texts: Iterable[str], column: int) -> list[Any]:
        """New statements, each as long as it may be."""
        lines = [text if "\n" in text else "\n".join(wrapped(text, self.continuation, self.width - column)) for text in texts]
        return [statement for line in lines for statement in cst.parse_module(line, self.config).body]

    def tuple(self, updated: cst.Tuple, pieces: Sequence[Any]) -> cst.BaseExpression:
        values = [parsed(piece) if isinstance(piece, str) else self.kept[piece] for piece in pieces]
        if len(values) == 1:
            return values[0]
        last = len(values) - 1
        elements = [cst.Element(v, comma=COMMA if i < last else cst.MaybeSentinel.DEFAULT) for i, v in enumerate(values)]
        return updated.with_changes(elements=elements)

    # ---- functions ------------------------------------------------------------------------------------------------

    def function(self, span: Span, node: Any) -> Any:
        """A function or lambda with its new parameters."""
        self.seen.add(span)
        pieces = self.around.parameters.get(span)
        if span in self.around.returns:
            node = node.with_changes(returns=None)
        if pieces is None:
            return node
        old = node.params
        known = {p.name.value: p for p in [*old.posonly_params, *old.params, *old.kwonly_params]}
        by_keyword = {p.name.value for p in old.kwonly_params}
        normal: list[cst.Param] = []
        after_star: list[cst.Param] = []
        star = False
        for piece in pieces:
            if piece == "*":
                star = True
                continue
            parameter = known.get(piece) or new_parameter(piece)
            (after_star if star or piece in by_keyword else normal).append(parameter)
        everything = [*old.posonly_params, *old.params, *old.kwonly_params]
        between = next((p.comma for p in everything[:-1] if isinstance(p.comma, cst.Comma) and not has_comment(p.comma)), COMMA)
        last = everything[-1].comma if everything else cst.MaybeSentinel.DEFAULT
        final = after_star or normal
        changed = {"posonly_params": [], "posonly_ind": cst.MaybeSentinel.DEFAULT}
        star_arg: Any = old.star_arg
        if after_star and not isinstance(star_arg, (cst.Param, cst.ParamStar)):
            star_arg = cst.ParamStar(comma=between)
        elif not after_star and isinstance(star_arg, cst.ParamStar):
            star_arg = cst.MaybeSentinel.DEFAULT

        none = cst.SimpleWhitespace("")
        end = everything[-1].whitespace_after_param if everything else none

        def apart(parameters: list[cst.Param], comma: Any, final_comma: Any, final_space: Any) -> list[cst.Param]:
            return [
                p  # what its comma says is about it
                if has_comment(p.comma) and (p is not everything[-1] or old.star_kwarg)
                else p.with_changes(comma=comma, whitespace_after_param=none if p is everything[-1] else p.whitespace_after_param)
                if p is not final[-1] or old.star_kwarg
                else p.with_changes(comma=final_comma, whitespace_after_param=final_space)
                for p in parameters
            ]

        def laid_out(comma: Any, final_comma: Any, final_space: Any) -> cst.Parameters:
            star = star_arg.with_changes(comma=comma) if isinstance(star_arg, cst.ParamStar) else star_arg
            several = [apart(parameters, comma, final_comma, final_space) for parameters in (normal, after_star)]
            rest = old.star_kwarg
            if rest is not None and final_space is not end:
                rest = rest.with_changes(comma=final_comma, whitespace_after_param=final_space)
            return old.with_changes(params=several[0], kwonly_params=several[1], star_arg=star, star_kwarg=rest, **changed)

        if not isinstance(node, cst.FunctionDef) or has_comment(old):
            return node.with_changes(params=laid_out(between, last, end))
        back = cst.ParenthesizedWhitespace(indent=True)
        inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(self.continuation))
        one = node.with_changes(params=laid_out(COMMA, cst.MaybeSentinel.DEFAULT, none), whitespace_before_params=none)
        as_it_was = node.with_changes(params=laid_out(between, last, end))
        three = node.with_changes(params=laid_out(COMMA, cst.MaybeSentinel.DEFAULT, back), whitespace_before_params=inner)
        rows = cst.Comma(whitespace_after=inner), cst.Comma(whitespace_after=back)
        many = node.with_changes(params=laid_out(*rows, none), whitespace_before_params=inner)
        return next((way for way in (one, as_it_was, three) if self.head_fits(way, span)), many)

    def head_fits(self, node: cst.FunctionDef, span: Span) -> bool:
        head = node.with_changes(leading_lines=[], decorators=[], body=cst.SimpleStatementSuite([cst.Pass()]))
        lines = cst.Module([]).code_for_node(head).strip().removesuffix(" pass").split("\n")
        return self.column(span) + max(map(len, lines)) <= self.width

    # ---- comments of statements that go -----------------------------------------------------------------------------

    def leave_out(self, node: Any) -> None:
        """Keep the comments of a statement that goes, and the blank line above it."""
        blank = [line for line in node.leading_lines if not line.comment][:1]
        self.pending += [*(blank if not self.pending else []), *all_comments(node)]

    def claim(self, node: cst.CSTNode) -> None:
        """A statement takes the comments of those that went before it."""
        if self.pending and isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            self.claimed[node], self.pending = self.pending, []

    def with_claimed(self, original: cst.CSTNode, result: Any) -> Any:
        """The statement, or the block where no other follows, with those comments."""
        comments = self.claimed.pop(original, [])
        if comments:
            if isinstance(result, cst.FlattenSentinel):
                first, *rest = result
                return cst.FlattenSentinel([below(comments, first), *rest])
            if not isinstance(result, cst.CSTNode):
                self.pending = [*comments, *self.pending]
            else:
                result = below(comments, result)
        if self.pending and isinstance(original, (cst.IndentedBlock, cst.Module)):
            comments = [line for line in self.pending if line.comment]
            result = result.with_changes(footer=[*comments, *result.footer])
            self.pending = []
        return result

    # ---- statements -----------------------------------------------------------------------------------------------

    def line(self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine) -> Any:
        """A line of simple statements with its edits and with what comes before and after it."""
        spans = [self.span(statement) for statement in original.body]
        self.seen.update(spans)
        around = self.around
        texts = [text for span in spans for text in around.before.get(span, ())]
        below = [text for span in spans for text in around.after.get(span, ())]
        body: list[Any] = []
        for span, small in zip(spans, updated.body):
            if span in around.unassigned and isinstance(small, (cst.Assign, cst.Return)) and small.value is not None:
                small = cst.Expr(small.value)
            if span not in around.removed:
                body.append(small)
        if not texts and not below and len(body) == len(spans) and all(new is old for new, old in zip(body, updated.body)):
            return self.spread(original, updated) if updated is not original else updated
        new = self.added(texts, self.column(spans[0]))
        if body:
            body[-1] = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            new.append(self.spread(original, updated.with_changes(body=body, leading_lines=[])))
        new += self.added(below, self.column(spans[0]))
        if not new:
            self.leave_out(updated)
            return cst.RemoveFromParent()
        inside = all_comments(updated.with_changes(leading_lines=[])) if not body else []
        new[0] = new[0].with_changes(leading_lines=[*updated.leading_lines, *inside])
        return cst.FlattenSentinel(new)

    def compound(self, span: Span, updated: Any) -> Any:
        """A compound statement with what comes before it, or without it."""
        self.seen.add(span)
        if span in self.around.removed:
            self.leave_out(updated)
            return cst.RemoveFromParent()
        texts = self.around.before.get(span, ())
        if not texts:
            return updated
        new = self.added(texts, self.column(span))
        new[0] = new[0].with_changes(leading_lines=updated.leading_lines)
        blank = [cst.EmptyLine(indent=False)] if isinstance(updated, cst.FunctionDef) else []
        return cst.FlattenSentinel([*new, updated.with_changes(leading_lines=blank)])


def parsed(text: str) -> cst.BaseExpression:
    try:
        return cst.parse_expression(text)
    except cst.ParserSyntaxError:  # `a, b` of a target
        return cst.parse_expression(f"({text})").with_changes(lpar=[], rpar=[])


def argument(value: cst.BaseExpression, keyword: cst.Name | None) -> cst.Arg:
    return cst.Arg(value, keyword=keyword, equal=TIGHT if keyword else cst.MaybeSentinel.DEFAULT)


def spaced(arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
    return [a.with_changes(comma=COMMA if i < len(arguments) - 1 else cst.MaybeSentinel.DEFAULT) for i, a in enumerate(arguments)]


def written_argument(text: str) -> cst.Arg:
    """`x`, `name=x` or `**x`."""
    call = cst.parse_expression(f"f({text})")
    return cst.ensure_type(call, cst.Call).args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)


def new_parameter(text: str) -> cst.Param:
    function = cst.ensure_type(cst.parse_statement(f"def f({text}): pass"), cst.FunctionDef)
    return function.params.params[0]


def has_comment(node: cst.CSTNode | cst.MaybeSentinel) -> bool:
    return isinstance(node, cst.CSTNode) and "#" in cst.Module([]).code_for_node(node)


def without_comment(comma: Any) -> Any:
    """The comma with the line break after it, not with what is said there."""
    space = comma.whitespace_after
    plain = cst.TrailingWhitespace()
    bare = space.with_changes(first_line=plain, empty_lines=()) if isinstance(space, cst.ParenthesizedWhitespace) else space
    return comma.with_changes(whitespace_after=bare)


def with_comment_of(comma: Any, other: Any) -> Any:
    """The comma with what is said behind another one on its line, where both end theirs."""
    here, there = (getattr(each, "whitespace_after", None) for each in (comma, other))
    if isinstance(here, cst.ParenthesizedWhitespace) and isinstance(there, cst.ParenthesizedWhitespace) and has_comment(other):
        return comma.with_changes(whitespace_after=here.with_changes(first_line=there.first_line))
    return comma


def below(lines: list[cst.EmptyLine], statement: Any) -> Any:
    """The statement with lines above it, after its own blank ones."""
    own = list(statement.leading_lines)
    blank = next((i for i, line in enumerate(own) if line.comment), len(own))
    lines = lines[1:] if blank and not lines[0].comment else lines
    return statement.with_changes(leading_lines=[*own[:blank], *lines, *own[blank:]])


def all_comments(node: cst.CSTNode) -> list[cst.EmptyLine]:
    """Every comment of a statement, those above it first, each for a line of its own."""
    found: list[cst.EmptyLine] = []

    class Collector(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:
            found.append(cst.EmptyLine(comment=node))

    node.visit(Collector())
    return found
