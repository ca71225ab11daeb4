"""The generated pages of the documentation: one per rule, the tables of rules and of traps, and the options.

Every word comes from the rules, the plugin and the command line themselves, so a page can only be stale, not wrong.
"""
from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from typer.models import ArgumentInfo

from flake8_nnx.explain import FIXES, explain_markdown, sections
from flake8_nnx.rule import Rule

GENERATED = "<!-- Written by `python -m flake8_nnx.dev docs`; change the code instead. -->\n"
FAMILIES: Mapping[str, str] = {
    "0": "Imports and names",
    "1": "Module definitions",
    "2": "Variables, collections and random keys",
    "3": "init, apply and calls",
    "4": "Training",
    "5": "Lifted transforms",
    "6": "Sharding metadata",
    "7": "Checkpoints, core helpers and inspection",
    "8": "Silent traps of NNX and of half-migrated code",
}


def pages() -> dict[str, str]:
    """Every generated page by its path below the documentation's folder."""
    from flake8_nnx.rules import RULES

    made = {f"rules/{rule.code.lower()}.md": GENERATED + explain_markdown(rule) for rule in RULES}
    made["rules/index.md"] = GENERATED + _table(RULES)
    made["traps.md"] = GENERATED + _traps()
    made["options.md"] = GENERATED + _options()
    return made


def stale(folder: Path) -> list[Path]:
    """The pages that are not what the code says: changed, missing, or of a rule that is gone."""
    made = {folder / name: text for name, text in pages().items()}
    found = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return sorted([*found, *(path for path in (folder / "rules").glob("*.md") if path not in made)])


def write(folder: Path) -> None:
    """Bring every page up to date and remove those of rules that are gone."""
    made = pages()
    for path in stale(folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = made.get(path.relative_to(folder).as_posix())
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")


# ---- rules --------------------------------------------------------------------------------------------------------


def _table(rules: tuple[Rule, ...]) -> str:
    fixes = "; ".join(f"`{fix}`: {text}" for fix, text in FIXES.items())
    lines = ["# Rules", "", f"`flake8-nnx explain CODE` prints the page of a rule. Fix: {fixes}."]
    for digit, title in FAMILIES.items():
        members = [rule for rule in rules if rule.code[3] == digit]
        if members:
            lines += ["", f"## NNX{digit}xx: {title}", "", "| code | name | fix | about |", "|---|---|---|---|"]
            lines += [
                f"| [{rule.code}]({rule.code.lower()}.md) | {rule.name} | {rule.fix} | {_cell(sections(rule)['Title'])} |"
                for rule in members
            ]
    lines += ["", "```{toctree}", ":hidden:", "", *(rule.code.lower() for rule in rules), "```"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# ---- traps --------------------------------------------------------------------------------------------------------


def _traps() -> str:
    from flake8_nnx.catalog.traps import TRAPS

    lines = [
        "# Traps of NNX", "",
        "What goes wrong in code that comes from Linen, and the rules that see it. A test runs the example of each rule: the",
        "trap is real on the installed flax, and the repair is free of it.",
    ]  # fmt: skip
    for silent, title in ((True, "Silent: wrong behaviour without an error"), (False, "Loud: an error, often a late one")):
        lines += ["", f"## {title}", "", "| | trap | rules | not seen in the text of a program |", "|---|---|---|---|"]
        for trap in TRAPS.values():
            if trap.silent is silent:
                links = ", ".join(f"[{code}](rules/{code.lower()}.md)" for code in trap.rules)
                lines.append(f"| {trap.name} | {_cell(trap.text)} | {links} | {_cell(trap.unseen)} |")
    return "\n".join(lines) + "\n"


# ---- options ------------------------------------------------------------------------------------------------------


class _Options:
    """Collects what the plugin registers with flake8."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Mapping[str, Any]]] = []

    def add_option(self, *names: str, **settings: Any) -> None:
        self.found.append((next(name for name in names if name.startswith("--")), settings))


def _options() -> str:
    lines = ["# Options", "", "## flake8", ""]
    lines += ["Each can stand in `setup.cfg`, `tox.ini` or `.flake8` without its dashes.", ""]
    for name, settings in _of_plugin():
        wanted = f" {settings['metavar']}" if settings.get("metavar") else ""
        lines += [f"`{name}{wanted}`", f": {_prose(settings['help'])}", ""]
    for name, command in _commands():
        lines += [f"## flake8-nnx {name}", "", _prose(inspect.cleandoc(command.__doc__ or "").split("\n\n")[0]), ""]
        for parameter, info, kind in _parameters(command):
            lines += [f"`{_spelled(parameter, info, kind)}`", f": {_prose(info.help or 'see above')}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _of_plugin() -> list[tuple[str, Mapping[str, Any]]]:
    from flake8_nnx.plugin import Plugin

    options = _Options()
    Plugin.add_options(options)
    return options.found


def _commands() -> list[tuple[str, Any]]:
    """Name and function of every subcommand."""
    from flake8_nnx.cli import app

    functions = [command.callback for command in app.registered_commands if command.callback is not None]
    return sorted((function.__name__.replace("_", "-"), function) for function in functions)


def _parameters(command: Any) -> Iterator[tuple[inspect.Parameter, Any, Any]]:
    """Each parameter of a subcommand with what typer is told of it and its type."""
    import typing

    hints = typing.get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, info = typing.get_args(annotated(hints[name]))[:2]
        if not info.hidden:
            yield parameter, info, kind


def annotated(hint: Any) -> Any:
    """Python 3.10 wraps the hint of a parameter whose default is None in another `Optional`."""
    import typing

    inner = [kind for kind in typing.get_args(hint) if typing.get_origin(kind) is typing.Annotated]
    return inner[0] if inner else hint


def _spelled(parameter: inspect.Parameter, info: Any, kind: Any) -> str:
    """`--device NAME`, `--verify / --no-verify`, `PATH…`, as the help of the command line has them."""
    several = "…" if "list[" in str(kind) else ""
    if isinstance(info, ArgumentInfo):
        return f"{info.metavar or parameter.name.upper()}{several}"
    own = parameter.name.replace("_", "-")
    # With `Annotated` typer finds the first name that it is given in `default`.
    given = [name for name in (info.default, *(info.param_decls or ())) if str(name).startswith("-")]
    names = ", ".join(given or [f"--{own} / --no-{own}" if kind in (bool, bool | None) else f"--{own}"])
    if kind in (bool, bool | None):
        return names
    return f"{names} {info.metavar or _kind(kind)}{several}"


def _kind(kind: Any) -> str:
    """`text|json`, `INTEGER`, `FILE`: what an option of this type takes."""
    inner = next((each for each in (kind, *getattr(kind, "__args__", ())) if isinstance(each, type)), str)
    if issubclass(inner, Enum):
        return "|".join(str(choice.value) for choice in inner)
    return {"int": "INTEGER", "float": "NUMBER", "Path": "PATH"}.get(inner.__name__, "TEXT")


def _prose(text: str) -> str:
    """One line, without the markup of the terminal."""
    return re.sub(r"\[/?(?:bold|dim|italic)\]", "", " ".join(text.split())).replace("*", "\\*")
