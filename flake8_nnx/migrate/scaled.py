"""Losses that `DynamicScale` differentiates: it knows nothing of NNX modules, so they stay functions of parameters.

The step splits its model, the loss merges a copy of it with the parameters that it is given and returns the statistics.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.around import Plan, Stop, own_nodes, text_of
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.roles import Frame, Items, Slot, Variables, slot_of, slots_in

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

ADVICE = "write it as a function of the parameters alone, inside of the step that takes the train state"


def check_apart(plan: Plan, frames: Sequence[Frame]) -> None:
    """Refuse losses that cannot make their model of the parameters and of what the step around them has.

    Raises:
        Stop: at the first such function.
    """
    program = plan.program
    for frame in [f for f in frames if f in program.apart]:
        node, step = frame.node, frame.parent
        given = [(name, value) for name, value in frame.given.items() if slots_in(value)]
        params = given[0][1] if len(given) == 1 else None
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or step is None or isinstance(step.node, ast.Module):
            raise Stop(node, frame, f"`{frame.name}`, which DynamicScale differentiates, is no function of a step", ADVICE)
        if not isinstance(params, Variables) or params.collection != "params" or given[0][0] != frame.parameters[0].arg:
            raise Stop(node, frame, f"DynamicScale differentiates `{frame.name}` by more than its parameters", ADVICE)
        if not params.slot.root.is_given or params.slot.root.frame is not step:
            raise Stop(node, frame, f"the model of `{frame.name}` is none that `{step.name}` is given", ADVICE)
        for inner in own_nodes(node, nested=True):
            if any(value.updated and not value.apart for value in variables_in(program.values.get(inner))):
                reason = f"what the model changes inside of `{frame.name}` does not get out of it"
                raise Stop(inner, frame, reason, "call `apply` with `mutable=` in the loss itself")


def variables_in(value: Any) -> Iterator[Variables]:
    if isinstance(value, Variables):
        yield value
    elif isinstance(value, Items):
        for element in value.elements:
            yield from variables_in(element)


def is_apart(value: Any) -> bool:
    return isinstance(value, Variables) and value.apart


def slot_apart(program: Program, frame: Frame) -> Slot | None:
    """The model that such a loss is a function of."""
    given = [value for value in frame.given.values() if slots_in(value)] if frame in program.apart else []
    return slot_of(given[0]) if given else None


def parts(plan: Plan, frame: Frame) -> tuple[str, str, str]:
    """The names of what the step splits its model in: the definition, the parameters, the rest."""
    slot = slot_apart(plan.program, frame)
    assert slot is not None
    graphdef, params, rest = (plan.free(name, slot) for name in ("graphdef", frame.parameters[0].arg, "rest"))
    return graphdef, params, rest


def split_and_merged(rewriting: Rewriting) -> None:
    """`graphdef, params, rest = nnx.split(…)` before the loss, `model = nnx.merge(…)` at its start."""
    frame, plan = rewriting.frame, rewriting.plan
    node = frame.node
    assert isinstance(node, ast.FunctionDef)
    slot = slot_apart(plan.program, frame)
    assert slot is not None
    model, (graphdef, params, rest) = plan.model(slot), parts(plan, frame)
    rewriting.edits.before.setdefault(node, []).append(f"{graphdef}, {params}, {rest} = nnx.split({model}, nnx.Param, ...)")
    own = frame.parameters[0].arg
    first = node.body[1] if len(node.body) > 1 and ast.get_docstring(node) is not None else node.body[0]
    # Without copies, what the loss changes would be changed outside of the gradient as well.
    rewriting.edits.before.setdefault(first, []).insert(0, f"{model} = nnx.merge({graphdef}, {own}, {rest}, copy=True)")


def apart_expression(rewriting: Rewriting, node: ast.AST) -> None:
    """`new_state['batch_stats']` of what such a loss returned is all of it."""
    if isinstance(node, ast.Subscript):
        rewriting.edits.expressions[node] = text_of(rewriting.frame).segment(node.value, rewriting.swaps(node.value))
    elif isinstance(node, ast.Call) and (rewriting.facts.origin(node.func) or "").startswith("flax."):
        raise rewriting.stop(node, f"`{ast.unparse(node)[:60]}` of what DynamicScale takes or returns", "leave that out")
    else:
        for child in ast.iter_child_nodes(node):
            rewriting.expression(child)


def statistics_kept(rewriting: Rewriting, call: ast.Call, names: Sequence[object], model: str) -> None:
    """`logits, new_state = state.apply_fn(…, mutable=['batch_stats'])`: the statistics are read off the model."""
    above = rewriting.facts.names.parent(call)
    target = above.targets[0] if isinstance(above, ast.Assign) else None
    kept = target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
    if list(names) != ["batch_stats"] or not isinstance(kept, ast.Name):
        raise rewriting.stop(call, "what it changes has to leave a function that DynamicScale differentiates",
                             "assign it to a name, with mutable=['batch_stats']")
    rewriting.edits.after.setdefault(above, []).append(f"{kept.id} = nnx.state({model}, nnx.BatchStat)")  # type: ignore[arg-type]
