"""Origins: the canonical dotted name behind every expression of one file.

Follows imports, assignments, scopes and shadowing; what cannot be known for certain has no origin.
"""
from __future__ import annotations

import ast
import builtins
import functools
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from flake8_nnx.source.literals import is_none

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Public names of flax.linen are often reached through the private module that defines them.
LINEN_SUBMODULES = frozenset(
    "activation attention batch_apply combinators dtypes linear module normalization pooling recurrent spmd stochastic summary "
    "transforms".split()
)
# Nodes that may bind a name or open a scope.
BINDS = (
    ast.stmt, ast.Lambda, *COMPREHENSIONS, ast.NamedExpr, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping
)  # fmt: skip
KINDS = [kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)]
BINDING = frozenset(kind for kind in KINDS if issubclass(kind, BINDS))
# Fields without a node below them that means anything here.
BARE = frozenset("id attr arg kind type_comment level module asname simple is_async conversion ctx op ops".split())
FIELDS = {kind: tuple(name for name in kind._fields if name not in BARE) for kind in KINDS}
MAX_DEPTH = 12
BUILTINS = frozenset(dir(builtins))


class Binding(NamedTuple):
    """One way in which a name gets its value in a scope."""

    kind: str  # import, assign, annotation, def, class, param, unpack, other
    node: ast.AST
    origin: str | None = None  # of an import
    value: ast.expr | None = None  # of an assignment
    annotation: ast.expr | None = None
    fallback: bool = False  # bound in an `except` or `else` branch
    position: tuple[int, ...] = ()  # position inside an unpacked tuple

    @property
    def line(self) -> int:
        return getattr(self.node, "lineno", 0)


@dataclass
class Scope:
    """A module, class, function, lambda or comprehension and the names bound in it."""

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    def add(self, name: str, binding: Binding) -> None:
        scope = self
        if name in self.globals:
            while scope.parent is not None:
                scope = scope.parent
        scope.bindings.setdefault(name, []).append(binding)


def canonical(origin: str) -> str:
    """The public spelling of a dotted name: `flax.linen.linear.Dense` is `flax.linen.Dense`."""
    parts = origin.split(".")
    if parts[:2] == ["flax", "experimental"] and parts[2:3] == ["nnx"]:
        parts = ["flax", *parts[2:]]
    if parts[:2] == ["flax", "linen"] and len(parts) > 3 and parts[2] in LINEN_SUBMODULES:
        parts = [*parts[:2], *parts[3:]]
    if parts[:2] == ["flax", "linen"] and parts[2:3] == ["fp8_ops"] and len(parts) > 3:
        parts = [*parts[:2], *parts[3:]]
    return ".".join(parts)


class Names:
    """Scopes of one tree; `nodes` lists every node once, parents before children, `parent` finds the way up.

    With `statements`, what stands inside of expressions is left out: for outlines, of which only bindings are asked.
    """

    def __init__(self, tree: ast.Module, package: str = "", statements: bool = False) -> None:
        self.package = package
        self.module = Scope(tree, None)
        self.nodes: list[ast.AST] = []
        self.parents: dict[int, ast.AST] = {}
        self._scope_of_name: dict[int, Scope] = {}
        self.scope_of_node: dict[int, Scope] = {id(tree): self.module}  # scope nodes only
        self._ordered: dict[int, tuple[list[Binding], list[tuple[int, int]]]] = {}  # of a name in a scope
        self._build(tree, ast.expr if statements else ())

    # ---- building -------------------------------------------------------------------------------------------------

    def _build(self, tree: ast.Module, closed: type[ast.AST] | tuple[()]) -> None:
        stack: list[tuple[ast.AST, Scope, bool]] = [(tree, self.module, False)]
        nodes, parents, names = self.nodes, self.parents, self._scope_of_name
        early: dict[int, Scope] = {}  # nodes that are evaluated in a scope around the one they stand in
        while stack:
            node, scope, fallback = stack.pop()
            kind = type(node)
            nodes.append(node)
            if kind is ast.Name:
                names[id(node)] = scope
                continue
            inner = scope
            if kind in BINDING:
                outside: list[ast.AST] = []  # nodes below that are evaluated in the enclosing scope
                if isinstance(node, ast.ExceptHandler):
                    fallback = True
                inner = self._bind(node, scope, fallback, outside)
                early.update((id(child), scope) for child in outside)
            children: list[tuple[ast.AST, Scope, bool]] = []
            for name in FIELDS[kind]:
                value = getattr(node, name, None)
                if value is None:
                    continue
                below = fallback or (name == "orelse" and kind in (ast.If, ast.Try))
                for child in value if isinstance(value, list) else (value,):
                    if isinstance(child, ast.AST) and not isinstance(child, closed):
                        parents[id(child)] = node
                        children.append((child, early.pop(id(child), inner) if early else inner, below))
            children.reverse()
            stack += children

    def _bind(self, node: ast.AST, scope: Scope, fallback: bool, outside: list[ast.AST]) -> Scope:
        """Note what a node binds; the scope of what stands below it."""
        if isinstance(node, ast.stmt):
            return self._bind_statement(node, scope, fallback, outside)
        if isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            return self._bind_expression(node, scope, outside)
        if isinstance(node, ast.NamedExpr):
            self._assign(node.target, node.value, node, self._function_scope(scope), fallback)
            return scope
        bound = node.rest if isinstance(node, ast.MatchMapping) else node.name  # type: ignore[attr-defined]
        if bound:
            scope.add(bound, Binding("other", node, fallback=fallback))
        return scope

    def _bind_statement(self, node: ast.stmt, scope: Scope, fallback: bool, outside: list[ast.AST]) -> Scope:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value, node, scope, fallback)
        elif isinstance(node, ast.AnnAssign):
            if isinstance(node.target, ast.Name):
                kind = "assign" if node.value is not None else "annotation"
                scope.add(node.target.id, Binding(kind, node, None, node.value, node.annotation, fallback))
        elif isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                scope.add(node.target.id, Binding("other", node, fallback=fallback))
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._assign(node.target, None, node, scope, fallback)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    self._assign(item.optional_vars, None, node, scope, fallback)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                origin = alias.name if alias.asname else alias.name.split(".")[0]
                scope.add(bound, Binding("import", node, canonical(origin), fallback=fallback))
        elif isinstance(node, ast.ImportFrom):
            base = self.absolute(node.module, node.level)
            for alias in node.names:
                if alias.name != "*":
                    origin = canonical(base + alias.name if base.endswith(".") else f"{base}.{alias.name}")
                    scope.add(alias.asname or alias.name, Binding("import", node, origin, fallback=fallback))
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            if isinstance(node, ast.Global):
                scope.globals.update(node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            scope.add(node.name, Binding("def", node, fallback=fallback))
            outside += [*node.decorator_list, node.args]  # defaults and annotations
            if node.returns is not None:
                outside.append(node.returns)
            return self._function(node, scope)
        elif isinstance(node, ast.ClassDef):
            scope.add(node.name, Binding("class", node, fallback=fallback))
            outside += [*node.decorator_list, *node.bases, *node.keywords]
            self.scope_of_node[id(node)] = Scope(node, scope)
            return self.scope_of_node[id(node)]
        return scope

    def _bind_expression(self, node: ast.expr, scope: Scope, outside: list[ast.AST]) -> Scope:
        if isinstance(node, ast.Lambda):
            outside.append(node.args)
            return self._function(node, scope)
        inner = self.scope_of_node[id(node)] = Scope(node, scope)
        outside.append(node.generators[0].iter)  # type: ignore[attr-defined]
        for generator in node.generators:  # type: ignore[attr-defined]
            self._assign(generator.target, None, node, inner, False)
        return inner

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> Scope:
        inner = self.scope_of_node[id(node)] = Scope(node, scope)
        arguments = node.args
        for arg in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            inner.add(arg.arg, Binding("param", arg, annotation=arg.annotation))
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                inner.add(extra.arg, Binding("other", extra))
        return inner

    @staticmethod
    def _function_scope(scope: Scope) -> Scope:
        while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        return scope

    def _assign(
        self,
        target: ast.expr,
        value: ast.expr | None,
        node: ast.AST,
        scope: Scope,
        fallback: bool,
        position: tuple[int, ...] = (),
    ) -> None:
        if isinstance(target, ast.Name):
            kind = "other" if value is None else "unpack" if position else "assign"
            scope.add(target.id, Binding(kind, node, value=value, fallback=fallback, position=position))
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None, node, scope, fallback)
        elif isinstance(target, (ast.Tuple, ast.List)):
            parallel = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            for place, element in enumerate(target.elts):
                if parallel:
                    self._assign(element, value.elts[place], node, scope, fallback)  # type: ignore[union-attr]
                else:
                    self._assign(element, value, node, scope, fallback, (*position, place))

    def absolute(self, module: str | None, level: int) -> str:
        """The absolute name of `from <dots><module>`; leading dots stay when the file's package is unknown."""
        if not level:
            return module or ""
        parts = self.package.split(".") if self.package else []
        if not parts or level > len(parts):
            return "." * level + (module or "")
        return ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])

    @functools.cached_property
    def local(self) -> frozenset[str]:
        """Every name that some function or comprehension of the file binds, parameters apart."""
        scopes = (scope for scope in self.scope_of_node.values() if scope.parent is not None and not scope.is_class)
        every = (item for scope in scopes for item in scope.bindings.items())
        return frozenset(name for name, bindings in every if any(binding.kind != "param" for binding in bindings))

    # ---- asking ---------------------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self.parents.get(id(node))

    def enclosing(self, node: ast.AST, *types: type[ast.AST]) -> ast.AST | None:
        """The nearest ancestor of one of these types."""
        above = self.parent(node)
        while above is not None and not isinstance(above, types):
            above = self.parent(above)
        return above

    def scope(self, node: ast.AST) -> Scope:
        """The scope in which an expression or statement is evaluated."""
        above: ast.AST | None = node
        while above is not None:
            if id(above) in self._scope_of_name:
                return self._scope_of_name[id(above)]
            if above is not node and id(above) in self.scope_of_node:
                return self.scope_of_node[id(above)]
            above = self.parent(above)
        return self.module

    def binding(self, node: ast.Name) -> Binding | None:
        """What gives this name its value here, or None when unknown (builtins, star imports) or ambiguous."""
        start = self._scope_of_name.get(id(node)) or self.scope(node)
        return self.lookup(node.id, start, node)

    def lookup(self, name: str, start: Scope, use: ast.AST | None = None) -> Binding | None:
        """As `binding`, for a name as seen from a scope."""
        scope: Scope | None = start
        while scope is not None:
            if name in scope.bindings and (scope is start or not scope.is_class):
                found = self._choose(scope.bindings[name], use if scope is start else None)
                if found is not None or scope is not start or not scope.is_class:
                    return found
            scope = scope.parent
        return None

    def _choose(self, bindings: list[Binding], use: ast.AST | None) -> Binding | None:
        """The binding in force at `use`; from an inner scope (`use` is None), the one left at the end."""
        if id(bindings) not in self._ordered:
            self._ordered[id(bindings)] = _in_order(bindings)
        firm, starts = self._ordered[id(bindings)]
        if use is None or len(firm) == 1:
            return firm[-1]
        position = (use.lineno, use.col_offset)  # type: ignore[attr-defined]
        return firm[bisect_right(starts, position) - 1]  # before all of them, the last: a loop may have set it

    def origin(self, node: ast.AST | None, known: Callable[[str], str | None] | None = None, depth: int = 0) -> str | None:
        """Canonical dotted name of an expression, `.`-prefixed for what this file defines at its top level.

        `known` may translate the origin of an import further (re-exports through modules of the project).
        """
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or depth > MAX_DEPTH:
            return None
        binding = self.binding(node)
        if binding is None:
            return None
        base: str | None = None
        if binding.kind == "import":
            base = binding.origin
        elif binding.kind == "assign" and isinstance(binding.value, (ast.Name, ast.Attribute)):
            base = self.origin(binding.value, known, depth + 1)
        if base is None:
            return None
        full = canonical(".".join([base, *reversed(attributes)]))
        return (known(full) or full) if known else full


def _is_none(binding: Binding) -> bool:
    return binding.kind == "assign" and is_none(binding.value)


def _in_order(bindings: list[Binding]) -> tuple[list[Binding], list[tuple[int, int]]]:
    """The bindings that count, by where they start to hold."""
    real = [b for b in bindings if b.kind != "annotation" and not _is_none(b)] or bindings
    firm = [b for b in real if not b.fallback] or real
    placed = sorted(((_effective(b), i) for i, b in enumerate(firm)))
    return [firm[i] for _, i in placed], [start for start, _ in placed]


def _effective(binding: Binding) -> tuple[int, int]:
    """Where the binding starts to hold: after an assignment, but inside a loop, `with` or function already."""
    node = binding.node
    if binding.kind in ("assign", "unpack") and not isinstance(node, COMPREHENSIONS):
        return (getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0)
    return (getattr(node, "lineno", 0), 0)
