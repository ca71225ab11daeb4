"""From calls to cases: which calls become one case, and which must not."""
from __future__ import annotations

import json
from typing import Any

import pytest

from flake8_nnx.record.abstract import SHORT
from flake8_nnx.record.choose import MOST, cases
from flake8_nnx.record.store import Record
from flake8_nnx.case import Case
from flake8_nnx.verify.shapes import DTYPES, parse_shape


def array(dtype: str, *shape: int, below: int | None = None) -> list[Any]:
    return ["array", dtype, list(shape), below]


def call(*args: Any, init: str = "Net()", calls: int = 1, **fields: Any) -> Record:
    kwargs = {name: value if isinstance(value, list) else ["value", value] for name, value in fields.pop("kwargs", {}).items()}
    nodes = [value if isinstance(value, list) else ["value", value] for value in args]
    fields = json.loads(json.dumps({"args": nodes, "kwargs": kwargs, **fields}))
    return Record(path="/p/net.py", class_name="Net", init=init, calls=calls, place="train.py:3", **fields)


def found(*records: Record) -> list[Case]:
    return cases("net.py:Net", records)


def only(*records: Record) -> Case:
    (case,) = found(*records)
    return case


IMAGE = array("f32", 32, 8, 8, 3)


def test_the_names_of_dtypes_are_those_of_shape_strings() -> None:
    assert SHORT == {name.rstrip("_"): short for short, name in DTYPES.items()}


# ---- flags --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evaluation", "training"),
    [
        ({"train": False}, {"train": True}),
        ({"deterministic": True}, {"deterministic": False}),
        ({"train": False, "deterministic": True}, {"train": True, "deterministic": False}),
        ({"train": False, "decode": True}, {"train": True, "decode": True}),
    ],
)
def test_evaluation_and_training_are_one_case(evaluation: dict[str, bool], training: dict[str, bool]) -> None:
    for records in ([evaluation, training], [training, evaluation]):
        case = only(*(call(IMAGE, kwargs=flags) for flags in records))
        assert case.kwargs == evaluation
        assert {**evaluation, **(case.train_kwargs or {})} == training
        assert set(case.train_kwargs or ()) == {name for name in training if training[name] != evaluation[name]}


def test_a_flag_that_was_left_out_has_its_default() -> None:
    case = only(call(IMAGE, flags={"train": False, "debug": False}), call(IMAGE, kwargs={"train": True}, flags={"debug": False}))
    assert (case.kwargs, case.train_kwargs) == ({"train": False}, {"train": True})


def test_an_initial_call_counts_where_there_is_no_other() -> None:
    first, other = call(array("f32", 2, 9), phase="init"), call(array("f32", 2, 8), phase="init", init="Net(2)")
    assert {case.args for case in found(first, other)} == {("f32[2,9]",), ("f32[2,8]",)}
    assert {case.args for case in found(first, call(array("f32", 2, 7)))} == {("f32[2,7]",)}


def test_a_method_without_inputs_counts_where_there_is_no_other() -> None:
    helper = call(["tuple", [["value", 4], ["value", 8]]], method="initialize_carry")
    assert [case.method for case in found(helper, call(IMAGE))] == ["__call__"]
    assert [case.method for case in found(helper)] == ["initialize_carry"]
    assert [case.method for case in found(call())] == ["__call__"]


def test_training_alone_is_no_evaluation() -> None:
    case = only(call(IMAGE, kwargs={"train": True}), call(IMAGE, kwargs={"train": True}, phase="init"))
    assert (case.kwargs, case.train_kwargs) == ({"train": True}, None)


@pytest.mark.parametrize("name", ["decode", "return_hidden", "trainable"])
def test_another_flag_is_another_case(name: str) -> None:
    two = found(call(IMAGE, kwargs={name: False}), call(IMAGE, kwargs={name: True}))
    assert [case.train_kwargs for case in two] == [None, None]
    assert sorted(case.kwargs[name] for case in two) == [False, True]


def test_training_that_changes_another_flag_too_is_not_merged() -> None:
    two = found(call(IMAGE, kwargs={"train": False, "decode": True}), call(IMAGE, kwargs={"train": True, "decode": False}))
    assert [case.train_kwargs for case in two] == [None, None]


def test_inputs_that_only_training_has_are_another_case() -> None:
    two = found(call(IMAGE, kwargs={"train": False}), call(IMAGE, array("i32", 32), kwargs={"train": True}))
    assert [case.train_kwargs for case in two] == [None, None]


def test_streams_and_state_of_both_modes() -> None:
    case = only(
        call(IMAGE, kwargs={"train": False}, collections=["batch_stats", "params"]),
        call(IMAGE, kwargs={"train": True}, streams=["dropout"], mutable=["batch_stats", "intermediates"]),
        call(IMAGE, kwargs={"train": False}, phase="init", mutable=["batch_stats", "params", "other"]),
    )
    assert (case.rngs, case.mutable) == (("dropout",), ("batch_stats",))


# ---- batch sizes --------------------------------------------------------------------------------------------------


def test_two_batch_sizes_are_a_named_axis() -> None:
    one = call(array("f32", 1, 28, 28), array("i32", 1, below=10), phase="init")
    many = call(array("f32", 32, 28, 28), array("i32", 32, below=7), calls=4)
    case = only(one, many)
    assert case.args == ("f32[b,28,28]", "i32[b]<10")
    assert case.origin == "recorded: 5 calls, train.py:3"


def test_one_batch_size_stays() -> None:
    assert only(call(IMAGE), call(IMAGE, phase="init")).args == ("f32[32,8,8,3]",)


def test_an_axis_that_does_not_vary_stays() -> None:
    case = only(call(array("f32", 1, 8), array("f32", 5, 8)), call(array("f32", 4, 8), array("f32", 5, 8)))
    assert case.args == ("f32[b,8]", "f32[5,8]")


def test_axes_that_vary_apart_stay() -> None:
    case = only(call(array("f32", 1, 8), array("f32", 5, 8)), call(array("f32", 4, 8), array("f32", 6, 8), calls=2))
    assert case.args == ("f32[4,8]", "f32[6,8]")


def test_the_only_axis_of_floats_may_be_features() -> None:
    assert only(call(array("f32", 8)), call(array("f32", 9), calls=2)).args == ("f32[9]",)
    assert only(call(array("i32", 8)), call(array("i32", 9))).args == ("i32[b]",)


def test_other_sizes_are_other_cases() -> None:
    two = found(call(array("f32", 2, 8)), call(array("f32", 2, 9)))
    assert sorted(case.args for case in two) == [("f32[2,8]",), ("f32[2,9]",)]


def test_batches_inside_containers_and_keywords() -> None:
    def nested(size: int) -> Record:
        carry = ["tuple", [array("f32", size, 8), array("f32", size, 8)]]
        return call(carry, ["dict", [["x", array("f32", size, 3)]]], kwargs={"mask": array("bool", size, 3), "n": 2})

    case = only(nested(1), nested(6))
    assert case.args == (("f32[b,8]", "f32[b,8]"), {"x": "f32[b,3]"})
    assert case.kwargs == {"mask": "bool[b,3]", "n": 2}


# ---- which --------------------------------------------------------------------------------------------------------


def test_at_most_four_and_as_different_as_there_are() -> None:
    records = [call(IMAGE, init=f"Net({n})", calls=100 - n) for n in range(20)]
    records += [call(IMAGE, method="encode"), call(array("f32", 2, 8), method="decode")]
    chosen = found(*records)
    assert len(chosen) == MOST
    assert {case.method for case in chosen} == {"__call__", "encode", "decode"}
    assert chosen[0].init == "Net(0)" and chosen[0].method == "__call__"


def test_no_calls_are_no_cases() -> None:
    assert found() == []


def test_equal_cases_are_one() -> None:
    assert len(found(call(IMAGE, phase="init"), call(IMAGE), call(IMAGE, streams=[]))) == 1


def test_constants_stay_constants() -> None:
    case = only(call(IMAGE, 3, None, "f", ["list", [["value", 1], ["value", 2.5]]]))
    assert case.args == ("f32[32,8,8,3]", 3, None, "f", [1, 2.5])
    assert only(call(array("key"))).args == ("key",)


def test_a_cache_is_made_by_the_call_that_made_it() -> None:
    ready = call(array("f32", 2, 16, 8), phase="init", collections=["cache", "params"])
    step = call(array("f32", 2, 1, 8), collections=["cache", "params"], mutable=["cache"])
    stepped = only(ready, step)
    assert stepped.args == ("f32[2,1,8]",)
    assert (stepped.init_args, stepped.mutable) == (("f32[2,16,8]",), ("cache",))


@pytest.mark.parametrize(
    "ready",
    [
        call(array("f32", 4, 16, 8), phase="init", collections=["cache"]),  # of another batch size
        call(array("f32", 2, 16, 8), phase="init", collections=["cache"], init="Net(2)"),
        call(array("f32", 2, 16, 8), phase="apply", collections=["cache"]),
    ],
)
def test_another_cache_is_not_taken(ready: Record) -> None:
    step = call(array("f32", 2, 1, 8), collections=["cache", "params"])
    assert all(case.init_args is None for case in found(ready, step))


def test_statistics_need_no_call_of_their_own() -> None:
    ready = call(array("f32", 2, 16, 8), phase="init")
    step = call(array("f32", 2, 1, 8), collections=["batch_stats", "params"])
    assert all(case.init_args is None for case in found(ready, step))


def test_cases_can_go_to_a_worker_and_their_shapes_can_be_read() -> None:
    case = only(call(array("bf16", 1, 4), kwargs={"train": False}), call(array("bf16", 2, 4), kwargs={"train": True}))
    assert Case.from_json(json.loads(json.dumps(case.to_json()))) == case
    assert parse_shape(case.args[0]).axes == ("b", None)  # type: ignore[union-attr]
    assert case.is_for("/somewhere/net.py", "Net") and not case.is_for("/somewhere/other.py", "Net")
