"""Recurrent cells: their first carry, and cells of one's own."""
from __future__ import annotations

import ast

from flake8_nnx.catalog.layer import Layer
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate.detached import METHOD
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.features import trace
from flake8_nnx.source.linen import LINEN, LinenClass
from flake8_nnx.source.recurrent import parts
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.values import Site

BASE = LINEN + "RNNCellBase"


def with_streams(layer: Layer, code: str) -> str:
    """An `nnx.RNN` with a stream for its first carry: without one all have the same."""
    return f"{code[:-1]}, rngs=rngs)" if layer.linen == "RNN" else code


def first_carry(plan: ClassPlan, site: Site, node: ast.Call, text: SourceText) -> str:
    """`cell.initialize_carry(key, shape)` becomes `cell.initialize_carry(shape, rngs=nnx.Rngs(key))`; why it cannot, if so."""
    own = site.ref is not None and site.ref.local is not None
    if len(node.args) != 2 or node.keywords or "carry_init" in site.keywords or len(site.positional) > 1 and not own:
        return f"`{ast.unparse(node)[:60]}` draws a carry, which NNX draws otherwise"
    plan.dropped[node] = {0}
    if not own:  # the cells of NNX ask for streams even where the carry is zeros
        key = text.segment(node.args[0], {id(part): new for part, new in plan.expressions.items()})
        plan.keywords.setdefault(node, []).append(("rngs", f"nnx.Rngs({key})"))
    return ""


def given_carry(site: Site) -> str:
    """Why an `nn.RNN` cannot be given its first carry: Linen's cells are as wide as the carry, NNX's as `features` says."""
    cells = [part for _, part in parts(site) if part.ref is not None and part.ref.local is not None]
    inner = [each.ref for cell in cells for each in trace(cell.ref.local).sites]  # type: ignore[union-attr, arg-type]
    layers = [LAYERS.get(ref.linen or "") for ref in inner if ref is not None]
    wide = any(layer is not None and layer.call_args[:1] == ("carry",) for layer in layers)
    given = any(isinstance(n, ast.Call) and any(k.arg == "initial_carry" for k in n.keywords) for n, _, _ in site.inputs)
    reason = "the given carry may be wider or narrower than `features`, which is the width of the cell in NNX"
    return reason if wide and given else ""


def own_carry(plan: ClassPlan, cls: LinenClass) -> str:
    """Rewrites the signature of `initialize_carry(self, rng, input_shape)` of a cell; why it cannot be done, if so."""
    method = cls.methods.get(METHOD)
    if method is None or cls.bases != (BASE,):
        return ""
    names = [argument.arg for argument in method.args.args]
    decorated = [decorator for decorator in method.decorator_list if cls.facts.linen_name(decorator) != "nowrap"]
    if len(names) != 3 or method.args.defaults or decorated:
        return f"`{METHOD}` with another signature than (self, rng, input_shape) is not handled"
    if any(isinstance(node, ast.Name) and node.id == names[1] for node in ast.walk(method)):
        return f"`{METHOD}` draws a carry, which NNX draws otherwise"
    plan.swapped.add(method)
    return ""
