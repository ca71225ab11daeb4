"""What a class says about its fields in strings below them: it becomes the `Args` of the docstring of `__init__`.

Left where it is, such a string would stand below nothing, or become the docstring of the class.
"""
from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence
from itertools import pairwise

from flake8_nnx.migrate.model import ClassPlan

SECTION = re.compile(r"^\s*(Attributes|Args|Arguments|Parameters):?\s*$", re.MULTILINE)  # of the class


def strings(plan: ClassPlan) -> dict[str, ast.Constant]:
    """The string below each field that becomes a parameter of the constructor of its own class."""
    if plan.silent:
        return {}
    fields = {id(field.node): field.name for field in plan.fields}
    parameters = {parameter.name for parameter in plan.parameters}
    found: dict[str, ast.Constant] = {}
    for statement, below in pairwise(plan.cls.node.body):
        name = fields.get(id(statement))
        if name in parameters and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            if isinstance(below.value.value, str) and '"""' not in below.value.value and not SECTION.search(below.value.value):
                found[name] = below.value
    return found


def docstring(said: Sequence[str], column: int, indent: str, width: int) -> list[str]:
    """The lines of the docstring of `__init__` in a text that stands in a class; none where nothing is `said` of parameters."""
    if not said:
        return []
    lines = ["Args:"]
    for text in said:
        lines += _fitting(text, indent, width)
    raw = "r" if any("\\" in line for line in lines) else ""
    # Unlike code, the lines of a string are not moved when the constructor gets its place in the class.
    outer = indent[:1] * column + indent
    return [f'{raw}"""{lines[0]}', *(outer + line if line else "" for line in lines[1:]), f'{outer}"""']


def _fitting(text: str, indent: str, width: int) -> list[str]:
    """What is said about one parameter, the first line less indented; paragraphs with a line that is too long are filled."""
    lines: list[str] = []
    for paragraph in re.split(r"(\n\s*\n|\n(?=\s|[-*] ))", text):
        if not paragraph.strip():
            lines += [""] * (paragraph.count("\n") - 1)
            continue
        own = 2 * indent + paragraph[: len(paragraph) - len(paragraph.lstrip())]
        starts = [own if lines else indent, own]
        rows = [line.strip() for line in paragraph.splitlines()]
        if any(len(starts[place > 0] + row) > width for place, row in enumerate(rows)):
            lines += textwrap.wrap(
                " ".join(rows), width, initial_indent=starts[0], subsequent_indent=own,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
        else:
            lines += [starts[place > 0] + row for place, row in enumerate(rows)]
    return lines
