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
