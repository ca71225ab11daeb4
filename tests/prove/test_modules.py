"""Built-in modules and small models: right migrations are proved for every size, wrong ones never."""
import jax
import jax.numpy as jnp
import pytest
from modules import Pair, close, draw, named, nested, nn, nnx, rngs, spec

from flake8_nnx.verify.prove import prove_equal

pytestmark = pytest.mark.jax

x2, x3, x4 = (spec((3, 16)),), (spec((3, 5, 16)),), (spec((2, 8, 8, 16)),)
bt = {"axes": [("b", "t", None)]}
carry = (spec((3, 8)), spec((3, 8)))
lstm = {"": "", "if": "if_"}
simple = {"h": "dense_h", "i": "dense_i"}
cell = {f"cell/{old}": f"cell/{new}" for old, new in simple.items()}
LAYERS = {
    "Dense": lambda: (Pair(nn.Dense(8), lambda: nnx.Linear(16, 8, rngs=rngs()), x3), bt),
    "Dense no bias": lambda: (Pair(nn.Dense(8, use_bias=False), lambda: nnx.Linear(16, 8, use_bias=False, rngs=rngs()), x2), {}),
    "DenseGeneral": lambda: (
        Pair(nn.DenseGeneral((4, 2)), lambda: nnx.LinearGeneral(16, (4, 2), rngs=rngs()), x3), bt),
    "Einsum": lambda: (
        Pair(nn.Einsum((16, 4), "bi,ij->bj"), lambda: nnx.Einsum("bi,ij->bj", (16, 4), (4,), rngs=rngs()), x2), {}),
    "Conv": lambda: (Pair(nn.Conv(8, (3, 3)), lambda: nnx.Conv(16, 8, (3, 3), rngs=rngs()), x4), {}),
    "Conv circular": lambda: (
        Pair(nn.Conv(8, (3, 3), padding="CIRCULAR"), lambda: nnx.Conv(16, 8, (3, 3), padding="CIRCULAR", rngs=rngs()), x4), {}),
    "Conv strides": lambda: (
        Pair(nn.Conv(8, (3, 3), strides=2, feature_group_count=4),
             lambda: nnx.Conv(16, 8, (3, 3), strides=2, feature_group_count=4, rngs=rngs()), x4), {}),
    "ConvTranspose": lambda: (Pair(nn.ConvTranspose(8, (3, 3)), lambda: nnx.ConvTranspose(16, 8, (3, 3), rngs=rngs()), x4), {}),
    "Embed": lambda: (
        Pair(nn.Embed(10, 16), lambda: nnx.Embed(10, 16, rngs=rngs()), (spec((3, 5), jnp.int32),)), {"axes": [("b", "t")]}),
    "Embed.attend": lambda: (Pair(nn.Embed(10, 16), lambda: nnx.Embed(10, 16, rngs=rngs()), x3, method="attend"), bt),
    "LayerNorm": lambda: (Pair(nn.LayerNorm(), lambda: nnx.LayerNorm(16, rngs=rngs()), x3), bt),
    "RMSNorm": lambda: (Pair(nn.RMSNorm(), lambda: nnx.RMSNorm(16, rngs=rngs()), x3), bt),
    "GroupNorm": lambda: (Pair(nn.GroupNorm(4), lambda: nnx.GroupNorm(16, 4, rngs=rngs()), x4), {}),
    "InstanceNorm": lambda: (Pair(nn.InstanceNorm(), lambda: nnx.InstanceNorm(16, rngs=rngs()), x4), {}),
    "BatchNorm eval": lambda: (
        Pair(nn.BatchNorm(use_running_average=True), lambda: nnx.BatchNorm(16, use_running_average=True, rngs=rngs()), x4), {}),
    "BatchNorm train": lambda: (
        Pair(nn.BatchNorm(use_running_average=False), lambda: nnx.BatchNorm(16, use_running_average=False, rngs=rngs()), x4), {}),
    "PReLU": lambda: (Pair(nn.PReLU(), lambda: nnx.PReLU(), x2), {}),
    "Dropout": lambda: (
        Pair(nn.Dropout(0.5, deterministic=False), lambda: nnx.Dropout(0.5, deterministic=False, rngs=rngs()), x2,
             streams=("dropout",)), {}),
    "MHA eval": lambda: (attention(True), bt),
    "MHA train": lambda: (attention(False), bt),
    "LSTMCell": lambda: (Pair(nn.LSTMCell(8), lambda: nnx.LSTMCell(16, 8, rngs=rngs()), (carry, x2[0]), lstm), {}),
    "SimpleCell": lambda: (
        Pair(nn.SimpleCell(8), lambda: nnx.SimpleCell(16, 8, rngs=rngs()), (carry[0], x2[0]), simple), {}),
    "RNN": lambda: (
        Pair(nn.RNN(nn.LSTMCell(8)), lambda: nnx.RNN(nnx.LSTMCell(16, 8, rngs=rngs()), rngs=rngs()), x3,
             {"cell": "cell", "cell/if": "cell/if_"}), bt),
    "RNN reversed": lambda: (
        Pair(nn.RNN(nn.SimpleCell(8), reverse=True, keep_order=True),
             lambda: nnx.RNN(nnx.SimpleCell(16, 8, rngs=rngs()), reverse=True, keep_order=True, rngs=rngs()), x3, cell), bt),
}  # fmt: skip


def attention(deterministic, **wrong):
    options = {"dropout_rate": 0.1, "deterministic": deterministic}
    return Pair(
        nn.MultiHeadDotProductAttention(4, **options),
        lambda: nnx.MultiHeadAttention(4, 16, decode=False, rngs=rngs(), **{**options, **wrong}),
        x3,
        streams=() if deterministic else ("dropout",),
    )


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_proved_with_their_gradients(name):
    pair, options = LAYERS[name]()
    forward, backward = pair.prove(**options), pair.prove(gradients=True, **options)
    assert forward.proved and forward.exact, forward
    assert backward.proved, backward
    wanted = {n for leaf in options.get("axes", [("b",)]) for n in leaf if n}
    assert set(forward.symbolic) == wanted == set(backward.symbolic)
    assert not forward.conditions and not backward.conditions
    pair.assert_same_numbers()
    if not name.startswith("Embed"):  # its inputs are integers or its other method is not called
        pair.assert_same_numbers(backward.precision, gradients=True)


WRONG_LAYERS = {
    "bias dropped": lambda: Pair(
        nn.Dense(8), lambda: nnx.Linear(16, 8, rngs=rngs()), x2, call=lambda m, x: x @ m.kernel),
    "scaled by nearly one": lambda: Pair(
        nn.Dense(8), lambda: nnx.Linear(16, 8, rngs=rngs()), x2, call=lambda m, x: m(x) * 1.0000001),
    "epsilon": lambda: Pair(nn.LayerNorm(), lambda: nnx.LayerNorm(16, epsilon=1e-5, rngs=rngs()), x3),
    "axis": lambda: Pair(nn.LayerNorm(), lambda: nnx.LayerNorm(16, reduction_axes=-2, rngs=rngs()), (spec((3, 16, 16)),)),
    "norm kind": lambda: Pair(
        nn.LayerNorm(use_bias=False), lambda: nnx.RMSNorm(16, rngs=rngs()), x3),
    "groups": lambda: Pair(nn.GroupNorm(4), lambda: nnx.GroupNorm(16, 2, rngs=rngs()), x4),
    "momentum": lambda: Pair(
        nn.BatchNorm(use_running_average=False),
        lambda: nnx.BatchNorm(16, use_running_average=False, momentum=0.9, rngs=rngs()), x4),
    "stale statistics": lambda: Pair(
        nn.BatchNorm(use_running_average=False), lambda: nnx.BatchNorm(16, use_running_average=True, rngs=rngs()), x4),
    "padding": lambda: Pair(nn.Conv(8, (3, 3)), lambda: nnx.Conv(16, 8, (3, 3), padding="CIRCULAR", rngs=rngs()), x4),
    "flipped kernel": lambda: Pair(
        nn.ConvTranspose(8, (3, 3), transpose_kernel=False), lambda: nnx.ConvTranspose(16, 8, (3, 3), rngs=rngs()), x4,
        call=lambda m, x: m(x[:, ::-1])),
    "precision": lambda: Pair(nn.Dense(8, precision="highest"), lambda: nnx.Linear(16, 8, rngs=rngs()), x2),
    "dtype of the computation": lambda: Pair(
        nn.LayerNorm(dtype=jnp.bfloat16), lambda: nnx.LayerNorm(16, dtype=jnp.bfloat16, rngs=rngs()), x3),
    "dropout rate": lambda: Pair(
        nn.Dropout(0.5, deterministic=False), lambda: nnx.Dropout(0.4, deterministic=False, rngs=rngs()), x2,
        streams=("dropout",)),
    "dropout broadcast": lambda: Pair(
        nn.Dropout(0.5, deterministic=False), lambda: nnx.Dropout(0.5, broadcast_dims=(0,), deterministic=False, rngs=rngs()), x2,
        streams=("dropout",)),
    "attention dropout rate": lambda: attention(False, dropout_rate=0.2),
    "attention rounding": lambda: Pair(
        nn.MultiHeadDotProductAttention(4, deterministic=True, dtype=jnp.bfloat16),
        lambda: nnx.MultiHeadAttention(4, 16, deterministic=True, decode=False, dtype=jnp.bfloat16, rngs=rngs()), x3),
    "attention precision": lambda: Pair(
        nn.MultiHeadDotProductAttention(4, deterministic=True, precision="highest"),
        lambda: nnx.MultiHeadAttention(4, 16, deterministic=True, decode=False, precision="highest", rngs=rngs()), x3),
    "gates swapped": lambda: Pair(
        nn.LSTMCell(8), lambda: nnx.LSTMCell(16, 8, rngs=rngs()), (carry, x2[0]), {"": "", "if": "ig", "ig": "if_"}),
    "carry swapped": lambda: Pair(
        nn.LSTMCell(8), lambda: nnx.LSTMCell(16, 8, rngs=rngs()), (carry, x2[0]), lstm, call=lambda m, c, x: m(c[::-1], x)),
    "scan direction": lambda: Pair(
        nn.RNN(nn.SimpleCell(8)), lambda: nnx.RNN(nnx.SimpleCell(16, 8, rngs=rngs()), reverse=True, rngs=rngs()), x3, cell),
    "order not kept": lambda: Pair(
        nn.RNN(nn.SimpleCell(8), reverse=True, keep_order=True),
        lambda: nnx.RNN(nnx.SimpleCell(16, 8, rngs=rngs()), reverse=True, rngs=rngs()), x3, cell),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_LAYERS)
def test_wrong_layers_are_not_proved(name):
    proof = WRONG_LAYERS[name]().prove()
    assert not proof.proved and proof.reason


def test_attention_that_rounds_in_other_places_is_equal_over_the_reals():
    pair = Pair(
        nn.MultiHeadDotProductAttention(4, deterministic=True),
        lambda: nnx.MultiHeadAttention(4, 16, deterministic=True, decode=False, rngs=rngs()), x3,
    )  # fmt: skip
    for gradients in (False, True):
        assert pair.prove(gradients=gradients, **bt).precision == "reals"


# ---- models ---------------------------------------------------------------------------------------------------------


class LinenBlock(nn.Module):
    train: bool = True

    @nn.compact
    def __call__(self, x):
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(4, dropout_rate=0.1, deterministic=not self.train)(y)
        x = x + nn.Dropout(0.1, deterministic=not self.train)(y)
        y = nn.gelu(nn.Dense(32)(nn.LayerNorm()(x)))
        return x + nn.Dropout(0.1, deterministic=not self.train)(nn.Dense(16)(y))


class Block(nnx.Module):
    """The same block, with one thing wrong or none."""

    def __init__(self, rngs, train=True, wrong=None):
        self.wrong = wrong
        self.norm_0 = nnx.LayerNorm(16, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(
            4, 16, dropout_rate=0.1, deterministic=not train, decode=False, rngs=rngs)
        self.drop_0 = nnx.Dropout(0.1, deterministic=not train, rngs=rngs)
        self.norm_1 = nnx.LayerNorm(16, rngs=rngs)
        self.up = nnx.Linear(16, 32, rngs=rngs)
        self.down = nnx.Linear(32, 16, rngs=rngs)
        self.drop_1 = nnx.Dropout(0.1, deterministic=not train, rngs=rngs)

    def __call__(self, x):
        wrong = self.wrong
        y = self.attention((self.norm_1 if wrong == "norms" else self.norm_0)(x))
        x = x + (self.drop_0(y) if wrong != "one key" else self.drop_1(y))
        y = self.up((self.norm_0 if wrong == "norms" else self.norm_1)(x))
        y = self.down(nnx.relu(y) if wrong == "activation" else nnx.gelu(y))
        if wrong == "one key":  # the second draw repeats the first
            self.drop_1.rngs.count[...] = self.drop_1.rngs.count[...] - 1
        if wrong == "undropped":
            return x + y
        return y if wrong == "residual" else x + self.drop_1(y)


BLOCK = {
    "LayerNorm_0": "norm_0", "MultiHeadDotProductAttention_0": "attention", "LayerNorm_1": "norm_1", "Dense_0": "up",
    "Dense_1": "down",
}  # fmt: skip


def block(train=True, wrong=None):
    streams = ("dropout",) if train else ()
    return Pair(LinenBlock(train), lambda: Block(rngs(), train, wrong), x3, BLOCK, streams=streams)


@pytest.mark.parametrize("train", [False, True])
def test_transformer_block(train):
    pair = block(train)
    assert pair.prove(**bt).exact
    assert pair.prove(gradients=True, **bt).proved
    pair.assert_same_numbers()
    pair.assert_same_numbers("zeros", gradients=True)


@pytest.mark.parametrize("wrong", ["norms", "activation", "one key", "undropped", "residual"])
def test_wrong_transformer_blocks(wrong):
    assert not block(True, wrong).prove(**bt).proved


class LinenMlp(nn.Module):
    train: bool = True
    stop: bool = False

    @nn.compact
    def __call__(self, x):
        for _ in range(2):
            x = nn.Dropout(0.5, deterministic=not self.train)(nn.relu(nn.Dense(16)(x)))
        return nn.Dense(4)(jax.lax.stop_gradient(x) if self.stop else x)


class Mlp(nnx.Module):
    def __init__(self, rngs, wrong=None, stop=False):
        self.wrong, self.stop = wrong, stop
        self.layers = nnx.List([nnx.Linear(16, 16, rngs=rngs) for _ in range(2)])
        self.drops = nnx.List([nnx.Dropout(0.5, deterministic=False, rngs=rngs) for _ in range(2)])
        self.head = nnx.Linear(16, 4, rngs=rngs)

    def __call__(self, x):
        layers = list(self.layers)
        if self.wrong == "swapped":
            layers = layers[::-1]
        if self.wrong == "shared":
            layers = [layers[0], layers[0]]
        key = self.drops[0].rngs() if self.wrong in ("same key", "key and child") else None
        for layer, drop in zip(layers, self.drops):
            x = nnx.relu(layer(x))
            if self.wrong == "same key":
                x = drop(x, rngs=key)
            elif self.wrong == "key and child":
                x = drop(x, rngs=key)
                key = jax.random.split(key)[0]
            elif self.wrong == "constant key":
                x = drop(x, rngs=jax.random.key(3))
            elif self.wrong == "one dropout":
                x = drop(x) if drop is self.drops[0] else x
            elif self.wrong == "not advanced":
                x = drop(x)
                drop.rngs.count[...] = jnp.zeros((), jnp.uint32)
            else:
                x = drop(x)
        return self.head(jax.lax.stop_gradient(x) if self.stop else x)


MLP = {"Dense_0": "layers/0", "Dense_1": "layers/1", "Dense_2": "head"}


def mlp(wrong=None, stop=(False, False)):
    return Pair(LinenMlp(stop=stop[0]), lambda: Mlp(rngs(), wrong, stop[1]), x2, MLP, streams=("dropout",))


def test_mlp_in_training():
    assert mlp().prove().exact
    assert mlp().prove(gradients=True).exact
    mlp().assert_same_numbers(gradients=True)
    assert mlp(stop=(True, True)).prove(gradients=True).exact


@pytest.mark.parametrize(
    "wrong", ["swapped", "shared", "same key", "key and child", "constant key", "one dropout", "not advanced"]
)
def test_wrong_mlps(wrong):
    proof = mlp(wrong).prove()
    assert not proof.proved, proof


@pytest.mark.parametrize("stop", [(True, False), (False, True)])
def test_equal_outputs_do_not_hide_unequal_gradients(stop):
    assert mlp(stop=stop).prove().proved
    assert not mlp(stop=stop).prove(gradients=True).proved


def test_fused_kernels_are_equal_over_the_reals():
    """The caller writes the fused weights as concatenations of the Linen ones."""
    linen = nn.OptimizedLSTMCell(8)
    model = nnx.eval_shape(lambda: nnx.OptimizedLSTMCell(16, 8, rngs=rngs()))
    graph, state = nnx.split(model)
    inputs = (carry, x2[0])
    weights = named(jax.eval_shape(lambda x: linen.init(jax.random.key(0), *x), inputs))

    def old(weights, keys, inputs):
        return linen.apply(nested(weights), *inputs), {}

    def new(order):
        def side(weights, keys, inputs):
            def fused(kind, leaf):
                return jnp.concatenate([weights[f"params/{kind}{gate}/{leaf}"] for gate in order], -1)

            values = {
                "dense_i/kernel": fused("i", "kernel"), "dense_h/kernel": fused("h", "kernel"), "dense_h/bias": fused("h", "bias")
            }  # fmt: skip
            flat = [(path, v.replace(values["/".join(path)])) for path, v in nnx.to_flat_state(state)]
            return nnx.merge(graph, nnx.from_flat_state(flat))(*inputs), {}

        return side

    proof = prove_equal(old, new("ifgo"), weights, inputs)
    assert proof.proved and proof.symbolic == ("b",)
    for order in ("figo", "ifog"):
        assert not prove_equal(old, new(order), weights, inputs).proved
    if proof.precision == "reals":
        assert "dotslice" in proof.rules and "not bit for bit" in proof.reason
    filled = {name: draw(leaf, k) for k, (name, leaf) in enumerate(weights.items())}
    values = jax.tree.map(lambda leaf: draw(leaf, 5), inputs)
    for left, right in zip(jax.tree.leaves(old(filled, {}, values)), jax.tree.leaves(new("ifgo")(filled, {}, values))):
        close(left, right, 1e-6)


def test_difference_names_operation_and_line():
    proof = WRONG_LAYERS["epsilon"]().prove()
    assert "1e-06" in proof.first_difference and "1e-05" in proof.first_difference
    assert ".py:" in proof.first_difference
