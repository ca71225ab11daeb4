"""Writes planned classes into the text of a file with libcst: constructor, calls, loops, decorators, fields.

Comments move with what they describe: those of fields to the parameters, those of layers to the lines that create them.
"""
from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

import libcst as cst

from flake8_nnx.migrate import described
from flake8_nnx.migrate.docstrings import without_attributes
from flake8_nnx.migrate.edits import STARS
from flake8_nnx.migrate.excerpt import Excerpt
from flake8_nnx.migrate.lines import joined, wrapped
from flake8_nnx.migrate.model import Line
from flake8_nnx.migrate.placed import Edits, NewClass
from flake8_nnx.migrate.pruned import chained, pruned
from flake8_nnx.migrate.same_branches import said_once
from flake8_nnx.migrate.spans import Span, inside
from flake8_nnx.migrate.statements import Around, argument, parsed, spaced
from flake8_nnx.migrate.trees import as_tuple, attributes_read, blocks_in, comments_in, docstring_of, nothing_in, own_comments
from flake8_nnx.migrate.trees import with_blank_line, with_flags, without_gap


def rewrite_classes(edits: Edits, part: Excerpt) -> str:
    """The text with all its edits.

    Raises:
        libcst.ParserSyntaxError: the text is not Python.
        Unmatched: a place to rewrite was not found; nothing is rewritten then.
    """
    module = cst.parse_module(part.text)
    rewriter = Rewriter(edits, module, part)
    new = part.whole(module.visit(rewriter).code, rewriter.written)
    missed = (edits.expressions.keys() | edits.casts.keys() | edits.around.all()) - rewriter.seen
    missed = {place for place in missed if not any(inside(place, gone) for gone in edits.silent)}
    if missed:
        raise Unmatched(missed)
    return new


class Unmatched(Exception):
    """These places were not found in the concrete tree, so the text would be half rewritten."""

    def __init__(self, places: set[Span]) -> None:
        super().__init__(places)
        self.places = places


CODE = (cst.BaseExpression, cst.BaseCompoundStatement, cst.SimpleStatementLine)


class Rewriter(Around):
    """One pass over the module; spans decide what changes."""

    def __init__(self, edits: Edits, module: cst.Module, part: Excerpt) -> None:
        super().__init__(edits.around, module.default_indent, edits.source, part.spans(module))
        self.edits, self.part = edits, part
        self.indent, self.newline = module.default_indent, module.default_newline
        self.comments: dict[int, list[str]] = {}  # id(line of __init__) -> comments that moved there
        self.field_comments: dict[str, tuple[list[str], str | None]] = {}
        self.loose: list[str] = []  # comments of the class body and setup that have no line of their own
        self.written: dict[str, str] = {}  # name -> new text that stands in its place in the end
        self.waiting: list[str] = []  # definitions to stand before the statement of the module that is being visited

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Code without an edit is left as it is, which saves most of the work."""
        self.claim(node)
        if isinstance(node, CODE) and not getattr(node, "decorators", ()) and not self.edited(node) or self.silent(node):
            return False
        return super().on_visit(node)

    def silent(self, node: cst.CSTNode) -> bool:
        """Whether this goes without a trace."""
        places = node.body if isinstance(node, cst.SimpleStatementLine) else [node] if isinstance(node, cst.FunctionDef) else ()
        return bool(places) and all(self.span(place) in self.edits.silent for place in places)

    def edited(self, node: cst.CSTNode) -> bool:
        return self.edits.inside(*self.span(node))

    def comments_of(self, node: cst.CSTNode) -> list[str]:
        start, end = self.span(node)
        return comments_in(node) if b"#" in self.source[start:end] else []

    # ---- expressions ----------------------------------------------------------------------------------------------

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Any:
        result = super().on_leave(original_node, updated_node)
        if isinstance(original_node, cst.BaseCompoundStatement) and isinstance(result, cst.CSTNode):
            result = self.compound(self.span(original_node), result)
        result = self.with_claimed(original_node, result)
        if self.waiting and original_node in self.statements:
            first, *rest = result if isinstance(result, cst.FlattenSentinel) else [result]
            first = with_blank_line(first, 2)
            above, self.waiting = [self.subclass(text) for text in self.waiting], []
            return cst.FlattenSentinel([*above, first, *rest])
        if isinstance(original_node, cst.BaseExpression) and isinstance(result, cst.CSTNode):
            return self.cast(original_node, self.expression(original_node, result))  # type: ignore[arg-type]
        return result

    def cast(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        """`x.astype(dtype)` for an array that is cast."""
        dtype = self.edits.casts.get(self.span(original))
        if dtype is None:
            return updated
        if not updated.lpar and not isinstance(updated, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
            updated = updated.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        return cst.Call(cst.Attribute(updated, cst.Name("astype")), [cst.Arg(parsed(dtype))])

    def expression(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        span = self.span(original)
        text = self.edits.expressions.get(span)
        self.seen.add(span)
        if text is not None:
            home = self.edits.homes.get(span)
            comments = self.comments_of(original)
            if comments:
                if home is not None:
                    self.comments.setdefault(id(home), []).extend(comments)
                else:
                    self.loose.extend(comments)
            new = parsed(text)
            if isinstance(original, cst.Tuple):
                return new  # the parentheses were those of the tuple
            return new.with_changes(lpar=[*updated.lpar, *new.lpar], rpar=[*new.rpar, *updated.rpar])
        if isinstance(updated, cst.Call):
            updated = self.layer(span, updated)
        return self.around_expression(span, original, updated)

    def layer(self, span: Span, call: cst.Call) -> cst.Call:
        wanted = self.edits.arguments.get(span)
        if wanted is not None:
            values = {arg.keyword.value if arg.keyword else i: arg for i, arg in enumerate(call.args)}
            arguments = []
            for i, text in enumerate(wanted):
                match = re.match(r"(\w+)=(?!=)", text)
                old = values.get(match.group(1)) if match else values.get(i)
                if old is None and match:
                    old = call.args[i] if i < len(call.args) else None
                value = old.value if old is not None else parsed(text[match.end():] if match else text)
                keyword = cst.Name(match.group(1)) if match else None
                arguments.append(argument(value, keyword))
            call = call.with_changes(args=spaced(arguments))
        if self.edits.dropped.get(span):
            kept = [arg for i, arg in enumerate(call.args) if i not in self.edits.dropped[span]]
            end = [arg.with_changes(comma=cst.MaybeSentinel.DEFAULT) for arg in kept[-1:]]
            call = call.with_changes(args=[*kept[:-1], *end])
        if span in self.edits.tupled:
            call = call.with_changes(args=as_tuple(call.args))
        first = self.edits.first.get(span)
        if first is not None:
            given = cst.ensure_type(parsed(f"f({first})"), cst.Call).args
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")) if call.args else cst.MaybeSentinel.DEFAULT
            call = call.with_changes(args=[*given[:-1], given[-1].with_changes(comma=comma), *call.args])
        extra = self.edits.keywords.get(span)
        if extra:
            added = [
                cst.Arg(parsed(text), star="**") if name.startswith(STARS) else argument(parsed(text), cst.Name(name))
                for name, text in extra
            ]
            last = call.args[-1:] and [call.args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))]
            call = call.with_changes(args=[*call.args[:-1], *(last or []), *spaced(added)])
        return call

    # ---- statements -----------------------------------------------------------------------------------------------

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]:
        gone = [self.span(statement) in self.edits.removed for statement in original_node.body]
        if not any(gone):
            return self.line(original_node, self.together(original_node, updated_node))
        if not all(gone):
            kept = [s for s, g in zip(updated_node.body, gone) if not g]
            return updated_node.with_changes(body=[*kept[:-1], kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
        span = self.span(original_node.body[0])
        leading = [line.comment.value for line in original_node.leading_lines if line.comment]
        trailing = original_node.trailing_whitespace.comment
        inner = [comment for statement in original_node.body for comment in self.comments_of(statement)]
        if span in self.edits.fields:
            self.field_comments[self.edits.fields[span]] = ([*leading, *inner], trailing.value if trailing else None)
        else:
            comments = [*leading, *inner, *([trailing.value] if trailing else [])]
            home = self.edits.homes.get(span)
            if home is not None:
                moved = self.comments.setdefault(id(home), [])
                moved += [comment for comment in comments if comment not in moved]
            else:
                self.loose.extend(comments)
        return cst.RemoveFromParent()

    def leave_If(
        self, original_node: cst.If, updated_node: cst.If
    ) -> cst.If | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]:
        if self.span(original_node) in self.edits.removed:  # with all that stood under it, whose comments went with it
            home = self.edits.homes.get(self.span(original_node))
            kept = self.loose if home is None else self.comments.setdefault(id(home), [])
            kept.extend(own_comments(original_node))
            return cst.RemoveFromParent()
        runs = self.edits.unwrapped.get(self.span(original_node))
        if runs is None:
            return self.once(original_node, updated_node)
        block, leading = updated_node.body, list(updated_node.leading_lines)
        if not runs:
            other = cst.ensure_type(updated_node.orelse, cst.Else)
            block, leading = other.body, [*leading, *(line for line in other.leading_lines if line.comment)]
        if not isinstance(block, cst.IndentedBlock):
            block = cst.IndentedBlock([cst.SimpleStatementLine(block.body)])  # type: ignore[arg-type]
        above = [*leading, *([cst.EmptyLine(comment=block.header.comment)] if block.header.comment else [])]
        below = [line for line in block.footer if line.comment]  # for the next statement
        if not block.body:
            self.pending += [*(line for line in above if line.comment), *below]
            return cst.RemoveFromParent()
        self.pending += below
        first, *rest = block.body
        first = first.with_changes(leading_lines=[*above, *first.leading_lines])  # type: ignore[attr-defined]
        return cst.FlattenSentinel([first, *rest])

    def once(self, original: cst.If, updated: cst.If) -> cst.If | cst.FlattenSentinel[cst.BaseStatement]:
        """What both branches of a migrated class do now, without asking which."""
        start, _ = self.span(original)
        if not self.inside or not self.edits.source.startswith(b"if", start):  # `elif` belongs to the branch above
            return updated
        return said_once(original, updated) or updated

    def together(
        self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        """An edited statement of several lines on one, where it is short enough now."""
        start, end = self.span(original)
        if b"\n" not in self.edits.source[start:end] or not self.edited(original) or updated.trailing_whitespace.comment:
            return updated
        column = start - self.edits.source.rfind(b"\n", 0, start) - 1
        text = _code(updated.with_changes(leading_lines=())).strip()
        one = joined(text, self.width - column)
        if one == text:
            return updated
        statement = cst.parse_statement(one)
        return updated.with_changes(body=cst.ensure_type(statement, cst.SimpleStatementLine).body)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        span = self.span(original_node)
        if span in self.edits.setups:
            # Statements that stayed would be lost; refuse.check_setup has seen to it that there are none.
            head = (*original_node.leading_lines, *original_node.decorators, *original_node.lines_after_decorators)
            self.loose = [*(comment for part in head for comment in comments_in(part)), *self.loose]
            homes = {self.span(block): block for block in blocks_in(original_node.body)}
            housed: set[str] = set()
            for place, block in homes.items():
                home = self.edits.homes.get(place)
                if home is not None:
                    header = block.body.header if isinstance(block.body, cst.IndentedBlock) else None
                    said = [line.comment.value for line in (*block.leading_lines, header) if line and line.comment]
                    self.comments.setdefault(id(home), []).extend(said)
                    housed |= {*said}
            self.loose += [c for c in comments_in(updated_node.body) if c not in self.loose and c not in housed]
            return cst.RemoveFromParent()
        if span in self.edits.removed:  # a function that `__init__` defines
            inside = comments_in(original_node)
            for comment in (comment for comment in inside if comment in self.loose):  # of statements that stay inside
                del self.loose[len(self.loose) - 1 - self.loose[::-1].index(comment)]
            self.comments.setdefault(id(self.edits.homes[span]), []).extend(inside)
            return cst.RemoveFromParent()
        updated_node = without_gap(original_node, updated_node)
        updated_node = with_flags(updated_node, self.edits.added.get(span, []))
        if span in self.edits.swapped:
            own, _, *rest = updated_node.params.params
            parameters = updated_node.params.with_changes(params=[own, *rest])
            updated_node = with_flags(updated_node.with_changes(params=parameters), ["rngs"])
        if original_node.decorators:
            kept, comments = [], []
            for old, new in zip(original_node.decorators, updated_node.decorators):
                if self.span(old.decorator) in self.edits.decorators:
                    comments += [line for line in old.leading_lines if line.comment]
                    if old.trailing_whitespace.comment:
                        comments.append(cst.EmptyLine(comment=old.trailing_whitespace.comment))
                else:
                    kept.append(new)
            if len(kept) < len(updated_node.decorators):
                after = [line for line in updated_node.lines_after_decorators if line.comment]
                leading = [*updated_node.leading_lines, *comments, *after]
                updated_node = updated_node.with_changes(decorators=kept, leading_lines=leading, lines_after_decorators=())
        if self.inside and not updated_node.body.body:
            updated_node = updated_node.with_deep_changes(updated_node.body, body=[nothing_in(updated_node.body)])
        return self.function(span, updated_node)  # type: ignore[no-any-return]

    # ---- classes --------------------------------------------------------------------------------------------------

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        plan = self.edits.classes.get(self.span(node))
        if plan is not None:
            self.inside.append(plan)
            self.loose, self.field_comments = [], {}
        return True

    def visit_Module(self, node: cst.Module) -> None:
        self.statements = set(node.body)

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef | cst.FlattenSentinel[cst.BaseStatement]:
        span = self.span(original_node)
        plan = self.edits.classes.get(span)
        self.waiting += self.edits.above.get(span, {}).values()
        new = updated_node if plan is None else self.rewritten(plan, updated_node)
        beside = [self.subclass(text) for text in self.edits.beside.get(span, {}).values()]
        return cst.FlattenSentinel([new, *beside]) if beside else new

    def subclass(self, text: str) -> cst.BaseStatement:
        config = cst.PartialParserConfig(default_indent=self.indent)
        statement = cst.parse_module(text.format(indent=self.indent), config).body[0]
        blank = cst.EmptyLine(indent=False)
        return statement.with_changes(leading_lines=[blank, blank])

    def rewritten(self, new: NewClass, updated_node: cst.ClassDef) -> cst.ClassDef:
        self.inside.pop()
        body = list(updated_node.body.body)
        first = next((i for i, s in enumerate(body) if isinstance(s, (cst.FunctionDef, cst.ClassDef))), len(body))
        said = [f"{name}: {text}" for name, text in new.said.items()]
        docstring = docstring_of(body)
        if docstring is not None and not new.silent:
            names = {parameter.name for parameter in new.parameters} - new.said.keys()
            text, attributes = without_attributes(docstring.value, names)
            new_docstring = docstring.with_changes(value=text)
            body[0] = cst.ensure_type(body[0].deep_replace(docstring, new_docstring), cst.SimpleStatementLine)
            said = [*attributes, *said]
        init = self.constructor(new, updated_node, said)
        if init is not None:
            body.insert(first, init if first else init.with_changes(leading_lines=[]))
            if first + 1 < len(body):
                body[first + 1] = with_blank_line(body[first + 1])
        for text in new.methods:
            module = cst.parse_module(text.format(indent=self.indent), cst.PartialParserConfig(default_indent=self.indent))
            body.append(module.body[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)]))
        if not body:
            body = [cst.parse_statement("pass")]
        block = updated_node.body.with_changes(body=body)
        return updated_node.with_changes(body=block)

    def constructor(self, new: NewClass, node: cst.ClassDef, said: list[str]) -> cst.BaseStatement | None:
        code = cst.Module([], default_indent=self.indent).code_for_node(node)
        asked = attributes_read(self.part.whole(code)) | new.asked
        lines = pruned(new.lines, {f"self.{name}" for name in asked})
        self.loose += self.moved_on(new.lines, lines)
        parameters = {parameter.name for parameter in new.parameters}
        gone = [said for name, said in self.field_comments.items() if name not in parameters]
        self.loose += [comment for leading, trailing in gone for comment in (*leading, trailing) if comment]
        if new.silent or not lines and not new.parameters and not new.opening and not self.loose:
            return None
        text = self.signature(new)
        read = {name for line in lines for name in re.findall(r"\bself\.(\w+)", line.text)}
        own = new.stored(asked | read)
        stored = [f"self.{name} = {name}" for name in own]
        room = self.width - 2 * len(self.indent)
        opening = [piece for text in new.opening for piece in wrapped(text, self.continuation, room)]
        body: list[str] = [*described.docstring(said, new.column, self.indent, room), *self.loose, *opening, *stored]
        for line, level, written in chained([(line, line.level, line.text) for line in lines]):
            indent = self.indent * level
            body += [""] * (written.startswith("def ") and bool(body) and bool(body[-1]))
            body += [indent + comment for comment in self.comments.get(id(line), ()) if comment not in written]
            width = self.width - 2 * len(self.indent) - len(indent)
            apart = written.startswith("def ")
            body += [*(textwrap.indent(piece, indent) for piece in wrapped(written, self.continuation, width)), *[""] * apart]
        if not [b for b in body if not b.lstrip().startswith("#")]:
            body.append("pass")
        code = text + "\n" + textwrap.indent("\n".join(body), self.indent)
        statement = self.statement(code, self.indent[:1] * new.column + (getattr(node.body, "indent", None) or self.indent))
        return statement.with_changes(leading_lines=[cst.EmptyLine(indent=False)])

    def statement(self, code: str, indent: str) -> cst.BaseStatement:
        """New code that will stand so far in; libcst takes its time, and has to see only lines of strings, which do not move."""
        if re.search(r"\"{3}|'{3}|\\\n", code):
            code = f"{code}\n".replace("\n", self.newline)  # inside of strings too
            return cst.parse_module(code, cst.PartialParserConfig(default_indent=self.indent)).body[0]  # type: ignore
        name = self.part.name(len(self.part.blocks) + len(self.written))
        self.written[name] = textwrap.indent(code, indent).removeprefix(indent).replace("\n", self.newline)
        return cst.SimpleStatementLine([cst.Expr(cst.Name(name))])

    def moved_on(self, before: Sequence[Line], lines: Sequence[Line]) -> list[str]:
        """Comments of lines that nothing needs go to the next line that stays; those that no line follows are given back."""
        kept, waiting = {id(line) for line in lines}, list[str]()
        for line in before:
            own = self.comments.get(id(line), [])
            if id(line) not in kept:
                waiting += own
            elif waiting:
                self.comments[id(line)], waiting = [*waiting, *own], []
        return waiting

    def signature(self, new: NewClass) -> str:
        if not new.streams:
            return "def __init__(self):"
        parameters: list[str] = []
        commented = any(leading or trailing for leading, trailing in self.field_comments.values())
        rows: list[str] = ["self,"]
        for parameter in new.parameters:
            if parameter.keyword and "*" not in parameters:
                parameters.append("*")
                rows.append("*,")
            text = parameter.name + (f": {parameter.annotation}" if parameter.annotation else "")
            if parameter.default is not None:
                text += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
            parameters.append(text)
            leading, trailing = self.field_comments.get(parameter.name, ([], None))
            rows += [*leading, f"{text},{'  ' + trailing if trailing else ''}"]
        star = [] if "*" in parameters else ["*"]
        one_line = f"def __init__({', '.join(['self', *parameters, *star, 'rngs: nnx.Rngs'])}):"
        if not commented and len(one_line) + len(self.indent) <= self.width and "\n" not in one_line:
            return one_line
        together = self.continuation + ", ".join(["self", *parameters, *star, "rngs: nnx.Rngs"])
        if not commented and len(together) + len(self.indent) <= self.width and "\n" not in together:
            return f"def __init__(\n{together}\n):"
        rows += [*(f"{text}," for text in star), "rngs: nnx.Rngs,"]
        return "def __init__(\n" + textwrap.indent("\n".join(rows), self.continuation) + "\n):"


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
