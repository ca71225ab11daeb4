"""Lines of code that fit: long ones are spread over brackets as formatters do, short ones come together again.

Works on the text of one logical line, and never changes what it means.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

OPEN, CLOSE = "([{", ")]}"


def wrapped(text: str, indent: str, width: int) -> list[str]:
    """The lines of a statement or expression: the last bracket that leaves a short head and a short tail is spread."""
    if len(text) <= width or "\n" in text:
        return [text]
    text = in_brackets(text)
    found = [(start, end) for start, end in reversed(pairs(text)) if text[start + 1:end].strip() and start < width]
    if not found:
        return [text]
    short = (pair for pair in found if len(text) - pair[1] <= width)
    start, end = next(short, max(found, key=lambda pair: pair[1] - pair[0]))
    head, body, tail = text[: start + 1], text[start + 1:end], text[end:]
    parts, inner = elements(body), width - len(indent)
    if len(body) <= inner:
        rows = [body]
    elif len(parts) == 1:
        rows = [row for choice in choices(parts[0]) for row in wrapped(choice, indent, inner)]
        rows = rows or wrapped(parts[0], indent, inner)
    else:
        rows = [row for part in parts for row in ended(wrapped(part, indent, inner - 1))]
    return [head, *(indent + row for row in rows), tail]


def in_brackets(text: str) -> str:
    """`x = a if b else c` as `x = (a if b else c)`, which may be spread."""
    try:
        statement = ast.parse(text).body[0]
    except SyntaxError:
        return text
    if isinstance(statement, ast.Assign) and isinstance(statement.value, (ast.IfExp, ast.BoolOp, ast.BinOp, ast.Compare)):
        before, value = text.encode()[: statement.value.col_offset], text.encode()[statement.value.col_offset:]
        if not before.rstrip().endswith(b"("):
            return f"{before.decode()}({value.decode()})"
    return text


def bare(text: str) -> str:
    """An expression without the parentheses around all of it."""
    inside = text[1:-1].strip()
    try:
        same = text[:1] == "(" and "\n" not in text and ast.dump(ast.parse(inside)) == ast.dump(ast.parse(text))
    except SyntaxError:
        return text
    return inside if same else text


def choices(text: str) -> list[str]:
    """`a if b else c` in three lines, nothing for anything else."""
    try:
        value = ast.parse(text, mode="eval").body
    except SyntaxError:
        return []
    if not isinstance(value, ast.IfExp):
        return []
    cuts = [0, value.body.end_col_offset or 0, value.test.end_col_offset or 0, len(text.encode())]
    return [text.encode()[start:end].decode().strip() for start, end in zip(cuts, cuts[1:])]


def ended(rows: list[str]) -> list[str]:
    return [*rows[:-1], f"{rows[-1]},"]


def joined(text: str, width: int) -> str:
    """A statement of several lines as one, where that fits and neither a comment nor a last comma keeps it apart."""
    if "\n" not in text or "#" in text or "\\" in text or re.search(r"'''|\"\"\"", text) or re.search(r",\s*[)\]}]", text):
        return text
    one = re.sub(r"\s*\n\s*", " ", re.sub(r"\s*\n\s*(?=[)\]}])", "", re.sub(r"(?<=[(\[{])\s*\n\s*", "", text)))
    try:
        same = ast.dump(ast.parse(one)) == ast.dump(ast.parse(text))
    except SyntaxError:
        return text
    return one if same and len(one) <= width else text


def pairs(text: str) -> list[tuple[int, int]]:
    """The outermost brackets of a text."""
    found, starts = [], list[int]()
    for index, character in code(text):
        if character in OPEN:
            starts.append(index)
        elif character in CLOSE and starts:
            start = starts.pop()
            if not starts:
                found.append((start, index))
    return found


def elements(text: str) -> list[str]:
    """What the outermost commas separate, but for those between the parameters of a lambda."""
    cuts, depth, lambdas = [-1], 0, 0
    for index, character in code(text):
        depth += (character in OPEN) - (character in CLOSE)
        if depth:
            continue
        if re.match(r"for\b", text[index:]) and not _in_word(text, index):
            return [text.strip()]  # a comprehension: the commas of its targets separate no elements
        if text.startswith("lambda", index) and re.match(r"lambda\b", text[index:]) and not _in_word(text, index):
            lambdas += 1
        elif character == ":" and lambdas:
            lambdas -= 1
        elif character == "," and not lambdas:
            cuts.append(index)
    parts = [text[start + 1:end].strip() for start, end in zip(cuts, [*cuts[1:], len(text)])]
    return [part for part in parts if part]


def _in_word(text: str, index: int) -> bool:
    return index > 0 and (text[index - 1].isalnum() or text[index - 1] in "_.")


def code(text: str) -> Iterator[tuple[int, str]]:
    """The characters of a text outside of its strings, with their places."""
    index = 0
    while index < len(text):
        character = text[index]
        if character in "'\"":
            quote = text[index:index + 3] if text[index:index + 3] in ("'''", '"""') else character
            index += len(quote)
            while index < len(text) and not text.startswith(quote, index):
                index += 2 if text[index] == "\\" else 1
            index += len(quote)
            continue
        yield index, character
        index += 1


def quoted(node: ast.AST) -> str:
    """The code of a node, as far as a message has room for it."""
    text = ast.unparse(node)
    return text if len(text) <= 60 else text[:59] + "…"
