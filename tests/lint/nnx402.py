"""Steps of train states; methods of that name of other objects stay silent."""
import optax
from flax.training.train_state import TrainState


def found(state: TrainState, grads, other):
    state = state.apply_gradients(grads=grads)  # NNX402: 12
    other = other.apply_gradients(grads=grads, batch_stats=None)  # NNX402: 12
    return state.apply_gradients(grads=grads), other  # NNX402: 11


class Learner:
    def __init__(self, state: TrainState):
        self.state = state

    def step(self, grads):
        self.state = self.state.apply_gradients(grads=grads)  # NNX402: 21


# ---- silent -------------------------------------------------------------------------------------------------------


class Keras:
    def apply_gradients(self, pairs):
        return pairs


def silent(optimizer, keras: Keras, grads, params, opt_state):
    optimizer.apply_gradients(zip(grads, params))
    keras.apply_gradients(grads)
    tx = optax.sgd(0.1)
    updates, opt_state = tx.update(grads, opt_state)
    return optax.apply_updates(params, updates), opt_state


def apply_gradients(grads):
    return grads


print(apply_gradients(grads=1))
