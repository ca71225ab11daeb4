"""A classifier with dropout: factory, initial parameters, train state, compiled steps."""
import functools

from flax import nnx
import jax
import optax


class MLP(nnx.Module):
    def __init__(self, in_features: int, hidden: int, classes: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, hidden, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.dense_1 = nnx.Linear(hidden, classes, rngs=rngs)

    def __call__(self, x, train: bool):
        x = nnx.relu(self.dense_0(x))
        x = self.dropout(x, deterministic=not train)
        return self.dense_1(x)


def make_model(config, *, in_features: int, rngs: nnx.Rngs):
    return MLP(
        in_features=in_features,
        hidden=config["hidden"],
        classes=config["classes"],
        rngs=rngs,
    )


# The batch size does not matter here.
def create_state(model, config) -> nnx.Optimizer:
    tx = optax.adam(config["learning_rate"])
    return nnx.Optimizer(model, tx, wrt=nnx.Param)


@functools.partial(nnx.jit, static_argnums=4, donate_argnums=(0, 1))
def train_step(model: nnx.Module, optimizer: nnx.Optimizer, batch, key, classes):
    key = jax.random.fold_in(key, optimizer.step[...])

    def loss_fn(model):
        nnx.reseed(model, dropout=key)
        logits = model(batch["x"], train=True)
        labels = jax.nn.one_hot(batch["y"], classes)
        return optax.softmax_cross_entropy(logits, labels).mean(), logits

    (loss, logits), grads = nnx.value_and_grad(loss_fn, has_aux=True)(model)
    norm = optax.tree.norm(grads)
    optimizer.update(model, grads)
    return {
        "loss": loss,
        "norm": norm,
        "weights": optax.tree.norm(nnx.state(model, nnx.Param)),
    }


@nnx.jit
def accuracy(nnx_model, batch, model=None):
    logits = nnx_model(batch["x"], train=False)
    return (logits.argmax(-1) == batch["y"]).mean()


def train(batches, steps=3):
    config = {"hidden": 8, "classes": 3, "size": 4, "learning_rate": 1e-2}
    key = jax.random.key(0)
    init_key, dropout_key = jax.random.split(key)
    model = make_model(
        config, in_features=config["size"], rngs=nnx.Rngs(init_key, dropout=init_key)
    )
    optimizer = create_state(model, config)
    losses = []
    for batch in batches[:steps]:
        metrics = train_step(model, optimizer, batch, dropout_key, 3)
        losses.append(metrics["loss"])
    return model, optimizer, losses
