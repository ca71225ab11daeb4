"""What a name imported from another file of the project is."""
from __future__ import annotations

from pathlib import Path

import pytest

from flake8_nnx.lint import lint_facts
from flake8_nnx.source.declared import Declared
from flake8_nnx.source.features import site_sizes, trace
from flake8_nnx.source.project import Project, SourceFile
from flake8_nnx.source.read import SourceError

MODEL = """
import flax.linen as nn

class MLP(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)

class Config:
    width = 8

net = MLP(8)
config = Config()

def make(width: int):
    return MLP(width)

def count():
    return 3
"""


def project(root: Path, files: dict[str, str], *given: str) -> dict[str, SourceFile]:
    """Write the files, open the project, give its files by their path below the root."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    opened = Project([root / name for name in given] or [root])
    assert not opened.errors
    return {file.path.relative_to(root).as_posix(): file for file in opened.files}


# ---- files and their names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("pkg/__init__.py", "pkg", "pkg"),
        ("pkg/models.py", "pkg.models", "pkg"),
        ("pkg/deep/vit.py", "pkg.deep.vit", "pkg.deep"),
        ("src/lib/layers.py", "lib.layers", "lib"),
        ("space/loose.py", "space.loose", "space"),
        ("train.py", "train", ""),
    ],
)
def test_module_name(tmp_path: Path, name: str, module: str, package: str) -> None:
    names = "pkg/__init__.py pkg/models.py pkg/deep/__init__.py pkg/deep/vit.py src/lib/layers.py space/loose.py"
    files = project(tmp_path, dict.fromkeys([*names.split(), "train.py"], ""))
    assert (files[name].module, files[name].package) == (module, package)


def test_module_name_does_not_depend_on_what_is_given(tmp_path: Path) -> None:
    texts = {"pkg/__init__.py": "", "pkg/deep/__init__.py": "", "pkg/deep/vit.py": ""}
    assert project(tmp_path, texts, "pkg/deep/vit.py")["pkg/deep/vit.py"].module == "pkg.deep.vit"
    assert project(tmp_path, texts, "pkg/deep")["pkg/deep/vit.py"].module == "pkg.deep.vit"


def test_directories_that_are_nobodys_source_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    skipped = ".hidden/a.py __pycache__/a.py env/a.py node_modules/a.py build/a.py notes.txt"
    kept = "a.py pkg/build/__init__.py pkg/build/a.py"
    files = project(tmp_path, dict.fromkeys(f"{skipped} {kept}".split(), ""))
    assert sorted(files) == sorted(kept.split())


def test_a_directory_that_is_given_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert list(project(tmp_path, {"build/a.py": ""}, "build")) == ["build/a.py"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    assert len(Project([tmp_path, tmp_path / "a.py", tmp_path]).files) == 1


# ---- re-exports ---------------------------------------------------------------------------------------------------


def test_reexport_through_packages_and_modules(tmp_path: Path) -> None:
    files = project(
        tmp_path,
        {
            "pkg/__init__.py": "from .deep import MLP as Net, nn\nfrom . import models",
            "pkg/deep/__init__.py": "from ..models import *\nfrom pkg.common import nn",
            "pkg/models.py": MODEL,
            "pkg/common.py": "from flax import linen as nn\nDense = nn.Dense\nAlias = Dense",
            "train.py": "",
        },
    )
    train = files["train.py"]
    assert train.translate("pkg.Net") == "pkg.models.MLP"
    assert train.translate("pkg.nn.Dense") == "flax.linen.Dense"
    assert train.translate("pkg.common.Alias") == "flax.linen.Dense"
    assert train.module_class("pkg.Net") and train.module_class("pkg.models.MLP") and train.module_class("pkg.deep.MLP")
    net = train.instance("pkg.models.net")
    assert net is not None and net.name == "MLP" and net.local is not None and net.local.fields[0].name == "features"
    made = train.instance("pkg.models.make")
    assert made is not None and made.name == "MLP"

    assert train.translate("pkg.models.MLP") is None  # it is that already
    assert train.translate("flax.linen.Dense") is None
    assert not train.module_class("pkg.models.Config")
    assert not train.module_class("pkg.models.make")
    assert not train.module_class("pkg.models.missing")
    assert not train.module_class("pkg")
    assert train.instance("pkg.models.config") is None
    assert train.instance("pkg.models.count") is None
    assert train.instance("pkg.Net") is None


def test_private_names_do_not_pass_a_star(tmp_path: Path) -> None:
    hidden = MODEL.replace("MLP", "_MLP")
    files = project(tmp_path, {"pkg/__init__.py": "from .models import *", "pkg/models.py": hidden, "a.py": ""})
    assert not files["a.py"].module_class("pkg._MLP")
    assert files["a.py"].module_class("pkg.models._MLP")


def test_a_partial_of_a_class_is_a_class_and_a_reexported_name_may_be_bound_twice(tmp_path: Path) -> None:
    text = """
from functools import partial
try:
    from flax import linen as nn
except ImportError:
    nn = None
Small = partial(nn.Dense, 3)
number = partial(int, base=2)
"""
    (file,) = project(tmp_path, {"layers.py": text}).values()
    assert file.module_class("layers.Small") and file.translate("layers.nn.Conv") == "flax.linen.Conv"
    assert not file.module_class("layers.number") and not file.module_class("layers.partial")


def test_submodule_and_attribute_of_one_name(tmp_path: Path) -> None:
    files = project(
        tmp_path, {"pkg/__init__.py": "from .mlp import mlp", "pkg/mlp.py": MODEL + "\nmlp = net\n", "a.py": ""}
    )
    found = files["a.py"].instance("pkg.mlp")
    assert found is not None and found.name == "MLP"
    assert files["a.py"].module_class("pkg.mlp.MLP")
    assert not files["a.py"].module_class("pkg.mlp")


# ---- facts that use them ------------------------------------------------------------------------------------------


def test_base_class_in_another_file(tmp_path: Path) -> None:
    files = project(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/base.py": "from flax import linen as nn\nclass Base(nn.Module): pass\nclass Plain: pass",
            "pkg/mid.py": "from .base import Base\nclass Mid(Base): pass",
            "pkg/vit.py": "from . import mid, base\nclass ViT(mid.Mid): pass\nclass Other(base.Plain): pass",
        },
    )
    assert [cls.name for cls in files["pkg/vit.py"].facts.classes] == ["ViT"]
    assert [cls.name for cls in files["pkg/mid.py"].facts.classes] == ["Mid"]


@pytest.mark.parametrize("line", ["from models import MLP", "from .models import MLP", "from models import MLP as MLP"])
def test_sibling_script(tmp_path: Path, line: str) -> None:
    text = f"{line}\nmodel = MLP(3)\nother = open('x')\nclass Big(MLP): pass"
    files = project(tmp_path, {"vae/models.py": MODEL, "vae/train.py": text})
    facts = files["vae/train.py"].facts
    assert [cls.name for cls in facts.classes] == ["Big"]
    model, other = (statement.value for statement in facts.tree.body[1:3])  # type: ignore[attr-defined]
    assert facts.instance(model) and facts.instance(other) is None


def test_sibling_module_by_a_dot_alone(tmp_path: Path) -> None:
    files = project(tmp_path, {"models.py": MODEL, "train.py": "from . import models\nclass Big(models.MLP): pass"})
    assert [cls.name for cls in files["train.py"].facts.classes] == ["Big"]


def test_every_script_has_its_own_models(tmp_path: Path) -> None:
    plain = "class MLP: pass"
    files = project(
        tmp_path,
        {
            "linen/models.py": MODEL,
            "linen/train.py": "from models import MLP\nclass Big(MLP): pass",
            "plain/models.py": plain,
            "plain/train.py": "from models import MLP\nclass Big(MLP): pass",
        },
    )
    assert files["linen/train.py"].module_class("models.MLP")
    assert [cls.name for cls in files["linen/train.py"].facts.classes] == ["Big"]
    assert not files["plain/train.py"].module_class("models.MLP")
    assert not list(files["plain/train.py"].facts.classes)


def test_a_neighbour_that_is_not_given_is_read_but_not_listed(tmp_path: Path) -> None:
    files = project(tmp_path, {"models.py": MODEL, "train.py": "from models import MLP"}, "train.py")
    assert list(files) == ["train.py"]
    assert files["train.py"].module_class("models.MLP")


def test_source_layout_from_the_tests_of_a_project(tmp_path: Path) -> None:
    texts = {"pyproject.toml": "", "src/pkg/__init__.py": MODEL, "tests/unit/test_a.py": "from pkg import MLP"}
    files = project(tmp_path, texts, "tests")
    assert files["tests/unit/test_a.py"].module_class("pkg.MLP")


def test_nothing_above_the_top_of_the_project_is_read(tmp_path: Path) -> None:
    texts = {"models.py": MODEL, "app/pyproject.toml": "", "app/code/train.py": "from models import MLP"}
    files = project(tmp_path, texts, "app/code")
    assert not files["app/code/train.py"].module_class("models.MLP")


def test_a_directory_called_flax_does_not_hide_flax(tmp_path: Path) -> None:
    text = "from flax import linen\nx = linen.Dense(3)"
    facts = project(tmp_path, {"flax/linen.py": "class Dense: pass", "a.py": text})["a.py"].facts
    assert facts.instance(facts.tree.body[1].value)  # type: ignore[attr-defined]


def test_declared_classes_hold_across_reexports(tmp_path: Path) -> None:
    (tmp_path / "common.py").write_text("from outside.layers import Base, Other")
    (tmp_path / "a.py").write_text("from common import Base, Other\nclass A(Base): pass\nclass B(Other): pass")
    opened = Project([tmp_path / "a.py"], Declared(frozenset({"outside.layers.Base"})))
    assert [cls.name for cls in opened.files[0].facts.classes] == ["A"]


# ---- what must not break it ---------------------------------------------------------------------------------------


def test_import_cycles_end(tmp_path: Path) -> None:
    files = project(
        tmp_path,
        {
            "a.py": "from b import X, net, make, Part\nclass A(X): pass\nPartial = Part\n",
            "b.py": "from a import X, A\nfrom c import *\nclass B(A): pass\nPart = A\n",
            "c.py": "from b import *\nfrom a import *\nfrom d import net, make\n",
            "d.py": "from e import net as other\nnet = other\ndef make():\n    from e import make\n    return make()\n",
            "e.py": "from d import net as other, make as again\nnet = other\nmake = again\n",
        },
    )
    a = files["a.py"]
    for name in ("b.X", "b.net", "b.make", "a.Partial", "a.missing", "c.missing"):
        assert not a.module_class(name) and a.instance(name) is None, name
    assert not list(a.facts.classes) and not list(files["b.py"].facts.classes)


def test_a_cycle_does_not_hide_what_is_known(tmp_path: Path) -> None:
    files = project(
        tmp_path,
        {
            "pkg/__init__.py": "from .a import A\nfrom .b import B",
            "pkg/a.py": "import flax.linen as nn\nfrom pkg import B\nclass A(nn.Module): pass",
            "pkg/b.py": "from pkg import A\nclass B(A): pass",
        },
    )
    assert [cls.name for cls in files["pkg/b.py"].facts.classes] == ["B"]
    assert files["pkg/a.py"].module_class("pkg.B")


def test_broken_files_do_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("class MLP(:\n")
    (tmp_path / "latin.py").write_bytes("x = 'é'".encode("latin-1"))
    (tmp_path / "fine.py").write_text("from broken import MLP\nfrom latin import x\n" + MODEL)
    opened = Project([tmp_path, tmp_path / "nowhere"])
    for file in opened.files:
        try:
            file.tree
        except SourceError as error:
            opened.errors.append(error)
    assert [(Path(error.file).name, error.line) for error in opened.errors] == [
        ("nowhere", 0),
        ("broken.py", 1),
        ("latin.py", 0),
    ]
    fine = opened.files[1]
    assert fine.module_class("fine.MLP") and not fine.module_class("broken.MLP")


def test_a_tree_that_was_forgotten_comes_back(tmp_path: Path) -> None:
    files = project(tmp_path, {"models.py": MODEL, "a.py": ""})
    files["models.py"].tree
    files["models.py"].forget_tree()
    assert files["a.py"].module_class("models.MLP")


# ---- sizes ----------------------------------------------------------------------------------------------------------


def test_sizes_are_followed_into_other_files_and_say_nothing_that_only_those_know(tmp_path: Path) -> None:
    block = """
from flax import linen as nn
WIDTH = 4
class Block(nn.Module):
    features: int
    hidden: int = WIDTH
    last: int = None
    @nn.compact
    def __call__(self, x):
        features = self.features if self.last is None else self.features
        return nn.Dense(features)(nn.Dense(self.hidden)(x))
class Fixed(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(WIDTH)(x)
"""
    net = """
from flax import linen as nn
from .blocks import Block, Fixed
class Net(nn.Module):
    width: int
    @nn.compact
    def __call__(self, x):
        x = Block(self.width)(x)
        x = nn.Dense(7)(x)
        x = Fixed()(x)
        return nn.Dense(9)(x)
"""
    files = project(tmp_path, {"pkg/__init__.py": "", "pkg/blocks.py": block, "pkg/net.py": net})
    (cls,) = files["pkg/net.py"].facts.classes
    sites = trace(cls).sites
    assert [site_sizes(site) for site in sites if site.ref and site.ref.name != "Fixed"] == [
        {"in_features": "axis1_of_x"}, {"in_features": "width"}, {"in_features": "open1_of_x"},
    ]


def test_train_states_of_other_files(tmp_path: Path) -> None:
    texts = {
        "pkg/__init__.py": "",
        "pkg/states.py": "from flax.training.train_state import TrainState\n\nclass RLState(TrainState):\n    target: dict\n",
        "pkg/more.py": "from .states import RLState\n\nclass Deep(RLState):\n    pass\n\nclass Other:\n    pass\n",
        "pkg/step.py": "import jax\nfrom pkg.more import Deep, Other\nfrom pkg.states import RLState\n\n"
        "def run(a: RLState, b: Deep, c: Other, x, y):\n    return a.apply_fn(a.target, x), b.apply_fn(x, x), c.apply_fn(y, y)\n",
    }
    file = project(tmp_path, texts)["pkg/step.py"]
    assert [(found.code, found.col) for found in lint_facts(file.facts)] == [("NNX316", 11), ("NNX316", 36)]
    assert file.bases("pkg.more.Deep") == {"pkg.states.RLState", "flax.training.train_state.TrainState"}
    assert file.bases("pkg.more.Other") == file.bases("unknown.Name") == frozenset()
