"""Module classes that the user names because they are defined in files the linter does not see."""
from __future__ import annotations

from dataclasses import dataclass

from flake8_nnx.source.linen import ModuleRef


@dataclass(frozen=True)
class Declared:
    """Linen module classes by dotted name; an `Elsewhere` for one file linted alone."""

    names: frozenset[str] = frozenset()

    def translate(self, origin: str) -> str | None:
        return None

    def module_class(self, origin: str) -> ModuleRef | None:
        # A relative import keeps its dots: `.layers.Base` is the declared `mylib.layers.Base`.
        known = origin in self.names or (
            origin.startswith(".") and any(name.endswith("." + origin.lstrip(".")) for name in self.names)
        )
        return ModuleRef(origin.rsplit(".", 1)[-1]) if known else None

    def instance(self, origin: str) -> ModuleRef | None:
        return None

    def bases(self, origin: str) -> frozenset[str]:
        return frozenset()

    def definition(self, origin: str) -> None:
        return None
