"""Stands in for the parts of jraph that the ogbg_molpcba program runs: graphs side by side and a graph convolution.

Each does what jraph's function of that name does.
"""
from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class GraphsTuple(NamedTuple):
    """Several graphs, whose nodes and edges are counted by `n_node` and `n_edge`."""

    nodes: Any
    edges: Any
    receivers: Any
    senders: Any
    globals: Any
    n_node: Any
    n_edge: Any


def segment_mean(data, segment_ids, num_segments):
    total, count = (jax.ops.segment_sum(each, segment_ids, num_segments) for each in (data, jnp.ones_like(data)))
    return total / jnp.maximum(count, 1)


def concatenated_args(update):
    return lambda *args: update(jnp.concatenate(jax.tree.leaves(args), axis=-1))


def GraphMapFeatures(embed_edge_fn=None, embed_node_fn=None, embed_global_fn=None):
    functions = {"edges": embed_edge_fn, "nodes": embed_node_fn, "globals": embed_global_fn}
    given = {part: function for part, function in functions.items() if function is not None}
    return lambda graph: graph._replace(**{part: function(getattr(graph, part)) for part, function in given.items()})


def GraphConvolution(update_node_fn, add_self_edges):
    def convolve(graph):
        nodes = update_node_fn(graph.nodes)
        count = nodes.shape[0]
        own = jnp.arange(count) if add_self_edges else jnp.zeros(0, jnp.int32)
        ends = [jnp.concatenate([several, own]) for several in (graph.senders, graph.receivers)]
        degrees = [jax.ops.segment_sum(jnp.ones_like(end), end, count) for end in ends]
        before, after = (jax.lax.rsqrt(jnp.maximum(degree, 1.0))[:, None] for degree in degrees)
        return graph._replace(nodes=jax.ops.segment_sum((nodes * before)[ends[0]], ends[1], count) * after)

    return convolve


def get_graph_padding_mask(graph):
    count = graph.n_node.shape[0]
    return jnp.arange(count) < count - 1 - jnp.argmin(graph.n_node[::-1] == 0)
