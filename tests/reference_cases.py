"""The reference models: Linen programs of the flax distribution, each with an NNX port and the ways it is verified.

The language model (lm1b) was ported by the authors of flax and is read from the corpus; the other ports are in
`examples/reference`. Every configuration is made tiny by its constructor arguments.
"""
from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from corpus import corpus
from flax import nnx

from flake8_nnx.verify import Case, Verdict, check
from flake8_nnx.verify.proof import Attempt, attempt
from flake8_nnx.verify.sharding import without_mesh

REFERENCE = Path(__file__).parent.parent / "examples" / "reference"
PORTS = ("imagenet", "ppo", "seq2seq", "sst2", "vae", "wmt")


@dataclass(frozen=True)
class Reference:
    """One configuration of a reference model, and what its verdict must be.

    `make` constructs the NNX model; `blamed` is what a DIFFERS must name; `condition` is what a proof depends on.
    """

    model: str
    configuration: str
    case: Case
    make: Callable[[nnx.Rngs], nnx.Module]
    status: str = "PROVED"
    blamed: str | None = None
    condition: str = ""

    @property
    def name(self) -> str:
        return f"{self.model}, {self.configuration}"

    def verdict(self) -> Verdict:
        """From runs and proof; no variable map is given, so that the proposed one is tried too."""
        return check.check(self.case, {}, nnx.Module, {"make": self.make})

    def proof(self) -> Attempt:
        """The proof alone: compiling and running the models takes most of the time of a verdict."""
        with without_mesh():
            module = check._linen_module(self.case, {})
            first, modes = check._arguments(self.case, module)
            arguments = modes[0].arguments
            linen, new, *_ = check._sides(self.case, module, first, arguments, nnx.Module, {"make": self.make}, None)
            return attempt(linen, new, modes)


def reference(
    model: str,
    configuration: str,
    build: Callable[[], nn.Module],
    make: Callable[[nnx.Rngs], nnx.Module],
    *args: str,
    status: str = "PROVED",
    blamed: str | None = None,
    condition: str = "",
    **case: Any,
) -> Reference:
    made = Case(f"{model}/linen.py::{configuration}", build=build, args=args, new_init="make(rngs)", **case)
    return Reference(model, configuration, made, make, status, blamed, condition)


@functools.cache
def sides(model: str) -> tuple[ModuleType, ModuleType]:
    """The Linen file and the NNX file of a reference model.

    Raises:
        RuntimeError: the flax distribution with lm1b cannot be downloaded.
    """
    if model == "lm1b":
        examples = corpus("flax-lm1b") / "flax-0.10.7" / "examples"
        return load(examples / "lm1b" / "models.py", "lm1b"), load(examples / "lm1b_nnx" / "models.py", "lm1b_nnx")
    return load(REFERENCE / model / "linen.py", model), load(REFERENCE / model / "nnx_port.py", f"{model}_nnx")


def load(path: Path, name: str) -> ModuleType:
    """A file as a module of its own, with the files beside it importable while it loads."""
    spec = importlib.util.spec_from_file_location(f"reference_{name}", path)
    assert spec and spec.loader, path
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
        for other in set(sys.modules) - before:
            if str(getattr(sys.modules[other], "__file__", None)).startswith(str(path.parent)):
                del sys.modules[other]
    return module


class Switched(nn.Module):
    """A Linen model whose configuration says whether it trains, as a module that is told when it is called."""

    make: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, *args: Any, train: bool = False, **kwargs: Any) -> Any:
        return self.make(deterministic=not train, name="model")(*args, **kwargs)


class SwitchedNnx(nnx.Module):
    """The same for an NNX model with `train()` and `eval()`."""

    def __init__(self, model: nnx.Module):
        self.model = model

    def __call__(self, *args: Any, train: bool = False, **kwargs: Any) -> Any:
        (self.model.train if train else self.model.eval)()
        return self.model(*args, **kwargs)


class LanguageModel(nnx.Module):
    """lm1b_nnx as its training program calls it: flags are set from outside, random streams given to every call."""

    def __init__(self, model: nnx.Module, rngs: nnx.Rngs, decode: bool):
        self.model, self.rngs, self.decode = model, rngs, decode

    def __call__(self, *args: Any, train: bool = False, **kwargs: Any) -> Any:
        self.model.set_attributes(deterministic=not train, decode=self.decode)
        return self.model(*args, **kwargs, rngs=self.rngs)


TINY = {
    "vocab_size": 31, "output_vocab_size": 31, "emb_dim": 8, "num_heads": 2, "num_layers": 1, "qkv_dim": 8,
    "mlp_dim": 12, "max_len": 16,
}  # fmt: skip
BOTH_MODES: Mapping[str, Any] = {"train_kwargs": {"train": True}, "rngs": ("dropout",)}
LEARNED = {"posemb_init": nn.initializers.normal(stddev=0.02)}
LOGICAL_AXES = ("embed", "mlp", "kv", "vocab")


def lm1b(configuration: str, options: Mapping[str, Any], *args: str, decode: bool = False, **case: Any) -> Reference:
    settings = {**TINY, **options}

    def make_linen(deterministic: bool, name: str) -> nn.Module:
        linen = sides("lm1b")[0]
        config = linen.TransformerConfig(**settings, deterministic=deterministic, decode=decode)
        return linen.TransformerLM(config, name=name)

    def make(rngs: nnx.Rngs) -> nnx.Module:
        ported = sides("lm1b")[1]
        # Linen names the logical axes and translates them later, the port at once: here each to itself.
        rules = ported.default.MeshRules(**{axis: axis for axis in LOGICAL_AXES})
        model = ported.TransformerLM(ported.TransformerConfig(**settings, axis_rules=rules), rngs=rngs)
        if decode:
            for _, module in nnx.iter_modules(model):
                if hasattr(module, "init_cache"):
                    module.init_cache((2, 6, TINY["emb_dim"]))
        return LanguageModel(model, rngs, decode)

    return reference("lm1b", configuration, lambda: Switched(make_linen), make, *args, **case)


def wmt(configuration: str, options: Mapping[str, Any], *args: str, decode: bool = False, **case: Any) -> Reference:
    settings = {**TINY, **options}

    def make_linen(deterministic: bool, name: str) -> nn.Module:
        linen = sides("wmt")[0]
        config = linen.TransformerConfig(**settings, deterministic=deterministic, decode=decode)
        return linen.Transformer(config, name=name)

    def make(rngs: nnx.Rngs) -> nnx.Module:
        ported = sides("wmt")[1]
        return SwitchedNnx(ported.Transformer(ported.TransformerConfig(**settings), decode, rngs=rngs))

    return reference("wmt", configuration, lambda: Switched(make_linen), make, *args, **case)


class Devices(nn.Module):
    """A model that averages over devices, on the leading axis of its inputs, as in data-parallel training."""

    make: Callable[[], nn.Module]

    @nn.compact
    def __call__(self, x: Any, train: bool = False) -> Any:
        everywhere = nn.vmap(
            lambda model, x: model(x, train),
            variable_axes={"params": None, "batch_stats": None},
            split_rngs={"params": False},
            axis_name="batch",
        )
        return everywhere(self.make(), x)


class DevicesNnx(nnx.Module):
    """The same in NNX."""

    def __init__(self, model: nnx.Module):
        self.model = model

    def __call__(self, x: Any, train: bool = False) -> Any:
        return nnx.vmap(lambda model, x: model(x, train), in_axes=(None, 0), axis_name="batch")(self.model, x)


def imagenet(
    configuration: str, block: str, *args: str, devices: bool = False, dtype: Any = jnp.float32, **case: Any
) -> Reference:
    def made(module: ModuleType, **options: Any) -> Any:
        return module.ResNet([1, 1], getattr(module, block), 5, num_filters=4, dtype=dtype, **options)

    def build() -> nn.Module:
        linen = sides("imagenet")[0]
        return Devices(lambda: made(linen)) if devices else made(linen)

    def make(rngs: nnx.Rngs) -> nnx.Module:
        model = made(sides("imagenet")[1], rngs=rngs)
        return DevicesNnx(model) if devices else model

    return reference("imagenet", configuration, build, make, *args, kwargs={"train": False}, **case)


def same(
    model: str,
    configuration: str,
    cls: str,
    fields: Mapping[str, Any],
    sizes: Mapping[str, Any],
    *args: str,
    **case: Any,
) -> Reference:
    """A class with the same fields on both sides, but for sizes that only NNX wants to know."""
    return reference(
        model,
        configuration,
        lambda: getattr(sides(model)[0], cls)(**fields),
        lambda rngs: getattr(sides(model)[1], cls)(**fields, **sizes, rngs=rngs),
        *args,
        **case,
    )


DROPOUT: Mapping[str, Any] = {
    "kwargs": {"deterministic": True}, "train_kwargs": {"deterministic": False}, "rngs": ("dropout",)
}  # fmt: skip
BF16 = {"dtype": jnp.bfloat16}
REJECTED: Mapping[str, Any] = {"status": "DIFFERS", "blamed": "LayerNorm_0"}
TIED = {"logits_via_embedding": True}
SHARED = {"share_embeddings": True, **TIED}
LM_PACKED = {"inputs_positions": "i32[b,7]<7", "inputs_segmentation": "i32[b,7]<3"}
WMT_PACKED = {**LM_PACKED, "targets_positions": "i32[b,5]<5", "targets_segmentation": "i32[b,5]<3"}
WORDS, SENTENCES = "i32[b,7]<31", ("i32[b,7]<31", "i32[b,5]<31")
IMAGES = "f32[b,32,32,3]"
ONE_HOT = ("f32[b,7,5]", "f32[b,4,5]")
TAUGHT = {"teacher_force": True, "hidden_size": 8, "vocab_size": 5}
SAMPLING = {**TAUGHT, "teacher_force": False}
EMBEDDER = {"vocab_size": 19, "embedding_size": 6, "dropout_rate": 0.5, "word_dropout_rate": 0.2, "unk_idx": 1}
HEAD = {"hidden_size": 4, "output_size": 3, "dropout_rate": 0.5}

REFERENCES = (
    lm1b("float32", {}, WORDS, **BOTH_MODES),
    lm1b("packed", {}, WORDS, kwargs=LM_PACKED, **BOTH_MODES),
    lm1b("tied logits", TIED, WORDS, **BOTH_MODES),
    lm1b("learned positions", LEARNED, WORDS, **BOTH_MODES),
    lm1b("decoding", {}, "i32[b,1]<31", decode=True, init_args=("i32[b,6]<31",)),
    lm1b("bfloat16", BF16, WORDS, **BOTH_MODES, **REJECTED),
    wmt("float32", {}, *SENTENCES, **BOTH_MODES),
    wmt("packed", {}, *SENTENCES, kwargs=WMT_PACKED, **BOTH_MODES),
    wmt("shared embedding", SHARED, *SENTENCES, **BOTH_MODES),
    wmt("learned positions", LEARNED, *SENTENCES, **BOTH_MODES),
    wmt("decoding", {}, WORDS, "i32[b,1]<31", decode=True, init_args=SENTENCES),
    wmt("bfloat16", BF16, *SENTENCES, **BOTH_MODES, **REJECTED),
    imagenet("basic blocks", "ResNetBlock", IMAGES),
    imagenet("bottleneck blocks", "BottleneckResNetBlock", IMAGES),
    imagenet("training", "ResNetBlock", "f32[2,b,32,32,3]", devices=True, train_kwargs={"train": True}),
    imagenet("bfloat16", "ResNetBlock", IMAGES, dtype=jnp.bfloat16, status="DIFFERS", blamed="bn_init"),
    same("seq2seq", "taught", "Seq2seq", TAUGHT, {}, *ONE_HOT, rngs=("lstm",)),
    same("seq2seq", "sampling", "Seq2seq", SAMPLING, {}, *ONE_HOT, rngs=("lstm",)),
    same("vae", "reconstruction", "VAE", {"latents": 20}, {}, "f32[b,784]", "key"),
    same("vae", "generation", "VAE", {"latents": 20}, {}, "f32[b,20]", method="generate"),
    same("ppo", "84x84x4", "ActorCritic", {"num_outputs": 4}, {}, "f32[b,84,84,4]"),
    same("sst2", "embedder", "Embedder", EMBEDDER, {}, "i32[b,5]<19", **DROPOUT),
    same("sst2", "classifier", "AttentionClassifier", HEAD, {"in_features": 8}, "f32[b,5,8]", "i32[b]<6", **DROPOUT),
    same(
        "sst2", "whole model", "TextClassifier", {**EMBEDDER, **HEAD}, {}, "i32[b,5]<19", "i32[b]<6", **DROPOUT,
        condition="b != any size it is looked up among",  # flax looks sizes up in a dictionary
    ),
)  # fmt: skip
