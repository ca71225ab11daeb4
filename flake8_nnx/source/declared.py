"""Module classes that the user names because they are defined in files the linter does not see."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Declared:
    """Linen module classes by dotted name; an `Elsewhere` for one file linted alone."""

    names: frozenset[str] = frozenset()

    def translate(self, origin: str) -> str | None:
        return None

    def module_class(self, origin: str) -> bool:
        # A relative import keeps its dots: `.layers.Base` is the declared `mylib.layers.Base`.
        return origin in self.names or (
            origin.startswith(".") and any(name.endswith("." + origin.lstrip(".")) for name in self.names)
        )

    def instance(self, origin: str) -> str | None:
        return None
