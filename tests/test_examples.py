"""The examples run without a warning, each pair is equal on this machine's devices, and wrong variants are caught.

Nothing here is mocked: programs, notebook and verifications run as a reader would run them.
"""
import ast
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_nnx.lint import lint_source

EXAMPLES = Path(__file__).parent.parent / "examples"
PAIRS = sorted(path.parent.name for path in EXAMPLES.glob("*/nnx.py"))
LINEN = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/linen.py"))
NNX = [f"{name}/nnx.py" for name in PAIRS]
CASES = [f"{path.parent.name}/cases.py" for path in sorted(EXAMPLES.glob("*/linen.py"))]
NOTEBOOK = EXAMPLES / "walkthrough.ipynb"

# What a careless rewrite gets wrong: example, class, right text, wrong text, what the reason must name.
WRONG = {
    "dropped bias": (
        "autoencoder", "AutoEncoder", "latent_features, rngs=rngs)\n", "latent_features, use_bias=False, rngs=rngs)\n",
        "params/to_latent/bias",
    ),
    "momentum": ("training_step", "Classifier", "momentum=0.9,", "momentum=0.99,", "train state"),
    "default epsilon": (
        "training_step", "Classifier", "nnx.BatchNorm(hidden_features,", "nnx.BatchNorm(hidden_features, epsilon=1e-3,",
        "eval",
    ),
    "lost dropout": ("dropout_block", "Block", "x = self.dropout(x, deterministic=not train)", "", "random keys"),
    "ignored flag": ("dropout_block", "Model", "deterministic=not train", "deterministic=False", "random keys"),
    "ignored parameter": ("parameters", "Scale", "x * self.factor[...]", "x", "eval"),
    "a layer scanned backwards": (
        "scan_over_layers", "Model", "out_axes=(nnx.Carry, 0))", "out_axes=(nnx.Carry, 0), reverse=True)", "eval",
    ),
    "no residual connection": ("scan_over_layers", "Model", "return x + y, None", "return y, None", "eval"),
}  # fmt: skip


def read(path):
    return (EXAMPLES / path).read_text(encoding="utf-8")


def classes(path):
    """Module classes of an example, in either API."""
    bases = {"nn.Module", "nnx.Module"}
    nodes = [node for node in ast.parse(read(path)).body if isinstance(node, ast.ClassDef)]
    return [node.name for node in nodes if bases & set(map(ast.unparse, node.bases))]


def python(*arguments, **options):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


# ---- what the sources say -------------------------------------------------------------------------------------------


def test_all_examples_are_there():
    assert PAIRS == ["autoencoder", "dropout_block", "parameters", "scan_over_layers", "training_step"]
    assert set(LINEN) - {f"{name}/linen.py" for name in PAIRS} == {"digits/linen.py"}


@pytest.mark.parametrize("name", PAIRS)
def test_both_sides_have_the_same_classes(name):
    assert classes(f"{name}/nnx.py") == classes(f"{name}/linen.py") != []


@pytest.mark.parametrize("name", PAIRS)
def test_constructors_are_those_of_a_migration(name):
    """Input size first where there is one, then the Linen fields in their order, keyword-only `rngs` last."""
    fields = {}
    for node in ast.walk(ast.parse(read(f"{name}/linen.py"))):
        if isinstance(node, ast.ClassDef):
            fields[node.name] = [item.target.id for item in node.body if isinstance(item, ast.AnnAssign)]
    for node in ast.parse(read(f"{name}/nnx.py")).body:
        if isinstance(node, ast.ClassDef):
            init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
            given = [argument.arg for argument in init.args.args[1:]]
            assert given in (fields[node.name], ["in_features", *fields[node.name]])
            assert [argument.arg for argument in init.args.kwonlyargs] == ["rngs"]


@pytest.mark.parametrize("path", LINEN)
def test_every_linen_class_is_flagged(path):
    found = [finding for finding in lint_source(read(path), path) if finding.code == "NNX103"]
    assert len(found) == len(classes(path))


@pytest.mark.parametrize("path", NNX + CASES)
def test_nnx_is_silent(path):
    assert lint_source(read(path), path) == []


@pytest.mark.parametrize("path", NNX)
def test_nnx_is_of_today(path):
    assert not re.search(r"\.value\b|StateAxes|DiffState|flax\.linen|fork\(split", read(path))


# ---- what they do ---------------------------------------------------------------------------------------------------


@pytest.mark.jax
@pytest.mark.parametrize("path", LINEN + NNX)
def test_runs_without_a_warning(path, tmp_path):
    done = python("-W", "error", EXAMPLES / path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (path != "digits/linen.py")  # models only
    if path.startswith("training_step/"):
        first, *_, last = map(float, re.findall(r"loss ([\d.]+)", done.stdout))
        assert last < first / 2
        assert float(done.stdout.split()[-1]) > 0.95
    if path.startswith("dropout_block/") or path.startswith("scan_over_layers/"):
        assert float(done.stdout.split()[-1]) > 0  # two training passes differ


@pytest.fixture(scope="module")
def verdicts():
    """Every class of every pair and every wrong variant, all in one worker."""
    from flake8_nnx.verify import verify_files

    jobs = {(name, cls): job(name, cls) for name in PAIRS for cls in classes(f"{name}/nnx.py")}
    for title, (name, cls, right, wrong, _) in WRONG.items():
        source = read(f"{name}/nnx.py")
        assert source.count(right) == 1, title
        jobs[title] = job(name, cls, source=source.replace(right, wrong))
    return dict(zip(jobs, verify_files(list(jobs.values()))))


def job(name, cls, **new):
    folder = EXAMPLES / name
    return {
        "old": {"path": str(folder / "linen.py"), "class": cls},
        "new": {"path": str(folder / "nnx.py"), "class": cls, **new},
        "cases_file": str(folder / "cases.py"),
        "variable_map": None,
    }


@pytest.mark.jax
@pytest.mark.parametrize("name, cls", [(name, cls) for name in PAIRS for cls in classes(f"{name}/linen.py")])
def test_pair_is_equal(name, cls, verdicts):
    verdict = verdicts[name, cls]
    assert verdict is not None, "no case"
    assert verdict.status in ("PROVED", "MATCHED"), verdict.reason


@pytest.mark.jax
@pytest.mark.parametrize("title", WRONG)
def test_wrong_variant_differs(title, verdicts):
    assert verdicts[title].status == "DIFFERS", verdicts[title].reason
    assert WRONG[title][-1] in verdicts[title].reason


@pytest.mark.jax
@pytest.mark.parametrize("train", [False, True])
def test_scan_is_the_loop_over_its_layers(train):
    """Layer by layer, each with its own weights and dropout keys, the blocks give what their scan gives."""
    import jax
    import numpy as np
    from flax import nnx

    model = runpy.run_path(str(EXAMPLES / "scan_over_layers" / "nnx.py"))["Model"](
        6, features=8, num_layers=3, out_features=2, rngs=nnx.Rngs(params=0, dropout=1)
    )
    keys = jax.random.key_data(model.blocks.dropout.rngs.key[...])
    assert len(np.unique(keys, axis=0)) == 3
    assert len(np.unique(model.blocks.dense.kernel[...], axis=0)) == 3

    graphdef, stacked = nnx.split(model.blocks)
    layers = [jax.tree.map(lambda leaf, i=i: leaf[i], stacked) for i in range(3)]
    x = jax.random.normal(jax.random.key(2), (4, 6))
    expected = model.embed(x)
    for layer in layers:
        expected, _ = nnx.merge(graphdef, layer, copy=True)(expected, train)
    np.testing.assert_allclose(model(x, train), model.head(expected), rtol=1e-5, atol=1e-6)
    assert model.blocks.dropout.rngs.count[...].tolist() == [int(train)] * 3
    assert np.array_equal(model(x, train), model(x, train)) is not train  # in training, the next masks are other ones


@pytest.mark.jax
def test_digits_are_migrated_and_equal():
    from flake8_nnx.migrate.run import migrate_paths

    run = migrate_paths([EXAMPLES / "digits" / "linen.py"], cases=EXAMPLES / "digits" / "cases.py")
    assert run.errors == []
    log = [found.to_json() for found in run.classes]
    assert [(found["class"], found["status"], found["todo"]) for found in log] == [
        (cls, "native", []) for cls in classes("digits/linen.py")
    ]
    assert {found["verdict"] for found in log} <= {"PROVED", "MATCHED"}, [found["reason"] for found in log]
    assert "flax.linen" not in run.files[0].new


# ---- the notebook ---------------------------------------------------------------------------------------------------


def notebook_cells(kind):
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


@pytest.mark.jax  # nbformat comes with the test extra, as jax does
def test_notebook_is_valid():
    import nbformat

    notebook = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert notebook.nbformat == 4
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


def test_notebook_cells_compile():
    for number, source in enumerate(notebook_cells("code")):
        compile(source, f"cell {number}", "exec")


@pytest.mark.jax
def test_notebook_runs_top_to_bottom(tmp_path):
    script = tmp_path / "walkthrough.py"
    script.write_text("\n\n".join(notebook_cells("code")), encoding="utf-8")
    done = python(script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    codes = re.findall(r"^exit code (\d)$", done.stdout, re.MULTILINE)
    assert codes == ["1", "1", "0", "0", "0", "1"]  # check, flake8, explain, migrate, verify, verify the wrong one
    for wanted in ("NNX101", "+class MLP(nnx.Module):", "PROVED  model.py::MLP", "DIFFERS  model.py::MLP"):
        assert wanted in done.stdout
    assert sorted(tmp_path.iterdir()) == [script]
