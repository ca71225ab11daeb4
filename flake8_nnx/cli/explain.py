"""`flake8-nnx explain`: the page of a rule, or the table of all rules.

The page is the rule's own docstring and examples; nothing is written here.
"""
from __future__ import annotations

import difflib
from enum import Enum
from typing import Annotated

import typer

from flake8_nnx.cli import console
from flake8_nnx.rule import Rule


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
    from flake8_nnx.rules import RULES

    rules = named(console.comma_list(codes or [])) if codes else list(RULES)
    if output_format is Format.json:
        console.print_json(page)
    elif codes:
        pass
    else:
        print_table(rules)


def named(codes: list[str]) -> list[Rule]:
    """The rules with these codes or names; leaves with exit code 2 when there is none."""
    from flake8_nnx.rules import RULES

    known = {key: rule for rule in RULES for key in (rule.code, rule.name)}
    wanted = [code.upper() if code.upper() in known else code.lower() for code in codes]
    unknown = [(given, code) for given, code in zip(codes, wanted) if code not in known]
    for given, code in unknown:
        near = difflib.get_close_matches(given.upper(), known, n=3) or difflib.get_close_matches(code, known, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else "`flake8-nnx explain` lists all rules"
        console.say(f"flake8-nnx: no rule is called {given}; {advice}")
    if unknown:
        raise typer.Exit(console.FAILED)
    return [known[code] for code in dict.fromkeys(wanted)]


def print_table(rules: list[Rule]) -> None:
    """Code, name, fix class and first sentence of every rule."""
    table = console.table("code", "name", "fix", "about")
    for rule in rules:
        table.add_row(rule.code, rule.name, rule.fix, rule.doc.strip().split("\n\n")[0])
    console.stdout().print(table)
