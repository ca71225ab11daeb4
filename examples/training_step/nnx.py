"""A compiled training step with batch statistics, dropout and an optax optimiser."""
import jax
import jax.numpy as jnp
import optax
from flax import nnx


class Classifier(nnx.Module):
    """A perceptron with batch normalisation and dropout."""

    def __init__(self, in_features: int, hidden_features: int, num_classes: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, hidden_features, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(hidden_features, momentum=0.9, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)
        self.head = nnx.Linear(hidden_features, num_classes, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.dense(x)
        x = self.norm(x, use_running_average=not train)
        x = nnx.relu(x)
        x = self.dropout(x, deterministic=not train)
        return self.head(x)


@nnx.jit
def train_step(model, optimizer, points, labels):
    """One step of gradient descent; updates model and optimiser, returns the loss."""

    def loss_fn(model):
        logits = model(points, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


@nnx.jit
def accuracy(model, points, labels):
    logits = model(points, train=False)
    return (logits.argmax(-1) == labels).mean()


def rings(key, size):
    """Points on three concentric rings, and the ring of each."""
    ring_key, angle_key, noise_key = jax.random.split(key, 3)
    labels = jax.random.randint(ring_key, (size,), 0, 3)
    angles = jax.random.uniform(angle_key, (size,), maxval=2 * jnp.pi)
    points = (1.0 + labels)[:, None] * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)
    return points + 0.1 * jax.random.normal(noise_key, points.shape), labels


def main():
    data_key, test_key, params_key, dropout_key = jax.random.split(jax.random.key(0), 4)
    points, labels = rings(data_key, 256)
    rngs = nnx.Rngs(params=params_key, dropout=dropout_key)
    model = Classifier(2, hidden_features=64, num_classes=3, rngs=rngs)
    optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
    for step in range(101):
        loss = train_step(model, optimizer, points, labels)
        if step % 50 == 0:
            print(f"step {step:3}  loss {loss:.3f}")
    print(f"accuracy on new points: {accuracy(model, *rings(test_key, 256)):.2f}")


if __name__ == "__main__":
    main()
