"""Wording that several rules share: how code is quoted in a one-line message, and how things are named."""
from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection

from flake8_nnx.catalog.functions import FUNCTIONS, PRIVATE
from flake8_nnx.catalog.sharding import PARTITIONED, helper
from flake8_nnx.rules._looked_up import looks_up_function
from flake8_nnx.source.linen import LINEN, Facts

MAX_QUOTE = 60
INITIALIZERS = LINEN + "initializers."


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return re.sub(r"\s+", " ", text).replace("lambda :", "lambda:")  # as Python 3.10 unparses it


def quote(node: ast.AST) -> str:
    """The source of an expression on one line, shortened when long."""
    text = one_line(ast.unparse(node))
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1] + "…"


def listed(words: list[str], most: int = 3) -> str:
    """`a, b and c`, cut after `most` words."""
    unique = list(dict.fromkeys(words))
    if len(unique) > most:
        unique = [*unique[:most], f"{len(unique) - most} more"]
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " and " + unique[-1]


def snake(name: str) -> str:
    """Attribute name in the style of the guide: `BatchNorm` is `batch_norm`, `MLPBlock` is `mlp_block`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower().strip("_")


def plural(stem: str) -> str:
    """`block` is `blocks`, `layer_norm_1` is `layer_norms_1`, `dense` is `dense_layers`."""
    base, number = re.fullmatch(r"(.*?)(_\d+)?", stem).groups()  # type: ignore[union-attr]
    return (f"{base}_layers" if base.endswith(("dense", "s")) else f"{base}s") + (number or "")


def is_attribute(name: object) -> bool:
    """Whether this can follow a dot: `lambda` cannot."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def identifier(name: str, taken: set[str]) -> str:
    """A Linen module name as an attribute name."""
    text = re.sub(r"\W", "_", name)
    text = f"_{text}" if text[:1].isdigit() else text
    return f"{text}_layer" if text in taken or keyword.iskeyword(text) else text


def param_name(name: str, taken: Collection[str]) -> str:
    """The attribute for a parameter: Linen keeps its name apart from those of fields and methods, and knows no `lambda`."""
    return f"{name}_param" if name in taken or keyword.iskeyword(name) else name


def created_layers(method: ast.AST, facts: Facts) -> list[str]:
    """The layers that a method constructs, as written (`nn.Dense`), in source order."""
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call) and facts.module_class(node.func)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    made = (call.func.args[0] if isinstance(call.func, ast.Call) and call.func.args else call.func for call in calls)
    return [f"`{quote(node)}`" for node in made]  # of `nn.jit(Block)()` the class


def nnx_function(node: ast.AST, facts: Facts) -> str | None:
    """`nnx.relu` for an expression that is `flax.linen.relu`, `nnx.initializers.zeros` for its initialisers."""
    origin = facts.origin(node) or ""
    if not origin.startswith("flax.") or is_alias(node, facts):
        return None
    if origin == LINEN[:-1] and looks_up_function(node, facts):
        return "nnx"
    if origin.startswith(INITIALIZERS):
        return "nnx.initializers." + origin[len(INITIALIZERS):]
    found = helper(origin)
    if found is not None and found.linen in PARTITIONED:
        return found.nnx if _takes_two(facts.names.parent(node), node) else None
    name = origin[len(LINEN):] if origin.startswith(LINEN) else ""
    return FUNCTIONS.get(name) or PRIVATE.get(name)


def is_alias(node: ast.AST, facts: Facts) -> bool:
    """Whether a name is given a function somewhere, `act = nn.relu`: it stays, for it may be another one elsewhere."""
    return facts.module_class(node) is None and is_assigned(node, facts)


def is_assigned(node: ast.AST, facts: Facts) -> bool:
    """Whether a name gets its value from an assignment, not from an import, or is that assignment's target."""
    if not isinstance(node, ast.Name):
        return False
    binding = facts.names.binding(node)
    return not isinstance(node.ctx, ast.Load) or binding is not None and binding.kind != "import"


def _takes_two(call: ast.AST | None, function: ast.AST) -> bool:
    """Whether this calls the function with two positional arguments and nothing else."""
    if not isinstance(call, ast.Call) or call.func is not function or call.keywords:
        return False
    return len(call.args) == 2 and not any(isinstance(argument, ast.Starred) for argument in call.args)


def nnx_source(node: ast.expr, facts: Facts) -> str:
    """The source of an expression, its Linen functions in their NNX spelling."""
    return nnx_functions(ast.unparse(node), node, facts)


def nnx_functions(text: str, node: ast.AST, facts: Facts) -> str:
    """Source written for `node` with its Linen functions in their NNX spelling."""
    for part in ast.walk(node):
        new = nnx_function(part, facts)
        if new:
            text = re.sub(rf"(?<![\w.]){re.escape(ast.unparse(part))}\b", new, text)
    return text
