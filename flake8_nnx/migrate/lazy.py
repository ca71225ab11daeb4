"""Models that hold a bridge: `nnx.bridge.lazy_init` takes the place of `init`, and makes the variables of what stays Linen.

It runs the model for that, so only flags may be given to it with which nothing is drawn and no statistics change.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_nnx.migrate.applied import method_name
from flake8_nnx.migrate.around import FLAGS, Plan, Stop, text_of
from flake8_nnx.migrate.construction import inits
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.roles import Frame, Method, Slot

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

LAZY_INIT = "nnx.bridge.lazy_init"
OF_INIT = frozenset({"rngs", "mutable", "capture_intermediates"})  # keywords that `init` takes for itself
TOLD = {**FLAGS, "use_running_average": True}


def check_lazy(plan: Plan, frames: Sequence[Frame]) -> None:
    """Find the calls of `init` that stay as calls of `lazy_init`.

    Raises:
        Stop: a model with a bridge is initialised nowhere, or where such a call cannot stand.
    """
    inside = set(frames)
    for slot in dict.fromkeys(made.root for made in plan.program.slots.values()):
        if slot.frame not in inside or slot.is_given or not any(holds_bridge(plan, made) for made in constructed(plan, slot)):
            continue
        calls = list(inits(plan, slot.frame, slot))
        if not calls:
            reason = f"`{ast.unparse(slot.node)[:60]}` holds a bridge, and nothing initialises it"
            raise Stop(slot.node, slot.frame, reason, f"call {LAZY_INIT}(model, …) with inputs after the construction")
        for _, place, call in calls:
            check_call(plan, place, call)
            plan.lazy.add(call)


def constructed(plan: Plan, slot: Slot) -> Iterator[ClassPlan]:
    """The classes that a model may be of, as far as they become NNX."""
    for place, call in slot.definitions:
        found = plan.program.linen_class(call.func, place)
        planned = plan.classes.get((str(found[0].path), found[1].name)) if found is not None else None
        if planned is not None:
            yield planned


def holds_bridge(plan: Plan, found: ClassPlan) -> bool:
    """Whether a class wraps what stays Linen, or constructs a class that does."""
    line, seen = [found], set[int]()
    while line:
        current = line.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if current.bridges:
            return True
        parts = ((part.facts.filename, part.name) for part in current.parts)
        bases = ((base.facts.filename, base.name) for base in current.cls.facts.ancestors(current.cls)[1:])
        line += [plan.classes[key] for key in (*parts, *bases) if key in plan.classes]
    return False


def check_call(plan: Plan, frame: Frame, call: ast.Call) -> None:
    """Refuse a call of `init` that `lazy_init` does not replace exactly."""
    method = plan.program.values.get(call.func)
    shown = f"`{ast.unparse(call)[:60]}`"
    if not isinstance(method, Method) or method.name != "init" or not isinstance(call.func, ast.Attribute):
        raise Stop(call, frame, f"{shown} initialises a model that holds a bridge", "call model.init itself")
    if not call.args or any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        raise Stop(call, frame, f"what {shown} gives a model that holds a bridge is not written out", "write the arguments out")
    chained = method.slot.root.node in set(ast.walk(call.func))
    above = outermost(frame, call)[1]
    if not chained and not (isinstance(above, ast.Assign) and len(above.targets) == 1):
        raise Stop(call, frame, f"{shown} initialises a model that holds a bridge on the spot", "assign it to a name first")
    if chained and any(keyword.arg == "method" for keyword in call.keywords):
        raise Stop(call, frame, f"{shown} initialises a model that holds a bridge by a method", "construct the model first")
    for name, value in flags(plan, method.slot, call).items():
        if getattr(value, "value", None) is not TOLD[name]:
            reason = f"{LAZY_INIT} runs the model, which would change its statistics with `{name}={ast.unparse(value)}`"
            raise Stop(call, frame, reason, f"initialise it with {name}={TOLD[name]}")


def flags(plan: Plan, slot: Slot, call: ast.Call) -> dict[str, ast.expr]:
    """The flags that decide whether statistics change, as `init` gives them or the method has them by default."""
    chosen = next((keyword.value for keyword in call.keywords if keyword.arg == "method"), None)
    name = chosen.attr if isinstance(chosen, ast.Attribute) else getattr(chosen, "value", "__call__")
    found: dict[str, ast.expr] = {}
    for place, construction in slot.root.definitions:
        file, cls = plan.program.linen_class(construction.func, place)  # type: ignore[misc]
        method = file.facts.method_of(cls, name)
        if method is not None:
            taken = method.args.args[1:]
            found |= {a.arg: d for a, d in zip(reversed(taken), reversed(method.args.defaults))}
            found |= {a.arg: d for a, d in zip(method.args.kwonlyargs, method.args.kw_defaults) if d is not None}
            found |= {a.arg: given for a, given in zip(taken, call.args[1:])}
    found |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return {name: value for name, value in found.items() if name in TOLD}


def outermost(frame: Frame, call: ast.Call) -> tuple[ast.expr, ast.AST | None]:
    """`model.init(key, x)["params"]` around a call, and what holds that."""
    names, node = frame.file.facts.names, call
    inner: ast.expr = node
    above = names.parent(inner)
    while isinstance(above, ast.Subscript) and above.value is inner:
        inner, above = above, names.parent(above)
    return inner, above


def call_in(plan: Plan, node: ast.AST) -> ast.Call | None:
    """The call of `init` that stays, in `model.init(key, x)["params"]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node if isinstance(node, ast.Call) and node in plan.lazy else None


def given(rewriting: Rewriting, call: ast.Call) -> list[str]:
    """What `lazy_init` gives the model: all that `init` is given but the key."""
    text, edits = text_of(rewriting.frame), rewriting.edits.expressions
    first = 0 if any(keyword.arg == "rngs" for keyword in call.keywords) else 1
    found = []
    for argument in (*call.args[first:], *call.keywords):
        name = argument.arg if isinstance(argument, ast.keyword) else None
        value = argument.value if isinstance(argument, ast.keyword) else argument
        if name in OF_INIT or name == "method":
            continue
        rewriting.expression(value)
        swaps = {id(node): edits[node] for node in ast.walk(value) if node in edits}
        found.append((f"{name}=" if name else "") + text.segment(value, swaps))
    return found


def initialised(rewriting: Rewriting, node: ast.expr, call: ast.Call) -> None:
    """`params = model.init(key, x)["params"]` is `nnx.bridge.lazy_init(model, x)`."""
    model = rewriting.plan.model(rewriting.values[call.func].slot)
    method = next((keyword.value for keyword in call.keywords if keyword.arg == "method"), None)
    runs = model if method is None else method_name(rewriting, method, model)
    rewriting.edits.expressions[node] = f"{LAZY_INIT}({', '.join([runs, *given(rewriting, call)])})"


def made_and_initialised(rewriting: Rewriting, call: ast.Call, construction: str) -> str:
    """`Net(…).init(key, x)` is `nnx.bridge.lazy_init(Net(…), x)`."""
    return f"{LAZY_INIT}({', '.join([construction, *given(rewriting, call)])})"
