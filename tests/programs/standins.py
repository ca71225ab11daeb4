"""Stand-ins for the libraries that the example programs import and that are not installed here.

What a program only mentions is inert: any attribute, call or index of it is inert again. Nothing here computes a loss.
"""
from __future__ import annotations

import contextlib
import importlib.machinery
import sys
import types

import collected
import flax.io  # looks for tensorflow when it is imported: before there is a stand-in
import flax.serialization
import flax.traverse_util
import graphs


class Inert(types.ModuleType):
    """Whatever is asked of it."""

    def __init__(self, name):
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert(f"{self.__name__}.{name}")

    def __call__(self, *args, **kwargs):
        return self

    def __getitem__(self, key):
        return self

    def __or__(self, other):  # in annotations
        return self

    __ror__ = __or__


class ConfigDict(dict):
    """As of ml_collections: entries are attributes."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__

    def to_dict(self):
        return dict(self)


class Writer:
    """Of clu and of flax.metrics.tensorboard: keeps the scalars of every writer since `begin`."""

    scalars: list = []

    def __init__(self, *args, **kwargs):
        pass

    def write_scalars(self, step, scalars):
        self.scalars.extend((name, float(value)) for name, value in scalars.items() if "per" not in name.split("_"))

    def scalar(self, name, value, step):
        if name != "steps per second":
            self.scalars.append((name, float(value)))

    def write_texts(self, *args):
        pass

    def flush(self):
        pass

    write_hparams = hparams = write_texts


class Periodic:
    """Of clu.periodic_actions."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, step):
        pass

    def timed(self, name):
        return contextlib.nullcontext()


class Checkpoint:
    """Of clu.checkpoint, in an empty folder; what is kept can be written."""

    def __init__(self, *args, **kwargs):
        pass

    def save(self, state):
        assert flax.serialization.to_bytes(state)

    def restore_or_initialize(self, state):
        self.save(state)
        return state


def overview(params):
    """Of clu.parameter_overview: asks every array of nested dictionaries for what the table shows."""
    for array in flax.traverse_util.flatten_dict(params).values():
        assert array.size and array.mean().shape == array.std().shape == ()


def module(name, **contents):
    made = types.ModuleType(name)
    vars(made).update(contents)
    return made


def builder(*args):
    """Of tensorflow_datasets: enough for programs that count their examples."""
    split = types.SimpleNamespace(num_examples=STEPS_PER_EPOCH * BATCH)
    info = types.SimpleNamespace(splits={"train": split, "validation": split})
    return types.SimpleNamespace(info=info, download_and_prepare=lambda: None)


STEPS_PER_EPOCH, BATCH = 10, 4

INERT = ("tensorflow", "tensorflow_datasets", "tensorflow_text", "PIL", "sklearn", "cv2", "ale_py", "gymnasium")


def install():
    """Put the stand-ins where `import` finds them."""
    for name in INERT:
        sys.modules[name] = Inert(name)
    sys.modules["tensorflow_datasets"].builder = builder
    sys.modules["sklearn.metrics"] = sys.modules["sklearn"].metrics = Inert("sklearn.metrics")
    sys.modules["sklearn.metrics"].average_precision_score = collected.average_precision
    sys.modules["jraph"] = graphs
    writers = module(
        "clu.metric_writers", create_default_writer=Writer, ensure_flushes=lambda writer: contextlib.nullcontext()
    )
    actions = module("clu.periodic_actions", ReportProgress=Periodic, Profile=Periodic)
    clu = module(
        "clu", metric_writers=writers, periodic_actions=actions, platform=Inert("clu.platform"), metrics=collected,
        checkpoint=module("clu.checkpoint", Checkpoint=Checkpoint),
        parameter_overview=module("clu.parameter_overview", log_parameter_overview=overview),
    )  # fmt: skip
    flags = Inert("ml_collections.config_flags")
    found = {
        "clu": clu, "clu.metric_writers": writers, "clu.periodic_actions": actions,
        "ml_collections": module("ml_collections", ConfigDict=ConfigDict, config_flags=flags),
        "ml_collections.config_flags": flags,
        "flax.metrics.tensorboard": module("flax.metrics.tensorboard", SummaryWriter=Writer),
    }  # fmt: skip
    sys.modules.update(found)
