"""The place of a difference, also where the layer runs under remat, jit, vmap or scan."""
import flax.linen as nn
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check

pytestmark = pytest.mark.jax
DEPTH = 3


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(4)(nn.LayerNorm()(x))
        return nn.tanh(x)


class Twin(nnx.Module):
    def __init__(self, rngs, wrong=""):
        self.norm = nnx.LayerNorm(4, epsilon=1e-3 if wrong == "norm" else 1e-6, rngs=rngs)
        self.dense = nnx.Linear(4, 4, dtype=jnp.bfloat16 if wrong == "dense" else None, rngs=rngs)
        self.wrong = wrong

    def __call__(self, x):
        x = self.dense(self.norm(x)).astype(jnp.float32)
        if self.wrong == "nan":
            return jnp.log(x)
        return nnx.relu(x) if self.wrong == "activation" else nnx.tanh(x)


def twins(rngs, wrong, depth):
    return nnx.vmap(lambda rngs: Twin(rngs, wrong))(rngs.split(depth))


def scanned(model, x, call=lambda block, x: block(x)):
    return nnx.scan(lambda block, x: (call(block, x), None), in_axes=(0, nnx.Carry), out_axes=(nnx.Carry, 0))(model, x)[0]


def linen_scan(depth):
    scan = nn.scan(lambda block, x, _: (block(x), None), variable_axes={"params": 0}, split_rngs={"params": True}, length=depth)
    return lambda x: scan(Block(name="block"), x, None)[0]


VARIANTS = {
    "plain": (lambda: Block(name="block"), lambda block, x: block(x), 0),
    "remat": (lambda: nn.remat(Block)(name="block"), lambda block, x: nnx.remat(lambda b, x: b(x))(block, x), 0),
    "jit": (lambda: nn.jit(Block)(name="block"), lambda block, x: nnx.jit(lambda b, x: b(x))(block, x), 0),
    "vmap": (
        lambda: nn.vmap(
            Block, in_axes=None, axis_size=DEPTH, variable_axes={"params": 0}, split_rngs={"params": True})(name="block"),
        lambda block, x: nnx.vmap(lambda b, x: b(x), in_axes=(0, None))(block, x), DEPTH),
    "scan": (lambda: linen_scan(DEPTH), scanned, DEPTH),
    "scan of remat": (lambda: linen_scan(DEPTH), lambda block, x: scanned(block, x, nnx.remat(lambda b, x: b(x))), DEPTH),
    "long scan": (lambda: linen_scan(100), scanned, 100),
}  # fmt: skip


def verdict_of(variant, wrong):
    make, call, depth = VARIANTS[variant]

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(4, name="head")(make()(nn.Dense(4, name="first")(x)))

    class NetNnx(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.first = nnx.Linear(in_features, 4, rngs=rngs)
            self.block = twins(rngs, wrong, depth) if depth else Twin(rngs, wrong)
            self.head = nnx.Linear(4, 4, rngs=rngs)

        def __call__(self, x):
            return self.head(call(self.block, self.first(x)))

    return check(Case("m.py:Net", build=Net, args=("f32[2,3]",)), {}, NetNnx, {})


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "long scan"])
@pytest.mark.parametrize(
    "wrong, words",
    [
        ("norm", "submodule block/LayerNorm_0 (block/norm): same inputs, outputs differ by"),
        ("dense", "submodule block/Dense_0 (block/dense): same inputs, outputs differ by"),
        ("activation", "submodule block (block): same inputs, outputs differ by"),
        ("nan", "submodule block (block): same inputs, outputs have other shapes or are not numbers"),
    ],
)
def test_the_place_is_named(variant, wrong, words):
    if variant.startswith("scan") and wrong in ("activation", "nan"):  # the second turn has other inputs, which says less
        words = "block"
    verdict = verdict_of(variant, wrong)
    assert verdict.status == "DIFFERS" and words in verdict.reason, verdict.reason


def test_equal_modules_have_no_place():
    assert all(verdict_of(variant, "").good for variant in ("plain", "vmap"))


def test_long_loops_are_not_unrolled():
    """What surrounds them is named."""
    verdict = verdict_of("long scan", "norm")
    assert verdict.status == "DIFFERS", verdict.reason
    assert "submodule head (head) differ already, after first" in verdict.reason
