"""Calls of models whose flag became a mode, in the code around their classes."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.roles import Slot
from flake8_nnx.migrate.sown import constructions

if TYPE_CHECKING:
    from flake8_nnx.migrate.around import Plan
    from flake8_nnx.migrate.calls import Rewriting


def check_modes(rewriting: Rewriting, node: ast.Call, slot: Slot) -> None:
    """Calls of models with modes are not rewritten.

    Raises:
        Stop: the model has a mode.
    """
    for planned in classes_of(rewriting.plan, slot):
        if planned.modes:
            flags = sorted({f"`{flag}`" for given in planned.modes.values() for flag in given})
            reason = f"{' and '.join(flags)} of `{planned.name}` became a mode"
            raise rewriting.stop(node, reason, "set it with train() and eval() before the call")


def classes_of(plan: Plan, slot: Slot) -> Iterator[ClassPlan]:
    """The classes that a model may have, as far as its constructions are known."""
    for frame, call in constructions(plan.program, slot.root, set()):
        for part in ast.walk(call):
            found = plan.program.linen_class(part, frame) if isinstance(part, (ast.Name, ast.Attribute)) else None
            planned = plan.classes.get((str(found[0].path), found[1].name)) if found is not None else None
            if planned is not None:
                yield planned
