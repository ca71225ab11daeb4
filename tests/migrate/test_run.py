"""Whole runs: what the gate lets through, what is written, and what happens to files that are odd, broken or moving."""
import json
import subprocess
from pathlib import Path

import pytest

from flake8_nnx.cli import main
from flake8_nnx.migrate.run import migrate_paths
from flake8_nnx.migrate.write import changed_text, read_file, replace_all
from flake8_nnx.variable_map import told_sizes
from flake8_nnx.verify.verdict import INTERRUPTED, unverified

LINEN = '''"""Modèle."""
import flax.linen as nn


class MLP(nn.Module):
    width: int = 3  # how wide

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(self.width)(x))


class Odd(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.ConvLocal(3, (3,))(x)
'''
CASES = """
from flake8_nnx.verify import Case

CASES = [Case("model.py:MLP", init="MLP(4)", args=("f32[2,5]",))]
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(LINEN, encoding="utf-8")
    return path


def test_without_a_case_nothing_is_let_through(model):
    run = migrate_paths([model])
    mlp, odd = run.classes
    assert (mlp.status, mlp.verdict, mlp.written) == ("native", "UNVERIFIED", False) and "not verified" in mlp.reason
    assert (odd.status, odd.verdict) == ("refused", None) and "line 16" in odd.reason
    assert run.diff() == "" and run.write(None) == [] and model.read_text(encoding="utf-8") == LINEN


def test_unverified_writes_it_all_the_same(model):
    run = migrate_paths([model], unverified=True)
    assert run.classes[0].written and run.errors == []
    written = run.write(None)
    assert [path.name for path in written] == ["model.py", "model.nnx-map.json"]
    new = model.read_text(encoding="utf-8")
    assert "class MLP(nnx.Module)" in new and "class Odd(nn.Module)" in new and "# how wide" in new
    assert migrate_paths([model], unverified=True).diff() == ""


def test_out_leaves_the_source_alone(model, tmp_path):
    run = migrate_paths([tmp_path], unverified=True)
    out = tmp_path / "out"
    run.write(out)
    assert "nnx.Module" in (out / "model.py").read_text(encoding="utf-8")
    assert model.read_text(encoding="utf-8") == LINEN


def test_the_diff_is_a_patch(model, tmp_path):
    run = migrate_paths([model], unverified=True)
    patch = tmp_path / "a.patch"
    patch.write_text(run.diff(), encoding="utf-8")
    done = subprocess.run(["patch", "-p1", "-d", "/", "-i", str(patch)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert model.read_text(encoding="utf-8") == run.files[0].new


def test_the_diff_applies_with_git(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = migrate_paths([Path("model.py")], unverified=True)
    done = subprocess.run(["git", "apply", "-"], input=run.diff(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert model.read_text(encoding="utf-8") == run.files[0].new


@pytest.mark.parametrize(
    "data",
    [
        LINEN.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + LINEN.encode(),
        ("# -*- coding: latin-1 -*-\n" + LINEN).encode("latin-1"),
        LINEN.rstrip("\n").encode(),
        LINEN.replace("    ", "\t").encode(),
        LINEN.replace("    ", "  ").encode(),
        LINEN.replace("\n\n\n", "\n\f\n").encode(),
    ],
    ids=["crlf", "bom", "latin-1", "no newline at the end", "tabs", "two spaces", "form feed"],
)
def test_odd_files_keep_their_ways(model, data):
    model.write_bytes(data)
    migrate_paths([model], unverified=True).write(None)
    new = model.read_bytes()
    assert b"nnx.Module" in new
    assert new.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    assert (b"\r\n" in new) == (b"\r\n" in data) and (b"\r\n" not in data or b"\n" not in new.replace(b"\r\n", b""))
    assert (b"\xe8" in new) == (b"latin-1" in data)
    assert new.endswith(b"\n") == data.endswith(b"\n")
    assert (b"\t" in new) == (b"\t" in data) and (b"\f" in new) == (b"\f" in data)
    compile(new, "model.py", "exec")
    assert migrate_paths([model], unverified=True).diff() == ""


@pytest.mark.parametrize(
    "data, words",
    [
        (b"def f(:\n", "is not valid Python"),
        (b"import flax.linen\nx = '\xff'\n", "cannot be decoded"),
        (b"# -*- coding: nope -*-\nimport flax.linen\n", "nope"),
        (b"import flax.linen as nn\nclass A(nn.Module):\n", "is not valid Python"),
    ],
)
def test_broken_files_cost_one_line(model, tmp_path, data, words):
    broken = tmp_path / "broken.py"
    broken.write_bytes(b"import flax\n" * (b"flax" not in data) + data)
    run = migrate_paths([broken, model, tmp_path / "missing.py"], unverified=True)
    assert [record.cls for record in run.classes] == ["MLP", "Odd"]
    assert len(run.errors) == 2 and words in run.errors[0] and "missing.py" in run.errors[1]
    assert not any("\n" in error for error in run.errors)


def test_a_file_that_changed_meanwhile_is_left_alone(model):
    run = migrate_paths([model], unverified=True)
    model.write_text(LINEN + "# mine\n", encoding="utf-8")
    with pytest.raises(OSError, match="changed since"):
        run.write(None)
    assert model.read_text(encoding="utf-8") == LINEN + "# mine\n"
    assert [path.name for path in model.parent.iterdir()] == ["model.py"]


def test_files_are_written_together_or_not_at_all(model, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(LINEN, encoding="utf-8")
    run = migrate_paths([tmp_path], unverified=True)
    other.write_text(LINEN + "# mine\n", encoding="utf-8")
    with pytest.raises(OSError, match="changed since"):
        run.write(None)
    assert model.read_text(encoding="utf-8") == LINEN and len(list(tmp_path.iterdir())) == 2
    migrate_paths([tmp_path], unverified=True).write(None)  # what was interrupted is taken up again
    assert "nnx.Module" in model.read_text(encoding="utf-8") and "nnx.Module" in other.read_text(encoding="utf-8")


def test_maps_of_what_moved_before_stay(model):
    migrate_paths([model], unverified=True).write(None)
    maps = json.loads(model.with_suffix(".nnx-map.json").read_text())
    later = model.read_text(encoding="utf-8").replace("nn.ConvLocal(3, (3,))", "nn.Dense(3)")
    model.write_text(later, encoding="utf-8")
    migrate_paths([model], unverified=True).write(None)
    assert json.loads(model.with_suffix(".nnx-map.json").read_text()).keys() == {"MLP", "Odd"} and maps.keys() == {"MLP"}


def test_an_interrupted_write_leaves_the_old_file(model, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        replace_all([changed_text(read_file(model), "new", model)])
    assert model.read_text(encoding="utf-8") == LINEN and [p.name for p in model.parent.iterdir()] == ["model.py"]


@pytest.mark.jax
def test_a_verified_class_is_let_through(model, tmp_path):
    cases = tmp_path / "cases.py"
    cases.write_text(CASES)
    run = migrate_paths([model], cases=cases)
    mlp = run.classes[0]
    assert (mlp.status, mlp.verdict, mlp.written) == ("native", "PROVED", True)
    assert mlp.variable_map["slots"][0]["linen"] == "Dense" and mlp.evidence
    assert "nnx.Linear" in run.files[0].new


@pytest.mark.jax
def test_what_was_shown_to_differ_is_never_written(model, tmp_path, monkeypatch):
    import flake8_nnx.migrate.run as module

    real = module.rewrite_files
    monkeypatch.setattr(module, "rewrite_files", lambda *how: [text.replace("nnx.relu", "nnx.gelu") for text in real(*how)])
    cases = tmp_path / "cases.py"
    cases.write_text(CASES)
    run = migrate_paths([model], cases=cases, unverified=True)
    assert (run.classes[0].verdict, run.classes[0].written) == ("DIFFERS", False)
    assert run.diff() == ""


@pytest.mark.jax
def test_a_case_that_cannot_run_verifies_nothing(model, tmp_path):
    cases = tmp_path / "cases.py"
    cases.write_text(CASES.replace("f32[2,5]", "f32[2,"))
    run = migrate_paths([model], cases=cases)
    assert (run.classes[0].verdict, run.classes[0].written) == ("UNVERIFIED", False) and "f32[2," in run.classes[0].reason


@pytest.mark.jax
def test_an_interrupted_verification_writes_nothing(model, monkeypatch, capsys):
    def interrupted(jobs, **limits):
        assert limits["workers"] >= 1
        return [unverified(INTERRUPTED) for _ in jobs]

    monkeypatch.setattr("flake8_nnx.verify.verify_files", interrupted)
    old = model.read_text()
    assert main(["migrate", str(model), "--write", "--unverified", "--verify", "-q"]) == 130
    out, err = capsys.readouterr()
    assert model.read_text() == old and out == "" and "nothing written" in err and "class" not in err.splitlines()[0]


STACKED = """
import flax.linen as nn
from features import features


class Scale(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (x.shape[-1],))


class Scales(nn.Module):
    @nn.compact
    def __call__(self, x):
        mapped = nn.vmap(
            Scale, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=None, out_axes=0, axis_size=2
        )
        return mapped()(features(x))
"""


def test_a_size_is_told_by_a_variable_that_is_stacked(tmp_path):
    path = tmp_path / "stacked.py"
    path.write_text(STACKED)
    scale, scales = migrate_paths([path], unverified=True).classes
    assert told_sizes(scale.variable_map, {"params/scale": (5,)}) == {"in_features": 5}
    assert list(told_sizes(scales.variable_map, {"params/VmapScale_0/scale": (2, 5)}).values()) == [5]
