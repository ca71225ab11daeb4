"""Cases made up from the source: they initialise, they verify, and where none is found the reason says what to give."""
import abc
import dataclasses
import enum
import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Optional

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.verify.check import check
from flake8_nnx.verify.guess_fields import _guessed
from flake8_nnx.verify.inputs import materialise
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


@dataclasses.dataclass
class LayerKinds:
    """The kinds are as many as the layers."""

    layers: int = 10
    width: int = 768
    kinds: tuple = ("local", "global") * 5

    def __post_init__(self):
        if len(self.kinds) != self.layers:
            raise ValueError("a kind for each layer")


class OfKinds(nn.Module):
    config: LayerKinds

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.config.width)(x)


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


class Kind(enum.Enum):
    WIDE = 2
    NARROW = 1


class Kinds(nn.Module):
    kind: Kind
    side: Literal["left", "right"]

    @nn.compact
    def __call__(self, x):
        assert self.side in ("left", "right")
        return nn.Dense(self.kind.value)(x)


class Wrapper(nn.Module):
    wrapped: nn.DenseGeneral

    def __call__(self, *args):
        return self.wrapped(*args) * 2


class Space(abc.ABC):
    @property
    @abc.abstractmethod
    def size(self):
        """Of one point."""


class Grid(Space):
    def __init__(self, sites: int = 1):
        self.size = sites

    size = 0


class Closed(abc.ABC):
    @abc.abstractmethod
    def inside(self):
        """Nobody derives from this class."""


class Broken:
    def __init__(self, sites: int):
        raise RuntimeError("no licence")


class OnSpace(nn.Module):
    space: "Space"

    @nn.compact
    def __call__(self, x):
        return x @ self.param("w", nn.initializers.ones, (self.space.size, 3))


class OnClosed(nn.Module):
    space: Closed

    def __call__(self, x):
        return x


class OnBroken(nn.Module):
    space: Optional[Broken]  # noqa: UP007

    def __call__(self, x):
        return x


class Either(nn.Module):
    size: int | Broken

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.size)(x)


class Critic(nn.Module):
    sizes: Sequence[int]

    @nn.compact
    def __call__(self, observation, action):
        x = jnp.concatenate([observation, action], -1)
        for size in self.sizes[1:]:
            x = nn.Dense(self.sizes[0])(x)
            x = x + nn.Dense(size)(x)
        return x


class Einsum(nn.Module):
    shape: tuple[int, ...]

    @nn.compact
    def __call__(self, eqn: str, x):
        return jnp.einsum(eqn, x, self.param("w", nn.initializers.ones, self.shape))


class Decoder(nn.Module):
    """A carry that its annotation nests; two rows of a batch would unpack as a pair as well."""

    width: int

    @nn.compact
    def __call__(self, carry: tuple[tuple[jax.Array, jax.Array], jax.Array], x: jax.Array):
        (c, h), last = carry
        y = nn.Dense(self.width)(jnp.concatenate([h, last, x], axis=-1))
        return ((c + y, y), last), y


class Unpacks(nn.Module):
    @nn.compact
    def __call__(self, pair, x):
        a, b = pair
        return nn.Dense(3)(x) + nn.Dense(3)(a + b)


class Scanned(nn.Module):
    width: int

    @functools.partial(nn.scan, variable_broadcast="params", in_axes=1, out_axes=1, split_rngs={"params": False})
    @nn.compact
    def __call__(self, carry, x):
        return nn.LSTMCell(self.width)(carry, x)


class Quantised(nn.Module):
    wrapped: nn.Einsum

    def __call__(self, inputs):
        return self.wrapped(inputs)


class Spoken(nn.Module):
    def __call__(self, prompt: str, x):
        return x


class Noised(nn.Module):
    def __call__(self, x, rng=None):
        return x + jax.random.normal(rng, x.shape)


class Optionals(nn.Module):
    @nn.compact
    def __call__(self, x, rng=None, extra=None):
        return nn.Dense(3)(x) if extra is None else x


class Up(nn.Module):
    channels: int

    @nn.compact
    def __call__(self, hidden_states, skipped_tuple, encoder_hidden_states):
        for skipped in skipped_tuple:
            hidden_states = nn.GroupNorm()(nn.Conv(self.channels, (3, 3))(jnp.concatenate([hidden_states, skipped], -1)))
        batch, height, width, channels = hidden_states.shape
        return nn.MultiHeadAttention(2)(hidden_states.reshape(batch, height * width, channels), encoder_hidden_states)


class Distribution(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Drawn(nn.Dense(3)(x))


@jax.tree_util.register_pytree_node_class
class Drawn:
    def __init__(self, mean):
        self.mean = jnp.asarray(mean)

    def tree_flatten(self):
        return (self.mean,), None

    @classmethod
    def tree_unflatten(cls, held, children):
        return cls(*children)


class Typed(nn.Module):
    @nn.compact
    def __call__(self, x: "Float[Array, '*b t 7']", valid: "Bool[Array, 'b t']"):  # noqa: F722, F821
        assert x.ndim == 3 and x.shape[-1] == 7 and valid.dtype == bool
        return nn.Dense(3)(x) * valid[..., None]


class Graphs(NamedTuple):
    nodes: jax.Array
    edges: jax.Array
    senders: jax.Array
    n_node: jax.Array
    weight: float | None = None


class OnGraphs(nn.Module):
    @nn.compact
    def __call__(self, graphs: Optional[Graphs]):  # noqa: UP007
        assert type(graphs) is Graphs and graphs.senders.shape == graphs.edges.shape[:1]
        return graphs._replace(edges=nn.Dense(3)(graphs.edges) + nn.Dense(3)(graphs.nodes)[graphs.senders])


class Large(nn.Module):
    """What no weights depend on stays, and what is small enough."""

    width: int = 2048
    heads: int = 6
    layers: int = 24
    seed: int = 77
    sizes: tuple[int, ...] = (512, 4)

    @nn.compact
    def __call__(self, x):
        for _ in range(self.layers):
            x = nn.SelfAttention(self.heads, qkv_features=3 * self.width, out_features=self.width)(x)
        return nn.Dense(self.sizes[0])(x)


class Moderate(nn.Module):
    width: int = 512

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Cached(nn.Module):
    """A cache of which nobody knows what is in it is left out, and a mask says that there is an axis of time."""

    @nn.compact
    def __call__(self, x, cache: dict[str, jax.Array] | None, attn_mask: jax.Array | None):
        assert attn_mask.shape == (*x.shape[:2], x.shape[1])
        return nn.Dense(3)(x) * attn_mask.any(-1)[..., None] + (0.0 if cache is None else cache["last"])


class Tiles(nn.Module):
    """Of images smaller than its tiles nothing is left."""

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(4, (12, 12), (12, 12), padding="VALID")(x)
        return nn.Dense(3)(x).mean((1, 2))


class Lora(nn.Module):
    axis: int | Sequence[int]
    batch_dims: Sequence[int]

    @nn.compact
    def __call__(self, x):
        return nn.DenseGeneral(3, self.axis, self.batch_dims)(x)


class Base(nn.Module):
    def encode(self, x):
        return x * 2


class Inherits(Base):
    pass


class Leaving(nn.Module):
    def __call__(self, x):
        raise SystemExit(3)


@dataclasses.dataclass
class Sizes:
    d_model: int = 512
    n_layer: int = 12
    num_groups: int = 1
    image_size: int = 224
    patch_size: int = 16


class Patches(nn.Module):
    config: Sizes

    @nn.compact
    def __call__(self, pixel_values=None, head_mask=None):
        size, patch = self.config.image_size, self.config.patch_size
        assert pixel_values.shape[1:3] == (size, size) and self.config.n_layer == self.config.num_groups == 2
        return nn.Conv(self.config.d_model, (patch, patch), (patch, patch))(pixel_values)


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x, layer_head_mask, encoder_hidden_states=None, encoder_mask=None):
        assert layer_head_mask is None and x.ndim == 3
        x = nn.Dense(12)(x)
        return x if encoder_hidden_states is None else x + nn.Dense(12)(encoder_hidden_states)


class Pooler(nn.Module):
    @nn.compact
    def __call__(self, x, position_ids=None, cache=None):
        return nn.Dense(12)(x[:, 0]) + position_ids.mean()


class Choice(nn.Module):
    def __call__(self, input_ids, attention_mask, head_mask):
        assert input_ids.shape == attention_mask.shape and input_ids.ndim == 3 and head_mask is None
        return jnp.where(attention_mask, input_ids, 0)


class Attends(nn.Module):
    def __call__(self, query, key, value, bias=None):
        return jnp.einsum("bqd,bkd,bkv->bqv", query, key, value)


class Mean(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.BatchNorm(not train, axis_name="batch")(x)


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
    assert case.args == ("f32[b,8,8,3]",) and "BatchNorm, use_running_average=True" in case.init  # which this file names


def test_classes_without_call():
    (case,) = synthesise(SPACE, "Noisy")
    assert case.method == "encode" and case.args == ("f32[b,12]",)


@pytest.mark.parametrize(
    "name, init, args",
    [
        ("Kinds", "Kinds(kind=Kind.WIDE, side='left')", ("f32[b,12]",)),
        ("Wrapper", "DenseGeneral(features=12))", ("f32[b,12]",)),
        ("OnSpace", "OnSpace(space=Grid(sites=12))", ("f32[b,12]",)),
        ("Either", "Either(size=12)", ("f32[b,12]",)),  # what cannot be made is no hindrance where the field may be another
        ("Critic", "Critic(sizes=(12, 12))", ("f32[b,12]", "f32[b,12]")),
        ("Einsum", "Einsum(shape=(12, 6))", ("...d,df->...f", "f32[b,12]")),
        ("Quantised", "Einsum(shape=(12, 6), einsum_str='...d,df->...f'))", ("f32[b,5,12]",)),
        ("Scanned", "Scanned(width=12)", (("f32[b,12]", "f32[b,12]"), "f32[b,5,12]")),
        ("OfKinds", "OfKinds(config=LayerKinds(width=12))", ("f32[b,12]",)),
        ("Decoder", "Decoder(width=12)", ((("f32[b,5,12]", "f32[b,5,12]"), "f32[b,5,12]"), "f32[b,5,12]")),
        ("Noised", "Noised()", ("f32[b,12]",)),
        ("Up", "Up(channels=32)", ("f32[b,8,8,3]", ("f32[b,8,8,32]", "f32[b,8,8,32]"), "f32[b,5,32]")),
        ("Distribution", "Distribution()", ("f32[b,12]",)),
        ("Typed", "Typed()", ("f32[b,5,7]", "bool[b,5]")),
        ("Inherits", "Inherits()", ("f32[b,12]",)),
        ("Cached", "Cached()", ("f32[b,5,12]", None, "bool[b,5,5]")),
        ("Tiles", "Tiles()", ("f32[b,28,28,1]",)),
        ("Lora", "Lora(axis=-1, batch_dims=())", ("f32[b,12]",)),
        ("OnGraphs", "OnGraphs()", (Graphs("f32[5,12]", "f32[7,12]", "i32[7]<5", "i32[2]<4", "f32[b,12]"),)),
        ("Patches", "(d_model=12, n_layer=2, num_groups=2, image_size=8, patch_size=2)", ("f32[b,8,8,3]",)),
        ("Pooler", "Pooler()", ("f32[b,5,12]", "i32[b,5]<2")),  # of rows it would make weights as large as the batch
        ("Choice", "Choice()", ("i32[b,3,5]<2", "bool[b,3,5]", None)),
        ("Attends", "Attends()", ("f32[b,5,12]", "f32[b,5,12]", "f32[b,5,12]")),
    ],
)
def test_what_annotations_and_names_say(name, init, args):
    (case,) = synthesise(SPACE, name)
    assert init in case.init and case.args == args, case


def test_a_norm_that_the_file_names_is_the_likeliest():
    plain = _guessed("norm", "Any", (), "")
    assert "LayerNorm" in plain[0] and "BatchNorm" in plain[1] and plain[-1] == "True"
    assert "BatchNorm" in _guessed("norm", "Any", (), "norm = partial(nn.BatchNorm, momentum=0.9)")[0]
    assert _guessed("norm", "Any", (), "BatchNormal = nn.Dense") == plain


def test_models_with_large_defaults_are_made_small():
    (case,) = synthesise(SPACE, "Large")
    assert case.init == "Large(layers=2, width=12)"
    (case,) = synthesise(SPACE, "Moderate")
    assert case.init == "Moderate()"


def test_named_tuples_are_given_as_such():
    (case,) = synthesise(SPACE, "OnGraphs")
    assert type(case.args[0]) is Graphs and type(materialise(case.args)[0]) is Graphs


def test_a_batch_that_must_be_two_is_the_last_resort():
    (case,) = synthesise(SPACE, "Unpacks")
    assert case.args == ("f32[b,12]", "f32[b,12]")


def test_keys_are_given_only_where_they_are_needed():
    assert synthesise(SPACE, "Noised")[0].kwargs == {"rng": "key"}
    assert synthesise(SPACE, "Optionals")[0].kwargs == {}


def test_what_may_be_left_out_is_given_where_it_makes_variables():
    (case,) = synthesise(SPACE, "Layer")
    assert case.args == ("f32[b,5,12]", None) and case.kwargs == {"encoder_hidden_states": "f32[b,5,12]"}


def test_what_needs_a_mapped_axis_is_not_trained():
    (case,) = synthesise(SPACE, "Mean")
    assert case.kwargs == {"train": False} and case.train_kwargs is None
    assert case.origin.endswith("without training, which needs a mapped axis")


def test_a_guess_that_does_not_tell_the_nnx_class_is_no_case():
    class Other(nnx.Module):
        def __init__(self, unheard_of: int, *, rngs: nnx.Rngs):
            pass

    (case,) = synthesise(SPACE, "Noised")
    assert check(case, SPACE, Other, {}).reason.startswith("no case: cannot tell the parameter `unheard_of`")
    given = dataclasses.replace(case, origin="given")
    assert check(given, SPACE, Other, {}).reason.startswith("cannot tell the parameter `unheard_of`")


def test_time_is_that_of_the_processor(monkeypatch):
    """A machine that is busy with other things finds the same cases."""
    clock = iter(range(10**6))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock) * 1e3)
    assert synthesise(SPACE, "MLP", seconds=5.0)
    with pytest.raises(Unverifiable, match="in 0 tries"):
        synthesise(SPACE, "MLP", seconds=0.0)


class Atari(nn.Module):
    """Of one image Linen would take the rows for a batch: `reshape` then gives another network."""

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(4, (8, 8), strides=(4, 4))(x)
        return nn.Dense(3)(x.reshape((x.shape[0], -1)))


class OneImage(nn.Module):
    @nn.compact
    def __call__(self, x):
        if x.ndim > 3:
            raise ValueError("one image at a time")
        return nn.Conv(4, (3, 3))(x)


class Recordings(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Conv(4, (3,))(x)


def test_convolutions_are_given_a_batch():
    (case,) = synthesise(globals(), "Atari")
    assert case.args == ("f32[b,8,8,3]",)
    (case,) = synthesise(globals(), "Recordings")
    assert case.args == ("f32[b,5,12]",)
    (case,) = synthesise(globals(), "OneImage")  # where a batch does not fit there is none
    assert case.args == ("f32[b,5,12]",)


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
        ("Picky", ["the likeliest one: Picky(size=12) with f32[b,12]: ValueError"]),
        ("OnClosed", ["the field `space` of OnClosed", "Closed is abstract and no class derived from it is known", "--init"]),
        ("OnBroken", ["the field `space`", "no Broken could be made: Broken(sites=12) raises RuntimeError: no licence"]),
        ("Spoken", ["nothing is known of the text that the argument `prompt` stands for", "--args"]),
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
