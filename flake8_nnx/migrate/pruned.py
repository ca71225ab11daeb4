"""The lines of `__init__` that something needs.

Branches and loops go with the last of what stood under them.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from flake8_nnx.migrate.model import Line

Placed = tuple[Line, int, str]  # a line with the level and the text that it has in the end


def pruned(lines: list[Line], read: set[str]) -> list[Line]:
    """Lines of `__init__` without the assignments, branches and loops that nothing needs."""
    needed = {i for i, line in enumerate(lines) if not line.names and not opens(line)}
    words = [set(re.findall(r"self\.\w+|(?<![\w.])\w+", line.text)) for line in lines]
    below = [after(lines, i) for i in range(len(lines))]
    # Reading `self.x` in a method needs the line that stores it.
    kept = {name for name in read if name.startswith("self.")}
    while True:
        more = {
            i for i, line in enumerate(lines)
            if i not in needed and line.names
            and (kept.intersection(line.names) or any(words[j].intersection(line.names) for j in below[i] if j in needed))
        }
        more |= {opener for i in needed | more for opener in openers(lines, i)} - needed
        if not more:
            return without_empty_branches([line for i, line in enumerate(lines) if i in needed])
        needed |= more


def after(lines: list[Line], index: int) -> range:
    """The lines that may read what this one stores: those below it, and where it is in a loop all of that."""
    loops = [i for i in openers(lines, index) if lines[i].text.startswith("for ")]
    end = next((i for i in range(index + 1, len(lines)) if _again(lines[i], lines[index])), len(lines))
    return range(min(loops, default=index + 1), end)


def _again(line: Line, other: Line) -> bool:
    """Whether a line always runs and gives the name of another one a new value, without the old one."""
    left, _, right = line.text.partition(" = ")
    same = line.level == 0 and line.names == other.names and (left,) == line.names and not left.startswith("self.")
    return same and left not in re.findall(r"(?<![\w.])\w+", right)


def without_empty_branches(lines: list[Line]) -> list[Line]:
    """`if a:` with nothing before its `else:` becomes `if not a:`."""
    result: list[Line] = []
    for line in lines:
        above = result[-1] if result else None
        if line.text == "else:" and above is not None and above.level == line.level and above.text.startswith("if "):
            test = above.text[3:-1]
            result[-1] = replace(above, text=f"if {test[4:] if test.startswith('not ') else negated(test)}:")
        else:
            result.append(line)
    return result


def chained(lines: Sequence[Placed]) -> list[Placed]:
    """`else:` with an `if` and nothing beside it becomes `elif`."""
    place = next((i for i, (_, _, text) in enumerate(lines) if text == "else:"), None)
    if place is None:
        return list(lines)
    level = lines[place][1]
    end = next((i for i in range(place + 1, len(lines)) if lines[i][1] <= level), len(lines))
    block = chained(lines[place + 1:end])
    heads = [text for _, depth, text in block if depth == level + 1]
    if heads and heads[0].startswith("if ") and all(text.startswith(("elif ", "else:")) for text in heads[1:]):
        (first, _, test), *rest = block
        block = [(first, level, f"el{test}"), *((line, depth - 1, text) for line, depth, text in rest)]
    else:
        block = [lines[place], *block]
    return [*lines[:place], *block, *chained(lines[end:])]


def negated(test: str) -> str:
    node = ast.parse(test, mode="eval").body
    pairs = ((ast.Is, ast.IsNot), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn))
    opposite = dict([*pairs, *((b, a) for a, b in pairs)])
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in opposite:
        new = ast.unparse(ast.Compare(node.left, [opposite[type(node.ops[0])]()], node.comparators))
        return new.replace("'", '"') if '"' in test and "'" not in test else new
    return f"not {test}" if isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)) else f"not ({test})"


def opens(line: Line) -> bool:
    return line.text.endswith(":") and line.text.split(" ")[0].rstrip(":") in ("if", "else", "for")


def openers(lines: list[Line], index: int) -> list[int]:
    """The `if`, `else` and `for` lines above that a line stands under (an `else` needs its `if`)."""
    found, level = [], lines[index].level
    is_else = lines[index].text == "else:"
    for i in range(index - 1, -1, -1):
        line = lines[i]
        if line.level < level and opens(line):
            found.append(i)
            level = line.level
            is_else = line.text == "else:"
        elif is_else and line.level == level and opens(line):
            found.append(i)
            is_else = False
    return found
