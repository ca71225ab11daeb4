"""Inputs of a model as the command line spells them: `f32[2,7,16] i32[4,9]<50`, `train=False, mask=bool[2,7]`.

Shape strings stay strings, for the verifier to make arrays of; everything else is a Python literal.
"""
from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flake8_nnx.source.read import SourceError, parse, read_source

SHAPE = re.compile(r"key|[a-z]+\d*\w*\[[\w\s,]*\](<\w+)?")
NAMED = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)
BRACKETS = {"(": ")", "[": "]", "{": "}"}


def arguments(texts: Iterable[str]) -> tuple[Any, ...]:
    """The positional arguments of all `--args`.

    Raises:
        ValueError: an argument that is neither a shape nor a literal.
    """
    return tuple(value(word) for text in texts for word in split(text))


def keywords(texts: Iterable[str]) -> dict[str, Any]:
    """The keyword arguments of all `--kwargs`.

    Raises:
        ValueError: not of the form name=value, a name given twice, or a value that is neither a shape nor a literal.
    """
    found: dict[str, Any] = {}
    for word in (word for text in texts for word in split(text)):
        match = NAMED.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is not of the form name=value")
        if match[1] in found:
            raise ValueError(f"{match[1]} is given twice")
        found[match[1]] = value(match[2])
    return found


def value(word: str) -> Any:
    """One value: a shape string as it is, a literal, or a tuple or list of both.

    Raises:
        ValueError: none of them.
    """
    if SHAPE.fullmatch(word):
        return word
    try:
        found = ast.literal_eval(word)
        json.dumps(found)  # it goes to another process
        return found
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    if word[:1] in ("(", "[") and word[-1:] == BRACKETS[word[0]]:
        items = [value(item) for item in split(word[1:-1])]
        return items if word[0] == "[" else tuple(items)
    raise ValueError(f"{word!r} is neither a shape such as f32[2,7,16] nor a Python literal (strings need quotes)")


def cases_file(path: Path) -> Path:
    """A cases file as far as it can be judged without running it.

    Raises:
        SourceError: it cannot be read, is not Python, or does not assign `CASES`.
    """
    tree = parse(read_source(path), str(path))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    if "CASES" not in names:
        raise SourceError(str(path), "has no list CASES of flake8_nnx.verify.Case")
    return path


def split(text: str) -> list[str]:
    """The words of a text, separated by commas or spaces that no bracket or quote encloses."""
    words, word, closing, quoted = [], "", "", ""
    for character in text:
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character in BRACKETS:
            closing += BRACKETS[character]
        elif closing and character == closing[-1]:
            closing = closing[:-1]
        elif not closing and (character == "," or character.isspace()):
            words.append(word)
            word = ""
            continue
        word += character
    return [word for word in [*words, word] if word]
