"""The official Linen training examples: a small configuration, synthetic data, and how each program is started."""
from __future__ import annotations

import functools
import random
import types
from dataclasses import dataclass
from typing import Any, Callable

import jax
import numpy as np
from absl import flags
from graphs import GraphsTuple
from flax.training.dynamic_scale import DynamicScale

STEPS = 20


@dataclass(frozen=True)
class Program:
    """One example.

    Attributes:
        run: starts the training of its modules (given by name) in an empty folder.
        modules: contents of the modules that are replaced, by name: where data comes from and pictures go to.
    """

    run: Callable[[Callable[[str], Any], str], None]
    modules: dict[str, dict[str, Any]]


class Tensor(np.ndarray):
    """An array with what the programs ask of tensors."""

    def _numpy(self):
        return np.asarray(self)

    numpy = _numpy


def tensor(values, dtype=None):
    return np.asarray(values, dtype).view(Tensor)


def configured(load, **changes):
    config = load("configs.default").get_config()
    config.update(changes)
    return config


def rng():
    return np.random.default_rng(0)


class Again:
    """Batches that can be gone through more than once, as datasets can."""

    def __init__(self, batches):
        self.batches = list(batches)

    def __iter__(self):
        return iter(self.batches)

    def take(self, count):
        return Again(self.batches[:count])

    as_numpy_iterator = __iter__


# ---- vae ------------------------------------------------------------------------------------------------------------


def digits(batches, size):
    return iter(rng().random((batches, size, 784), np.float32).round())


VAE = Program(
    run=lambda load, folder: load("train").train_and_evaluate(configured(load, batch_size=4, latents=3, num_epochs=2), folder),
    modules={
        "input_pipeline": {
            "build_train_set": lambda size, builder: digits(STEPS, size),
            "build_test_set": lambda builder: next(digits(1, 16)),
        },
        "utils": {"save_image": lambda *args, **kwargs: None},
    },
)

# ---- ppo ------------------------------------------------------------------------------------------------------------


class Game:
    """Stacked frames that depend on nothing but their number; an episode is five frames long."""

    def reset(self):
        self.frame = 0
        return self._seen()

    def step(self, action):
        self.frame += 1
        return self._seen(), float(action % 3) - 1, self.frame == 5, {}

    def _seen(self):
        return np.random.default_rng(self.frame).integers(0, 255, (84, 84, 4)).astype(np.float32)


class Simulator:
    """What `agent.RemoteSimulator` does, without a process: answers when it is asked."""

    def __init__(self, game):
        self.conn, self.env = self, Game()
        self.queue = [self.env.reset()[None]]

    def recv(self):
        return self.queue.pop(0)

    def send(self, action):
        before = np.asarray(self.env._seen())[None]
        seen, reward, done, _ = self.env.step(action)
        self.queue = [(before, action, reward, done), (self.env.reset() if done else seen)[None]]


def run_ppo(load, folder):
    np.random.seed(0)
    load("agent").RemoteSimulator = Simulator
    main = load("ppo_main")
    config = configured(load, batch_size=4, num_agents=2, actor_steps=4, num_epochs=2, total_frames=40)
    main.FLAGS = types.SimpleNamespace(config=config, workdir=folder)
    main.main(["program"])


PPO = Program(
    run=run_ppo, modules={"env_utils": {"create_env": lambda game, clip_rewards: Game(), "get_num_actions": lambda game: 4}}
)

# ---- seq2seq --------------------------------------------------------------------------------------------------------


def run_seq2seq(load, folder):
    random.seed(0)
    train = load("train")
    set_flags(batch_size=4, hidden_size=8, num_train_steps=STEPS, decode_frequency=19)
    train.train_and_evaluate(folder)


def set_flags(**values):
    flags.FLAGS(["program"])
    for name, value in values.items():
        setattr(flags.FLAGS, name, value)


SEQ2SEQ = Program(run=run_seq2seq, modules={})

# ---- sst2 -----------------------------------------------------------------------------------------------------------


class Reviews:
    """Stands in for sst2's TextDataset: padded batches of two lengths."""

    vocab = range(30)

    def __init__(self, **kwargs):
        self.count = STEPS // 2 if kwargs["split"] == "train" else 2

    def get_batches(self, **kwargs):
        numbers, found = rng(), []
        for batch in range(self.count):
            length = 5 + 3 * (batch % 2)
            found.append({
                "token_ids": tensor(numbers.integers(0, 30, (4, length)), np.int32),
                "length": tensor(numbers.integers(2, length, 4), np.int32),
                "label": tensor(numbers.integers(0, 2, 4), np.float32),
            })  # fmt: skip
        return Again(found)

    def get_bucketed_batches(self, *args, **kwargs):
        return self.get_batches()


SST2 = Program(
    run=lambda load, folder: load("train").train_and_evaluate(
        configured(load, embedding_size=6, hidden_size=5, batch_size=4, num_epochs=2, dropout_rate=0.3), folder
    ),
    modules={"input_pipeline": {"TextDataset": Reviews}},
)

# ---- imagenet -------------------------------------------------------------------------------------------------------


def images(builder, batch_size, train, **kwargs):
    numbers = rng()
    for _ in range(STEPS if train else 100):
        image = tensor(numbers.standard_normal((batch_size, 32, 32, 3)), np.float32)
        yield {"image": image, "label": tensor(numbers.integers(0, 1000, batch_size), np.int32)}


class OnGpu:
    """`jax` for a program that scales its loss only where there is a GPU."""

    def __getattr__(self, name):
        return getattr(jax, name)

    def local_devices(self):
        return [types.SimpleNamespace(platform="gpu")]


def run_imagenet(load, folder):
    """In half precision, from a scale that overflows and often grows."""
    train = load("train")
    train.jax = OnGpu()
    scale = functools.partial(DynamicScale, scale=2.0**24, growth_interval=4)
    train.dynamic_scale_lib = types.SimpleNamespace(DynamicScale=scale)
    train.train_and_evaluate(
        configured(
            load, model="_ResNet1", batch_size=4, num_train_steps=STEPS, num_epochs=2.0, warmup_epochs=1.0, steps_per_eval=2,
            log_every_steps=5, profile=False, half_precision=True,
        ),
        folder,
    )  # fmt: skip


IMAGENET = Program(run=run_imagenet, modules={"input_pipeline": {"create_split": images}})

# ---- lm1b, wmt ------------------------------------------------------------------------------------------------------


class Tokens:
    """Stands in for a sentencepiece tokenizer."""

    def vocab_size(self):
        return 30

    def tokenize(self, text):
        return tensor([ord(letter) % 27 + 3 for letter in text[:5]] + [2], np.int32)

    def detokenize(self, tokens):
        return types.SimpleNamespace(numpy=lambda: " ".join(map(str, np.asarray(tokens))).encode())


def sentences(count, *keys):
    numbers = rng()
    return Again({key: tensor(numbers.integers(0, 30, (2, 8)), np.int32) for key in keys} for _ in range(count))


TRANSFORMER = {
    "emb_dim": 8, "num_heads": 2, "num_layers": 2, "qkv_dim": 8, "mlp_dim": 16, "per_device_batch_size": 2,
    "num_train_steps": STEPS, "num_eval_steps": 2, "max_target_length": 8, "max_eval_target_length": 8,
    "max_predict_length": 8, "eval_every_steps": STEPS - 1, "save_checkpoints": False, "restore_checkpoints": False,
    "warmup_steps": 5, "attention_dropout_rate": 0.2, "dropout_rate": 0.2,
}  # fmt: skip

LM1B = Program(
    run=lambda load, folder: load("train").train_and_evaluate(
        configured(load, **TRANSFORMER, vocab_path=f"{folder}/vocabulary", use_bfloat16=False), folder
    ),
    modules={"input_pipeline": {
        "get_datasets": lambda **kwargs: (sentences(STEPS, "inputs"), sentences(2, "inputs"), None, Tokens())
    }},
)

WMT = Program(
    run=lambda load, folder: load("train").train_and_evaluate(
        configured(load, **TRANSFORMER, vocab_path=f"{folder}/vocabulary", beam_size=2), folder
    ),
    modules={"input_pipeline": {
        "get_wmt_datasets": lambda **kwargs: (*(sentences(count, "inputs", "targets") for count in (STEPS, 2, 1)), Tokens())
    }},
)

# ---- ogbg_molpcba ---------------------------------------------------------------------------------------------------


def molecules(count):
    """Batches of three graphs and one for padding, with a few labels that are not known."""
    numbers = rng()
    sizes = np.array([3, 4, 2, 3], np.int32)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    for _ in range(count):
        ends = [first + numbers.integers(0, np.repeat(sizes, sizes)) for _ in range(2)]
        labels = numbers.integers(0, 2, (4, 3)).astype(np.float32)
        nodes, edges = (numbers.standard_normal((12, width), np.float32) for width in (5, 2))
        yield GraphsTuple(nodes, edges, *ends, np.where(numbers.random((4, 3)) < 0.2, np.nan, labels), sizes, sizes)


OGBG_MOLPCBA = Program(
    run=lambda load, folder: load("train").train_and_evaluate(
        configured(
            load, batch_size=4, latent_size=6, num_classes=3, message_passing_steps=2, dropout_rate=0.3, num_train_steps=STEPS,
            log_every_steps=5, eval_every_steps=STEPS // 2, checkpoint_every_steps=STEPS,
        ),
        folder,
    ),
    modules={"input_pipeline": {
        "get_datasets": lambda size, **kwargs: {
            split: Again(molecules(STEPS if split == "train" else 2)) for split in ("train", "validation", "test")
        }
    }},
)  # fmt: skip

# ---- nlp_seq --------------------------------------------------------------------------------------------------------


def run_nlp_seq(load, folder):
    train, models = load("train"), load("models")
    set_flags(batch_size=4, num_train_steps=STEPS, eval_frequency=STEPS // 2, max_length=8, train="train", dev="dev")
    small(models)
    train.main(["program"])


def small(models):
    """Its sizes are the defaults of its configuration class."""
    sizes = {"emb_dim": 8, "num_heads": 2, "num_layers": 2, "qkv_dim": 8, "mlp_dim": 16}
    made = models.TransformerConfig
    models.TransformerConfig = lambda **kwargs: made(**{**sizes, **kwargs})


def tagged(path, *args, **kwargs):
    numbers = rng()
    shape = (4, 8)
    return Again(
        {"inputs": tensor(numbers.integers(0, 20, shape), np.int32), "targets": tensor(numbers.integers(0, 7, shape), np.int32)}
        for _ in range(STEPS if path == "train" else 2)
    )


NLP_SEQ = Program(
    run=run_nlp_seq,
    modules={"input_pipeline": {
        "create_vocabs": lambda path: {"forms": range(20), "xpos": range(7)},
        "CoNLLAttributes": types.SimpleNamespace(FORM=0, XPOS=1),
        "sentence_dataset_dict": tagged,
    }},
)

PROGRAMS = {
    "vae": VAE, "ppo": PPO, "seq2seq": SEQ2SEQ, "sst2": SST2, "imagenet": IMAGENET, "lm1b": LM1B, "wmt": WMT, "nlp_seq": NLP_SEQ,
    "ogbg_molpcba": OGBG_MOLPCBA,
}  # fmt: skip
