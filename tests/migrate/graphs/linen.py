"""Graph networks of jraph: modules that its functions run on graphs."""
from functools import partial
from typing import Callable

import flax.linen as nn
import jax.numpy as jnp
import jraph


def added(graphs: jraph.GraphsTuple, others: jraph.GraphsTuple) -> jraph.GraphsTuple:
    return graphs._replace(
        nodes=graphs.nodes + others.nodes, edges=graphs.edges + others.edges, globals=graphs.globals + others.globals
    )


class MLP(nn.Module):
    sizes: tuple

    @nn.compact
    def __call__(self, x):
        for size in self.sizes:
            x = nn.relu(nn.Dense(size)(x))
        return x


class GraphNet(nn.Module):
    size: int
    rounds: int = 2
    skip: bool = True
    use_edges: bool = True

    @nn.compact
    def __call__(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
        embedder = jraph.GraphMapFeatures(
            embed_node_fn=nn.Dense(self.size), embed_edge_fn=nn.Dense(self.size), embed_global_fn=nn.Dense(self.size)
        )
        graphs = embedder(graphs)
        sizes = [self.size] * 2
        for _ in range(self.rounds):
            if self.use_edges:
                update_edges = jraph.concatenated_args(MLP(sizes))
            else:
                update_edges = None
            net = jraph.GraphNetwork(
                update_edge_fn=update_edges,
                update_node_fn=jraph.concatenated_args(MLP(sizes)),
                update_global_fn=jraph.concatenated_args(MLP(sizes)),
            )
            graphs = added(net(graphs), graphs) if self.skip else net(graphs)
            graphs = graphs._replace(nodes=nn.LayerNorm()(graphs.nodes))
        return graphs


class Model(nn.Module):
    net: Callable = partial(GraphNet, rounds=1)
    use_edges: bool = True

    @nn.compact
    def __call__(self, nodes, edges, whole):
        counts = jnp.array([3, 2])
        ends = jnp.array([0, 1, 2, 3, 4])
        graphs = jraph.GraphsTuple(nodes, edges, ends, ends[::-1], whole, n_node=counts, n_edge=counts)
        graphs = self.net(4, use_edges=self.use_edges)(graphs)
        convolution = jraph.GraphConvolution(nn.Dense(3), add_self_edges=True)
        return nn.Dense(2)(convolution(graphs).nodes), graphs.globals


class Flagged(nn.Module):
    @nn.compact
    def __call__(self, graphs: jraph.GraphsTuple, train: bool = False) -> jraph.GraphsTuple:
        return jraph.GraphMapFeatures(embed_node_fn=nn.Dropout(0.5, deterministic=not train))(graphs)


class Attentive(nn.Module):
    @nn.compact
    def __call__(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
        net = jraph.GAT(nn.Dense(3), nn.Dense(1), None)
        return nn.LayerNorm()(net(graphs).nodes)
