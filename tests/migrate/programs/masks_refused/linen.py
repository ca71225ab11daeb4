"""Masks that ask for names that are others in NNX: each is told."""
import flax.linen as nn
import jax
import optax
from flax.training.train_state import TrainState
from flax.traverse_util import flatten_dict, path_aware_map, unflatten_dict


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(nn.LayerNorm()(x))


def automatic_name(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    mask = path_aware_map(lambda path, _: "Dense_0" in path, params)
    return model.apply({"params": params}, x), optax.masked(optax.sgd(0.1), mask)


def first_name(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    mask = jax.tree_util.tree_map_with_path(lambda path, _: path[0].key.startswith("Dense"), params)
    return model.apply({"params": params}, x), optax.masked(optax.sgd(0.1), mask)


def whole_path(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    mask = jax.tree_util.tree_map_with_path(lambda path, _: "bias" in jax.tree_util.keystr(path), params)
    return model.apply({"params": params}, x), optax.masked(optax.sgd(0.1), mask)


def no_bias(params):
    return unflatten_dict({path: path[-1] != "bias" for path in flatten_dict(params)})


def by_function(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.adamw(0.1, mask=no_bias))
    return model.apply({"params": state.params}, x)


def flat(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    return {"/".join(path): value.shape for path, value in flatten_dict(params).items()}


def leaves_with_path(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    return [path[0].key for path, _ in jax.tree_util.tree_leaves_with_path(params)]


def expensive_table(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    print(model.tabulate(jax.random.key(0), x, compute_flops=True))
    return model.apply({"params": params}, x)


def output(state, x):
    return state.apply_fn({"params": state.params}, x)


def made_inside_of_a_call(x):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    return output(TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1)), x)
