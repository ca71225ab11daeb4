"""The layer table says what the flax at hand does, and would notice if that changed; the reproductions still reproduce."""
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import flax
import flax.linen as nn
import pytest
from compiled import AS_USERS_FUSE

from flake8_nnx.catalog.known_differences import KNOWN_DIFFERENCES, NO_TWIN
from flake8_nnx.verify.layers.page import drift, load, page
from flake8_nnx.verify.layers.pair import Pair
from flake8_nnx.verify.layers.table import FAMILIES, PAIRS, Row, verify_all, verify_pair

pytestmark = pytest.mark.jax
DOCS = Path(__file__).parent.parent.parent / "docs"
COLUMNS = load(DOCS / "layers")
STORED = COLUMNS.get(flax.__version__) or list(COLUMNS.values())[-1]
VERSION = tuple(int(part) for part in flax.__version__.split(".")[:3])


# The gradient of a bias of the keys is zero but for rounding, and the plain way of fusing rounds bfloat16 otherwise.
ROUNDED_OTHERWISE = "MultiHeadDotProductAttention: param_dtype=bf16"
ROW = f"""
import json
from flake8_nnx.verify.layers.table import PAIRS, verify_pair
print(json.dumps(verify_pair(next(pair for pair in PAIRS if pair.name == {ROUNDED_OTHERWISE!r})).to_json()))
"""


def row_as_users_fuse():
    environment = {**os.environ, "XLA_FLAGS": AS_USERS_FUSE}
    ran = subprocess.run([sys.executable, "-c", ROW], capture_output=True, text=True, env=environment, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return Row.from_json(json.loads(ran.stdout))


# Their rows take two minutes; every other family is in every run, and so are twins that are wrong.
LONG = "Attention", "Recurrent layers"


@pytest.mark.parametrize("family", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in FAMILIES])
def test_the_table_says_what_this_flax_does(family):
    rows = verify_all(pair for pair in FAMILIES[family] if pair.name != ROUNDED_OTHERWISE)
    if ROUNDED_OTHERWISE in {pair.name for pair in FAMILIES[family]}:
        rows[ROUNDED_OTHERWISE] = row_as_users_fuse()
    assert {name: row.essence for name, row in rows.items()} == {name: STORED[name].essence for name in rows}
    assert [name for name, row in rows.items() if row.contradicted] == []


def test_the_page_is_what_its_files_make():
    assert (DOCS / "layers.md").read_text() == page(COLUMNS)
    assert drift(DOCS / "layers.md", COLUMNS, list(COLUMNS)[-1], list(COLUMNS.values())[-1]) == []


def test_every_linen_layer_has_a_row_or_no_twin():
    layers = {name for name, kind in vars(nn).items() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    assert layers - {"Module", "RNNCellBase"} == {pair.layer for pair in PAIRS} | set(NO_TWIN)


def test_every_pair_is_explained():
    names = [pair.name for pair in PAIRS]
    assert len(set(names)) == len(names)
    for pair in PAIRS:
        assert not (pair.differs and pair.remedy), pair.name
        for reason in filter(None, (pair.differs, pair.remedy)):
            related = KNOWN_DIFFERENCES[reason].layers
            assert pair.layer in related or pair.layer in ("RNN", "LSTMCell"), (pair.name, related)
        statuses = {column[pair.name].status for column in COLUMNS.values()}
        assert (statuses == {"PROVED"}) == (not pair.differs), (pair.name, statuses)


def test_every_difference_that_a_spelling_can_mend_has_a_proved_remedy():
    mended = {pair.remedy for pair in PAIRS}
    by_other_rows = {"einsum-bias", "decode-default", "attention-kv-size", "integer-mask"}
    assert {pair.differs for pair in PAIRS} - mended - {""} == by_other_rows | {"forced-precision", "orthogonal-half-precision"}


@pytest.mark.parametrize(
    "linen, nnx, options",
    [
        ("nn.Dense(8, precision='highest')", "nnx.Linear(16, 8, rngs=rngs)", {}),
        ("nn.Dense(8)", "nnx.Linear(16, 8, kernel_init=nnx.initializers.zeros, rngs=rngs)", {}),
        ("nn.LayerNorm()", "nnx.LayerNorm(16, epsilon=1e-5, rngs=rngs)", {}),
        (
            "nn.BatchNorm(momentum=0.9)", "nnx.BatchNorm(16, rngs=rngs)",
            {"kwargs": {"use_running_average": True}, "train_kwargs": {"use_running_average": False}},
        ),
        (
            "nn.Dropout(0.5)", "nnx.Dropout(0.4, rngs=rngs)",
            {"kwargs": {"deterministic": True}, "train_kwargs": {"deterministic": False}, "rngs": ("dropout",)},
        ),
        ("nn.PReLU()", "nnx.PReLU(0.5)", {}),
    ],
)  # fmt: skip
def test_wrong_twins_are_not_proved(linen, nnx, options):
    assert verify_pair(Pair("Dense", "wrong", linen, nnx, ("f32[b,16]",), **options)).status != "PROVED"


def test_drift_is_noticed(tmp_path):
    path, version = tmp_path / "layers.md", list(COLUMNS)[-1]
    rows = COLUMNS[version]
    name, row = next(iter(rows.items()))
    path.write_text(page(COLUMNS))
    assert drift(path, COLUMNS, version, rows) == []
    other = "eval outputs, state and gradients proved: equal over the reals"
    for changed in (replace(row, status="DIFFERS"), replace(row, proved=()), replace(row, reason=other)):
        assert len(drift(path, COLUMNS, version, {**rows, name: changed})) == 1
    assert "numbers differ" in drift(path, COLUMNS, version, {**rows, name: replace(row, contradicted=True)})[0]
    assert len(drift(path, COLUMNS, version, {k: v for k, v in rows.items() if k != name})) == 1
    assert len(drift(path, COLUMNS, version, {**rows, "new": row})) == 1
    path.write_text(page(COLUMNS).replace("PROVED", "MATCHED", 1))
    assert "--write" in drift(path, COLUMNS, version, rows)[0]


def test_a_row_is_the_same_on_every_machine():
    def row(reason):
        return Row("DIFFERS", reason).essence

    assert row("eval outputs on cpu: the output differs by up to 0.0156, though x") == row(
        "eval outputs on cpu: the output differs by up to 3e-05, though x")
    assert row("a differs by up to 1 where values reach 4 (bound 1e-05)") == row(
        "a differs by up to 2 where values reach 4.5 (bound 2)")
    assert row("the output is float32[2, 3] in Linen") != row("the output is bfloat16[2, 3] in Linen")
    assert row("eval outputs differ") != row("eval gradients differ")


SCRIPTS = sorted((DOCS / "upstream").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_reproductions_reproduce(script):
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    mended = module.MENDED and tuple(int(part) for part in module.MENDED.split("."))
    assert module.reproduced() == (mended is None or VERSION < mended)


def test_every_reproduction_has_its_text():
    texts = {path.stem for path in (DOCS / "upstream").glob("*.md")} - {"README"}
    assert texts == {path.stem for path in SCRIPTS} and len(texts) >= 3
    listed = (DOCS / "upstream" / "README.md").read_text()
    for text in texts:
        assert f"({text}.md)" in listed
        assert f"python {text}.py" in (DOCS / "upstream" / f"{text}.md").read_text()
