"""Which stored verdicts are about the classes of a file as it is now.

A file that is as it was when they were stored, and imports what it did, costs a few digests; of one that was edited the
keys of its classes are computed anew.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Mapping, Sequence

from flake8_nnx import __version__
from flake8_nnx.verdicts.sources import Sources
from flake8_nnx.verdicts.store import Stored, read
from flake8_nnx.verdicts.text import digest

LIBRARIES = ("flax", "jax", "jaxlib")
OURS = "flake8-nnx"  # writes the replacement that the verdict is about
MOST_INPUTS = 60  # of a class that reaches more files, any change of them ends the verdict: to tell would take too long


def look_up(
    store: str, names: Sequence[str], tree: ast.Module, text: str, path: str, sources: Sources | None = None
) -> dict[str, list[Stored]]:
    """The verdicts that hold, by class.

    Args:
        store: a file that exists.
        names: classes of the file.
        tree, text: the file.
        path: its absolute path.
        sources: what is known of other files; this one is added.
    """
    here = sources or Sources()
    here.add(path, text, tree)

    def own(name: str) -> str:
        from flake8_nnx.verdicts.closure import own_key  # of a file that was edited

        return own_key(here, path, name)

    found: dict[str, list[Stored]] = {}
    try:
        for row in read(store, digest(text), names, own):
            if is_current(row.versions) and _holds(row, here, path):
                found.setdefault(row.name, []).append(row)
    except RecursionError:  # nested too deeply to be followed
        return {}
    return found


def _holds(row: Stored, sources: Sources, path: str) -> bool:
    """Whether the imported files say what they said; `read` has compared the file itself."""
    if sources.unchanged(path, row.inputs):
        return True
    if len(row.inputs) > MOST_INPUTS:
        return False
    from flake8_nnx.verdicts.closure import key

    found = key(sources, path, row.name)
    return found is not None and row.full == found.full


def is_current(stored: Mapping[str, str]) -> bool:
    """Whether these versions are those that are installed."""
    return dict(stored) == versions(name for name in stored if name not in (*LIBRARIES, OURS))


def versions(heads: Iterable[str] = ()) -> dict[str, str]:
    """The versions of flax, jax, jaxlib, these libraries and this program, `""` for what is not installed."""
    return {OURS: __version__, **{name: _version(name) for name in (*LIBRARIES, *sorted(heads))}}


@functools.lru_cache(maxsize=256)
def _version(name: str) -> str:
    from importlib.metadata import Distribution, PackageNotFoundError

    try:
        metadata = Distribution.from_name(name).read_text("METADATA") or ""
    except (PackageNotFoundError, ValueError, OSError):
        return ""
    # Parsed as mail, as `importlib.metadata.version` does it, it would take longer than everything else here.
    return next((line[8:].strip() for line in metadata.splitlines() if line.startswith("Version:")), "")
