"""Slots to flat paths: counters, loops, branches that were not taken, and what must not be mapped."""
import pytest

from flake8_nnx.variable_map import filled, resolve, told_sizes

DENSE = {"params/kernel": "kernel", "params/bias": "bias"}


def test_counted_names_skip_what_was_not_created():
    tree = {
        "slots": [
            {"linen": "Dense", "auto": True, "nnx": "dense_0", "leaves": DENSE},
            {"linen": "Dense", "auto": True, "nnx": "dense_1", "leaves": DENSE},
            {"linen": "Dense", "auto": True, "nnx": "dense_2", "leaves": DENSE},
        ]
    }
    linen = ["params/Dense_0/kernel", "params/Dense_1/kernel"]
    assert resolve(tree, linen, ["dense_0/kernel", "dense_2/kernel"]) == {
        "params/Dense_0/kernel": "dense_0/kernel",
        "params/Dense_1/kernel": "dense_2/kernel",
    }


def test_loops_count_across_turns_and_nest():
    block = [{"linen": "Dense", "auto": True, "nnx": "dense", "leaves": DENSE}]
    tree = {
        "slots": [
            {"each": [{"each": [{"linen": "Block", "auto": True, "nnx": "blocks/{0}/{1}", "class": "Block"}]}]},
            {"each": [{"linen": "head_{0+1}", "nnx": "heads/{0}", "leaves": DENSE}]},
        ],
        "classes": {"Block": block},
    }
    linen = [f"params/Block_{i}/Dense_0/kernel" for i in range(3)] + ["params/head_1/bias"]
    nnx = ["blocks/0/0/dense/kernel", "blocks/0/1/dense/kernel", "blocks/1/0/dense/kernel", "heads/0/bias"]
    assert resolve(tree, linen, nnx) == dict(zip(linen, nnx))


def test_turns_of_a_loop_that_make_nothing():
    tree = {"slots": [{"each": [{"linen": "Dense", "auto": True, "nnx": "layers/{0}", "leaves": DENSE}]}]}
    linen = ["params/Dense_0/kernel", "params/Dense_1/kernel"]
    nnx = ["layers/1/kernel", "layers/4/kernel"]
    assert resolve(tree, linen, nnx) == dict(zip(linen, nnx))
    assert resolve(tree, linen[:1], ["other/3/kernel"]) == {}


def test_variables_of_the_class_itself():
    tree = {"slots": [{"param": "scale", "collection": "params", "nnx": "scale"}]}
    assert resolve(tree, ["params/scale"], ["scale"]) == {"params/scale": "scale"}


def test_nothing_is_mapped_that_one_side_lacks():
    tree = {"slots": [{"linen": "fc", "nnx": "fc", "leaves": DENSE}]}
    assert resolve(tree, ["params/fc/kernel"], ["fc/bias"]) == {}
    assert resolve(tree, ["params/other/kernel"], ["fc/kernel"]) == {}
    assert resolve({"slots": []}, ["params/fc/kernel"], ["fc/kernel"]) == {}


@pytest.mark.parametrize("template, text", [("a", "a"), ("b_{0}", "b_2"), ("b_{1-1}", "b_4"), ("{0}/{1}", "2/5")])
def test_filled(template, text):
    assert filled(template, (2, 5)) == text


def test_sizes_of_layers_that_an_instance_does_not_have_are_none():
    slots = [
        {"linen": "Dense", "auto": True, "nnx": "dense", "leaves": DENSE, "sizes": {"in_features": [["params/kernel", -2]]}},
        {"each": [{"linen": "Pool", "auto": True, "nnx": "pools/{0}", "class": "Pool", "sizes": {"pool": "in_features"}}]},
    ]
    tree = {"slots": slots, "classes": {"Pool": slots[:1]}}
    assert told_sizes(tree, {"params/Dense_0/kernel": (3, 5)}) == {"in_features": 3, "pool": None}
    shapes = {"params/Dense_0/kernel": (3, 5), "params/Pool_0/Dense_0/kernel": (2, 7, 5)}
    assert told_sizes(tree, shapes) == {"in_features": 3, "pool": 7}


def either(first: dict[str, str], second: dict[str, str]) -> dict[str, object]:
    """A layer of one of two classes that is called the same in both, with a leaf each."""
    classes = {name: [{"leaves": leaves, "linen": "dense", "nnx": "dense"}] for name, leaves in (("A", first), ("B", second))}
    return {"slots": [{"either": [{"linen": "x", "nnx": "x", "class": name} for name in classes]}], "classes": classes}


def test_a_layer_of_either_class_is_the_one_that_accounts_for_its_variables() -> None:
    tree = either({"params/kernel": "w"}, {"params/kernel": "kernel", "params/bias": "bias"})
    linen = ["params/x/dense/kernel", "params/x/dense/bias"]
    assert resolve(tree, linen, ["x/dense/kernel", "x/dense/bias"]) == {path: path[7:] for path in linen}
    assert resolve(tree, linen[:1], ["x/dense/w"]) == {linen[0]: "x/dense/w"}


def test_names_that_do_not_say_which_class_it_is_map_nothing() -> None:
    tree = either({"params/a": "a", "params/b": "b"}, {"params/a": "b", "params/b": "a"})
    assert resolve(tree, ["params/x/dense/a", "params/x/dense/b"], ["x/dense/a", "x/dense/b"]) == {}
    assert resolve(tree, ["params/x/dense/a", "params/x/dense/c"], ["x/dense/a", "x/dense/c"]) == {}
