# Copyright 2024 The Flax Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Definition of the GNN model."""

from collections.abc import Callable, Sequence

from flax import nnx
import jax.numpy as jnp
import jraph


def add_graphs_tuples(
    graphs: jraph.GraphsTuple, other_graphs: jraph.GraphsTuple
) -> jraph.GraphsTuple:
  """Adds the nodes, edges and global features from other_graphs to graphs."""
  return graphs._replace(
      nodes=graphs.nodes + other_graphs.nodes,  # pyrefly: ignore[unsupported-operation]
      edges=graphs.edges + other_graphs.edges,  # pyrefly: ignore[unsupported-operation]
      globals=graphs.globals + other_graphs.globals,  # pyrefly: ignore[unsupported-operation]
  )


class MLP(nnx.Module):
  """A multi-layer perceptron."""

  def __init__(
      self,
      in_features: int,
      feature_sizes: Sequence[int],
      dropout_rate: float = 0,
      deterministic: bool = True,
      activation: Callable[[jnp.ndarray], jnp.ndarray] = nnx.relu,
      *,
      rngs: nnx.Rngs,
  ):
    self.activation = activation
    self.dense_layers = nnx.List([])
    self.dropouts = nnx.List([])
    x_features = in_features
    for size in feature_sizes:
      self.dense_layers.append(nnx.Linear(x_features, size, rngs=rngs))
      self.dropouts.append(
          nnx.Dropout(dropout_rate, deterministic=deterministic, rngs=rngs)
      )
      x_features = size

  def __call__(self, inputs):
    x = inputs
    for dense, dropout in zip(self.dense_layers, self.dropouts):
      x = dense(x)
      x = self.activation(x)
      x = dropout(x)
    return x


class GraphNet(nnx.Module):
  """A complete Graph Network model defined with Jraph."""

  def __init__(
      self,
      graphs_nodes_features: int,
      graphs_edges_features: int,
      graphs_globals_features: int,
      latent_size: int,
      num_mlp_layers: int,
      message_passing_steps: int,
      output_globals_size: int,
      dropout_rate: float = 0,
      skip_connections: bool = True,
      use_edge_model: bool = True,
      layer_norm: bool = True,
      deterministic: bool = True,
      *,
      rngs: nnx.Rngs,
  ):
    self.skip_connections = skip_connections
    self.use_edge_model = use_edge_model
    self.layer_norm = layer_norm
    self.dense_0 = nnx.Linear(graphs_nodes_features, latent_size, rngs=rngs)
    self.dense_1 = nnx.Linear(graphs_edges_features, latent_size, rngs=rngs)
    self.dense_2 = nnx.Linear(graphs_globals_features, latent_size, rngs=rngs)
    # Now, we will apply a Graph Network once for each message-passing round.
    mlp_feature_sizes = [latent_size] * num_mlp_layers
    self.mlps_0 = nnx.List([])
    self.mlps_1 = nnx.List([])
    self.mlps_2 = nnx.List([])
    self.layer_norms_0 = nnx.List([])
    self.layer_norms_1 = nnx.List([])
    self.layer_norms_2 = nnx.List([])
    nodes_features = latent_size
    edges_features = latent_size
    globals_features = latent_size
    for _ in range(message_passing_steps):
      if use_edge_model:
        self.mlps_0.append(
            MLP(
                edges_features + 2 * nodes_features + globals_features,
                mlp_feature_sizes,
                dropout_rate=dropout_rate,
                deterministic=deterministic,
                rngs=rngs,
            )
        )
      else:
        self.mlps_0.append(None)
      self.mlps_1.append(
          MLP(
              nodes_features + (
                  2 * (
                      mlp_feature_sizes[-1]
                      if use_edge_model
                      else edges_features
                  )
              ) + globals_features,
              mlp_feature_sizes,
              dropout_rate=dropout_rate,
              deterministic=deterministic,
              rngs=rngs,
          )
      )
      self.mlps_2.append(
          MLP(
              globals_features + mlp_feature_sizes[-1] + (
                  mlp_feature_sizes[-1] if use_edge_model else edges_features
              ),
              mlp_feature_sizes,
              dropout_rate=dropout_rate,
              deterministic=deterministic,
              rngs=rngs,
          )
      )
      if layer_norm:
        self.layer_norms_0.append(
            nnx.LayerNorm(mlp_feature_sizes[-1], rngs=rngs)
        )
        self.layer_norms_1.append(
            nnx.LayerNorm(
                (
                    edges_features
                    if skip_connections
                    else (
                        mlp_feature_sizes[-1]
                        if use_edge_model
                        else edges_features
                    )
                ),
                rngs=rngs,
            )
        )
        self.layer_norms_2.append(
            nnx.LayerNorm(mlp_feature_sizes[-1], rngs=rngs)
        )
      else:
        self.layer_norms_0.append(None)
        self.layer_norms_1.append(None)
        self.layer_norms_2.append(None)
      nodes_features = mlp_feature_sizes[-1]
      edges_features = (
          edges_features
          if skip_connections
          else (mlp_feature_sizes[-1] if use_edge_model else edges_features)
      )
      globals_features = mlp_feature_sizes[-1]
    self.dense_3 = nnx.Linear(globals_features, output_globals_size, rngs=rngs)

  def __call__(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
    # We will first linearly project the original features as 'embeddings'.
    embedder = jraph.GraphMapFeatures(
        embed_node_fn=self.dense_0,
        embed_edge_fn=self.dense_1,
        embed_global_fn=self.dense_2,
    )
    processed_graphs = embedder(graphs)
    for mlp_0, mlp_1, mlp_2, layer_norm_0, layer_norm_1, layer_norm_2 in zip(
        self.mlps_0,
        self.mlps_1,
        self.mlps_2,
        self.layer_norms_0,
        self.layer_norms_1,
        self.layer_norms_2,
    ):
      if self.use_edge_model:
        update_edge_fn = jraph.concatenated_args(mlp_0)
      else:
        update_edge_fn = None

      update_node_fn = jraph.concatenated_args(mlp_1)
      update_global_fn = jraph.concatenated_args(mlp_2)

      graph_net = jraph.GraphNetwork(
          update_node_fn=update_node_fn,  # pyrefly: ignore[bad-argument-type]
          update_edge_fn=update_edge_fn,  # pyrefly: ignore[bad-argument-type]
          update_global_fn=update_global_fn,  # pyrefly: ignore[bad-argument-type]
      )

      if self.skip_connections:
        processed_graphs = add_graphs_tuples(
            graph_net(processed_graphs), processed_graphs
        )
      else:
        processed_graphs = graph_net(processed_graphs)

      if self.layer_norm:
        processed_graphs = processed_graphs._replace(
            nodes=layer_norm_0(processed_graphs.nodes),
            edges=layer_norm_1(processed_graphs.edges),
            globals=layer_norm_2(processed_graphs.globals),
        )

    # Since our graph-level predictions will be at globals, we will
    # decode to get the required output logits.
    decoder = jraph.GraphMapFeatures(embed_global_fn=self.dense_3)
    processed_graphs = decoder(processed_graphs)

    return processed_graphs


class GraphConvNet(nnx.Module):
  """A Graph Convolution Network + Pooling model defined with Jraph."""

  def __init__(
      self,
      graphs_nodes_features: int,
      latent_size: int,
      num_mlp_layers: int,
      message_passing_steps: int,
      output_globals_size: int,
      dropout_rate: float = 0,
      skip_connections: bool = True,
      layer_norm: bool = True,
      deterministic: bool = True,
      # pytype: disable=annotation-type-mismatch  # jax-ndarray
      pooling_fn: Callable[[jnp.ndarray, jnp.ndarray, jnp.ndarray], jnp.ndarray] = jraph.segment_mean,  # pyrefly: ignore[bad-assignment]
      *,
      rngs: nnx.Rngs,
  ):
    self.skip_connections = skip_connections
    self.layer_norm = layer_norm
    self.pooling_fn = pooling_fn
    self.dense_0 = nnx.Linear(graphs_nodes_features, latent_size, rngs=rngs)
    self.mlps = nnx.List([])
    self.layer_norm_layers = nnx.List([])
    nodes_features = latent_size
    for _ in range(message_passing_steps):
      mlp_feature_sizes = [latent_size] * num_mlp_layers
      self.mlps.append(
          MLP(
              nodes_features,
              mlp_feature_sizes,
              dropout_rate=dropout_rate,
              deterministic=deterministic,
              rngs=rngs,
          )
      )
      if layer_norm:
        self.layer_norm_layers.append(
            nnx.LayerNorm(mlp_feature_sizes[-1], rngs=rngs)
        )
      else:
        self.layer_norm_layers.append(None)
      nodes_features = mlp_feature_sizes[-1]
    self.dense_1 = nnx.Linear(nodes_features, output_globals_size, rngs=rngs)

  def pool(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
    """Pooling operation, taken from Jraph."""

    # Equivalent to jnp.sum(n_node), but JIT-able.
    sum_n_node = graphs.nodes.shape[0]  # pytype: disable=attribute-error  # jax-ndarray
    # To aggregate nodes from each graph to global features,
    # we first construct tensors that map the node to the corresponding graph.
    # Example: if you have `n_node=[1,2]`, we construct the tensor [0, 1, 1].
    n_graph = graphs.n_node.shape[0]
    node_graph_indices = jnp.repeat(
        jnp.arange(n_graph),
        graphs.n_node,
        axis=0,
        total_repeat_length=sum_n_node,
    )
    # We use the aggregation function to pool the nodes per graph.
    pooled = self.pooling_fn(graphs.nodes, node_graph_indices, n_graph)  # pytype: disable=wrong-arg-types  # jax-ndarray
    return graphs._replace(globals=pooled)

  def __call__(self, graphs: jraph.GraphsTuple) -> jraph.GraphsTuple:
    # We will first linearly project the original node features as 'embeddings'.
    embedder = jraph.GraphMapFeatures(embed_node_fn=self.dense_0)
    processed_graphs = embedder(graphs)

    # Now, we will apply the GCN once for each message-passing round.
    for mlp, layer_norm_layer in zip(self.mlps, self.layer_norm_layers):
      update_node_fn = jraph.concatenated_args(mlp)
      graph_conv = jraph.GraphConvolution(
          update_node_fn=update_node_fn, add_self_edges=True  # pyrefly: ignore[bad-argument-type]
      )

      if self.skip_connections:
        processed_graphs = add_graphs_tuples(
            graph_conv(processed_graphs), processed_graphs
        )
      else:
        processed_graphs = graph_conv(processed_graphs)

      if self.layer_norm:
        processed_graphs = processed_graphs._replace(
            nodes=layer_norm_layer(processed_graphs.nodes),
        )

    # We apply the pooling operation to get a 'global' embedding.
    processed_graphs = self.pool(processed_graphs)

    # Now, we decode this to get the required output logits.
    decoder = jraph.GraphMapFeatures(embed_global_fn=self.dense_1)
    processed_graphs = decoder(processed_graphs)

    return processed_graphs
