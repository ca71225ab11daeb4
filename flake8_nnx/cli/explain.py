"""`flake8-nnx explain`: the page of a rule, or the table of all rules.

The page is the rule's own docstring and examples; nothing is written here.
"""
from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer
from rich.markdown import Markdown

from flake8_nnx.cli import console
from flake8_nnx.rule import Rule

PAGE_WIDTH = 100


class Format(str, Enum):
    text = "text"
    json = "json"
    markdown = "markdown"


def explain(
    codes: Annotated[list[str] | None, typer.Argument(metavar="CODE", help="Such as NNX101; none: all.")] = None,
    output_format: Annotated[Format, typer.Option(help="markdown: the page of the documentation.")] = Format.text,
) -> None:
    """Explain rules: what each flags, why, and its example in both APIs.

    [bold]Examples[/bold]

    flake8-nnx explain
    flake8-nnx explain NNX101 NNX310
    flake8-nnx explain NNX101 --output-format markdown
    """
    from flake8_nnx.explain import explain_json, explain_markdown
    from flake8_nnx.rules import RULES

    rules = named(console.comma_list(codes)) if codes else list(RULES)
    if output_format is Format.json:
        console.print_json([explain_json(rule) for rule in rules])
    elif output_format is Format.markdown:
        print("\n".join(explain_markdown(rule) for rule in rules), end="")
    elif codes:
        print_pages(rules)
    else:
        print_table(rules)


def named(codes: list[str]) -> list[Rule]:
    """The rules with these codes or names; leaves with exit code 2 when there is none."""
    from flake8_nnx.explain import find

    found: dict[str, Rule] = {}
    errors = []
    for code in codes:
        try:
            rule = find(code)
            found[rule.code] = rule
        except LookupError as error:
            errors.append(f"flake8-nnx: {error}")
    if errors:
        console.finish(errors)
    return list(found.values())


def print_pages(rules: list[Rule]) -> None:
    """Plain text, or on a terminal the same page with its code coloured."""
    from flake8_nnx.explain import explain, explain_markdown

    out = console.stdout()
    for position, rule in enumerate(rules):
        if position:
            print()
        if out.is_terminal:
            page = Markdown(explain_markdown(rule), code_theme="ansi_dark")
            out.print(page, width=min(out.width, PAGE_WIDTH))
        else:
            print(explain(rule.code), end="")


def print_table(rules: list[Rule]) -> None:
    """Code, name, fix class and first sentence of every rule."""
    table = console.table("code", "name", "fix", "about")
    for rule in rules:
        table.add_row(rule.code, rule.name, rule.fix, rule.doc.strip().split("\n\n")[0])
    console.stdout().print(table)
