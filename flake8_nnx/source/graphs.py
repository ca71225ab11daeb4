"""Graph networks of jraph: what a `GraphsTuple` holds, and which sizes its networks give the modules that they run.

`jraph.GraphNetwork(update_node_fn=jraph.concatenated_args(MLP(…)))` runs the module when it is called with a graph.
"""
from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.joins import join
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.sizes import Size, add, multiply
from flake8_nnx.source.values import GRAPH_PARTS, Array, Function, Graph, Joined, Module, Network, Static, Unknown

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer

FIELDS = ("nodes", "edges", "receivers", "senders", "globals", "n_node", "n_edge")
THROUGH = "through a network"  # how a module is called that jraph runs
# The functions that each network takes, in their order.
NETWORKS = {
    "jraph.GraphMapFeatures": ("embed_edge_fn", "embed_node_fn", "embed_global_fn"),
    "jraph.GraphNetwork": ("update_edge_fn", "update_node_fn", "update_global_fn"),
    "jraph.GraphConvolution": ("update_node_fn",),
}


def argument(name: str, annotation: ast.expr | None, facts: Facts) -> Graph | None:
    """The graph that an argument of a method is by its annotation."""
    if facts.origin(annotation) != "jraph.GraphsTuple":
        return None
    return Graph(*(Array(f"{name}_{part}", like=(f"{name}_{part}", 0)) for part in GRAPH_PARTS))


def made(origin: str, positional: list[Any], keywords: dict[str, Any]) -> Any:
    """What jraph makes of modules; None for its other functions."""
    if origin == "jraph.concatenated_args" and len(positional) == 1 and not keywords:
        return Joined(positional[0])
    if origin == "jraph.GraphsTuple":
        given = {**dict(zip(FIELDS, positional)), **keywords}
        return Graph(*(given.get(part, Unknown()) for part in GRAPH_PARTS))
    names = NETWORKS.get(origin)
    if names is None:
        return None
    given = {**dict(zip(names, positional)), **keywords}
    return Network(origin, {name: given.get(name, Static("None")) for name in names})


def replaced(graph: Graph, keywords: dict[str, Any]) -> Graph:
    """`graphs._replace(nodes=…)`."""
    return replace(graph, **{name: value for name, value in keywords.items() if name in GRAPH_PARTS})


def run(tracer: Tracer, network: Network, graph: Any, node: ast.Call, env: Env) -> Any:
    """The graph that a network makes of one; the modules that it runs learn their sizes."""
    if not isinstance(graph, Graph):
        return Unknown()
    edges, nodes, whole = graph.edges, graph.nodes, graph.globals
    functions = network.functions
    if network.origin == "jraph.GraphMapFeatures":
        edges = _applied(tracer, functions["embed_edge_fn"], [edges], node, env)
        nodes = _applied(tracer, functions["embed_node_fn"], [nodes], node, env)
        whole = _applied(tracer, functions["embed_global_fn"], [whole], node, env)
    elif network.origin == "jraph.GraphConvolution":
        nodes = _applied(tracer, functions["update_node_fn"], [nodes], node, env)
    else:
        edges = _applied(tracer, functions["update_edge_fn"], [edges, nodes, nodes, whole], node, env)
        nodes = _applied(tracer, functions["update_node_fn"], [nodes, edges, edges, whole], node, env)
        # The sizes of a sum do not depend on its order: what stays as it is where there is no function comes first.
        whole = _applied(tracer, functions["update_global_fn"], [whole, nodes, edges], node, env)
    return Graph(nodes, edges, whole)


def _applied(tracer: Tracer, function: Any, values: list[Any], node: ast.Call, env: Env) -> Any:
    """What an update function makes of these features, of which the first are its own."""
    if isinstance(function, Static):
        return values[0] if function.text == "None" else Unknown()
    if isinstance(function, Joined):
        terms = Counter(value.size(1) if isinstance(value, Array) else None for value in values)
        total: Size = 0
        for size, count in terms.items():
            total = add(total, multiply(count, size))
        found = _applied(tracer, function.function, [Array(None, {1: total})], node, env)
        return found if function.test is None else join(tracer, found, values[0], function.test)
    if isinstance(function, Function):
        return tracer.inline(function, values, {}, env)
    if not isinstance(function, Module):
        return Unknown()
    known = len(function.site.inputs)
    output = tracer.apply(function.site, "__call__", node, values, {})
    function.site.inputs[known:] = [(call, THROUGH, given) for call, _, given in function.site.inputs[known:]]
    return output
