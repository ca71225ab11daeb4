"""Train states, compiled steps and gradients: `nnx.Optimizer`, `nnx.jit` and `nnx.value_and_grad`.

A train state becomes two objects, the model and its optimiser, which steps change in place.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.around import pieces_of, text_of, touches
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.kept_variables import attribute
from flake8_nnx.migrate.known import COLLECTIVES, COMPILED, GRADIENTS, RESTORES
from flake8_nnx.migrate.replaced import WITHOUT_STREAMS, copies_kept, in_statement, own_field_set, updated_text
from flake8_nnx.migrate.roles import Callee, Field, Frame, Items, Method, Site, State, Variables, slots_in
from flake8_nnx.migrate.states import CREATED, own_field, reads_field, rewrite_class
from flake8_nnx.source.linen import PARTIAL

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

NNX = {"jax.jit": "nnx.jit", "jax.pmap": "nnx.pmap", "jax.grad": "nnx.grad", "jax.value_and_grad": "nnx.value_and_grad"}
NUMBERED = frozenset({"static_argnums", "donate_argnums", "static_broadcasted_argnums", "argnums"})
NAMED = frozenset({"static_argnames", "donate_argnames"})
ATTRIBUTES = {"step": "{}.step[...]", "tx": "{}.tx", "opt_state": "{}.opt_state"}


def state_attribute(rewriting: Rewriting, node: ast.Attribute, value: Field) -> str:
    """`state.step` is `optimizer.step[...]`."""
    if own_field(rewriting.plan, value.name):
        return f"{rewriting.plan.optimizer(value.optimizer)}.{value.name}.get_value()"
    if value.name not in ATTRIBUTES:
        reason = f"`{ast.unparse(node)}` is no part of a model or an optimiser"
        raise rewriting.stop(node, reason, "keep it in a variable of its own")
    return ATTRIBUTES[value.name].format(rewriting.plan.optimizer(value.optimizer))


def created_state(rewriting: Rewriting, node: ast.Call, value: State) -> None:
    """`TrainState.create(apply_fn=…, params=…, tx=tx)` is `nnx.Optimizer(model, tx, wrt=nnx.Param)`."""
    extra = [k for k in node.keywords if k.arg not in CREATED]
    own = rewriting.program.state_class(node.func.value, rewriting.frame) if isinstance(node.func, ast.Attribute) else None
    if (extra and own not in rewriting.plan.states) or node.args:
        name = extra[0].arg if extra else None
        reason = f"the train state holds `{name}` as well" if name else "the train state is made in an unusual way"
        raise rewriting.stop(node, reason, "keep that in a variable of its own")
    inside = set(ast.walk(node))
    root = value.slot.root
    if root.node in inside and not isinstance(root.node, ast.arg) and root.node is not node:
        raise rewriting.stop(node, "the model is made inside of the train state", "assign the model to a name first")
    tx = next((k for k in node.keywords if k.arg == "tx"), None)
    if tx is None:
        raise rewriting.stop(node, "the train state has no tx=")
    for keyword in node.keywords:
        if keyword.arg in ("params", "batch_stats") and not isinstance(rewriting.values.get(keyword.value), Variables):
            raise rewriting.stop(keyword.value, f"what `{keyword.arg}=` is given cannot be followed")
    rewriting.expression(tx.value)
    pieces: list[Piece] = [rewriting.plan.model(value.slot)]
    one_line = tx.value.lineno == tx.value.end_lineno and not any(n in rewriting.edits.expressions for n in ast.walk(tx.value))
    pieces.append(text_of(rewriting.frame).segment(tx.value, {}) if one_line else tx.value)
    if own not in rewriting.plan.states:
        rewriting.edits.expressions[node.func] = "nnx.Optimizer"
        rewriting.edits.arguments[node] = [*pieces, "wrt=nnx.Param"]
        return
    for keyword in extra:
        if keyword.arg not in rewriting.program.kept_fields:
            rewriting.expression(keyword.value)
    assert isinstance(node.func, ast.Attribute)
    rewriting.edits.expressions[node.func] = text_of(rewriting.frame).segment(node.func.value, {})
    rewriting.edits.arguments[node] = [*pieces, *(kept_argument(rewriting, keyword) for keyword in extra)]
    rewrite_class(rewriting.plan, rewriting.plan.states[own])


def kept_argument(rewriting: Rewriting, keyword: ast.keyword) -> Piece:
    """`target_model=nnx.clone(model)` for parameters that the train state keeps beside its own."""
    if keyword.arg not in rewriting.program.kept_fields:
        return keyword.value
    model = rewriting.plan.model(rewriting.values[keyword.value].slot)
    return f"{attribute(keyword.arg)}=nnx.clone({model})"


def gradients_applied(rewriting: Rewriting, node: ast.Call, function: Method) -> None:
    """`state.apply_gradients(grads=grads, batch_stats=…)` is `optimizer.update(model, grads)`."""
    assert function.optimizer is not None
    plan, values = rewriting.plan, rewriting.values
    model, optimizer = plan.model(function.slot), plan.optimizer(function.optimizer)
    grads = next((k.value for k in node.keywords if k.arg == "grads"), None)
    if grads is None or node.args:
        raise rewriting.stop(node, "apply_gradients is called without grads=")
    for keyword in node.keywords:
        value = values.get(keyword.value)
        if keyword.arg == "grads":
            continue
        own = own_field_set(rewriting, keyword, function) if not reads_field(rewriting.program, grads) else None
        if own is not None:
            in_statement(rewriting, node)
            rewriting.put_before(node, own)
            continue
        if not isinstance(value, Variables) or value.slot.root is not function.slot.root:
            raise rewriting.stop(keyword.value, f"apply_gradients sets `{keyword.arg}` as well", "set it apart")
        if not value.updated:
            raise rewriting.stop(keyword.value, f"`{keyword.arg}` is not what the call of the model returned")
        if value.apart:
            in_statement(rewriting, node)
            for text in updated_text(rewriting, keyword.value, value, function):
                rewriting.put_before(node, text)
        elif isinstance(keyword.value, ast.Call) and rewriting.facts.origin(keyword.value.func) in COLLECTIVES:
            averaged(rewriting, keyword.value, model)
    swaps = rewriting.swaps(grads)
    text = text_of(rewriting.frame).segment(grads, swaps)
    copies_kept(rewriting, node, function)
    rewriting.edits.expressions[node] = f"{optimizer}.update({model}, {text})"


def averaged(rewriting: Rewriting, node: ast.Call, model: str) -> None:
    """Statistics that are averaged over devices are so in place."""
    state = f"nnx.state({model}, nnx.BatchStat)"
    text = text_of(rewriting.frame).segment(node, {id(node.args[0]): state})
    rewriting.put_before(node, f"nnx.update({model}, {text})")


# ---- checkpoints ------------------------------------------------------------------------------------------------------


def checkpointed(rewriting: Rewriting, node: ast.Call, origin: str, alone: bool) -> bool:
    """`save_checkpoint(dir, state, step)` and `state = restore_checkpoint(dir, state)`, with the state of both objects."""
    arguments = [*node.args, *(k.value for k in node.keywords)]
    given = next((a for a in arguments if isinstance(rewriting.values.get(a), State)), None)
    if given is None:
        return False
    value = rewriting.values[given]
    both = both_objects(rewriting, value)
    for argument in arguments:
        if argument is not given:
            rewriting.expression(argument)
    if not isinstance(given, ast.Name):
        raise rewriting.stop(node, "the train state of a checkpoint is no name", "assign it to a name first")
    name = given.id
    rewriting.put_before(node, f"{name} = {WITHOUT_STREAMS.format(both)}")
    if origin not in RESTORES:
        rewriting.edits.expressions[given] = f"nnx.to_pure_dict({name})"
        return True
    if not alone:
        raise rewriting.stop(node, "the restored train state is used on the spot", "assign it to a name first")
    text = text_of(rewriting.frame).segment(node, {id(given): f"nnx.to_pure_dict({name})"})
    rewriting.put_before(node, f"restored = {text}")
    rewriting.put_before(node, f"nnx.replace_by_pure_dict({name}, restored)")
    rewriting.edits.expressions[node] = f"nnx.update({both}, {name})"
    note = f"line {node.lineno}: checkpoints of the Linen program have another layout than those restored here"
    rewriting.plan.notes.append((rewriting.frame.file, note))
    return True


def both_objects(rewriting: Rewriting, value: State) -> str:
    model, optimizer = rewriting.plan.model(value.slot), rewriting.plan.optimizer(value.optimizer)
    both = {"model": model, "optimizer": optimizer}
    return f"{{{', '.join(f'{quoted(name, rewriting.frame)}: {text}' for name, text in both.items())}}}"


def saved_state(rewriting: Rewriting, value: State) -> str:
    """A train state that goes through `jax.tree.map` into a checkpoint."""
    return f"nnx.to_pure_dict({WITHOUT_STREAMS.format(both_objects(rewriting, value))})"


def quoted(text: str, frame: Frame) -> str:
    """A text in the quotes that the file uses more."""
    source = frame.file.source.replace(chr(34) * 3, "")
    return f'"{text}"' if source.count('"') >= source.count("'") else f"'{text}'"


# ---- compiled functions and gradients ---------------------------------------------------------------------------------


def transformed(rewriting: Rewriting, node: ast.Call, origin: str) -> bool:
    """`jax.jit(step)`, `jax.grad(loss)` and `functools.partial(jax.jit, …)` of functions that take models."""
    program = rewriting.program
    inner = node.args[0] if origin in PARTIAL and node.args else None
    function = inner if inner is not None and rewriting.facts.origin(inner) in COMPILED else node.func
    frame = program.compilers.get(function)
    if frame is None:
        return False
    if not touches(rewriting.program, frame) or frame in rewriting.program.apart:
        return False
    name = NNX.get(rewriting.facts.origin(function) or "")
    if name is None:
        raise rewriting.stop(node, f"`{ast.unparse(function)}` of a function that takes a model is not handled")
    rewriting.edits.expressions[function] = name
    offset = 1 if inner is not None or origin in GRADIENTS or origin in COMPILED else 0
    pieces: list[Piece] = list(node.args[:offset])
    changed = len(node.args) > offset
    if changed:
        raise rewriting.stop(node, "arguments of a transform that are given by position", "give them by name")
    aux_gone = origin in GRADIENTS and aux_is_gone(rewriting, frame)
    for keyword in node.keywords:
        if keyword.arg in NUMBERED:
            text = renumbered(rewriting, frame, keyword)
            changed = changed or text != ast.unparse(keyword.value)
            if text and text != ast.unparse(keyword.value):
                pieces.append(f"{keyword.arg}={text}")
            elif text:
                pieces.append(keyword.value)
        elif keyword.arg in NAMED and any(slots_in(value) for value in frame.given.values()):
            raise rewriting.stop(keyword.value, f"`{keyword.arg}=` of a function that takes a model", "use numbers")
        elif keyword.arg == "has_aux" and aux_gone:
            changed = True
        elif keyword.arg in ("in_axes", "out_axes") and name == "nnx.pmap":
            changed = True
        elif keyword.arg in ("in_shardings", "out_shardings"):
            raise rewriting.stop(keyword.value, f"`{keyword.arg}=` names the places of variables by their Linen tree")
        else:
            pieces.append(keyword.value)
    if name == "nnx.pmap":
        pieces.insert(offset, f"in_axes={mapped_axes(rewriting, frame, node)}")
        changed = True
        around = positional(rewriting, frame, node)
        if around is not None:
            pieces[0] = around
    if inner is None and node.args:
        rewriting.expression(node.args[0])
    if not changed:
        return True
    if len(pieces) == 1 and inner is not None:
        rewriting.edits.expressions[node] = name
    else:
        rewriting.edits.arguments[node] = pieces
    return True


def compiled(rewriting: Rewriting, node: ast.AST) -> None:
    """`@jax.jit` of a function that takes a model, or uses one."""
    frame = rewriting.program.compilers[node]
    if touches(rewriting.program, frame) and frame not in rewriting.program.apart:
        name = NNX.get(rewriting.facts.origin(node) or "")
        if name is None or name == "nnx.pmap":
            raise rewriting.stop(node, f"`{ast.unparse(node)}` of a function that takes a model is not handled")
        rewriting.edits.expressions[node] = name


def renumbered(rewriting: Rewriting, frame: Frame, keyword: ast.keyword) -> str:
    """Numbers of parameters where states are two and other parameters are gone."""
    try:
        numbers = ast.literal_eval(keyword.value)
    except ValueError:
        raise rewriting.stop(keyword.value, f"`{keyword.arg}=` is not written out") from None
    single = isinstance(numbers, int)
    places: list[list[int]] = []
    position = 0
    for _, names in rewriting.plan.layout(frame):
        places.append([position + i for i in range(len(names))])
        position += len(names)
    static = "static" in (keyword.arg or "")
    found: list[int] = []
    for number in [numbers] if single else numbers:
        parameter = frame.parameters[number].arg
        if static and slots_in(frame.given.get(parameter)):
            continue
        found += places[number]
    if not found:
        return ""
    return str(found[0]) if single and len(found) == 1 else repr(tuple(found))


def aux_is_gone(rewriting: Rewriting, frame: Frame) -> bool:
    value = frame.returned
    if not isinstance(value, Items) or len(value.elements) != 2:
        return False
    return not pieces_of(value.elements[1], lambda _: False, rewriting.plan, frame.node)


def mapped(program: Program) -> set[Frame]:
    """The functions that are compiled for several devices."""
    return {frame for node, frame in program.compilers.items() if frame.file.facts.origin(node) == "jax.pmap"}


def calls_of(rewriting: Rewriting, frame: Frame, node: ast.Call) -> list[Site]:
    """The calls of a transformed function, without the partial inside of the transform."""
    frames = rewriting.program.all_frames()
    return [s for other in frames for s in other.sites if s.callee.frame is frame and s.call is not node.args[0]]


def positional(rewriting: Rewriting, frame: Frame, node: ast.Call) -> str | None:
    """A lambda around a function that is called with keywords, which `nnx.pmap` does not take."""
    plan = rewriting.plan
    keywords = [k.arg for site in calls_of(rewriting, frame, node) for k in site.call.keywords if k.arg]
    if not keywords:
        return None
    inner = node.args[0]
    bound = {k.arg: k.value for k in inner.keywords if k.arg} if isinstance(inner, ast.Call) else {}
    function = inner.args[0] if isinstance(inner, ast.Call) else inner
    count = max(len(site.call.args) for site in calls_of(rewriting, frame, node))
    layout = [(name, names) for name, names in plan.layout(frame) if name not in bound]
    first = [new for _, names in layout[:count] for new in names]
    taken = [*first, *(name for name in dict.fromkeys(keywords) if name not in first)]
    text = text_of(rewriting.frame)
    kept = [f"{name}={text.segment(value, {})}" for name, value in bound.items() if dict(plan.layout(frame)).get(name)]
    given = [*first, *kept, *(f"{name}={name}" for name in taken[len(first):])]
    return f"lambda {', '.join(taken)}: {text.segment(function, {})}({', '.join(given)})"


def mapped_axes(rewriting: Rewriting, frame: Frame, node: ast.Call) -> str:
    """Models and optimisers are on every device, whatever else stays along its axis."""
    given = next((k.value for k in node.keywords if k.arg == "in_axes"), None)
    bound = rewriting.values.get(node.args[0])
    skipped: set[Any] = set(bound.bound) if isinstance(bound, Callee) else set()
    axes: list[str] = []
    sites = calls_of(rewriting, frame, node)
    used = max((len(site.call.args) for site in sites), default=0)
    by_keyword = len({k.arg for site in sites for k in site.call.keywords})
    old = [ast.unparse(e) for e in given.elts] if isinstance(given, ast.Tuple) else None
    for i, (name, names) in enumerate(rewriting.plan.layout(frame)):
        if name in skipped or i >= frame.positional:
            continue
        used -= 1
        if used < 0:
            break
        if slots_in(frame.given.get(name)):
            axes += ["None"] * len(names)
        else:
            axes.append(old[i] if old is not None and i < len(old) else "0")
    axes += ["0"] * by_keyword
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
