"""Proposed variable maps: layers are paired as wholes, by name where names tell, by order where they do not."""
import pytest

from flake8_nnx.verify.propose import propose

VECTOR, SQUARE, WIDE = ((4,), "float32"), ((4, 4), "float32"), ((4, 8), "float32")
NORM = {"scale": VECTOR, "bias": VECTOR}
DENSE = {"kernel": SQUARE, "bias": VECTOR}


def variables(prefix, **layers):
    """`prefix` + layer/leaf of each layer, `__` for a slash."""
    found = {(name.replace("__", "/"), leaf): value for name, layer in layers.items() for leaf, value in layer.items()}
    return {f"{prefix}{name}/{leaf}": value for (name, leaf), value in found.items()}


def linen(**layers):
    return variables("params/", **layers)


def nnx(**layers):
    return variables("", **layers)


@pytest.mark.parametrize(
    "old, new, layers",
    [
        ({"Dense_0": DENSE, "Dense_1": DENSE}, {"dense_0": DENSE, "dense_1": DENSE}, "dense_0 dense_1"),
        ({"Dense_0": DENSE, "Dense_1": DENSE}, {"linear2": DENSE, "linear1": DENSE}, "linear1 linear2"),
        ({"layers_2": DENSE, "layers_10": DENSE}, {"layers__2": DENSE, "layers__10": DENSE}, "layers/2 layers/10"),
        # By the size of their variables alone, the norm's bias could go to the linear layer.
        ({"LayerNorm_0": NORM, "Mlp_0__Dense_0": DENSE}, {"attend": DENSE, "norm": NORM}, "norm attend"),
        ({"out": DENSE, "Dense_0": DENSE}, {"first": DENSE, "out": DENSE}, "out first"),
    ],
)
def test_layers_stay_together(old, new, layers):
    expected = [f"{other}/{leaf}" for other, own in zip(layers.split(), old.values()) for leaf in own]
    assert propose(linen(**old), nnx(**new)) == dict(zip(linen(**old), expected))


def test_collections_of_a_layer_belong_together():
    mean = {"mean": VECTOR}
    old = {**linen(Norm_1=NORM, Norm_0=NORM), **variables("batch_stats/", Norm_0=mean, Norm_1=mean)}
    found = propose(old, nnx(b={**NORM, **mean}, a={**NORM, **mean}))
    assert found["params/Norm_0/scale"] == "a/scale" and found["batch_stats/Norm_0/mean"] == "a/mean"
    assert found["params/Norm_1/bias"] == "b/bias" and len(found) == len(set(found.values())) == 6


def test_variables_without_a_layer_of_their_kind_are_paired_alone():
    assert propose({"params/pos": WIDE, **linen(Dense_0=DENSE)}, {"pos": WIDE, **nnx(dense={"kernel": SQUARE})}) == {
        "params/pos": "pos", "params/Dense_0/kernel": "dense/kernel",
    }  # fmt: skip


@pytest.mark.parametrize(
    "new",
    [
        nnx(dense={"kernel": WIDE, "bias": ((8,), "float32")}),
        nnx(dense={"kernel": ((4, 4), "bfloat16"), "bias": ((4,), "bfloat16")}),
        {},
    ],
)
def test_nothing_is_paired_across_shapes_or_dtypes(new):
    assert propose(linen(Dense_0=DENSE), new) == {}


def test_no_variable_is_used_twice():
    assert len(propose(linen(Dense_0=DENSE, Dense_1=DENSE), nnx(dense=DENSE))) == 2
