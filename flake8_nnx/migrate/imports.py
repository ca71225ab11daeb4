"""Imports of a rewritten file: `from flax import nnx` comes in, what nothing reads any more goes."""
from __future__ import annotations

import ast
import re
import sys

import libcst as cst

from flake8_nnx.migrate.excerpt import excerpt
from flake8_nnx.source.names import Names

NNX = cst.parse_statement("from flax import nnx")


def fix_imports(old: set[str], text: str) -> str:
    """The new text importing nnx, and without the imports of `old` names, which the old one read, that it no more reads."""
    tree = ast.parse(text)
    new = Names(tree)
    read = read_names(new)
    unused = old - read
    needs_nnx = "nnx" in read and not imports_nnx(new)
    part = excerpt(text, tree, changes=never, moves=never)
    module = cst.parse_module(part.text)
    body: list[cst.BaseStatement] = []
    gap = False  # whether an import that went stood first in its block
    waiting: list[cst.EmptyLine] = []  # comments of imports that went, for the next statement
    for statement in module.body:
        kept = without(statement, unused)
        linen = isinstance(statement, cst.SimpleStatementLine) and _imports_linen(statement)
        if needs_nnx and linen:
            assert isinstance(statement, cst.SimpleStatementLine)
            place = {"leading_lines": statement.leading_lines, "trailing_whitespace": statement.trailing_whitespace}
            first, *rest = [NNX.with_changes(**place)] if kept is None else [kept, NNX]
            body += [after(waiting, first), *rest]
            needs_nnx, waiting = False, []
        elif kept is not None:
            body.append(after(waiting, with_gap(kept) if gap else kept))
            gap, waiting = False, []
            continue
        else:
            waiting += _comments(statement)
        gap = kept is None and (gap or begins_block(statement)) and not (kept is None and linen)
    if needs_nnx:
        body.insert(_place_of_nnx(body), NNX)
    return part.whole(module.with_changes(body=body, footer=[*waiting, *module.footer]).code)


def never(statement: ast.stmt) -> bool:
    return False


def read_names(names: Names) -> set[str]:
    """Every name that the text reads, strings of annotations and `__all__` included."""
    found: set[str] = set()
    prose = {id(node.value) for node in names.nodes if isinstance(node, ast.Expr)}  # docstrings name nothing
    for node in names.nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found.update(re.findall(r"[^\W\d]\w*", node.value))
    return found


def imports_nnx(names: Names) -> bool:
    return any(b.kind == "import" and b.origin == "flax.nnx" for b in names.module.bindings.get("nnx", ()))


def nnx_is_taken(names: Names) -> bool:
    """Whether the file already uses the name `nnx` for something else."""
    return any(b.origin != "flax.nnx" for b in names.module.bindings.get("nnx", ()))


def without(statement: cst.BaseStatement, unused: set[str]) -> cst.BaseStatement | None:
    """An import statement without the aliases in `unused`, None when nothing is left."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return statement
    small = statement.body[0]
    if not isinstance(small, (cst.Import, cst.ImportFrom)) or isinstance(small.names, cst.ImportStar):
        return statement
    kept = [alias for alias in small.names if _bound(alias) not in unused]
    if len(kept) == len(small.names):
        return statement
    if not kept:
        return None
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return statement.with_changes(body=[small.with_changes(names=kept)])


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None:
        return cst.ensure_type(alias.asname.name, cst.Name).value
    return (alias.evaluated_name or "").split(".")[0]


def _imports_linen(statement: cst.SimpleStatementLine) -> bool:
    code = cst.Module([statement.with_changes(leading_lines=[])]).code
    return "import" in code and "flax" in code and "linen" in code


def _comments(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """The comments of a statement, but for those to linters."""
    comments = [line for line in getattr(statement, "leading_lines", ()) if line.comment]
    trailing = getattr(statement, "trailing_whitespace", None)
    if trailing is not None and trailing.comment is not None and "noqa" not in trailing.comment.value:
        comments.append(cst.EmptyLine(comment=trailing.comment))
    return comments


def after(comments: list[cst.EmptyLine], statement: cst.BaseStatement) -> cst.BaseStatement:
    """The statement below these comments."""
    lines = [*comments, *getattr(statement, "leading_lines", ())]
    return statement.with_changes(leading_lines=lines) if comments else statement


def begins_block(statement: cst.BaseStatement) -> bool:
    lines = list(getattr(statement, "leading_lines", ()))
    return bool(lines) and not lines[0].comment


def with_gap(statement: cst.BaseStatement) -> cst.BaseStatement:
    """The statement with a blank line above it."""
    return statement if begins_block(statement) else statement.with_changes(
        leading_lines=[cst.EmptyLine(indent=False), *getattr(statement, "leading_lines", ())]
    )


def _place_of_nnx(body: list[cst.BaseStatement]) -> int:
    """Before the first import of jax or optax in a block of its own kind, after those that sort before flax, else on top."""
    roots = [_root(statement) for statement in body]
    for i, root in enumerate(roots):
        if root in ("jax", "jaxlib", "optax", "orbax") and not begins_block(body[i]):
            return i
    third = [i for i, root in enumerate(roots) if root and root not in sys.stdlib_module_names and root < "flax"]
    return third[-1] + 1 if third else _after_docstring_and_futures(body)


def _root(statement: cst.BaseStatement) -> str:
    """The package that an import statement imports from, `""` for other statements and relative imports."""
    small = next(iter(statement.body), None) if isinstance(statement, cst.SimpleStatementLine) else None
    if isinstance(small, cst.Import):
        return next(iter(small.names)).evaluated_name.split(".")[0]
    if isinstance(small, cst.ImportFrom) and small.module is not None and not small.relative:
        return cst.Module([]).code_for_node(small.module).split(".")[0]
    return ""


def _after_docstring_and_futures(body: list[cst.BaseStatement]) -> int:
    index = 0
    for index, statement in enumerate(body):
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and statement.body else None
        docstring = isinstance(small, cst.Expr) and isinstance(small.value, (cst.SimpleString, cst.ConcatenatedString))
        future = isinstance(small, cst.ImportFrom) and isinstance(small.module, cst.Name) and small.module.value == "__future__"
        if not docstring and not future:
            return index
    return index
