"""Layers that a function chooses (see `source.choosers`): one name for all that a call of it may make, and what the call runs.

Flags that some of them take are given to those alone: `self.norm(x, use_running_average=not train) if … else self.norm(x)`.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flake8_nnx.rules._text import snake
from flake8_nnx.source.choosers import Same, arguments, chooses
from flake8_nnx.source.events import Branch, Trace
from flake8_nnx.source.given import CALL_FLAGS
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.values import Loop, Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

VERB = re.compile(r"^_*(get|make|create|build|choose|select)?_*(?=[a-z])|_(layer|module|fn|func|cls|class)$")


def function_of(site: Site, facts: Facts) -> ast.FunctionDef | None:
    """The function that chooses this layer."""
    function = facts.names.enclosing(site.call, ast.FunctionDef)
    return function if len(site.through) == 1 and chooses(function, facts) else None  # type: ignore[return-value]


def groups(trace: Trace, facts: Facts) -> dict[Site, list[Site]]:
    """For each such layer, all that the same call may make, itself among them."""
    chosen = [site for site in trace.sites if site.option is not None or function_of(site, facts) is not None]
    return {site: [other for other in chosen if other.node is site.node] for site in chosen}


def noun(site: Site, facts: Facts) -> str:
    """What the function is called after: `get_norm_layer` gives a `norm`, as the name `norm_fn` of several partials does."""
    function = function_of(site, facts)
    name = function.name if function is not None else ast.unparse(site.call.func).rpartition(".")[2]
    return VERB.sub("", VERB.sub("", snake(name))) or name


def problem(site: Site, group: Sequence[Site], bridged: Collection[Site], cls: LinenClass) -> str:
    """Why a call of the function cannot be replaced by the layer that it chooses."""
    facts = cls.facts
    above = facts.names.parent(site.node)
    name = ast.unparse(site.node.func)
    if len({(other.call, id(other.option)) for other in group}) < len(group):
        return f"`{ast.unparse(site.node)[:60]}` creates new layers each time its method is called"
    if len(group) > 1 and any(other in bridged for other in group):
        return f"`{name}` chooses between layers, some of which stay Linen"
    parts = [site.call, *(site.option.keywords.values() if site.option is not None else ())]
    functions = [facts.names.enclosing(part, ast.FunctionDef) for part in parts]
    if any(each in facts.tree.body and _captured(each, site, cls) for each in functions if isinstance(each, ast.FunctionDef)):
        return f"`{name}` uses names that mean something else where it is called"
    if any(other.conditional for other in group):
        return f"what `{name}` chooses is known only in the call"
    if len({ast.unparse(other.keywords["name"]) if "name" in other.keywords else "" for other in group}) > 1:
        return f"`{name}` gives names to some of its layers"
    statement = isinstance(above, (ast.Assign, ast.AnnAssign)) and above.value is site.node
    if len(group) > 1 and not statement and not (isinstance(above, ast.Call) and above.func is site.node):
        return f"what `{name}` chooses is neither called nor assigned"
    target = above.targets[0] if isinstance(above, ast.Assign) and len(above.targets) == 1 else getattr(above, "target", None)
    if isinstance(target, ast.Name) and any(not _called(read, facts) for read in _reads(target, facts)):
        return f"what `{name}` chooses is handed on as `{target.id}`"
    return ""


def _captured(function: ast.FunctionDef, site: Site, cls: LinenClass) -> bool:
    """Whether a name of the function's file is that of something else in the class or in its new `__init__`."""
    own = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
    free = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} - own
    method = cls.facts.names.enclosing(site.node, *FUNCTIONS)
    local = {n.id for n in ast.walk(method) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)} if method else set()
    local |= {n.arg for n in ast.walk(method) if isinstance(n, ast.arg)} if method else set()
    taken = {*cls.facts.fields_of(cls), *local, "rngs"}
    return bool(free & taken) or any(name.endswith(("_features", "_shape")) for name in free)


def _reads(target: ast.Name, facts: Facts) -> list[ast.Name]:
    method = facts.names.enclosing(target, *FUNCTIONS)
    names = [n for n in ast.walk(method) if isinstance(n, ast.Name)] if method is not None else []
    return [n for n in names if n.id == target.id and n is not target]


def _called(node: ast.Name, facts: Facts) -> bool:
    above = facts.names.parent(node)
    return isinstance(above, ast.Call) and above.func is node


# ---- the call ---------------------------------------------------------------------------------------------------------


def flags(site: Site) -> dict[str, str]:
    """The flags that only the call knows, as the call knows them."""
    unknown = {name: value for name, value in site.keywords.items() if name in CALL_FLAGS and site.texts.get(id(value)) is None}
    return {name: site.in_call[id(value)] for name, value in unknown.items() if id(value) in site.in_call}


def kept(site: Site, group: Sequence[Site], facts: Facts) -> list[ast.expr]:
    """The arguments of the call that it still reads: those that choose, where some of the layers are given flags."""
    function = function_of(site, facts)
    inside = {id(n) for n in ast.walk(site.node)}
    own = [value for other in group for name, value in other.keywords.items() if name in flags(other)]
    here = [value for value in own if id(value) in inside]
    if function is None or not own:
        return here
    asked = [node.test for node in ast.walk(function) if isinstance(node, ast.If)]
    asked += [node.subject for node in ast.walk(function) if isinstance(node, ast.Match)]
    read = {n.id for node in (*asked, *own) for n in ast.walk(node) if isinstance(n, ast.Name)}
    return [*(value for name, value in arguments(site.node, function).items() if name in read), *here]


def written_out(planner: Planner, site: Site) -> dict[ast.Call, ast.FunctionDef]:
    """The call of the function, which is not called any more."""
    function = function_of(site, planner.facts)
    return {site.node: function} if function is not None and function in planner.facts.tree.body else {}


def write_call(planner: Planner, site: Site, layer: str) -> None:
    """Put the layer where the function was called, and its flags into the calls of it."""
    group = planner.attributes.groups[site]
    planner.plan.expressions[site.node] = layer
    planner.plan.written_out |= written_out(planner, site)
    if len(group) > 1 and site.ref is not None and site.ref.local is not None:
        planner.plan.perhaps.add(id(site.ref.local.node))
    if site is not group[0] or not any(map(flags, group)):
        return
    for node in dict.fromkeys(node for other in group for node, method, _ in other.inputs if method == "__call__"):
        if not isinstance(node, ast.Call) or any(isinstance(a, ast.Starred) for a in node.args):
            planner.refuse(site.node, f"the flags of what `{ast.unparse(site.node.func)}` chooses do not reach its call")
            return
        _write_flags(planner, node, group)


def _write_flags(planner: Planner, node: ast.Call, group: Sequence[Site]) -> None:
    """One call of what was chosen: with the flags of each layer under the test that chooses it."""
    same = {site: tuple(flags(site).items()) for site in group}
    if len({*same.values()}) == 1 and not any(isinstance(each, Same) for each in _of(planner.trace.events, group)):
        planner.plan.keywords.setdefault(node, []).extend(same[group[0]])
        return
    inside = [n for argument in (*node.args, *node.keywords) for n in ast.walk(argument)]
    if any(n in edits for n in inside for edits in planner.plan.of_calls()):
        planner.refuse(node, f"an argument of `{ast.unparse(node)[:60]}` changes", "give it a name before the call")
        return
    swaps = {id(n): text for n in (*inside, *ast.walk(node.func)) if (text := planner.plan.expressions.get(n)) is not None}
    callee = planner.text.segment(node.func, swaps)
    given = [planner.text.segment(argument, swaps) for argument in node.args]
    given += [f"{keyword.arg}={planner.text.segment(keyword.value, swaps)}" for keyword in node.keywords]
    texts = {site: f"{callee}({', '.join([*given, *(f'{name}={text}' for name, text in same[site])])})" for site in group}
    text = _under_tests(_of(planner.trace.events, group), group, texts, f"{callee}({', '.join(given)})")
    if _changing(str(text), planner.facts.names.enclosing(site_node := group[0].node, *FUNCTIONS)):
        planner.refuse(site_node, f"what `{ast.unparse(site_node)[:60]}` asks is set again")
        return
    above = planner.facts.names.parent(node)
    planner.plan.expressions[node] = planner.functions(operand(str(text), above, node) if above is not None else str(text), node)


def _changing(text: str, method: ast.AST | None) -> bool:
    """Whether a method gives a name in this text more than one value, the arguments of the call aside."""
    tests = [node.test for node in ast.walk(ast.parse(text)) if isinstance(node, ast.IfExp)]
    asked = {n.id for test in tests for n in ast.walk(test) if isinstance(n, ast.Name)}
    stores = [n.id for n in ast.walk(method) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)] if method else []
    given = [n.arg for n in ast.walk(method) if isinstance(n, ast.arg)] if method else []
    return any([*stores, *given].count(name) > 1 for name in asked)


def _of(events: Sequence[Any], group: Sequence[Site]) -> list[Any]:
    """The events that make these layers, with the branches around them."""
    found: list[Any] = []
    for event in events:
        if isinstance(event, Loop):
            found += _of(event.body, group)
        elif isinstance(event, Branch):
            body, orelse = _of(event.body, group), _of(event.orelse, group)
            chosen = event.in_call and (body or orelse)
            found += [Branch(event.node, event.test, body, orelse, event.in_call)] if chosen else [*body, *orelse]
        elif event in group or isinstance(event, Same) and event.node is group[0].node:
            found.append(event)
    return found


def _under_tests(events: Sequence[Any], group: Sequence[Site], texts: Mapping[Site, str], plain: str) -> str | None:
    """The call of what these events make; None where they make nothing, for `__init__` has raised there."""
    if not events:
        return None
    (event,) = events
    if not isinstance(event, Branch):
        return texts.get(event, plain)
    body, orelse = (_under_tests(part, group, texts, plain) for part in (event.body, event.orelse))
    if body is None or orelse is None or body == orelse:
        return orelse if body is None else body
    return f"{body} if {event.in_call} else {orelse}"
