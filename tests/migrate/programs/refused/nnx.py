"""Programs that have no exact form: each stays as it is, and is told."""
from flax import nnx
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Linear(nnx.Module):
    def __init__(
        self, in_features: int, features: int, scale: float = 1.0, *, rngs: nnx.Rngs
    ):
        self.scale = scale
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.scale * self.dense(x)


def path_of_variables(x):
    model = Linear(4)
    params = model.init(jax.random.key(0), x)["params"]
    return params["Dense_0"]["kernel"]


def other_configuration(x):
    params = Linear(4).init(jax.random.key(0), x)["params"]
    return Linear(4, scale=2.0).apply({"params": params}, x)


def old_state(state: train_state.TrainState, grads):
    new_state = state.apply_gradients(grads=grads)
    return jax.tree.map(jnp.subtract, new_state.params, state.params)


class Trainer:
    def __init__(self, x):
        self.model = Linear(4)
        self.params = self.model.init(jax.random.key(0), x)["params"]

    def loss(self, state: train_state.TrainState, x):
        return state.apply_fn({"params": state.params}, x).mean()


def whole_state_kept(state: train_state.TrainState, batches):
    target = state
    for grads in batches:
        state = state.apply_gradients(grads=grads)
    return target.params, state.params


class Norm(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(
            in_features, use_running_average=False, rngs=rngs
        )

    def __call__(self, x):
        return self.batch_norm(x)


def dropped_statistics(x):
    norm = Norm()
    variables = norm.init(jax.random.key(0), x)
    y, _ = norm.apply(variables, x, mutable=["batch_stats"])
    return y, norm.apply(variables, x, mutable=False)


def ensemble(x):
    model = Linear(2)
    params = jax.vmap(lambda key: model.init(key, x)["params"])(jax.random.split(jax.random.key(0), 3))
    return jax.vmap(lambda p: model.apply({"params": p}, x))(params)


def one_of_two(x, wide):
    if wide:
        model = Linear(8)
        params = model.init(jax.random.key(0), x)["params"]
    else:
        model = Linear(4)
        params = model.init(jax.random.key(1), x)["params"]
    return model.apply({"params": params}, x)


def sown(x):
    model = Linear(4)
    variables = model.init(jax.random.key(0), x)
    return model.apply(variables, x, mutable=["intermediates"])


def old_policy(state: train_state.TrainState, x):
    def loss_fn(params):
        new = state.apply_fn({"params": params}, x)
        old = state.apply_fn({"params": state.params}, x)
        return jnp.square(new - old).mean()

    return jax.grad(loss_fn)(state.params)


def two_sets_of_parameters(x):
    model = Linear(2)
    one = model.init(jax.random.key(0), x)
    other = model.init(jax.random.key(1), x)
    return model.apply(one, x) - model.apply(other, x)


def mapped_state(state: train_state.TrainState):
    host = jax.tree_util.tree_map(jax.device_get, state)
    return host.params


def of_unknown_class(cls, x):
    model = cls(features=2)
    params = model.init(jax.random.key(0), x)["params"]
    return model.apply({"params": params}, x)


def of_any_class(x, classes):
    return of_unknown_class(Linear, x) - sum(of_unknown_class(cls, x) for cls in classes)


def lent_and_trained(x, grads):
    model, other = Linear(4), Linear(4, scale=2.0)
    params = model.init(jax.random.key(0), x)["params"]
    state = train_state.TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1))
    lent = state.replace(apply_fn=other.apply)
    lent = lent.apply_gradients(grads=grads)  # by an optimiser of its own
    return lent.apply_fn({"params": lent.params}, x)


def lent_on_the_spot(state: train_state.TrainState, x):
    other = Linear(4, scale=2.0)
    return jax.jit(lambda lent: lent.apply_fn({"params": lent.params}, x))(state.replace(apply_fn=other.apply))


class Noisy(nnx.Module):
    def __init__(self, in_features: int, deterministic: bool = True, *, rngs: nnx.Rngs):
        self.deterministic = deterministic
        if deterministic:
            self.dense_0 = nnx.Linear(in_features, 4, rngs=rngs)
        else:
            self.dense_1 = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x):
        return self.dense_0(x) if self.deterministic else 2 * self.dense_1(x)


def both_ways(x):
    first, second = Noisy(deterministic=True), Noisy(deterministic=False)
    params = first.init(jax.random.key(0), x)["params"]
    return first.apply({"params": params}, x) - second.apply({"params": params}, x)


def given_or_made(model: nnx.Module, made: bool):
    if made:
        return Linear(4)
    return model


def applied(x):
    model = Linear(4)
    params = model.init(jax.random.key(0), x)["params"]
    return given_or_made(model, True).apply({"params": params}, x)


def a_flag_that_is_read(x):
    first = Noisy(deterministic=True)
    params = first.init(jax.random.key(0), x)["params"]
    return first.deterministic, Noisy(deterministic=False).apply({"params": params}, x)


def applied_to_one(params, x):
    return Linear(4).apply({"params": params}, x)


def several_for_one(x):
    model = Linear(4)
    params = model.init(jax.random.key(0), x)["params"]
    several = params, params
    return applied_to_one(several, x)
