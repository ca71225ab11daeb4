"""Who owns a file, by the CODEOWNERS of its repository.

The file is looked for where GitHub and GitLab do: the top of the checkout, `.github`, `.gitlab` and `docs`.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from codeowners import CodeOwners

PLACES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")


def owners_of(path: Path) -> tuple[str, ...]:
    """The owners of a file, none where no CODEOWNERS says."""
    real = path.resolve()
    found = _nearest(real.parent)
    if found is None:
        return ()
    top, of = found
    return of(real.relative_to(top).as_posix())


@functools.lru_cache(maxsize=1024)
def _nearest(directory: Path) -> tuple[Path, Callable[[str], tuple[str, ...]]] | None:
    for place in PLACES:
        file = directory / place
        if file.is_file():
            return directory, functools.partial(_of, CodeOwners(file.read_text(encoding="utf-8", errors="replace")))
    if (directory / ".git").exists() or directory.parent == directory:
        return None
    return _nearest(directory.parent)


def _of(rules: CodeOwners, name: str) -> tuple[str, ...]:
    return tuple(owner for _, owner in rules.of(name))
