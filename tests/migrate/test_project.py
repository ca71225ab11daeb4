"""Classes of several files planned, settled, verified and written together."""
import json
import sys

import pytest

from flake8_nnx.migrate.run import migrate_paths

CONFIG = "import dataclasses\n\n\n@dataclasses.dataclass(frozen=True)\nclass Config:\n    width: int = 4\n    depth: int = 2\n"
BLOCKS = '''import flax.linen as nn

from pkg.config import Config


class Leaf(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class Block(nn.Module):
    config: Config

    @nn.compact
    def __call__(self, x):
        y = Leaf(self.config.width)(x)
        return x + nn.Dense(x.shape[-1])(nn.tanh(y))
'''
NET = '''import flax.linen as nn

from pkg.sub import blocks
from .config import Config
from .sub import B


class Leaf(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(5)(x)


class Net(nn.Module):
    config: Config = Config()

    @nn.compact
    def __call__(self, x):
        x = Leaf()(x)
        for _ in range(self.config.depth):
            x = B(self.config)(x)
        return blocks.Leaf(3)(x)
'''
FILES = {
    "__init__.py": "from .net import Net\nfrom . import config\n",
    "config.py": CONFIG,
    "sub/__init__.py": "from .blocks import Block as B\n",
    "sub/blocks.py": BLOCKS,
    "net.py": NET,
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "pkg"


def statuses(run):
    return {(record.file.rpartition("pkg/")[2], record.cls): record for record in run.classes}


def test_a_class_is_constructed_as_its_own_file_wants_it(package):
    run = migrate_paths([package], unverified=True)
    assert run.errors == [] and all(record.status == "native" for record in run.classes)
    new = {file.source.path.name: file.new for file in run.files}["net.py"]
    assert "self.leaf_0 = Leaf(in_features, rngs=rngs)" in new
    assert "self.blocks.append(B(5, config, rngs=rngs))" in new and "self.leaf_1 = blocks.Leaf(5, 3, rngs=rngs)" in new
    run.write(None)
    assert migrate_paths([package], unverified=True).diff() == ""


def test_two_processes_write_the_same_files(package, monkeypatch):
    from flake8_nnx.migrate import file

    alone = migrate_paths([package], unverified=True)
    used, ordered = [], file.ordered
    monkeypatch.setattr(file, "FEW", 1)
    monkeypatch.setattr(file, "ordered", lambda *how: used.append(how[2]) or ordered(*how))
    together = migrate_paths([package], unverified=True, workers=2)
    assert together.diff() == alone.diff() != "" and together.classes == alone.classes and 2 in used


def test_two_classes_of_one_name_are_two_in_the_map(package):
    classes = statuses(migrate_paths([package], unverified=True))["net.py", "Net"].variable_map["classes"]
    assert sorted(classes) == ["Block", "Leaf", "Leaf (2)"]
    assert json.loads(json.dumps(classes)) == classes
    assert {slot["class"] for slots in classes.values() for slot in slots if "class" in slot} < {"Leaf", "Leaf (2)"}


def test_a_file_that_is_not_given_is_named(package):
    found = statuses(migrate_paths([package / "net.py"], unverified=True))
    assert found["net.py", "Leaf"].status == "native"
    reason = found["net.py", "Net"].reason
    assert found["net.py", "Net"].status == "refused" and "blocks.py" in reason and "give that file as well" in reason


def test_what_stays_linen_keeps_what_it_uses_in_other_files(package):
    path = package / "net.py"
    path.write_text(NET.replace("x = Leaf()(x)", "x = nn.ConvLocal(3, (3,))(x)"))
    found = statuses(migrate_paths([package], unverified=True))
    assert found["net.py", "Net"].status == "refused"
    leaf, block = found["sub/blocks.py", "Leaf"], found["sub/blocks.py", "Block"]
    assert leaf.status == "native" and not leaf.written and "`Net`, which stays Linen, still uses it" in leaf.reason
    assert block.status == "native" and not block.written
    assert found["net.py", "Leaf"].written


def test_what_is_constructed_elsewhere_and_stays_linen_keeps_its_users(package):
    path = package / "sub" / "blocks.py"
    path.write_text(BLOCKS.replace("nn.Dense(x.shape[-1])", "nn.ConvLocal(3, (3,))"))
    found = statuses(migrate_paths([package], unverified=True))
    assert "it constructs `Block` (line 21), which stays Linen" in found["net.py", "Net"].reason


def test_files_may_import_each_other(package):
    (package / "sub" / "blocks.py").write_text("from pkg import net\n" + BLOCKS)
    run = migrate_paths([package], unverified=True)
    assert all(record.written for record in run.classes)


def jobs(package, texts, name="net.py", cls="Net", init="Net(Config(3, 2))"):
    from flake8_nnx.case import Case

    run = migrate_paths([package], unverified=True)
    new = {str(file.source.path): file.new for file in run.files}
    for path, (old, changed) in texts.items():
        assert old in new[str(package / path)]
        new[str(package / path)] = new[str(package / path)].replace(old, changed)
    path = str(package / name)
    side = {"path": path, "class": cls}
    own = {**side, "source": new[path], "others": {other: text for other, text in new.items() if other != path}}
    maps = statuses(run)[name, cls].variable_map
    return {"old": side, "new": own, "variable_map": maps, "case": Case(cls, init=init, args=("f32[2,7]",)).to_json()}


@pytest.mark.jax
def test_new_texts_of_other_files_are_what_is_verified(package):
    from flake8_nnx.verify import verify_files

    good, bad, block, again = verify_files([
        jobs(package, {}),
        jobs(package, {"sub/blocks.py": ("nnx.tanh", "nnx.relu")}),
        jobs(package, {}, "sub/blocks.py", "Block", "Block(Config(3, 2))"),
        jobs(package, {}),
    ])
    assert (good.status, block.status, again.status) == ("PROVED", "PROVED", "PROVED"), (good, block, again)
    assert bad.status == "DIFFERS" and "block" in bad.reason


@pytest.mark.jax
def test_the_old_modules_are_back_after_an_overlay(package, monkeypatch):
    from flake8_nnx.verify.overlay import overlay

    monkeypatch.syspath_prepend(str(package.parent))
    import pkg.config
    import pkg.sub.blocks

    old = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pkg"}
    assert "pkg.net" in old
    try:
        with overlay({str(package / "sub" / "blocks.py"): "from pkg.config import Config\nBlock = Leaf = 7\n"}):
            import pkg.net as changed

            assert changed.B == 7 and changed.Config is pkg.config.Config
            assert changed is not old["pkg.net"] and sys.modules["pkg"].config is pkg.config
        assert {name: sys.modules[name] for name in old} == old
        assert old["pkg"].net is old["pkg.net"] and old["pkg.sub"].blocks is old["pkg.sub.blocks"]
        assert old["pkg.net"].B is old["pkg.sub.blocks"].Block
    finally:
        for name in old:
            sys.modules.pop(name, None)


BASE = '''import abc

import flax.linen as nn

WIDTH = 3


class Base(abc.ABC, nn.Module):
    width: int = WIDTH

    @abc.abstractmethod
    def layer(self, x):
        ...

    def __call__(self, x):
        return nn.tanh(self.layer(x))


class Other(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)
'''
SUBS = '''import flax.linen as nn

from pkg.base import WIDTH, Base, Other


class Sub(Base):
    @nn.compact
    def layer(self, x):
        return nn.Dense(self.width)(x)


class More(Other):
    last: int = WIDTH

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.last)(super().__call__(x))


class Instead(Other):
    @nn.compact
    def __call__(self, x):
        return nn.LayerNorm()(x)
'''


@pytest.fixture
def family(package):
    (package / "base.py").write_text(BASE)
    (package / "subs.py").write_text(SUBS)
    return [package / "base.py", package / "subs.py"]


def test_bases_of_other_files(family):
    run = migrate_paths(family, unverified=True)
    assert run.errors == [] and [record.status for record in run.classes] == ["native"] * 5
    new = run.files[1].new
    assert "in_features: int, width: int, last: int = WIDTH, *, rngs: nnx.Rngs" in " ".join(new.split())
    assert "super().__init__(in_features, width, rngs=rngs)" in new and "class Sub(Base):" in new
    alone = migrate_paths(family[1:], unverified=True)
    assert {record.status for record in alone.classes} == {"refused"}
    assert "it derives from `Base` of" in alone.classes[0].reason and "give that file as well" in alone.classes[0].reason


def test_a_default_that_the_file_does_not_have_is_refused(family):
    family[1].write_text(SUBS.replace("WIDTH, Base", "Base").replace("last: int = WIDTH", "last: int = 2"))
    sub, more, _ = migrate_paths(family, unverified=True).classes[2:]
    assert sub.status == "refused" and "uses `WIDTH`" in sub.reason and more.status == "native"


def test_an_abstract_base_is_let_through_with_what_derives_from_it(family):
    from types import SimpleNamespace

    from flake8_nnx.migrate.gate import key_of, parts_of
    from flake8_nnx.migrate.run import MigrationRun, _read
    from flake8_nnx.migrate.project import plan_files

    inputs = _read(family, MigrationRun())
    plans = {p.name: p for file in plan_files([(each.source.text, each.file.facts) for each in inputs]) for p in file.plans}
    good = SimpleNamespace(status="PROVED", reason="")
    none = SimpleNamespace(status="UNVERIFIED", reason="no case: abstract")
    verdicts = {key_of(plan): none if name in ("Base", "Other") else good for name, plan in plans.items()}
    parts = parts_of(list(plans.values()), verdicts)
    assert [parts[key_of(plans[name])].name for name in ("Base", "Other")] == ["Sub", "More"]
    verdicts[key_of(plans["More"])] = none  # `Instead` replaces what Other does, so that nothing of it has run
    assert key_of(plans["Other"]) not in parts_of(list(plans.values()), verdicts)


@pytest.mark.jax
def test_bases_of_other_files_are_verified(family):
    from flake8_nnx.case import Case
    from flake8_nnx.verify import verify_files

    run = migrate_paths(family, unverified=True)
    new = {str(file.source.path): file.new for file in run.files}
    maps = {record.cls: record.variable_map for record in run.classes}
    path = str(family[1])
    found = verify_files([
        {
            "old": {"path": path, "class": cls},
            "new": {"path": path, "class": cls, "source": new[path], "others": {str(family[0]): new[str(family[0])]}},
            "variable_map": maps[cls],
            "case": Case(cls, init=init, args=("f32[2,5]",)).to_json(),
        }
        for cls, init in (("Sub", "Sub()"), ("More", "More(4)"), ("Instead", "Instead(4)"))
    ])
    assert [verdict.status for verdict in found] == ["PROVED"] * 3, found


def test_functions_and_tables_of_other_files_that_make_modules(package):
    (package / "make.py").write_text(
        "import flax.linen as nn\n\n\ndef dense(x):\n    return nn.Dense(3)(x)\n\n\ndef halved(x):\n    return x / 2\n\n\n"
        "TABLE = {'dense': lambda x: dense(x), 'relu': nn.relu}\n"
    )
    (package / "use.py").write_text(
        "import flax.linen as nn\n\nfrom pkg import make\nfrom pkg.make import TABLE, halved\n\n\n"
        "class Runs(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return make.dense(x)\n\n\n"
        "class LooksUp(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return TABLE['dense'](x)\n\n\n"
        "class Halves(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return nn.Dense(3)(halved(x))\n"
    )
    found = statuses(migrate_paths([package], unverified=True))
    for name in ("Runs", "LooksUp"):
        reason = found["use.py", name].reason
        assert found["use.py", name].status == "refused" and "uses `nn.Dense` (line 5) where nobody follows" in reason, reason
    assert found["use.py", "Halves"].status == "native"
