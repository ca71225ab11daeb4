"""The command line: what each subcommand prints where, and the exit code for each kind of input, good and bad."""
from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from flake8_nnx import __version__
from flake8_nnx.cli import inputs, main

LINEN = """import flax.linen as nn


class MLP(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)
"""
NNX = """from flax import nnx


class MLP(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "linen.py").write_text(LINEN)
    (tmp_path / "nnx.py").write_text(NNX)
    return tmp_path


PROGRAM = [sys.executable, "-m", "flake8_nnx"]
ROOT = str(Path(__file__).parents[1])
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))}


def program(*argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """The real program, from the directory we are in."""
    return subprocess.run([*PROGRAM, *argv], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=600)


def flake8(*names: str) -> str:
    """What flake8 prints of the plugin."""
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "NNX", *names]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert not ran.stderr
    return ran.stdout


def codes(out: str) -> list[str]:
    return [line.split()[1] for line in out.splitlines()]


# ---- check --------------------------------------------------------------------------------------------------------


def test_check_finds_what_flake8_finds(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "linen.py", "nnx.py"]) == 1
    ours = capsys.readouterr()
    assert ours.out == flake8("linen.py", "nnx.py")
    assert "linen.py:7:6: NNX101 " in ours.out
    assert "in 1 of 2 files" in ours.err


def test_check_of_clean_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nnx.py"]) == 0
    assert capsys.readouterr() == ("", "no findings in 1 file\n")


def test_check_of_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty").mkdir()
    assert main(["check", "empty"]) == 0
    assert capsys.readouterr() == ("", "no Python files\n")


def test_check_sees_a_base_class_in_another_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "import jax\nfrom {} import MLP\n\n\nclass Wide(MLP):\n    def setup(self):\n        pass\n"
    (here / "wide.py").write_text(text.format("linen"))
    (here / "other.py").write_text(text.format("nnx"))
    assert main(["check", "wide.py", "--select", "NNX102"]) == 1
    assert "wide.py:6:" in capsys.readouterr().out
    assert main(["check", "other.py", "--select", "NNX102"]) == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--select", "NNX101"], {"NNX101"}),
        (["--select", "nnx101,NNX2"], {"NNX101"}),
        (["--select", "NNX1", "--ignore", "NNX101"], {"NNX103", "NNX104", "NNX110"}),
        (["--select", "NNX101", "--ignore", "NNX1"], {"NNX101"}),
        (["--ignore", "NNX10,NNX11", "--select", "NNX"], set()),
        (["--ignore", "NNX"], set()),
    ],
)
def test_select_and_ignore(
    here: Path, capsys: pytest.CaptureFixture[str], options: list[str], expected: set[str]
) -> None:
    assert main(["check", "linen.py", *options]) == bool(expected)
    assert set(codes(capsys.readouterr().out)) == expected


def test_a_code_that_no_rule_has(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "linen.py", "--select", "E501"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "no rule has the code E501" in err and err.count("\n") == 1


def test_noqa_counts_as_in_flake8(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = LINEN.replace("@nn.compact", "@nn.compact  # noqa: NNX101").replace("Module):", "Module):  # noqa")
    (here / "quiet.py").write_text(text.replace("features: int", "features: int  # noqa: E501"))
    (here / "multiline.py").write_text('import flax.linen as nn\nx = nn.Dense(3).init("""\n""", 1)  # noqa\n')
    (here / "whole.py").write_text("# flake8: noqa\n" + LINEN)
    main(["check", "quiet.py", "multiline.py", "whole.py"])
    ours = capsys.readouterr().out
    assert ours == flake8("quiet.py", "multiline.py", "whole.py")
    assert "NNX101" not in ours and "multiline.py" not in ours and "whole.py" not in ours


def test_statistics(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "linen.py", "linen.py", "--select", "NNX101", "--statistics"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["1       NNX101 compact-method"]
    assert main(["check", "nnx.py", "--statistics"]) == 0
    assert capsys.readouterr().out == ""


def test_check_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "broken.py").write_text("x = 1\nclass (:\n")
    options = ["--select", "NNX101", "--output-format", "json", "--statistics"]
    assert main(["check", "linen.py", "broken.py", "gone.py", *options]) == 2
    out, err = capsys.readouterr()
    report = json.loads(out)
    (found,) = report.pop("findings")
    message = found.pop("message")
    assert "`nn.Dense`" in message
    assert found == {
        "file": "linen.py",
        "line": 7,
        "column": 6,
        "end_line": 7,
        "end_column": 16,
        "code": "NNX101",
        "name": "compact-method",
        "fix": "safe",
        "verdict": None,
    }
    errors = report.pop("errors")
    assert [(error["file"], error["line"]) for error in errors] == [("gone.py", 0), ("broken.py", 2)]
    assert report == {"tool": "flake8-nnx", "version": __version__, "files": 2, "statistics": {"NNX101": 1}}
    assert err.count("\n") == 3


def test_check_github(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = here / "50%, a:b.py"
    odd.write_text(LINEN)
    assert main(["check", odd.name, "--select", "NNX101", "--output-format", "github", "--statistics"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("::error file=50%25%2C a%3Ab.py,line=7,col=6,title=NNX101::`@nn.compact` on `MLP.__call__`: ")
    assert out.count("\n") == 1 and "NNX101 compact-method" in err


def test_github_message_is_one_line() -> None:
    from flake8_nnx.cli.check import _escaped

    assert _escaped("100%\r\na:b,c") == "100%25%0D%0Aa:b,c"


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "syntax.py": (b"import flax\n\ndef f(:\n", "syntax.py:3: is not valid Python: "),
    "latin.py": ("x = 1\n\n\ny = 'é'\n".encode("latin-1"), "latin.py:4: cannot be decoded as utf-8: "),
    "cookie.py": (b"# coding: klingon\nx = 1\n", "cookie.py: cannot be decoded: unknown encoding"),
    "nul.py": (b"x = 1\n\0\n", "nul.py"),
    "deep.py": (b"(" * 5000 + b")" * 5000, "deep.py"),
    "indent.py": (b"if x:\n  y = 1\n z = 2\n", "indent.py:3: is not valid Python: "),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_broken_file_is_one_line_and_the_rest_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    data, start = BAD_FILES[name]
    (here / name).write_bytes(data)
    assert main(["check", name, "linen.py", "--select", "NNX101"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("linen.py:7:6: NNX101 ") and out.count("\n") == 1
    summary, line = err.splitlines()
    assert line.startswith(start), line


def test_missing_paths_and_broken_links(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "link.py").symlink_to(here / "nowhere.py")
    assert main(["check", "gone", "link.py", "linen.py", "nul\0.py", "--select", "NNX101"]) == 2
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert [line.split(":")[0] for line in err.splitlines()[1:]] == ["gone", "link.py", "nul\0.py"]


def test_a_file_that_may_not_be_read(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert main(["check", "linen.py"]) == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["linen.py: permission denied"]


def test_encodings_that_python_reads(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bom.py").write_bytes(b"\xef\xbb\xbf" + LINEN.encode())
    (here / "latin.py").write_bytes(("# -*- coding: latin-1 -*-\nx = 'é'\n" + LINEN).encode("latin-1"))
    (here / "crlf.py").write_bytes(LINEN.replace("\n", "\r\n").encode())
    assert main(["check", "bom.py", "latin.py", "crlf.py", "--select", "NNX101"]) == 1
    places = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()]
    assert places == ["bom.py:7:6:", "latin.py:9:6:", "crlf.py:7:6:"]


def test_columns_are_those_of_flake8_behind_wide_characters(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "wide.py").write_text(f"{LINEN}\nx = 'éé', MLP(3).init(1, 2)\n")
    main(["check", "wide.py"])
    assert capsys.readouterr().out == flake8("wide.py")


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_stdin(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Stdin(LINEN.encode()))
    assert main(["check", "-", "--select", "NNX101"]) == 1
    assert capsys.readouterr().out.startswith("stdin:7:6: NNX101 ")


def test_stdin_stands_for_a_file(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "train.py").write_text("")
    text = "import jax\nfrom linen import MLP\n\n\nclass Wide(MLP):\n    def setup(self):\n        pass\n"
    monkeypatch.setattr("sys.stdin", Stdin(text.encode()))
    assert main(["check", "-", "--stdin-display-name", "train.py", "--select", "NNX102"]) == 1
    assert capsys.readouterr().out.startswith("train.py:6:")


def test_broken_stdin(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"def f(:\n", "é".encode("latin-1")):
        monkeypatch.setattr("sys.stdin", Stdin(data))
        assert main(["check", "-"]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.splitlines()[-1].startswith("stdin:")


def test_module_classes_that_the_user_names(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "import jax\nfrom mylib.layers import Base\n\n\nclass Net(Base):\n    def setup(self):\n        pass\n"
    (here / "net.py").write_text(text)
    assert main(["check", "net.py", "--select", "NNX102"]) == 0
    assert main(["check", "net.py", "--select", "NNX102", "--nnx-module-classes", "mylib.layers.Base"]) == 1


def test_check_as_a_program(here: Path) -> None:
    ran = program("check", "-", "nnx.py", "--select", "NNX101", text=LINEN)
    assert ran.returncode == 1
    assert ran.stdout.startswith("stdin:7:6: NNX101 ") and "\x1b" not in ran.stdout + ran.stderr


def test_linting_loads_no_heavy_library(here: Path) -> None:
    code = (
        "import sys; from flake8_nnx.cli import main; main(['check', 'linen.py']);"
        "print(sorted({'jax', 'flax', 'numpy', 'libcst'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert ran.stderr.splitlines()[-1] == "[]"


# ---- the program as a whole ---------------------------------------------------------------------------------------


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"flake8-nnx {__version__}\n"


@pytest.mark.parametrize("command", ["check", "explain", "migrate", "verify"])
def test_help_teaches_by_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, "--help"]) == 0
    assert f"flake8-nnx {command} " in capsys.readouterr().out.split("Examples")[1]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["chek"],
        ["check"],
        ["check", "a.py", "--no-such-option"],
        ["check", "a.py", "--output-format", "yaml"],
        ["explain", "--output-format", "github"],
        ["migrate"],
        ["migrate", "linen.py", "--timeout", "soon"],
        ["migrate", "linen.py", "--timeout", "0"],
        ["verify", "linen.py::MLP"],
        ["verify", "linen.py::MLP", "nnx.py::MLP", "--memory-mb", "-1"],
    ],
)
def test_usage_errors(here: Path, capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    assert main(argv) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error(here: Path) -> None:
    for number in range(300):
        (here / f"m{number}.py").write_text(LINEN)
    ran = subprocess.Popen(
        [*PROGRAM, "check", "."], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    assert ran.stdout is not None and ran.stderr is not None
    ran.stdout.close()
    err = ran.stderr.read().decode()
    ran.stderr.close()
    ran.wait(60)
    assert "Traceback" not in err and "BrokenPipe" not in err and "Exception ignored" not in err


def test_interrupted(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> bytes:
        raise KeyboardInterrupt

    waiting = Stdin(b"")
    waiting.buffer = SimpleNamespace(read=interrupt)  # type: ignore[assignment]
    monkeypatch.setattr("sys.stdin", waiting)
    assert main(["check", "-"]) == 130
    assert capsys.readouterr() == ("", "flake8-nnx: interrupted\n")


def test_an_error_of_ours_is_not_a_finding(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flake8_nnx.cli.linting.lint_facts", lambda facts: 1 / 0)
    assert main(["check", "linen.py"]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


# ---- explain ------------------------------------------------------------------------------------------------------


def test_explain_lists_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    from flake8_nnx.rules import RULES

    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:] if line.startswith("NNX")] == [rule.code for rule in RULES]


@pytest.mark.parametrize(
    ("codes", "near"),
    [(["NNX1O1"], "NNX1"), (["compact"], "compact-method"), (["NNX101", "NNX109"], "NNX1"), (["W6"], "codes run from")],
)
def test_explain_a_code_that_no_rule_has(capsys: pytest.CaptureFixture[str], codes: list[str], near: str) -> None:
    assert main(["explain", *codes]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and codes[-1] in err and near in err


def test_explain_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "nnx101", "compact-method"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("NNX101 compact-method") and text.count("What it flags") == 1 and "@nn.compact" in text


def test_explain_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "NNX101,NNX103", "--output-format", "json"]) == 0
    pages = json.loads(capsys.readouterr().out)
    assert [page["code"] for page in pages] == ["NNX101", "NNX103"]
    compile(pages[0]["examples"][0]["linen"], "linen", "exec")


def test_every_page_as_a_program() -> None:
    from flake8_nnx.rules import RULES

    ran = program("explain", "--output-format", "markdown")
    assert ran.returncode == 0 and ran.stderr == ""
    assert [line.split()[1] for line in ran.stdout.splitlines() if line.startswith("# NNX")] == [
        f"{rule.code}:" for rule in RULES
    ]


# ---- migrate ------------------------------------------------------------------------------------------------------

CASES = """from flake8_nnx.verify import Case
from linen import MLP

CASES = [Case(target="linen.py:MLP", build=lambda: MLP(8), args=("f32[2,16]",))]
"""


def test_migrate_without_a_flag_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "."]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "MLP" in err and "UNVERIFIED" in err
    assert sorted(path.name for path in here.iterdir()) == ["linen.py", "nnx.py"]
    assert (here / "linen.py").read_text() == LINEN


def test_migrate_unverified_diff_and_log(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "linen.py", "--unverified", "--diff", "--log", "log.json"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("--- a/linen.py\n+++ b/linen.py\n") and "+class MLP(nnx.Module):" in out
    assert "MLP" in err and "+class" not in err
    (record,) = json.loads((here / "log.json").read_text())
    assert {"file", "class", "status", "verdict", "reason", "evidence", "variable_map"} <= set(record)
    assert (record["file"], record["class"], record["status"]) == ("linen.py", "MLP", "native")
    assert (here / "linen.py").read_text() == LINEN


def test_migrate_of_nnx_code(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "nnx.py", "--write", "--no-verify"]) == 0
    assert capsys.readouterr() == ("", "no Linen classes\n")
    assert (here / "nnx.py").read_text() == NNX


@pytest.mark.jax
def test_migrate_as_a_program(here: Path) -> None:
    (here / "cases.py").write_text(CASES)
    ran = program("migrate", "linen.py", "--cases", "cases.py", "--out", "new")
    assert ran.returncode == 0 and ran.stdout == ""
    assert "MATCHED" in ran.stderr or "PROVED" in ran.stderr
    assert "class MLP(nnx.Module):" in (here / "new" / "linen.py").read_text()
    assert (here / "linen.py").read_text() == LINEN


def test_migrate_goes_on_behind_bad_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "broken.py").write_text("import flax\n\n\nclass (:\n")
    assert main(["migrate", "gone.py", "broken.py", "linen.py", "--unverified", "--write"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "MLP" in err
    assert [line.split(": ")[0] for line in err.splitlines()[-2:]] == ["gone.py", "broken.py:4"]
    assert "nnx.Module" in (here / "linen.py").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["gone.py"], "gone.py: no such file or directory"),
        (["linen.py", "--write", "--out", "new"], "give one of them"),
        (["linen.py", "--out", "nnx.py"], "nnx.py: is a file"),
        (["linen.py", "--cases", "gone.py"], "gone.py: no such file or directory"),
        (["linen.py", "--cases", "nnx.py"], "nnx.py: has no list CASES"),
        (["linen.py", "--unverified", "--log", "gone/log.json"], "gone/log.json: No such file or directory"),
    ],
)
def test_migrate_refuses(here: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    assert main(["migrate", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err.splitlines()[-1]
    assert (here / "linen.py").read_text() == LINEN and (here / "nnx.py").read_text() == NNX


# ---- verify -------------------------------------------------------------------------------------------------------

PAIR = ["verify", "linen.py::MLP", "nnx.py::MLP"]
RUN = ["--init", "MLP(features=8)", "--args", "f32[2,16]"]


@pytest.mark.jax
def test_verify_as_a_program(here: Path) -> None:
    ran = program(*PAIR, *RUN)
    assert ran.returncode == 0 and ran.stderr == ""
    assert ran.stdout.split()[0] in ("MATCHED", "PROVED")
    assert "params/Dense_0/kernel" in ran.stdout and "dense/kernel" in ran.stdout and "max ulp" in ran.stdout


@pytest.mark.jax
def test_verify_tells_a_difference(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "wrong.py").write_text(NNX.replace("self.dense(x)", "self.dense(x) * 1.001"))
    assert main(["verify", "linen.py::MLP", "wrong.py::MLP", *RUN, "--output-format", "json"]) == 1
    out, err = capsys.readouterr()
    verdict = json.loads(out)
    assert verdict["status"] == "DIFFERS" and verdict["reason"] and err == ""
    assert set(verdict) == {"schema_version", "old", "new", "status", "reason", "evidence", "variable_map"}


@pytest.mark.jax
def test_verify_with_a_cases_file_and_a_map(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "cases.py").write_text(CASES)
    names = {"params/Dense_0/kernel": "dense/kernel", "params/Dense_0/bias": "dense/bias"}
    for content in (names, {"Other": {}, "MLP": names}):
        (here / "map.json").write_text(json.dumps(content))
        assert main([*PAIR, "--cases", "cases.py", "--variable-map", "map.json"]) == 0
        assert capsys.readouterr().out.split()[0] in ("MATCHED", "PROVED")


@pytest.mark.jax
def test_verify_without_what_the_model_needs_is_no_success(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PAIR, "--args", "f32[2,16]"]) == 1
    assert capsys.readouterr().out.startswith("UNVERIFIED")


@pytest.mark.jax
@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["verify", "gone.py::MLP", "nnx.py::MLP"], "gone.py: no such file"),
        (["verify", "linen.py", "nnx.py::MLP"], "does not name a class"),
        (["verify", "linen.py::MLQ", "nnx.py::MLP"], "linen.py: has no class MLQ; did you mean MLP?"),
        (["verify", "linen.py::MLP", "broken.py::MLP"], "broken.py:1: is not valid Python"),
        ([*PAIR, "--args", "f32[2"], "--args: 'f32[2' is neither a shape"),
        ([*PAIR, "--kwargs", "train"], "--kwargs: 'train' is not of the form name=value"),
        ([*PAIR, "--train-kwargs", "train=yes"], "--train-kwargs: 'yes' is neither a shape"),
        ([*PAIR, "--init", "MLP("], "--init: 'MLP(' is not an expression"),
        ([*PAIR, "--cases", "gone.py"], "gone.py: no such file"),
        ([*PAIR, "--cases", "broken.py"], "broken.py:1: is not valid Python"),
        ([*PAIR, "--cases", "cases.py", "--init", "MLP(8)"], "drop --init, or --cases"),
        ([*PAIR, "--cases", "other.py"], "other.py: CASES has no case with the target linen.py::MLP"),
        ([*PAIR, "--variable-map", "gone.json"], "gone.json: No such file"),
        ([*PAIR, "--variable-map", "nnx.py"], "nnx.py: is not JSON"),
        ([*PAIR, "--variable-map", "list.json"], "list.json: is no variable map"),
    ],
)
def test_verify_refuses(here: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    (here / "broken.py").write_text("class (:\n")
    (here / "list.json").write_text("[1]")
    (here / "cases.py").write_text(CASES)
    (here / "other.py").write_text("CASES = []\n")
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1


@pytest.mark.parametrize("argv", [[*PAIR, *RUN], ["migrate", "linen.py", "--cases", "cases.py"]])
def test_without_jax(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    (here / "cases.py").write_text("CASES = []\n")
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("install flake8-nnx[verify]\n") and err.count("\n") == 1


# ---- inputs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f32[2,7,16]", ("f32[2,7,16]",)),
        ("f32[2, 7], i32[4,9]<50 key", ("f32[2, 7]", "i32[4,9]<50", "key")),
        ("f32[] bool[3],bf16[1]", ("f32[]", "bool[3]", "bf16[1]")),
        ("None 3 -0.5 True 'a, b' (1, 2)", (None, 3, -0.5, True, "a, b", (1, 2))),
        ("(f32[2,3], [i32[4]<9, 5]) {'a': [1]}", (("f32[2,3]", ["i32[4]<9", 5]), {"a": [1]})),
        ("", ()),
    ],
)
def test_arguments(text: str, expected: tuple[object, ...]) -> None:
    assert inputs.arguments([text]) == expected
    assert inputs.arguments([text, text]) == expected * 2


def test_keywords() -> None:
    assert inputs.keywords(["train=False, mask=bool[2,7]", "mode='a=b'"]) == {
        "train": False,
        "mask": "bool[2,7]",
        "mode": "a=b",
    }


@pytest.mark.parametrize(
    "text", ["f32[2", "relu", "2x", "f32[a,-b]", "__import__('os')", "(f32[2], relu)", "f32[2]<<3", "'a"]
)
def test_arguments_that_are_neither_shapes_nor_literals(text: str) -> None:
    with pytest.raises(ValueError, match="neither a shape"):
        inputs.arguments([text])


@pytest.mark.parametrize("text", ["train", "=3", "train=", "1=2", "a=1 a=2", "a=relu", "a = 1"])
def test_keywords_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        inputs.keywords([text])


def test_any_number_of_processes_finds_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "broken.py").write_text("def f(:\n    pass  # flax\n")
    outputs = []
    for jobs in ("1", "2"):
        assert main(["check", ".", "-j", jobs]) == 2
        outputs.append(capsys.readouterr())
    assert outputs[0] == outputs[1] and "NNX103" in outputs[0].out and "broken.py:1" in outputs[0].err


def test_quiet(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "linen.py", "-q"]) == 1
    out, err = capsys.readouterr()
    assert "NNX103" in out and err == ""
