"""Stored verdicts: what changes the key of a class and what does not, and a store that may be anything."""
from __future__ import annotations

import ast
import io
import sqlite3
import subprocess
import sys
import threading
import tokenize
from pathlib import Path

import pytest

from flake8_nnx.lint import lint_source
from flake8_nnx.verdicts import annotate, carriers, lookup, sources, summary
from flake8_nnx.verdicts.closure import Key, key, own_key
from flake8_nnx.verdicts.lookup import versions
from flake8_nnx.verdicts.place import STORE, store_of
from flake8_nnx.verdicts.sources import Sources
from flake8_nnx.verdicts.store import Stored, write
from flake8_nnx.verdicts.text import digest
from flake8_nnx.verdicts.units import Module

MODELS = '''"""Models."""
import functools

import flax.linen as nn
import jax.numpy as jnp

WIDTH = 8
DEPTH, SLOPE = 2, 0.5
UNUSED = 3


def leak(x):
    """Leaky."""
    return jnp.where(x > 0, x, SLOPE * x)


class Encoder(nn.Module):
    """Encodes."""

    latents: int  # how many

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.latents, name="out")(leak(nn.Dense(WIDTH)(x)))


class Decoder(nn.Module):
    @nn.compact
    def __call__(self, z):
        WIDTH = 16
        return nn.Dense(WIDTH)(z)


class Auto(nn.Module):
    latents: int = 4

    def setup(self):
        self.encoder = Encoder(self.latents)
        self.decoder = Decoder()

    def __call__(self, x):
        return self.decoder(self.encoder(x))


class Deep(Decoder):
    def setup(self):
        self.layers = [nn.Dense(DEPTH) for leak in range(DEPTH)]


def model(latents):
    return Auto(latents=latents)


big = functools.partial(model, 100)
if __name__ == "__main__":
    print(Auto(1))
'''
CLASSES = ("Encoder", "Decoder", "Auto", "Deep")
# What each part of the file means to: a part is what starts with such a line.
MEANT = {
    "import functools": "",
    "import flax.linen as nn": "Encoder Decoder Auto Deep",
    "import jax.numpy as jnp": "Encoder Auto",
    "WIDTH = 8": "Encoder Auto",
    "DEPTH, SLOPE = 2, 0.5": "Encoder Auto Deep",
    "UNUSED = 3": "",
    "def leak(x):": "Encoder Auto",
    "class Encoder(nn.Module):": "Encoder Auto",
    "class Decoder(nn.Module):": "Decoder Auto Deep",
    "class Auto(nn.Module):": "Auto",
    "class Deep(Decoder):": "Deep",
    "def model(latents):": "",
    "big = functools": "",
    "if __name__": "",
}


def keys(text: str, names: tuple[str, ...] = CLASSES) -> dict[str, Key | None]:
    """Keys of classes of a file that stands alone."""
    given = Sources()
    given.add("/nowhere/models.py", text)
    return {name: key(given, "/nowhere/models.py", name) for name in names}


def changed(old: str, new: str, names: tuple[str, ...] = CLASSES) -> str:
    """The classes whose key an edit changes."""
    before, after = keys(old, names), keys(new, names)
    assert all((before[name] == after[name]) == (before[name].own == after[name].own) for name in names)
    return " ".join(name for name in names if before[name] != after[name])


# ---- every edit of a file ------------------------------------------------------------------------------------------


def edits() -> list[tuple[str, int, str]]:
    """Every name, number, string and operator of MODELS changed, with the line of the change."""
    found = []
    lines = MODELS.splitlines(keepends=True)
    operators = {"+": "-", "*": "/", ">": "<", "=": None}
    for token in tokenize.generate_tokens(io.StringIO(MODELS).readline):
        (line, start), (_, end) = token.start, token.end
        new = None
        if token.type == tokenize.NAME and token.string not in ("import", "as", "class", "def", "return", "if", "for", "in"):
            new = token.string + "_q"
        elif token.type == tokenize.NUMBER:
            new = token.string + "1"
        elif token.type == tokenize.STRING and not token.string.startswith('"""'):
            new = token.string[:-1] + "x" + token.string[-1]
        elif token.type == tokenize.OP:
            new = operators.get(token.string)
        if new is not None:
            text = lines[line - 1]
            found.append((token.string, line, "".join([*lines[: line - 1], text[:start] + new + text[end:], *lines[line:]])))
    return found


def part_of(line: int) -> str:
    """The start of the part of MODELS that a line is in."""
    found = ""
    for number, text in enumerate(MODELS.splitlines(), 1):
        if number > line:
            break
        found = next((part for part in MEANT if text.startswith(part)), found)
    return found


def test_every_edit_changes_the_keys_of_what_it_means_something_to() -> None:
    """One token at a time: the edited class, the classes that use it, and no other."""
    tried = set()
    for token, line, text in edits():
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        part = part_of(line)
        if MODELS.splitlines()[line - 1].startswith("if __name__"):
            continue  # what is run then is no longer known to stay out of an import
        names = tuple(name for name in CLASSES if f"class {name}(" in text)  # a class that was renamed has no key to compare
        expected = [name for name in names if name in MEANT[part].split()]
        assert changed(MODELS, text, names).split() == expected, (token, line)
        tried.add((token, line))
    assert len(tried) > 80 and {part_of(line) for _, line in tried} == set(MEANT)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("WIDTH = 8", "WIDE = 8", "Encoder Auto"),
        ("def leak(x)", "def leaky(x)", "Encoder Auto"),
        ("UNUSED = 3", "UNUSED = 3\nWIDTH = 9", "Encoder Auto"),  # bound again
        ("UNUSED = 3", "UNUSED = 3\nWIDTH += 1", "Encoder Auto"),
        ("UNUSED = 3", "for WIDTH in range(3):\n    pass", "Encoder Decoder Auto Deep"),  # a loop may do anything
        ("UNUSED = 3", "UNUSED = (WIDTH := 3)", "Encoder Auto"),
        ("UNUSED = 3", "UNUSED = 3\nimport numpy as jnp", "Encoder Auto"),
        ("UNUSED = 3", "def later():\n    global WIDTH\n    WIDTH = 3", "Encoder Auto"),
        ("UNUSED = 3", "def patch():\n    Decoder.__call__ = None", "Decoder Auto Deep"),
        ("UNUSED = 3", "nn.Dense.features = 3", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "import jax\njax.config.update('jax_enable_x64', True)", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "setattr(nn, 'Dense', None)", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "_ = leak(3)", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "UNUSED = setattr(nn, 'Dense', None)", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "from __future__ import annotations", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "from elsewhere import *", "Encoder Decoder Auto Deep"),
        ("UNUSED = 3", "try:\n    import numpy as jnp\nexcept ImportError:\n    jnp = None", "Encoder Auto"),
        ("UNUSED = 3", "if WIDTH:\n    def leak(x):\n        return x", "Encoder Auto"),
        ("UNUSED = 3", "with open('x') as WIDTH:\n    pass", "Encoder Auto"),
        ("Dense(WIDTH)(x)", "Dense(WIDTH)(x + eval('UNUSED'))", "Encoder Auto"),
    ],
)
def test_what_changes_the_meaning_of_a_name(old: str, new: str, expected: str) -> None:
    assert changed(MODELS, MODELS.replace(old, new)) == expected


def test_code_that_names_no_name_uses_all_of_its_file() -> None:
    text = MODELS.replace("Dense(WIDTH)(x)", "Dense(WIDTH)(x + eval('UNUSED'))")
    assert changed(text, text.replace("UNUSED = 3", "UNUSED = 4")) == "Encoder Auto"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# how many", "# how very many"),
        ("    latents: int  # how many\n", "\n\n    latents: int\n"),
        ('"""Encodes."""', '"""Encodes, and how."""'),
        ('    """Leaky."""\n', ""),
        ('"""Models."""', "# Models."),
        ("class Decoder(nn.Module):\n", 'class Decoder(nn.Module):\n    "decodes"\n\n'),
        ('name="out"', "name='out'"),
        ("Encoder(self.latents)", "Encoder(\n            self.latents,\n        )"),
        ("nn.Dense(WIDTH)(z)", "(nn.Dense(WIDTH)(z))"),
        ("SLOPE * x", "(SLOPE*x)"),
        ("UNUSED = 3\n", ""),
        ("UNUSED = 3\n", "UNUSED = 3\nANOTHER = [UNUSED]\n\n\ndef unused(leak, WIDTH=3):\n    leak.x = WIDTH\n    return leak\n"),
        ("import functools\n", "import functools\nimport numpy as np\nfrom typing import Any, TYPE_CHECKING\n"),
        ("print(Auto(1))", "main(Auto)"),
        ("UNUSED = 3", "if TYPE_CHECKING:\n    from elsewhere import leak, WIDTH"),
        ("def model(latents):", "def model(latents, leak=None, *, WIDTH: int = 8):"),
        ("\n", "\r\n"),
    ],
)
def test_what_changes_nothing(old: str, new: str) -> None:
    assert old in MODELS
    assert changed(MODELS, MODELS.replace(old, new)) == ""


def test_a_file_that_reads_its_own_source_counts_as_it_stands() -> None:
    text = MODELS.replace("leak(nn", "len(leak.__doc__) * leak(nn")
    assert changed(text, text.replace('"""Leaky."""', '"""Leaky and long."""')) == "Encoder Decoder Auto Deep"


def test_no_key_for_what_imports_by_a_computed_name() -> None:
    text = MODELS.replace("return jnp.where", "jnp = __import__(WIDTH)\n    return jnp.where")
    found = keys(text)
    assert [name for name in CLASSES if found[name] is None] == ["Encoder", "Auto"]


def test_equal_numbers_of_other_types_are_other_constants() -> None:
    texts = [MODELS.replace("WIDTH = 8", f"WIDTH = {value}") for value in ("8.0", "True", "'8'", "b'8'", "8j", "0x8", "1", "1.0")]
    found = [keys(text)["Encoder"] for text in (MODELS, *texts)]
    assert found[0] == found[6] and len({one.own for one in found}) == len(found) - 1


def test_the_normal_text_is_the_same_in_every_python() -> None:
    """A store written under one version of Python serves flake8 under another."""
    text = "@f\nclass A(B[int], k=1):\n    def g(self, *, x: int = 2):\n        return f'{x!r:>4}' if x else -x\n"
    module = Module(ast.parse(text), text)
    assert module.text(module.units[0]) == "16dbf64224f3b6ada97a3c644cbe0a22"


# ---- imported files ------------------------------------------------------------------------------------------------

PROJECT = {
    "setup.cfg": "",
    "pkg/__init__.py": "from .layers import Block\n",
    "pkg/layers.py": """
import flax.linen as nn
from .sizes import WIDTH, OTHER


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(WIDTH)(x)


class Other(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(OTHER)(x)
""",
    "pkg/sizes.py": "WIDTH = 8\nOTHER = 4\n",
    "pkg/extra.py": "import numpy\n\n\ndef scale(x):\n    return x * FACTOR\n\n\nFACTOR = 2\n",
    "pkg/unrelated.py": "VALUE = 1\n",
    "pkg/models.py": """
import flax.linen as nn
from .layers import Block
from . import extra, layers
import pkg.unrelated


class ByName(nn.Module):
    def setup(self):
        self.block = Block()


class ByModule(nn.Module):
    def setup(self):
        self.other = layers.Other()

    def __call__(self, x):
        return extra.scale(self.other(x))


class Late(nn.Module):
    def setup(self):
        from pkg import Block as Inner
        self.inner = Inner()


class Alone(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
""",
}
USERS = ("ByName", "ByModule", "Late", "Alone")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def project_keys(project: Path) -> dict[str, Key | None]:
    return {name: key(Sources(), str(project / "pkg" / "models.py"), name) for name in USERS}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("layers.py", "nn.Dense(WIDTH)", "nn.Dense(WIDTH + 1)", "ByName Late"),
        ("layers.py", "nn.Dense(OTHER)", "nn.Dense(OTHER + 1)", "ByModule"),
        ("sizes.py", "WIDTH = 8", "WIDTH = 9", "ByName Late"),
        ("sizes.py", "OTHER = 4", "OTHER = 5", "ByModule"),
        ("extra.py", "FACTOR = 2", "FACTOR = 3", "ByModule"),
        ("extra.py", "x * FACTOR", "x / FACTOR", "ByModule"),
        ("__init__.py", "import Block", "import Other as Block", "Late"),
        ("unrelated.py", "VALUE = 1", "VALUE = 2", ""),
        ("sizes.py", "WIDTH = 8", "# wide\nWIDTH = 8  # or so", ""),
        ("extra.py", "FACTOR = 2", "\n\nFACTOR = 2\nMORE = 3", ""),
        ("layers.py", "class Other", '"""Other."""\nclass Other', ""),
        ("unrelated.py", "VALUE = 1", "import jax\njax.config.update('jax_enable_x64', True)", "ByName ByModule Late Alone"),
        ("__init__.py", "from .layers", "import jax\njax.config.x = 1\nfrom .layers", "ByName ByModule Late Alone"),
        ("sizes.py", "OTHER = 4", "OTHER = 4\nimport pkg.extra\npkg.extra.FACTOR = 7", "ByName ByModule Late Alone"),
        ("sizes.py", "WIDTH = 8", "WIDTH = (", "ByName ByModule Late Alone"),  # not Python: nothing is known of it
    ],
)
def test_edits_of_imported_files(project: Path, file: str, old: str, new: str, expected: str) -> None:
    before = project_keys(project)
    path = project / "pkg" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    after = project_keys(project)
    assert " ".join(name for name in USERS if before[name].full != after[name].full) == expected
    assert all(before[name].own == after[name].own for name in USERS)
    models = str(project / "pkg" / "models.py")
    for name in USERS:  # the quick look agrees with the thorough one, or gives the thorough one a reason
        assert not Sources().unchanged(models, before[name].inputs) or before[name].full == after[name].full


def test_comments_of_imported_files_need_no_new_key(project: Path) -> None:
    before = project_keys(project)
    sizes = project / "pkg" / "sizes.py"
    sizes.write_text("# sizes\n" + sizes.read_text())
    assert all(Sources().unchanged(str(project / "pkg" / "models.py"), before[name].inputs) for name in USERS)


def test_a_file_that_takes_the_place_of_another_is_seen(project: Path) -> None:
    before = project_keys(project)
    (project / "pkg" / "sizes").mkdir()
    (project / "pkg" / "sizes" / "__init__.py").write_text("WIDTH = 9\nOTHER = 4\n")
    models = str(project / "pkg" / "models.py")
    after = project_keys(project)
    for name in ("ByName", "ByModule", "Late"):
        assert before[name].full != after[name].full and not Sources().unchanged(models, before[name].inputs)


def test_a_new_file_of_another_name_changes_nothing(project: Path) -> None:
    before = project_keys(project)
    (project / "pkg" / "new.py").write_text("import jax\njax.config.update('jax_enable_x64', True)\n")
    assert project_keys(project) == before
    assert all(Sources().unchanged(str(project / "pkg" / "models.py"), before[name].inputs) for name in USERS)


def test_a_library_counts_by_its_version_and_a_project_file_by_its_text(project: Path) -> None:
    text = "import numpy as np\nimport flax.linen as nn\n\n\nclass A(nn.Module):\n    x: float = np.abs(-1)\n"
    model = project / "model.py"
    model.write_text(text)
    assert key(Sources(), str(model), "A").heads == {"numpy"}
    (project / "numpy.py").write_text("abs = None\n")
    found = key(Sources(), str(model), "A")
    assert found.heads == frozenset() and "numpy.py" in found.inputs


def test_files_that_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("")
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("import flax.linen as nn\nimport two\nSIZE = 3\nREST = 4\n\n\nclass A(nn.Module):\n    x: int = two.size()\n")
    two.write_text("def size():\n    import one\n    return one.SIZE\n")
    before = key(Sources(), str(one), "A")
    assert before.own == own_key(Sources(), str(one), "A")
    one.write_text(one.read_text().replace("SIZE = 3", "SIZE = 5"))
    after = key(Sources(), str(one), "A")
    assert before.own == after.own and before.full != after.full
    assert not Sources().unchanged(str(one), before.inputs)


def test_digests_kept_for_the_process_are_never_of_an_older_text(tmp_path: Path) -> None:
    path = tmp_path / "sizes.py"
    seen = []
    for number in range(30):  # the same size, in less time than a clock may take to tick
        path.write_text(f"SIZE = {number:03}1\n")
        seen.append(Sources().state(str(path)))
    assert len(set(seen)) == 30


def test_digests_are_kept_for_files_that_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    path = tmp_path / "sizes.py"
    path.write_text("SIZE = 1\n")
    os.utime(path, (1, 1))
    first = Sources().state(str(path))
    monkeypatch.setattr(sources, "digest", None)  # cannot be asked again
    assert Sources().state(str(path)) == first


# ---- which finding -------------------------------------------------------------------------------------------------


def carried(text: str) -> dict[str, tuple[int, str]]:
    return {name: (f.line, f.code) for name, f in carriers(lint_source(text), ast.parse(text)).items()}


def test_one_finding_of_each_class_carries_its_verdict() -> None:
    assert carried(MODELS) == {
        "Encoder": (17, "NNX103"), "Decoder": (27, "NNX103"), "Auto": (34, "NNX103"), "Deep": (46, "NNX102"),
    }  # fmt: skip


def test_classes_that_share_a_name_or_are_inside_others_carry_none() -> None:
    twice = "import flax.linen as nn\n\n\nclass A(nn.Module):\n    pass\n\n\nclass A(nn.Module):\n    pass\n"
    assert len(lint_source(twice)) == 2 and carried(twice) == {}
    inside = "import flax.linen as nn\n\n\nclass A:\n    if True:\n        class B(nn.Module):\n            pass\n"
    assert len(lint_source(inside)) == 1 and carried(inside) == {}
    made = "import flax.linen as nn\n\n\ndef make():\n    class B(nn.Module):\n        pass\n    return B\n"
    assert len(lint_source(made)) == 1 and carried(made) == {}


# ---- the store -----------------------------------------------------------------------------------------------------


def row(name: str, text: str = MODELS, status: str = "MATCHED", platform: str = "cpu", place: str = "", **more: str) -> Stored:
    found = keys(text, (name,))[name]
    return Stored(name, found.own, found.full, {**versions(), **more}, platform, digest(text), found.inputs, status, place, "why")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "setup.cfg").write_text("[flake8]\nselect = NNX\n")
    (tmp_path / "models.py").write_text(MODELS)
    write(str(tmp_path / STORE), [row(name) for name in CLASSES])
    return tmp_path


def shown(folder: Path, text: str = MODELS, store: str = "") -> dict[str, str]:
    """What is shown for each class."""
    tree = ast.parse(text)
    found = annotate(lint_source(text), tree, text, str(folder / "models.py"), store)
    of_finding = {finding: name for name, finding in carriers(lint_source(text), tree).items()}
    return {of_finding[finding]: summary(rows) for finding, rows in found.items()}


ALL = dict.fromkeys(CLASSES, "[matched: cpu]")


def test_verdicts_come_back(folder: Path) -> None:
    assert shown(folder) == ALL
    assert shown(folder, MODELS.replace("# how many", "")) == ALL


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("return nn.Dense(self.latents", "return nn.Conv(self.latents", ["Decoder", "Deep"]),
        ("WIDTH = 16", "WIDTH = 17", ["Encoder"]),
        ("WIDTH = 8", "WIDTH = 9", ["Decoder", "Deep"]),
        ("x > 0", "x < 0", ["Decoder", "Deep"]),
        ("range(DEPTH)", "range(WIDTH)", ["Encoder", "Decoder", "Auto"]),
        ("latents: int = 4", "latents: int = 5", ["Encoder", "Decoder", "Deep"]),
    ],
)
def test_one_edit_drops_the_verdicts_that_rest_on_it(folder: Path, old: str, new: str, kept: list[str]) -> None:
    assert MODELS.count(old) == 1
    assert shown(folder, MODELS.replace(old, new)) == {name: "[matched: cpu]" for name in kept}


def test_imported_files_are_read_again(project: Path) -> None:
    path = project / "pkg" / "models.py"
    text = path.read_text()
    rows = []
    for name, found in project_keys(project).items():
        rows.append(Stored(name, found.own, found.full, versions(found.heads), "cpu", digest(text), found.inputs, "PROVED"))
    write(str(project / STORE), rows)

    def names() -> set[str]:
        found = annotate(lint_source(text), ast.parse(text), text, str(path))
        return {row.name for rows in found.values() for row in rows}

    assert names() == set(USERS)
    sizes = project / "pkg" / "sizes.py"
    sizes.write_text("# sizes\nOTHER = 4\nWIDTH = 8\nMORE = 1\n")  # means the same to all, though it says something else
    assert names() == set(USERS)
    sizes.write_text("WIDTH = 8\nOTHER = 5\n")
    assert names() == {"ByName", "Late", "Alone"}
    sizes.unlink()
    assert names() == set()  # models.py can no longer be imported


def test_other_versions_drop_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("flax", "jax", "jaxlib"):
        with monkeypatch.context() as patch:
            real = lookup._version
            patch.setattr(lookup, "_version", lambda name, one=library, real=real: "0.0.1" if name == one else real(name))
            assert shown(folder) == {}
    with monkeypatch.context() as patch:
        patch.setattr(lookup, "__version__", "0.0.0")
        assert shown(folder) == {}
    assert shown(folder) == ALL


def test_the_version_of_a_library_counts_where_it_is_used(folder: Path) -> None:
    write(str(folder / STORE), [row("Encoder", status="DIFFERS", libcst="0.0.1"), row("Decoder", status="DIFFERS", nowhere="")])
    assert shown(folder)["Encoder"] == "[matched: cpu]" and "differs" in shown(folder)["Decoder"]


def test_versions_are_those_of_importlib() -> None:
    from importlib.metadata import version

    assert versions(["libcst", "no-such-library"]).items() >= {"libcst": version("libcst"), "no-such-library": ""}.items()


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([("PROVED", "cpu", "")], "[proved equal: cpu]"),
        ([("PROVED", "cpu", ""), ("PROVED", "gpu", "")], "[proved equal: cpu, gpu]"),
        ([("MATCHED", "cpu", ""), ("DIFFERS", "gpu", "Dense_0")], "[matched: cpu; differs: gpu: Dense_0]"),
        ([("DIFFERS", "any", "no counterpart")], "[differs: any device: no counterpart]"),
        ([("DIFFERS", "cpu", "")], "[differs: cpu]"),
        ([("MATCHED", "cpu", ""), ("DIFFERS", "any", "gone")], "[differs: any device: gone]"),  # the later counts
        ([("DIFFERS", "any", "gone"), ("MATCHED", "cpu", "")], "[matched: cpu]"),
        ([("DIFFERS", "cpu", "a"), ("PROVED", "cpu", "")], "[proved equal: cpu]"),
        ([("MATCHED", "cpu", "encode, decode")], "[matched but for encode, decode: cpu]"),
    ],
)
def test_words(folder: Path, rows: list[tuple[str, str, str]], text: str) -> None:
    (folder / STORE).unlink()
    for status, platform, place in rows:
        write(str(folder / STORE), [row("Encoder", status=status, platform=platform, place=place)])
    assert shown(folder) == {"Encoder": text}


def spoil(path: Path, how: str) -> None:
    """Make a store that is none."""
    data = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("not a database\n" * 500)
    elif how == "cut":
        path.write_bytes(data[:5000])
    elif how == "pages":
        path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "missing":
        path.unlink()
    elif how == "closed":
        path.unlink()
        path.symlink_to(path.parent / "nowhere")
    else:
        with sqlite3.connect(path) as connection:
            connection.executescript(how)
        connection.close()


FOREIGN = "DROP TABLE verdicts; CREATE {}; PRAGMA user_version = 1;"
COLUMNS = "name, own, full, versions, platform, text, inputs, status, place, reason"
ALL_OF_THEM = ", ".join(f"x AS {column}" for column in COLUMNS.split(", "))
ENDLESS = f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT {ALL_OF_THEM} FROM n"


@pytest.mark.parametrize(
    "how",
    [
        "empty", "text", "cut", "pages", "folder", "missing", "closed",
        "PRAGMA user_version = 2", "DROP TABLE verdicts",
        FOREIGN.format("TABLE verdicts (x)"),
        FOREIGN.format("TABLE verdicts (name, text, own)"),
        FOREIGN.format(f"VIEW verdicts AS {ENDLESS}"),
        FOREIGN.format("VIEW verdicts AS SELECT load_extension('evil') AS text, 1 AS name, 2 AS own"),
        "UPDATE verdicts SET status = 'EXCELLENT'", "UPDATE verdicts SET status = NULL", "UPDATE verdicts SET place = x'00'",
        "UPDATE verdicts SET platform = '../../x'", "UPDATE verdicts SET platform = 'cpu]\n'",
        "UPDATE verdicts SET inputs = '[1, 2'", "UPDATE verdicts SET inputs = '[1]'", "UPDATE verdicts SET inputs = '{\"a\": 1}'",
        "UPDATE verdicts SET versions = x'ff'", "UPDATE verdicts SET versions = 'null'",
        "UPDATE verdicts SET inputs = '" + "[" * 100_000 + "'",
        "UPDATE verdicts SET text = '', own = 'x'",
    ],
)  # fmt: skip
def test_a_store_that_is_none_says_nothing(folder: Path, how: str) -> None:
    path = folder / STORE
    spoil(path, how)
    assert shown(folder) == {}
    if how not in ("folder", "closed"):
        before = path.read_bytes() if path.exists() else None
        assert shown(folder) == {} and (path.read_bytes() if path.exists() else None) == before


def test_what_a_store_says_is_shown_as_plain_words(folder: Path) -> None:
    place = "x\x1b[31m\n::error::\u202e" + "y" * 500
    spoil(folder / STORE, f"UPDATE verdicts SET status = 'DIFFERS', place = '{place}'")
    text = shown(folder)["Encoder"]
    assert text.startswith("[differs: cpu: x [31m ::error:: yyy") and len(text) < 120 and text.isascii() and text.isprintable()


def test_a_locked_store_is_not_waited_for(folder: Path) -> None:
    import time

    lock = sqlite3.connect(folder / STORE, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    begin = time.monotonic()
    assert shown(folder) == {}
    assert time.monotonic() - begin < 1
    lock.execute("ROLLBACK")
    lock.close()
    assert shown(folder) == ALL


def test_a_store_is_not_written_by_reading(folder: Path) -> None:
    path = folder / STORE
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert shown(folder) == ALL and [p.name for p in path.parent.iterdir()] == [path.name]
    finally:
        path.parent.chmod(0o755)


def test_many_write_at_once(folder: Path) -> None:
    (folder / STORE).unlink()
    names = ["Encoder", "Decoder", "Auto", "Deep"] * 4
    threads = [threading.Thread(target=write, args=(str(folder / STORE), [row(name)])) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown(folder) == ALL


@pytest.mark.parametrize("how", ["text", "pages", "folder"])
def test_what_is_no_store_is_not_overwritten(folder: Path, how: str) -> None:
    path = folder / STORE
    spoil(path, how)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(OSError, match="delete it"):
        write(str(path), [row("Encoder")])
    assert (path.read_bytes() if path.is_file() else None) == before


def test_an_older_store_is_made_anew(folder: Path) -> None:
    spoil(folder / STORE, "PRAGMA user_version = 99")
    write(str(folder / STORE), [row("Encoder")])
    assert shown(folder) == {"Encoder": "[matched: cpu]"}


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    (tmp_path / "a" / "setup.py").write_text("")  # no mark of a place for a store
    for mark in ("tox.ini", "setup.cfg", ".git", "pyproject.toml"):
        (tmp_path / mark).write_text("")
        assert store_of("models.py") == store_of(str(inner / "models.py")) == str(tmp_path / STORE)
        (tmp_path / mark).unlink()
    (tmp_path / "a" / "tox.ini").write_text("")
    assert store_of("models.py") == str(tmp_path / "a" / STORE)


# ---- inside flake8 -------------------------------------------------------------------------------------------------


def flake8(folder: Path, *arguments: str, text: str = "") -> str:
    command = [sys.executable, "-m", "flake8", *arguments]
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, timeout=120)
    assert not done.stderr, done.stderr
    return done.stdout


def backed(output: str) -> list[str]:
    """`line CODE` of the findings with a verdict."""
    rows = [line.split(":", 3) for line in output.splitlines() if line.endswith("]")]
    return [f"{line} {rest.split()[0]} {rest.partition(' [')[2]}" for _, line, _, rest in rows]


SHOWN = ["17 NNX103 matched: cpu]", "27 NNX103 matched: cpu]", "34 NNX103 matched: cpu]", "46 NNX102 matched: cpu]"]


def test_flake8_shows_verdicts_and_drops_them(folder: Path) -> None:
    without = flake8(folder, "--nnx-verdicts", "off", "models.py")
    shows = flake8(folder, "models.py")
    assert backed(shows) == SHOWN and backed(without) == []
    assert shows.replace(" [matched: cpu]", "") == without
    (folder / "models.py").write_text(MODELS.replace("WIDTH = 16", "WIDTH = 17"))
    assert backed(flake8(folder, "models.py")) == [SHOWN[0]]
    (folder / "models.py").write_text(MODELS.replace("# how many", "# so many"))
    assert backed(flake8(folder, "models.py")) == SHOWN


def test_flake8_in_an_editor(folder: Path) -> None:
    """The text on stdin counts, not that of the file."""
    (folder / "models.py").write_text("")
    arguments = ("--stdin-display-name", str(folder / "models.py"), "-")
    assert backed(flake8(folder, *arguments, text=MODELS)) == SHOWN
    assert backed(flake8(folder, *arguments, text=MODELS.replace("WIDTH = 16", "WIDTH = 17"))) == [SHOWN[0]]
    assert backed(flake8(folder, "-", text=MODELS)) == SHOWN


def test_flake8_with_another_store(folder: Path) -> None:
    (folder / STORE).rename(folder / "other.sqlite")
    assert backed(flake8(folder, "models.py")) == []
    assert backed(flake8(folder, "--nnx-verdicts", "other.sqlite", "models.py")) == SHOWN
    assert backed(flake8(folder, "--nnx-verdicts", str(folder / "other.sqlite"), "models.py")) == SHOWN
    (folder / "setup.cfg").write_text("[flake8]\nselect = NNX\nnnx-verdicts = ./other.sqlite\n")
    assert backed(flake8(folder, "models.py")) == SHOWN
    assert backed(flake8(folder, "--nnx-verdicts", "models.py", "models.py")) == []


def test_flake8_of_several_files_in_processes(folder: Path) -> None:
    for number in range(4):
        (folder / f"other_{number}.py").write_text(MODELS)
    found = flake8(folder, "-j2", ".")
    assert len(backed(found)) == 5 * len(SHOWN)  # the same source has the same verdicts


def test_reading_loads_no_library(folder: Path) -> None:
    code = (
        "import ast, sys, builtins\n"
        "from flake8_nnx.plugin import Plugin\n"
        "text = open('models.py').read()\n"
        "found = [message for _, _, message, _ in Plugin(ast.parse(text), text.splitlines(True), 'models.py').run()]\n"
        "assert sum('[matched: cpu]' in message for message in found) == 4\n"
        "heavy = set(sys.modules) & set('libcst numpy jax jaxlib flax rich typer click hashlib'.split())\n"
        "assert not heavy, heavy\n"
        "assert 'flake8_nnx.verdicts.closure' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_project_without_verdicts_loads_nothing_of_them(folder: Path) -> None:
    (folder / STORE).unlink()
    code = (
        "import ast, sys\n"
        "from flake8_nnx.plugin import Plugin\n"
        "text = open('models.py').read()\n"
        "assert list(Plugin(ast.parse(text), text.splitlines(True), 'models.py').run())\n"
        "assert not {'sqlite3', 'flake8_nnx.verdicts.store', 'flake8_nnx.verdicts.lookup'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
