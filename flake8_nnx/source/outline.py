"""A file without the bodies of its functions and classes: what it binds at its top level, for a fraction of the parser's work.

Told by indentation alone, so it is `None` where that might mislead; whoever asks then parses the whole file.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

# A line that starts a statement of the module, or goes on with one (`else:`); closing brackets and comments do not.
START = re.compile(r"^[^\s#)\]}]", re.MULTILINE)
FUNCTION = re.compile(r"(?:async +)?def +(\w+)")
# The bases are kept: they tell what kind of class it is.
CLASS = re.compile(r"class +\w+ *(?:\((?:[^()#\"']|\([^()#\"']*\))*\))? *:")


def outline(text: str) -> str | None:
    """The text with `pass` for every body of a function or class at its top level; None where a body may end elsewhere."""
    if "\f" in text or "\r" in text:  # white space at the start of a line that is not indentation
        return None
    kept = list(_statements(text))
    return None if None in kept else "".join(filter(None, kept))


def _statements(text: str) -> Iterator[str | None]:
    starts = [match.start() for match in START.finditer(text)]
    yield text[: starts[0] if starts else None]
    inside = False  # a string over several lines, which may hold anything at its margin
    for start, end in zip(starts, [*starts[1:], len(text)]):
        whole = text[start:end]
        odd = bool(whole.count('"""') % 2 or whole.count("'''") % 2)
        function, cls = FUNCTION.match(whole), CLASS.match(whole)
        if inside or not (function or cls):
            inside ^= odd
            yield whole
        elif odd or "global " in whole:  # such a string in the body, or a name of the module that is bound inside
            yield None
        else:
            yield f"def {function[1]}(): pass\n" if function else f"{cls[0]} pass\n" if cls else whole
