"""Optax by hand in ways that have no exact form: each stays as it is, and is told."""
from flax import nnx
import jax
import jax.numpy as jnp
import optax


class Linear(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 1, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)[:, 0]


def other_transformation(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    opt_state = optax.sgd(0.1).init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = optax.sgd(0.2).update(grads, opt_state)
    return optax.apply_updates(params, updates)


def make(rate):
    return optax.sgd(rate)


def made_twice(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    first, second = make(0.1), make(0.2)
    opt_state = first.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = second.update(grads, opt_state)
    params = optax.apply_updates(params, updates)
    return params, opt_state


def rate_of_the_turn(x, rates):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    opt_state = None
    for rate in rates:
        tx = optax.sgd(rate)
        if opt_state is None:
            opt_state = tx.init(params)
        grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
        updates, opt_state = tx.update(grads, opt_state)
        params = optax.apply_updates(params, updates)
    return params


def maybe_applied(x, good):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.sgd(0.1)
    opt_state = tx.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = tx.update(grads, opt_state)
    if good:
        params = optax.apply_updates(params, updates)
    return params, opt_state


def never_applied(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.sgd(0.1)
    opt_state = tx.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = tx.update(grads, opt_state)
    return updates, opt_state


def changed_updates(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.sgd(0.1)
    opt_state = tx.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = tx.update(grads, opt_state)
    updates = jax.tree.map(jnp.negative, updates)
    params = optax.apply_updates(params, updates)
    return model.apply({"params": params}, x)


def read_between(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.sgd(0.1)
    opt_state = tx.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = tx.update(grads, opt_state)
    before = model.apply({"params": params}, x)
    params = optax.apply_updates(params, updates)
    return before, model.apply({"params": params}, x)


def read_after(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.sgd(0.1)
    opt_state = tx.init(params)

    @jax.jit
    def step(params, opt_state):
        grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
        updates, new_opt_state = tx.update(grads, opt_state)
        new_params = optax.apply_updates(params, updates)
        return new_params, new_opt_state, opt_state

    return step(params, opt_state)


def state_of_optax(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    opt_state = optax.adam(0.1).init(params)
    return model.apply({"params": params}, x), opt_state[0].count


def kept_updates(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.sgd(0.1)
    opt_state = tx.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = tx.update(grads, opt_state)
    params = optax.apply_updates(params, updates)
    return updates["Dense_0"]["kernel"], model.apply({"params": params}, x)


def function_of_parameters(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.lbfgs()
    opt_state = tx.init(params)

    def loss_fn(params):
        return jnp.square(model.apply({"params": params}, x)).sum()

    value, grads = jax.value_and_grad(loss_fn)(params)
    updates, opt_state = tx.update(grads, opt_state, params, value=value, grad=grads, value_fn=loss_fn)
    params = optax.apply_updates(params, updates)
    return loss_fn(params)


def of_somewhere(tx, x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    opt_state = tx.init(params)
    return model.apply({"params": params}, x), opt_state


def for_other_parameters(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    other = Linear()
    other_params = other.init(jax.random.key(1), x)["params"]
    tx = optax.adamw(0.1)
    opt_state = tx.init(params)
    grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
    updates, opt_state = tx.update(grads, opt_state, params)
    other_params = optax.apply_updates(other_params, updates)
    return other.apply({"params": other_params}, x), model.apply({"params": params}, x), opt_state


class Normed(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(
            in_features, use_running_average=True, rngs=rngs
        )

    def __call__(self, x):
        return self.batch_norm(x)


def of_all_variables(x):
    model = Normed()
    variables = model.init(jax.random.key(0), x)
    tx = optax.sgd(0.1)
    opt_state = tx.init(variables)
    grads = jax.grad(lambda variables: model.apply(variables, x).sum())(variables)
    updates, opt_state = tx.update(grads, opt_state, variables)
    variables = optax.apply_updates(variables, updates)
    return model.apply(variables, x)


def made_and_started_in_turns(x, rates):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    for turn, rate in enumerate(rates):
        tx = optax.sgd(rate)
        if turn == 0:
            opt_state = tx.init(params)
        grads = jax.grad(lambda params: model.apply({"params": params}, x).sum())(params)
        updates, opt_state = tx.update(grads, opt_state)
        params = optax.apply_updates(params, updates)
    return model.apply({"params": params}, x)
