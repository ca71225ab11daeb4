"""Graph networks of jraph: modules that its functions run on graphs."""
from functools import partial
from typing import Callable

import flax.linen as nn
from flax import nnx
import jax.numpy as jnp
import jraph


def added(graphs: jraph.GraphsTuple, others: jraph.GraphsTuple) -> jraph.GraphsTuple:
    return graphs._replace(
        nodes=graphs.nodes + others.nodes, edges=graphs.edges + others.edges, globals=graphs.globals + others.globals
    )


class MLP(nnx.Module):
    def __init__(self, in_features: int, sizes: tuple, *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for size in sizes:
            self.dense_layers.append(nnx.Linear(x_features, size, rngs=rngs))
            x_features = size

    def __call__(self, x):
        for dense in self.dense_layers:
            x = nnx.relu(dense(x))
        return x


class GraphNet(nnx.Module):
    def __init__(
        self,
        graphs_nodes_features: int,
        graphs_edges_features: int,
        graphs_globals_features: int,
        size: int,
        rounds: int = 2,
        skip: bool = True,
        use_edges: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.skip = skip
        self.use_edges = use_edges
        self.dense_0 = nnx.Linear(graphs_nodes_features, size, rngs=rngs)
        self.dense_1 = nnx.Linear(graphs_edges_features, size, rngs=rngs)
        self.dense_2 = nnx.Linear(graphs_globals_features, size, rngs=rngs)
        sizes = [size] * 2
        self.mlps_0 = nnx.List([])
        self.mlps_1 = nnx.List([])
        self.mlps_2 = nnx.List([])
        self.layer_norms = nnx.List([])
        nodes_features = size
        edges_features = size
        globals_features = size
        for _ in range(rounds):
            if use_edges:
                self.mlps_0.append(
                    MLP(
                        edges_features + 2 * nodes_features + globals_features,
                        sizes,
                        rngs=rngs,
                    )
                )
            else:
                self.mlps_0.append(None)
            self.mlps_1.append(
                MLP(
                    nodes_features + (
                        2 * (sizes[-1] if use_edges else edges_features)
                    ) + globals_features,
                    sizes,
                    rngs=rngs,
                )
            )
            self.mlps_2.append(
                MLP(
                    globals_features + sizes[-1] + (
                        sizes[-1] if use_edges else edges_features
                    ),
                    sizes,
                    rngs=rngs,
                )
            )
            self.layer_norms.append(nnx.LayerNorm(sizes[-1], rngs=rngs))
            nodes_features = sizes[-1]
            edges_features = (
                edges_features if skip else (sizes[-1] if use_edges else edges_features)
            )
            globals_features = sizes[-1]

    def __call__(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
        embedder = jraph.GraphMapFeatures(
            embed_node_fn=self.dense_0, embed_edge_fn=self.dense_1, embed_global_fn=self.dense_2
        )
        graphs = embedder(graphs)
        for mlp_0, mlp_1, mlp_2, layer_norm in zip(
            self.mlps_0, self.mlps_1, self.mlps_2, self.layer_norms
        ):
            if self.use_edges:
                update_edges = jraph.concatenated_args(mlp_0)
            else:
                update_edges = None
            net = jraph.GraphNetwork(
                update_edge_fn=update_edges,
                update_node_fn=jraph.concatenated_args(mlp_1),
                update_global_fn=jraph.concatenated_args(mlp_2),
            )
            graphs = added(net(graphs), graphs) if self.skip else net(graphs)
            graphs = graphs._replace(nodes=layer_norm(graphs.nodes))
        return graphs


class Model(nnx.Module):
    def __init__(
        self,
        in_features: int,
        edges_features: int,
        whole_features: int,
        net: Callable = partial(GraphNet, rounds=1),
        use_edges: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.graph_net = net(
            in_features,
            edges_features,
            whole_features,
            4,
            use_edges=use_edges,
            rngs=rngs,
        )
        self.dense_0 = nnx.Linear(([4] * 2)[-1], 3, rngs=rngs)
        self.dense_1 = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, nodes, edges, whole):
        counts = jnp.array([3, 2])
        ends = jnp.array([0, 1, 2, 3, 4])
        graphs = jraph.GraphsTuple(nodes, edges, ends, ends[::-1], whole, n_node=counts, n_edge=counts)
        graphs = self.graph_net(graphs)
        convolution = jraph.GraphConvolution(self.dense_0, add_self_edges=True)
        return self.dense_1(convolution(graphs).nodes), graphs.globals


class Flagged(nn.Module):
    @nn.compact
    def __call__(self, graphs: jraph.GraphsTuple, train: bool = False) -> jraph.GraphsTuple:
        return jraph.GraphMapFeatures(embed_node_fn=nn.Dropout(0.5, deterministic=not train))(graphs)


class Attentive(nnx.Module):
    def __init__(
        self,
        dense_0_in_features: int,
        dense_1_in_features: int,
        layer_norm_num_features: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.dense_0 = nnx.Linear(dense_0_in_features, 3, rngs=rngs)
        self.dense_1 = nnx.Linear(dense_1_in_features, 1, rngs=rngs)
        self.layer_norm = nnx.LayerNorm(layer_norm_num_features, rngs=rngs)

    def __call__(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
        net = jraph.GAT(self.dense_0, self.dense_1, None)
        return self.layer_norm(net(graphs).nodes)
