"""What tracing a class records: its events in order, and why it cannot tell them where it cannot.

Events are sites and loops, which values hold as well, and branches and assignments.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.values import Site, Unknown


@dataclass(eq=False)
class Branch:
    """An `if` on something that `__init__` knows."""

    node: ast.If
    test: str
    body: list[Any]
    orelse: list[Any]
    in_call: str = ""  # the test as the call can ask it


@dataclass(eq=False)
class Assignment:
    """A statement that `__init__` may need: the names it gives and their source there."""

    node: ast.stmt
    names: tuple[str, ...]
    text: str


@dataclass
class Trace:
    """What happens when a class is built and called: events in order, and why it cannot be told where it cannot."""

    cls: LinenClass
    events: list[Any] = field(default_factory=list)  # Site, Loop, Branch, Assignment
    sites: list[Site] = field(default_factory=list)
    detached: list[Site] = field(default_factory=list)  # modules that are no part of this one (parent=None)
    problems: list[tuple[ast.AST, str]] = field(default_factory=list)
    arguments: dict[str, list[str]] = field(default_factory=dict)  # method -> array arguments in order
    output: Any = field(default_factory=Unknown)
    defaults: dict[str, Any] = field(default_factory=dict)  # fields whose default is a module class
    open_sizes: set[str] = field(default_factory=set)  # names of sizes that only the call knows
    # `A() if test else f` in setup -> the texts of what is none of its modules, by the id of its nodes
    arms: dict[ast.IfExp, dict[int, str]] = field(default_factory=dict)
    understood: set[ast.stmt] = field(default_factory=set)  # statements that collect submodules in a list
    attributes: dict[str, Any] = field(default_factory=dict)  # of the module after setup
    calls: list[tuple[ast.AST, dict[str, Any]]] = field(default_factory=list)  # methods that ran, with their arguments
    choices: set[ast.stmt] = field(default_factory=set)  # statements that give a name one of several partials
    placed: dict[Any, ast.Call] = field(default_factory=dict)  # events of functions outside of the class -> their calls there
