"""Variables and train states that functions of arrays are given: states of NNX, or pure arrays where names and types count."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.into_models import state_of
from flake8_nnx.migrate.known import OVERVIEWS, TREE_MAPS
from flake8_nnx.migrate.paths import ADVICE, is_mask
from flake8_nnx.migrate.roles import State, Variables
from flake8_nnx.migrate.training import saved_state

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


def tree_arguments(rewriting: Rewriting, node: ast.Call, origin: str) -> None:
    """The arguments of a function of arrays: states of models, pure ones for masks, which optax compares with pure arrays."""
    pure = origin in TREE_MAPS and is_mask(rewriting, node)
    for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
        given = rewriting.values.get(argument)
        if argument in rewriting.program.escapes or not isinstance(given, (Variables, State)):
            rewriting.expression(argument)
        elif isinstance(given, Variables) and not given.apart:
            if "with_path" in origin:
                raise rewriting.stop(node, f"`{ast.unparse(node)[:60]}` asks for paths of Linen variables", ADVICE)
            text = state_of(rewriting, argument, given)
            wrapped = "nnx.as_pure" if pure else "nnx.to_pure_dict" if origin in OVERVIEWS else ""
            rewriting.edits.expressions[argument] = f"{wrapped}({text})" if wrapped else text
        elif isinstance(given, State) and origin in TREE_MAPS:
            rewriting.edits.expressions[argument] = saved_state(rewriting, given)
        else:
            rewriting.expression(argument)
