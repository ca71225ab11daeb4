"""What a rule, an example and a finding are.

A rule is one Linen idiom or NNX trap: its code, its message, its page, its example pairs and the functions that find it.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from flake8_nnx.source.linen import Facts  # noqa: F401  (named in Check as text)

Fix = Literal["safe", "review", "manual"]
Report = tuple[ast.AST, Mapping[str, Any]]
Check = Callable[[Any, "Facts"], Iterator[Report]]


@dataclass(frozen=True)
class Example:
    """One Linen program and the NNX program that computes the same.

    `linen` gives exactly the rule's own code when linted (unless `also` names others), `nnx` gives nothing.
    A pair with `init` can be run: `init` is the Linen constructor call, `args` and `kwargs` are shape strings
    such as `f32[2,16]`, and `new_init` is the NNX constructor call where it cannot be derived from the inputs.
    """

    linen: str
    nnx: str
    also: tuple[str, ...] = ()
    init: str = ""
    new_init: str = ""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    train_kwargs: Mapping[str, Any] | None = None
    rngs: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Finding:
    """One place where a rule applies; lines count from 1, columns from 0 as in `ast`."""

    line: int
    col: int
    code: str
    message: str
    end_line: int
    end_col: int
    name: str
    fix: Fix


@dataclass(frozen=True)
class Rule:
    """One idiom or trap; `message` is a `str.format` template for the fields that a check yields."""

    code: str
    name: str
    message: str
    doc: str
    fix: Fix
    examples: tuple[Example, ...]
    checks: list[tuple[type[ast.AST], Check]] = field(default_factory=list)

    def on(self, *types: type[ast.AST]) -> Callable[[Check], Check]:
        """Run the decorated function on every node of these types; it yields (node to report, message fields)."""

        def register(check: Check) -> Check:
            self.checks.extend((node_type, check) for node_type in types)
            return check

        return register

    def finding(self, node: Any, fields: Mapping[str, Any]) -> Finding:
        """The finding of this rule at `node`."""
        return Finding(
            line=node.lineno,
            col=node.col_offset,
            code=self.code,
            message=self.message.format(**fields),
            end_line=node.end_lineno or node.lineno,
            end_col=node.end_col_offset or node.col_offset,
            name=self.name,
            fix=self.fix,
        )
