"""What `nn.RNN` and `nn.Bidirectional` hold and return: cells that learn their sizes when the layer is called."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.sizes import Size, add
from flake8_nnx.source.values import Array, Held, Items, Module, Shape, Site, Static, Unknown, elements, size_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

# Of how many arrays the carry of a cell is, each as wide as `features`.
CARRIES = {"LSTMCell": 2, "OptimizedLSTMCell": 2, "GRUCell": 1, "SimpleCell": 1}
PARTS = {"RNN": ("cell",), "Bidirectional": ("forward_rnn", "backward_rnn")}


def parts(site: Site) -> list[tuple[str, Site]]:
    """The layers that a recurrent layer is made of, by parameter."""
    names = PARTS.get(site.ref.linen or "", ()) if site.ref is not None else ()
    found = ((name, site.fields.get(name)) for name in names)
    return [(name, value.site) for name, value in found if isinstance(value, Module)]


def made_for(site: Site, holder: Site, facts: Facts) -> ast.stmt | None:
    """`cell = nn.LSTMCell(4)`, where nothing but the constructor of the holder reads `cell`."""
    statement = facts.names.parent(site.call)
    single = isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    function = facts.names.enclosing(site.call, ast.FunctionDef)
    if not single or function is None:
        return None
    name = statement.targets[0].id  # type: ignore[union-attr]
    reads = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    inside = [n for n in ast.walk(holder.call) if n in reads]
    return statement if len(reads) == 2 and len(inside) == 1 else None  # type: ignore[return-value]


def output_of(tracer: Tracer, site: Site, node: ast.Call, data: Any, carry: Any = None) -> Any:
    """Run the input through the cells, each of which takes the last axis, and say what comes out."""
    assert site.ref is not None
    sizes = [_features(tracer, part, node, data, carry) for part in _held(site)]
    merged = site.ref.linen != "Bidirectional" or "merge_fn" not in site.fields
    total: Size = 0 if merged else None
    for size in sizes:
        total = add(total, size)
    output = data.with_axes({1: total}) if isinstance(data, Array) else Unknown()
    whole = site.fields.get("return_carry")
    if whole is None or whole == Static("False"):
        return output
    return Items((_last_carry(site, carry), output)) if whole == Static("True") else Unknown()


def _last_carry(site: Site, first: Any) -> Any:
    """The carry that an `nn.RNN` returns: as wide as the first one, or as its cell says."""
    cell = next(iter(_held(site)), None) if site.ref is not None and site.ref.linen == "RNN" else None
    if first is not None or cell is None or cell.ref is None or cell.ref.linen not in CARRIES:
        return Unknown() if first is None else first
    part = Array(None, {1: size_of(cell.fields.get("features"))})
    return Items((part,) * CARRIES[cell.ref.linen]) if CARRIES[cell.ref.linen] > 1 else part


def _held(site: Site) -> list[Site]:
    values = [site.fields.get(name) for name in PARTS[site.ref.linen or ""]]  # type: ignore[union-attr]
    return [value.site for value in values if isinstance(value, (Module, Held)) and value.site is not None]


def _carry(tracer: Tracer, site: Site, step: Any, carry: Any) -> Any:
    """The first carry: what the call gives, or what the cell makes for one step."""
    from flake8_nnx.source.apply import bound, output_of as returned  # the two call each other

    assert site.ref is not None and site.ref.local is not None
    method = tracer.facts.method_of(site.ref.local, "initialize_carry")
    if carry is not None or method is None or not isinstance(step, Array):
        return Unknown() if carry is None else carry
    arguments = bound(method, [Unknown(), Shape(step)], {})
    return returned(tracer, site.ref.local, site.fields, "initialize_carry", arguments)


def _features(tracer: Tracer, site: Site, node: ast.Call, data: Any, carry: Any) -> Size:
    """The size of what a cell returns; its own sizes become known on the way."""
    ref = site.ref
    if ref is None:
        return None
    if ref.linen in PARTS:
        output = output_of(tracer, site, node, data, carry)
        return output.size(1) if isinstance(output, Array) else None
    step = Array(None, {1: data.size(1)}) if isinstance(data, Array) else Unknown()
    if ref.local is not None:
        pair = elements(tracer.apply(site, "__call__", node, [_carry(tracer, site, step, carry), step], {}))
        output = pair[1] if pair is not None and len(pair) == 2 else None
        return output.size(1) if isinstance(output, Array) else None
    layer = LAYERS.get(ref.linen or "")
    if layer is not None and not site.sizes and isinstance(data, Array):
        site.sizes = {name: data.size(1) for name in layer.sizes}
    return size_of(site.fields.get("features"))
