"""Defaults of options from `[tool.flake8_nnx.COMMAND]` of the nearest `pyproject.toml`, one key per option.

What the command line gives replaces what is configured; a key that is no option is an error, as a mistyped option is.
"""
from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "pyproject.toml"
# Tables that others read: the cases of the verifier.
OTHERS = ("case",)
# What stands for no file where a file is meant.
NO_FILE = ("-", "off")


def defaults(commands: Mapping[str, Any], start: Path) -> dict[str, dict[str, Any]]:
    """Values by command and parameter, as the `default_map` of a click context has them; files are those beside `pyproject.toml`.

    Raises:
        ValueError: the nearest `pyproject.toml` at or above `start` is no TOML, or has a command or an option that is none.
    """
    file = next((folder / FILE for folder in (start, *start.parents) if (folder / FILE).is_file()), None)
    if file is None:
        return {}
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("flake8_nnx", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file}: {error}") from None
    found: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        if name in OTHERS:
            continue
        if name not in commands or not isinstance(table, dict):
            raise ValueError(f"{file}: tool.flake8_nnx.{name} is no table of a command: {', '.join(commands)}")
        options = {spelled(param): param for param in commands[name].params if param.param_type_name == "option"}
        for key, value in table.items():
            option = options.get(key.replace("_", "-"))
            if option is None:
                raise ValueError(f"{file}: [tool.flake8_nnx.{name}] has no option {key!r}: {', '.join(sorted(options))}")
            found.setdefault(name, {})[option.name] = value_of(option, value, file.parent)
    return found


def spelled(option: Any) -> str:
    """The option as the command line spells it, without its dashes."""
    return str(max(option.opts, key=len)).lstrip("-")


def value_of(option: Any, value: Any, folder: Path) -> Any:
    if option.multiple and not isinstance(value, list):
        return [value]
    if (option.metavar or "").startswith(("FILE", "DIR")) and isinstance(value, str) and value not in NO_FILE:
        return str(folder / value)
    return value
