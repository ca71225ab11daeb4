"""Shape strings, targets and cases files: what they mean, and how malformed ones are named."""
import json

import pytest

from flake8_nnx.verify import Case, target
from flake8_nnx.verify.shapes import ShapeSpec, parse_shape


@pytest.mark.parametrize(
    "text, spec",
    [
        ("f32[2,7,16]", ShapeSpec("f32", (2, 7, 16))),
        ("f32[]", ShapeSpec("f32", ())),
        ("i32[4, 9]<50", ShapeSpec("i32", (4, 9), 50)),
        ("i32[b,t]<vocab", ShapeSpec("i32", ("b", "t"), "vocab")),
        ("bool[3]", ShapeSpec("bool", (3,))),
        ("bf16[1]", ShapeSpec("bf16", (1,))),
        ("key", ShapeSpec("key", ())),
    ],
)
def test_shapes(text, spec):
    assert parse_shape(text) == spec


@pytest.mark.parametrize("text", ["same", "SAME", "gelu", "", "f32"])
def test_plain_text_is_no_shape(text):
    assert parse_shape(text) is None


@pytest.mark.parametrize(
    "text, words",
    [
        ("f32[2,7", "after `f32[2,7`"),
        ("f33[2]", "unknown dtype 'f33' at position 0"),
        ("f32[2,-1]", "size '-1' at position 6"),
        ("f32[b t]", "size 'b t' at position 4"),
        ("f32[2]]", "is not a shape"),
        ("i32[2]<0", "no integers below 0"),
        ("i32[2]<2x", "no integers below 2x"),
    ],
)
def test_malformed_shapes_say_where(text, words):
    with pytest.raises(ValueError) as error:
        parse_shape(text)
    assert words in str(error.value) and text in str(error.value)


@pytest.mark.parametrize(
    "path, name, fits",
    [
        ("/home/x/models/vae.py", "VAE", True),
        ("/home/x/models/vae.py", "Encoder", False),
        ("/home/x/other/vae.py", "VAE", False),
    ],
)
@pytest.mark.parametrize("place", ["models/vae.py:VAE", "models/vae.py::VAE", "models.vae:VAE"])
def test_which_class_a_case_is_for(place, path, name, fits):
    assert Case(place).is_for(path, name) is fits


def test_a_case_with_a_function_stays_in_its_process():
    with pytest.raises(ValueError, match="build"):
        Case("x.py:X", build=lambda: None).to_json()
    case = Case("x.py:X", init="X(3)", args=("f32[2]", ("f32[1]", [2, None])), kwargs={"a": (1,)}, rngs=("dropout",))
    assert Case.from_json(json.loads(json.dumps(case.to_json()))) == case


def test_targets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("")
    assert target("m.py::X") == target("m.py:X") == target("m:X") == {"path": str(tmp_path / "m.py"), "class": "X"}
    for bad in ("m.py", "m.py::", "m.py::a b"):
        with pytest.raises(ValueError, match="path/to/file.py::Class"):
            target(bad)
    with pytest.raises(ValueError, match="no such file"):
        target("nope.py::X")
