"""Cases made up from the source: they initialise, they verify, and where none is found the reason says what to give."""
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.verify.check import check
from flake8_nnx.verify.synthesis import synthesise
from flake8_nnx.verify.verdict import Unverifiable

pytestmark = pytest.mark.jax


class MLP(nn.Module):
    features: Sequence[int]
    activation: Callable = nn.relu

    @nn.compact
    def __call__(self, x, train: bool = False):
        for size in self.features:
            x = nn.Dropout(0.5, deterministic=not train)(self.activation(nn.Dense(size)(x)))
        return x


@dataclasses.dataclass
class Config:
    vocab_size: int = 32000
    hidden_size: int = 768
    num_heads: int = 12
    rate: float = 0.1


class Encoder(nn.Module):
    config: Config

    @nn.compact
    def __call__(self, input_ids, attention_mask, deterministic: bool = True):
        config = self.config
        assert input_ids.ndim == 2
        x = nn.Embed(config.vocab_size, config.hidden_size)(input_ids) * attention_mask[..., None]
        return nn.SelfAttention(config.num_heads, dropout_rate=config.rate, deterministic=deterministic)(x)


class Image(nn.Module):
    channels: int
    norm: Any

    @nn.compact
    def __call__(self, image):
        if image.shape[-1] != 3:
            raise ValueError("images have three channels")
        return self.norm()(nn.Conv(self.channels, (3, 3))(image))


class Noisy(nn.Module):
    width: int

    def sample(self, key, x):
        return x + self.make_rng("noise").astype(jnp.float32) if x.ndim == 9 else nn.Dense(self.width, parent=None)

    def encode(self, x):
        return x * 2.0


class Picky(nn.Module):
    size: int

    @nn.compact
    def __call__(self, x):
        raise ValueError("never satisfied")


class Silent(nn.Module):
    def __call__(self, x):
        return None


class Leaving(nn.Module):
    def __call__(self, x):
        raise SystemExit(3)


SPACE = globals()


def test_sequences_flags_and_streams():
    (case,) = synthesise(SPACE, "MLP")
    assert case.init == "MLP(features=(12, 6))" and case.args == ("f32[b,12]",)
    assert case.kwargs == {"train": False} and case.train_kwargs == {"train": True} and case.rngs == ("dropout",)
    assert case.origin.startswith("synthesised in ")


def test_configurations_are_made_small():
    (case,) = synthesise(SPACE, "Encoder")
    assert "Config(vocab_size=11, hidden_size=12, num_heads=2)" in case.init
    assert case.args[0].startswith("i32[b,5]") and case.args[1] == "bool[b,5]"
    assert case.kwargs == {"deterministic": True} and case.rngs == ("dropout",)


def test_module_classes_as_fields_and_images():
    (case,) = synthesise(SPACE, "Image")
    assert case.args == ("f32[b,8,8,3]",) and "LayerNorm" in case.init


def test_classes_without_call():
    (case,) = synthesise(SPACE, "Noisy")
    assert case.method == "encode" and case.args == ("f32[b,12]",)


def test_synthesised_cases_verify():
    class MLPNnx(nnx.Module):
        def __init__(self, in_features, features, activation=nnx.relu, *, rngs):
            sizes = [in_features, *features]
            self.layers = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in zip(sizes, sizes[1:])])
            self.dropout = nnx.List([nnx.Dropout(0.5, rngs=rngs) for _ in features])
            self.activation = activation

        def __call__(self, x, train=False):
            for layer, dropout in zip(self.layers, self.dropout):
                x = dropout(self.activation(layer(x)), deterministic=not train)
            return x

    (case,) = synthesise(SPACE, "MLP")
    verdict = check(case, SPACE, MLPNnx, {})
    assert verdict.status == "PROVED" and verdict.evidence["case"] == case.origin, verdict


@pytest.mark.parametrize(
    "name, words",
    [
        ("Picky", ["never satisfied", "--init", "flake8-nnx record"]),
        ("Silent", ["returns no arrays"]),
        ("Leaving", ["SystemExit"]),
        ("Config", ["no flax.linen.Module"]),
        ("Missing", ["no flax.linen.Module"]),
    ],
)
def test_what_is_not_found_says_why(name, words):
    with pytest.raises(Unverifiable) as error:
        synthesise(SPACE, name, seconds=5.0)
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)
