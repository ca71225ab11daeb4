"""Checkpoints of flax.training; those of other libraries stay silent."""
import orbax.checkpoint as ocp
import torch
from flax.training import checkpoints
from flax.training.checkpoints import restore_checkpoint


def found(folder, state):
    checkpoints.save_checkpoint(folder, state, 1)  # NNX705: 4
    checkpoints.save_checkpoint_multiprocess(folder, state, 1)  # NNX705: 4
    last = checkpoints.latest_checkpoint(folder)  # NNX705: 11
    return last, restore_checkpoint(folder, state)  # NNX705: 17


# ---- silent -------------------------------------------------------------------------------------------------------


class Trainer:
    def save_checkpoint(self, folder):
        return folder

    def restore_checkpoint(self, folder):
        return self.save_checkpoint(folder)


def silent(folder, state, trainer: Trainer, manager):
    checkpointer = ocp.StandardCheckpointer()
    checkpointer.save(folder, state)
    restored = checkpointer.restore(folder, state)
    torch.save(state, folder)
    trainer.save_checkpoint(folder)
    trainer.restore_checkpoint(folder)
    return restored, manager.latest_checkpoint(folder), checkpoints.natural_sort([folder])


def latest_checkpoint(folder):
    return sorted(folder)[-1]


print(latest_checkpoint(["a"]))
