"""Paths of an NNX state end in `.value`.

The path of an array in an NNX state goes one step further than the name of its variable.

**What it flags.** Functions given to `tree_map_with_path` over the state of an NNX model that compare the end of a path
with a name (`path[-1].name == "kernel"`, `keystr(path).endswith("['kernel']")`), at the comparison.

**Why.** The last entry of each path is the attribute `value`. A mask by text matches nothing, so that weight decay or
freezing silently applies to nothing; `path[-1].key` raises an AttributeError.

**Caveats.** `path[-2]` is the variable. Paths of `nnx.to_pure_dict(state)` and those under `is_leaf=` end in the name.

Source: MaxText commit 0d7d2c37c; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import is_kind, parameter, parameters
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

MAPS = frozenset({"jax.tree_util.tree_map_with_path", "jax.tree.map_with_path"})
KEYSTR = "jax.tree_util.keystr"

RULE = Rule(
    "NNX809",
    "path-end",
    "`{test}` never holds: paths of an NNX state end in `.value`, the name of the variable is `{path}[-2].key`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
from flax import nnx


def decayed(model: nnx.Linear):
    def is_kernel(path, _):
        return jax.tree_util.keystr(path).endswith("['kernel']")

    return jax.tree_util.tree_map_with_path(is_kernel, nnx.state(model, nnx.Param))
''',
            nnx='''
import jax
from flax import nnx


def decayed(model: nnx.Linear):
    def is_kernel(path, _):
        return path[-2].key == "kernel"

    return jax.tree_util.tree_map_with_path(is_kernel, nnx.state(model, nnx.Param))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per comparison in the mapped function."""
    if facts.origin(call.func) not in MAPS or len(call.args) < 2 or any(k.arg == "is_leaf" for k in call.keywords):
        return
    if not _is_state(call.args[1], facts):
        return
    binding = facts.names.binding(call.args[0]) if isinstance(call.args[0], ast.Name) else None
    function = binding.node if binding is not None and binding.kind == "def" else call.args[0]
    if not isinstance(function, (ast.FunctionDef, ast.Lambda)) or not parameters(function):
        return
    path = parameters(function)[0]
    for node in ast.walk(function):
        end = _compared(node, facts)
        if end is not None and parameter(end, function, facts) is path:
            yield node, {"test": quote(node), "path": path.arg}


def _is_state(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is the state of an NNX module, or a module."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is not None and binding.kind == "param":
        return nnx.name(binding.annotation, facts) == "State" or is_kind(node, facts, "module")
    value = binding.value if binding is not None and binding.kind == "assign" else node
    return (isinstance(value, ast.Call) and nnx.name(value.func, facts) == "state") or is_kind(node, facts, "module")


def _compared(node: ast.AST, facts: Facts) -> ast.expr | None:
    """The path whose end is compared with a name: `path[-1].key == "kernel"`, `keystr(path).endswith("kernel")`."""
    if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr in ("key", "name"):
        last = node.left.value
        if isinstance(last, ast.Subscript) and ast.unparse(last.slice) == "-1" and _text(node.comparators[0]):
            return last.value if isinstance(node.ops[0], (ast.Eq, ast.In)) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "endswith":
        made = node.func.value
        if isinstance(made, ast.Call) and facts.origin(made.func) == KEYSTR and not made.keywords and made.args:
            return made.args[0] if node.args and _text(node.args[0]) else None
    return None


def _text(node: ast.expr) -> str:
    """A text, or the first of several."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return texts[0] if texts and len(texts) == len(parts) and not any("value" in text for text in texts) else ""
