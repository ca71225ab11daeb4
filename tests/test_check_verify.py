"""`check --verify`: verdicts beside the findings, in the store, and afterwards in plain flake8."""
from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus import corpus

import flake8_nnx.verify
from flake8_nnx.cli import console, main
from flake8_nnx.migrate import backed
from flake8_nnx.migrate.backed import place_of, platforms
from flake8_nnx.verdicts.place import STORE
from flake8_nnx.verify import Verdict

MODEL = """import flax.linen as nn

WIDTH = 3


class MLP(nn.Module):
    width: int = WIDTH  # how wide

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(self.width)(x))


class Two(nn.Module):
    def setup(self):
        self.first = MLP(4)
        self.second = nn.Dense(2)

    def __call__(self, x):
        return self.second(self.first(x))


class Odd(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.ConvLocal(3, (3,))(x)
"""
CASES = """
from flake8_nnx.verify import Case

CASES = [Case("model.py:MLP", args=("f32[2,5]",)), Case("model.py:Two", args=("f32[2,5]",))]
"""
GOOD = {"eval outputs (cpu)": {"bound": 0.0}, "eval gradients, inputs x 0.01 (cpu)": {}, "variable map": "given"}
MATCHED = Verdict("MATCHED", "eval outputs agree bit for bit on cpu", GOOD)
DIFFERS = Verdict("DIFFERS", "eval outputs on cpu: differ by 0.3; submodule Dense_0 (dense): same inputs, outputs differ by 0.3")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "setup.cfg").write_text("[flake8]\nselect = NNX10\nignore =\n")
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "cases.py").write_text(CASES)
    return tmp_path


Jobs = list[dict[str, Any]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Jobs]:
    """Have the verifier say this of each class instead of running anything; returns the jobs it was given."""

    def verifier(**verdicts: Verdict | None) -> Jobs:
        seen: Jobs = []

        def verify_files(jobs: Jobs, *, timeout: float, memory_mb: int, **run: Any) -> list[Verdict | None]:
            seen.extend({**job, "timeout": timeout, "memory_mb": memory_mb} for job in jobs)
            return [verdicts.get(job["old"]["class"]) for job in jobs]

        monkeypatch.setattr(flake8_nnx.verify, "verify_files", verify_files)
        monkeypatch.setattr(console, "need_jax", lambda purpose: None)
        return seen

    return verifier


def flake8(*names: str) -> dict[str, str]:
    """The last bracket of the findings that have one, by class or name of the finding."""
    command = [sys.executable, "-m", "flake8", *names]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert not ran.stderr
    return brackets(ran.stdout)


def brackets(text: str) -> dict[str, str]:
    found = re.findall(r"^\S+ NNX10[123] `(\w+)\(.*`.* (\[[a-z].*\])$", text, re.MULTILINE)
    assert len(found) == len(re.findall(r" \[(?:proved|matched|differs|unverified).*\]$", text, re.MULTILINE))
    return dict(found)


# ---- what is printed and stored ------------------------------------------------------------------------------------


def test_verdicts_are_printed_with_the_findings(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=DIFFERS)
    assert main(["check", "model.py", "--verify", "--cases", "cases.py"]) == 1
    out, err = capsys.readouterr()
    found = brackets(out)
    assert found["MLP"] == "[matched: cpu]" and found["Two"] == "[differs: cpu: Dense_0]"
    assert found["Odd"].startswith("[unverified: not rewritten: line ")
    assert "in 1 of 1 file" in err
    assert flake8("model.py") == {"MLP": "[matched: cpu]", "Two": "[differs: cpu: Dense_0]"}


def test_check_without_verify_shows_what_flake8_shows(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=DIFFERS)
    main(["check", "model.py", "--verify", "--cases", "cases.py"])
    capsys.readouterr()
    main(["check", "model.py"])
    assert brackets(capsys.readouterr().out) == flake8("model.py")
    main(["check", "model.py", "--nnx-verdicts", "off"])
    assert brackets(capsys.readouterr().out) == {}


def test_json(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=DIFFERS)
    main(["check", "model.py", "--verify", "--cases", "cases.py", "--output-format", "json"])
    new = {f["message"].split("(")[0]: f["verdict"] for f in json.loads(capsys.readouterr().out)["findings"] if f["verdict"]}
    assert new["`MLP"] == {
        "status": "MATCHED",
        "text": "[matched: cpu]",
        "reason": MATCHED.reason,
        "platforms": [{"platform": "cpu", "status": "MATCHED", "place": "", "reason": MATCHED.reason}],
    }
    assert new["`Two"]["platforms"][0]["place"] == "Dense_0" and new["`Two"]["reason"] == DIFFERS.reason
    assert new["`Odd"]["status"] == "UNVERIFIED" and new["`Odd"]["platforms"] == []
    main(["check", "model.py", "--output-format", "json"])
    old = {f["message"].split("(")[0]: f["verdict"] for f in json.loads(capsys.readouterr().out)["findings"] if f["verdict"]}
    assert old == {name: verdict for name, verdict in new.items() if name != "`Odd"}


def test_annotations(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=DIFFERS)
    main(["check", "model.py", "--verify", "--cases", "cases.py", "--output-format", "github"])
    out = capsys.readouterr().out
    assert out.count("[matched: cpu]\n") == 1 and all(line.startswith("::error file=model.py,") for line in out.splitlines())


def test_what_the_verifier_is_asked(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = said()
    main(["check", "model.py", "--verify", "--cases", "cases.py", "--timeout", "7", "--memory-mb", "512"])
    main(["check", "model.py", "--verify"])
    assert [job["old"]["class"] for job in seen] == ["MLP", "Two"] * 2  # Odd has no replacement
    assert [job.get("cases_file") for job in seen] == [str(here / "cases.py")] * 2 + [None] * 2
    assert all(job["synthesise"] for job in seen)  # for the classes that the file has no case for
    assert (seen[0]["timeout"], seen[0]["memory_mb"], seen[2]["timeout"]) == (7.0, 512, 120.0)
    assert "nnx.Linear" in seen[0]["new"]["source"] and seen[0]["variable_map"]["slots"]
    assert (here / "model.py").read_text() == MODEL


# ---- what must not be called equal ---------------------------------------------------------------------------------


def test_nothing_is_claimed_without_a_case(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=None, Two=Verdict("UNVERIFIED", "took longer than 1 s"))
    main(["check", "model.py", "--verify"])
    found = brackets(capsys.readouterr().out)
    assert found["MLP"].startswith("[unverified: no case") and found["Two"] == "[unverified: took longer than 1 s]"
    assert flake8("model.py") == {} and not (here / STORE).exists()


def test_a_later_verdict_counts(here: Path, said: Any) -> None:
    said(MLP=MATCHED, Two=MATCHED)
    main(["check", "model.py", "--verify"])
    said(MLP=DIFFERS, Two=None)  # what was shown before was not shown to be wrong
    main(["check", "model.py", "--verify"])
    assert flake8("model.py") == {"MLP": "[differs: cpu: Dense_0]", "Two": "[matched: cpu]"}


def test_a_verdict_without_a_platform_is_not_stored(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=Verdict("MATCHED", "agrees"))
    main(["check", "model.py", "--verify"])
    assert brackets(capsys.readouterr().out)["MLP"] == "[matched: agrees]" and flake8("model.py") == {}


@pytest.mark.parametrize("which", ["model.py", "sizes.py"])
def test_a_file_that_changes_meanwhile(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    (here / "sizes.py").write_text("WIDTH = 3\n")
    (here / "model.py").write_text(MODEL.replace("WIDTH = 3", "from sizes import WIDTH"))
    monkeypatch.setattr(console, "need_jax", lambda purpose: None)

    def verify_files(jobs: Jobs, **limits: Any) -> list[Verdict]:
        with (here / which).open("a") as file:
            file.write("\nWIDTH = 4\n")
        return [MATCHED for _ in jobs]

    monkeypatch.setattr(flake8_nnx.verify, "verify_files", verify_files)
    main(["check", "model.py", "--verify"])
    assert "changed meanwhile; run again" in brackets(capsys.readouterr().out)["MLP"]
    assert flake8("model.py") == {}


def test_only_classes_with_findings_are_verified(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = MODEL.replace("class MLP(nn.Module):", "class MLP(nn.Module):  # noqa")
    (here / "model.py").write_text(quiet.replace("    @nn.compact\n", "    @nn.compact  # noqa\n"))
    seen = said(MLP=MATCHED, Two=MATCHED)
    main(["check", "model.py", "--verify"])
    assert [job["old"]["class"] for job in seen] == ["Two"]
    capsys.readouterr()
    main(["check", "model.py", "--verify", "--select", "NNX110"])
    out = capsys.readouterr().out
    assert len(seen) == 1 and "NNX110" in out and brackets(out) == {}


def test_code_without_linen_is_left_alone(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "torch_model.py").write_text(MODEL.replace("flax.linen", "torch.nn").replace("@nn.compact", "@nn.jit"))
    seen = said(MLP=MATCHED)
    assert main(["check", "torch_model.py", "--verify"]) == 0
    assert seen == [] and capsys.readouterr().out == ""


# ---- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model.py", "--cases", "cases.py"], "give --verify as well"),
        (["-", "--verify"], "give their paths"),
        (["model.py", "--verify", "--cases", "missing.py"], "missing.py: no such file"),
        (["model.py", "--verify", "--cases", "setup.cfg"], "setup.cfg"),
        (["model.py", "--verify", "--cases", "model.py"], "has no list CASES"),
    ],
)
def test_one_line_for_bad_input(
    here: Path, said: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    seen = said()
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1 and seen == []


def test_jax_is_needed(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["check", "model.py", "--verify"]) == 2
    assert "flake8-nnx[verify]" in capsys.readouterr().err


def test_a_file_that_is_not_python(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=MATCHED)
    (here / "broken.py").write_text("import flax.linen\ndef f(:\n")
    assert main(["check", "model.py", "broken.py", "--verify"]) == 2
    out, err = capsys.readouterr()
    assert brackets(out)["MLP"] == "[matched: cpu]" and "broken.py:2: is not valid Python" in err


def test_a_store_that_cannot_be_written(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=MATCHED)
    (here / "other.sqlite").write_text("not a database, but something of mine\n" * 100)
    before = (here / "other.sqlite").read_bytes()
    assert main(["check", "model.py", "--verify", "--nnx-verdicts", "other.sqlite"]) == 2
    out, err = capsys.readouterr()
    assert brackets(out)["MLP"] == "[matched: cpu]"  # verified all the same
    assert len([line for line in err.splitlines() if "other.sqlite: cannot hold verdicts" in line]) == 1
    assert (here / "other.sqlite").read_bytes() == before
    assert main(["check", "model.py", "--verify", "--nnx-verdicts", "model.py/x.sqlite"]) == 2
    assert "model.py" in capsys.readouterr().err


def test_off_stores_nothing(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said(MLP=MATCHED, Two=MATCHED)
    main(["check", "model.py", "--verify", "--nnx-verdicts", "off"])
    assert brackets(capsys.readouterr().out)["MLP"] == "[matched: cpu]" and not (here / STORE).exists()


def test_what_cannot_be_keyed_is_shown_but_not_stored(here: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    computed = "import importlib\nWIDTH = importlib.import_module('sizes').WIDTH"
    (here / "model.py").write_text(MODEL.replace("WIDTH = 3", computed))
    said(MLP=MATCHED, Two=MATCHED)
    assert main(["check", "model.py", "--verify"]) == 2
    out, err = capsys.readouterr()
    assert brackets(out)["MLP"] == "[matched: cpu]"
    assert "model.py: the verdict on MLP is not stored" in err and flake8("model.py") == {}


# ---- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "place", "platform"),
    [
        (DIFFERS.reason, "Dense_0", "cpu"),
        ("train state on gpu:1: x; after submodule a/b_0 (c), which agrees", "after a/b_0", "gpu"),
        ("eval outputs on cpu: y; the inputs of submodule Dense_1 (dense_1) differ already", "Dense_1", "cpu"),
        ("eval outputs on tpu: shapes differ", "shapes differ", "tpu"),
        ("the Linen variable params/a (3,) has no counterpart", "the Linen variable params/a (3,) has no counterpart", "any"),
        ("a reason " * 20, "a reason " * 6 + "a ...", "any"),
    ],
)
def test_places(reason: str, place: str, platform: str) -> None:
    assert place_of(reason) == place
    assert platforms(Verdict("DIFFERS", reason)) == [platform]


def test_platforms_of_what_agrees() -> None:
    evidence = {"eval outputs (cpu)": {}, "eval outputs (gpu:0)": {}, "eval state (gpu:1)": {}, "no gradient": [], "f (CPU)": 1}
    assert platforms(Verdict("MATCHED", "", evidence)) == ["cpu", "gpu"]
    assert platforms(Verdict("PROVED", "", {"variable map": "given"})) == []


def test_a_class_is_verified_with_what_it_constructs_in_other_files(here: Path, said: Any) -> None:
    (here / "blocks.py").write_text(MODEL_OF_OTHERS[0])
    (here / "net.py").write_text(MODEL_OF_OTHERS[1])
    seen = said()
    main(["check", "net.py", "blocks.py", "--verify"])
    jobs = {job["old"]["class"]: job for job in seen}
    assert set(jobs) == {"Net", "Block"} and jobs["Block"]["new"]["others"] == {}
    assert "Block(" in jobs["Net"]["new"]["source"] and "rngs=rngs" in jobs["Net"]["new"]["source"]
    (other,) = jobs["Net"]["new"]["others"].values()
    assert "class Block(nnx.Module)" in other and "Block" in jobs["Net"]["variable_map"]["classes"]
    seen.clear()
    main(["check", "net.py", "--verify"])  # the other file stays as it is, so Net cannot move
    assert seen == []


MODEL_OF_OTHERS = (
    """
import flax.linen as nn


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(4)(x)
""",
    """
import flax.linen as nn

from blocks import Block


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Block()(x)
""",
)


# ---- for real ------------------------------------------------------------------------------------------------------


@pytest.mark.jax
def test_a_model_is_verified_and_one_that_differs_is_found(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = backed.rewrite_files
    wrong = [("nnx.relu", "nnx.gelu")]
    monkeypatch.setattr(backed, "rewrite_files", lambda files: [text.replace(*wrong[0]) for text in real(files)])
    main(["check", "model.py", "--verify", "--cases", "cases.py"])
    found = brackets(capsys.readouterr().out)
    assert re.fullmatch(r"\[differs: cpu: .+\]", found["MLP"]) and re.fullmatch(r"\[differs: cpu: .*first.*\]", found["Two"])
    assert flake8("model.py") == {name: found[name] for name in ("MLP", "Two")}
    monkeypatch.undo()
    monkeypatch.chdir(here)
    main(["check", "model.py", "--verify", "--cases", "cases.py"])
    found = flake8("model.py")
    assert set(found) == {"MLP", "Two"} and all(re.fullmatch(r"\[(matched|proved equal): cpu\]", text) for text in found.values())


EXAMPLES = {
    "vae": """
        Case("models.py:Encoder", init="Encoder(20)", args=("f32[2,784]",)),
        Case("models.py:Decoder", init="Decoder()", args=("f32[2,20]",)),
        Case("models.py:VAE", init="VAE(20)", args=("f32[2,784]", "key")),
        Case("models.py:VAE", init="VAE(20)", args=("f32[2,20]",), method="generate",
             init_args=("f32[2,784]", "key"), init_method="__call__"),
    """,
    "ppo": 'Case("models.py:ActorCritic", init="ActorCritic(num_outputs=4)", args=("f32[1,84,84,4]",)),',
}
# One character of a class changed, and the classes that keep their verdicts.
ONE_CHARACTER = {
    "vae": [("'fc2_mean'", "'fc2_meam'", {"Decoder"}), ("nn.Dense(784", "nn.Dense(785", {"Encoder"}),
            ("nn.sigmoid(", "nn.sigmoit(", {"Encoder", "Decoder"}), ("0.5 * logvar", "0.6 * logvar", {"Encoder", "Decoder"}),
            ("return VAE(latents", "return VAE(latentz", {"Encoder", "Decoder", "VAE"})],
    "ppo": [("255.0", "256.0", set())],
}  # fmt: skip


@pytest.mark.corpus
@pytest.mark.jax
@pytest.mark.parametrize("name", EXAMPLES)
def test_flake8_shows_the_verdicts_of_real_programs(name: str, here: Path) -> None:
    source = corpus("flax") / "flax-0.12.8" / "examples" / name / "models.py"
    model = Path(shutil.copy(source, here))
    (here / "cases.py").write_text(f"from flake8_nnx.verify import Case\n\nCASES = [{EXAMPLES[name]}]\n")
    assert main(["check", "models.py", "--verify", "--cases", "cases.py"]) == 1
    every = set(re.findall(r"^class (\w+)\(nn\.Module\)", text := model.read_text(), re.MULTILINE))
    found = flake8("models.py")
    assert set(found) == every and all(re.fullmatch(r"\[(matched|proved equal): cpu\]", words) for words in found.values())
    for old, new, kept in ONE_CHARACTER[name]:
        assert text.count(old) >= 1
        model.write_text(text.replace(old, new, 1))
        assert set(flake8("models.py")) == kept, (old, new)
    text = re.sub(r'"""(.+?)"""', r'"""More: \1"""', text, flags=re.DOTALL)
    model.write_text("# A comment.\n" + text.replace("\n\n", "\n\n\n"))
    assert flake8("models.py") == found
