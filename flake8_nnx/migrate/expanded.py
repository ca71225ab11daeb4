"""Functions of the file that make a layer and call it: their calls in a class are written out with the layer that it holds.

`return nn.Dense(features, name=label)(x)` of a function is `self.query(x)` where it is called with `"query"`.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING


from flake8_nnx.migrate import chosen_layers
from flake8_nnx.migrate.lines import quoted
from flake8_nnx.source import choosers
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_idle
from flake8_nnx.source.methods import positional_names
from flake8_nnx.source.names import COMPREHENSIONS
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def function_of(site: Site, facts: Facts) -> ast.FunctionDef:
    """The function that makes the layer."""
    found = facts.names.enclosing(site.call, ast.FunctionDef)
    assert isinstance(found, ast.FunctionDef)
    return found


def problem(site: Site, facts: Facts) -> str:
    """Why the call of the function that makes this layer cannot be written out."""
    call = site.node
    function = facts.names.enclosing(site.call, ast.FunctionDef)
    if not isinstance(function, ast.FunctionDef):
        return f"`{ast.unparse(call.func)}` of another file makes layers"
    name = function.name
    result = _result(function) if _called(call, facts) is function else None
    if result is None or len(site.through) > 1:
        return f"`{name}` makes layers (line {site.call.lineno}) and does more than to return what one of them gives"
    given = arguments(call, function)
    if given is None or function.decorator_list:
        return f"the arguments of `{ast.unparse(call)[:60]}` cannot be told apart"
    run = facts.names.parent(site.call)
    runs = isinstance(run, ast.Call) and run.func is site.call and [node for node, _, _ in site.inputs] == [run]
    if chosen_layers.flags(site) and not runs:
        return f"what `{name}` makes is given flags that only the call knows"
    reads = [*_reads(result, site.call), *_flags_read(site)]
    inner = {n.arg for n in ast.walk(result) if isinstance(n, ast.arg)}
    inner |= {n.id for n in ast.walk(result) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    own = {n.id for n in ast.walk(_method(call, facts)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    free = {read.id for read in reads} - given.keys()
    if inner & given.keys() or own & free or any(isinstance(n, COMPREHENSIONS) for n in ast.walk(result)):
        return f"`{name}` uses names that mean something else where it is called"
    for parameter, argument in given.items():
        count = sum(read.id == parameter for read in reads)
        if count > 1 and not isinstance(argument, (ast.Name, ast.Constant, ast.Attribute)):
            return f"`{name}` reads `{parameter}` more than once: give its value a name before the call"
    return ""


def _called(call: ast.Call, facts: Facts) -> ast.AST | None:
    """The function that a call runs, which may hold another that makes layers."""
    binding = facts.names.binding(call.func) if isinstance(call.func, ast.Name) else None
    return binding.node if binding is not None and binding.kind == "def" else None


def _method(call: ast.Call, facts: Facts) -> ast.AST:
    return facts.names.enclosing(call, ast.FunctionDef) or call


def _result(function: ast.FunctionDef) -> ast.expr | None:
    """What a function returns that does nothing else."""
    body = [s for s in function.body if not is_idle(s)]
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None


def arguments(call: ast.Call, function: ast.FunctionDef) -> dict[str, ast.expr] | None:
    """The arguments by parameter, with defaults; None where * or ** hide them."""
    spec, known = function.args, choosers.parameters(function)
    starred = any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
    if spec.vararg or spec.kwarg or starred or len(call.args) > len(positional_names(function)):
        return None
    found = choosers.arguments(call, function)
    return found if known == found.keys() and known.issuperset(k.arg for k in call.keywords) else None


def _reads(result: ast.expr, made: ast.Call) -> list[ast.Name]:
    """The names that are read outside of the constructor call."""
    stack: list[ast.AST] = [result]
    found = []
    while stack:
        node = stack.pop()
        if node is made:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.append(node)
        stack.extend(ast.iter_child_nodes(node))
    return found


def kept(site: Site, facts: Facts) -> list[ast.expr]:
    """The arguments of the call that are still read once the layer is made in `__init__`."""
    call, function = site.node, facts.names.enclosing(site.call, ast.FunctionDef)
    result = _result(function) if isinstance(function, ast.FunctionDef) else None
    given = arguments(call, function) if isinstance(function, ast.FunctionDef) else None
    if result is None or given is None:
        return [*call.args, *(k.value for k in call.keywords)]
    reads = {read.id for read in [*_reads(result, site.call), *_flags_read(site)]}
    return [argument for name, argument in given.items() if name in reads]


def _flags_read(site: Site) -> list[ast.Name]:
    """The names in flags of the layer that only the call knows."""
    values = [site.keywords[name] for name in chosen_layers.flags(site)]
    return [node for value in values for node in ast.walk(value) if isinstance(node, ast.Name)]


def written_out(site: Site, layer: str, texts: Mapping[ast.expr, str], facts: Facts) -> str:
    """What stands for the call: the expression of the function, with the layer and the arguments in their places."""
    function = function_of(site, facts)
    result = _result(function)
    assert result is not None
    given = arguments(site.node, function) or {}
    swaps = {id(site.call): layer}
    for read in [*_reads(result, site.call), *_flags_read(site)]:
        above = facts.names.parent(read)
        if read.id in given and above is not None:
            swaps[id(read)] = operand(texts[given[read.id]], above, read)
    run = facts.names.parent(site.call)
    if (flags := chosen_layers.flags(site)) and isinstance(run, ast.Call):
        words = [*run.args, *(keyword for keyword in run.keywords)]
        parts = [*(facts.text.segment(word, swaps) for word in words)]
        parts += [f"{name}={facts.text.segment(site.keywords[name], swaps)}" for name in flags]
        swaps[id(run)] = f"{layer}({', '.join(parts)})"
    text = facts.text.segment(result, swaps)
    above = facts.names.parent(site.node)
    return operand(text, above, site.node) if isinstance(above, ast.expr) else text


def write_out(planner: Planner) -> None:
    """Calls of functions that make layers, the inner ones first."""
    for site, layer in planner.expanded.items():
        if site in planner.attributes.groups:
            chosen_layers.write_call(planner, site, layer)
            continue
        inside = [n for argument in kept(site, planner.facts) for n in ast.walk(argument)]
        if any(n in edits for n in inside for edits in planner.plan.of_calls()):
            planner.refuse(site.node, f"an argument of `{quoted(site.node)}` changes", "give it a name before the call")
            continue
        swaps = {id(n): planner.plan.expressions[n] for n in inside if n in planner.plan.expressions}
        texts = {a: planner.functions(planner.text.segment(a, swaps), a) for a in kept(site, planner.facts)}
        function = function_of(site, planner.facts)
        planner.plan.expressions[site.node] = planner.functions(written_out(site, layer, texts, planner.facts), function)
        planner.plan.written_out[site.node] = function
