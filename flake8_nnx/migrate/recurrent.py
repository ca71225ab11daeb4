"""Recurrent cells: their first carry, and cells of one's own."""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_nnx.catalog.layer import Layer
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate.detached import METHOD
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import LINEN, LinenClass
from flake8_nnx.source.recurrent import parts
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.trace import Tracer
from flake8_nnx.source.sizes import AXIS, Size
from flake8_nnx.source.values import Array, Site, Unknown, elements, size_of

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

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


def given_carry(site: Site, known: Sequence[str]) -> str:
    """Why an `nn.RNN` cannot be given its first carry: Linen's cells are as wide as the carry, NNX's as `features` says.

    Where a field of the cell says that and nothing else, the cell is given the width of the carry there, which may be told with
    the sizes of `known` arguments.
    """
    given = any(isinstance(n, ast.Call) and any(k.arg == "initial_carry" for k in n.keywords) for n, _, _ in site.inputs)
    for _, part in parts(site) if given else ():
        cls = part.ref.local if part.ref is not None else None
        for cell, width in _widths(part, cls) if cls is not None else ():
            if width is not None and str(width) == str(size_of(cell.fields.get("features"))):
                continue
            unknown = {argument for _, argument in AXIS.findall(str(width))} - {*known}
            written = None if width is None or unknown else _given_width(cell, part, cls)  # type: ignore[arg-type]
            if written is None:
                return "the given carry may be wider or narrower than `features`, which is the width of the cell in NNX"
            part.texts[id(written)] = str(width)
    return ""


def _widths(part: Site, cls: LinenClass) -> Iterator[tuple[Site, Size]]:
    """The cells that a cell of one's own is made of, with the width of the carry that each is given."""
    for _, method, arguments in part.inputs[-1:]:
        inner = Tracer(cls, {name: value for name, value in part.fields.items() if not isinstance(value, Unknown)}, 1)
        inner.run_setup()
        home = cls.facts.method_of(cls, method)
        env = {a.arg: arguments.get(a.arg, Unknown()) for a in home.args.args[1:]} if home is not None else {}
        inner.body(home.body if home is not None else [], env)
        for site in inner.trace.sites:
            layer = LAYERS.get(site.ref.linen or "") if site.ref is not None else None
            for _, _, each in site.inputs if layer is not None and layer.call_args[:1] == ("carry",) else ():
                carry = each.get("carry")
                found = {value.size(1) if isinstance(value, Array) else None for value in elements(carry) or (carry,)}
                yield site, found.pop() if len(found) == 1 else None


def _given_width(cell: Site, part: Site, cls: LinenClass) -> ast.expr | None:
    """What a cell of one's own is given in the field that says how wide a cell inside is; None where that says more."""
    features = cell.keywords.get("features", next(iter(cell.positional), None))
    name = features.attr if isinstance(features, ast.Attribute) and root_is_self(features) else ""
    nodes = (node for base in cls.facts.ancestors(cls) for node in ast.walk(base.node))
    reads = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == name]
    names = [*cls.facts.fields_of(cls)]
    given = dict(zip(names, part.positional)) | dict(part.keywords)
    return given.get(name) if len(reads) == 1 else None


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


def first_carries(planner: Planner) -> None:
    """Calls of `initialize_carry` of the cells that the class holds."""
    for site in planner.trace.sites:
        cell = site.ref is not None and (site.ref.local is None or site.ref.local.bases == (BASE,))
        for node, method, _ in site.inputs:
            if cell and method == METHOD and isinstance(node, ast.Call):
                reason = first_carry(planner.plan, site, node, planner.text)
                if reason:
                    planner.refuse(node, reason)
