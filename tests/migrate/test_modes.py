"""`--mode-flags` over whole runs: what agrees across files, and what keeps its flag."""
import pytest

from flake8_nnx.cli import main
from flake8_nnx.migrate.run import migrate_paths

HEAD = "import flax.linen as nn\n\n\n"
BLOCK = """class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(x, deterministic=not train)
"""
NET = "from block import Block\n" + HEAD + """class Net(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return Block()(x{})
"""


def run(tmp_path, files, **how):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = migrate_paths([tmp_path], unverified=True, **{"mode_flags": True, **how})
    return {file.source.path.name: file for file in found.files}, found


def test_classes_of_several_files_agree(tmp_path):
    files, found = run(tmp_path, {"block.py": HEAD + BLOCK, "net.py": NET.format(", train=train")})
    assert "def __call__(self, x):\n        return self.dropout(x)\n" in files["block.py"].new
    assert "def __call__(self, x):\n        return self.block(x)\n" in files["net.py"].new
    assert files["net.py"].maps["Net"]["modes"] == {"__call__": {"train": True}}
    assert all("`train` is a mode now" in note for note in found.todo)


@pytest.mark.parametrize("given", ["", ", False", ", train=True", ", not train", ", train=x.shape[0] > 3"])
def test_a_call_of_another_file_that_decides_keeps_the_flag(tmp_path, given):
    files, found = run(tmp_path, {"block.py": HEAD + BLOCK, "net.py": NET.format(given)})
    assert "self.dropout(x, deterministic=not train)" in files["block.py"].new
    assert "modes" not in files["block.py"].maps["Block"]
    assert any("Block: line 6: `train` stays an argument: `self.block(x" in note for note in found.todo)


def test_without_the_option_flags_stay(tmp_path):
    files, _ = run(tmp_path, {"block.py": HEAD + BLOCK}, mode_flags=False)
    assert "self.dropout(x, deterministic=not train)" in files["block.py"].new and files["block.py"].todo == []


METHOD = "class Net(nn.Module):\n    @nn.compact\n    def __call__(self, x, train: bool = True):\n        {}\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return nn.Dropout(0.1)(x, deterministic=not train) * train", ""),
        ("return nn.Dropout(0.1)(x, deterministic=train)", "its name says the opposite of what it does"),
        ("train = False\n        return nn.Dropout(0.1)(x, deterministic=not train)", "the method gives it another value"),
        ("del train\n        return nn.Dropout(0.1, deterministic=True)(x)", "the method gives it another value"),
        ("return nn.Sequential([nn.Dropout(0.1, deterministic=True)])(nn.Dropout(0.2)(x, deterministic=not train))",
         "modes would change `deterministic=True` of `Net`"),
    ],
)  # fmt: skip
def test_what_modes_would_change_keeps_its_flag(tmp_path, body, reason):
    files, found = run(tmp_path, {"net.py": HEAD + METHOD.format(body)})
    compile(files["net.py"].new, "net.py", "exec")
    stays = [note for note in found.todo if "stays an argument" in note]
    assert bool(stays) == bool(reason) and all(reason in note for note in stays)
    assert ("train: bool" in files["net.py"].new) == bool(reason)


MERGED = """class Merged(nn.Module):
    deterministic: bool | None = None

    @nn.compact
    def __call__(self, x, deterministic: bool | None = None):
        deterministic = nn.merge_param("deterministic", self.deterministic, deterministic)
        return nn.Dropout(0.1)(x, deterministic=deterministic)


"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("class Net(nn.Module):\n    def setup(self):\n        self.block = Block()\n        self.other = Parent(self.block)\n\n"
         "    def __call__(self, x, train: bool = True):\n        return self.other(self.block(x, train), train)\n\n\n"
         "class Parent(nn.Module):\n    child: nn.Module\n\n    @nn.compact\n    def __call__(self, x, train: bool = True):\n"
         "        return self.child(x, train)\n",
         "Block: line 6: `train` stays an argument: `self.block` is given to something else"),
        ("class Net(nn.Module):\n    @nn.compact\n    def __call__(self, x, train: bool = True):\n"
         "        many = nn.vmap(Block, variable_axes={'params': 0}, split_rngs={'params': True, 'dropout': True},\n"
         "                       in_axes=(None, None), axis_size=2)\n        return many()(x, train)\n",
         "Block: line 6: `train` stays an argument: `many` is made in a way that is not followed"),
        ("class Net(nn.Module):\n    @nn.compact\n    def __call__(self, x, train: bool = True):\n"
         "        blocks = [Block(), Block()]\n        return run(blocks, x, train)\n\n\ndef run(blocks, x, train):\n"
         "    for block in blocks:\n        x = block(x, train)\n    return x\n", "stays an argument"),
        (MERGED + "class Net(nn.Module):\n    @nn.compact\n    def __call__(self, x, train: bool = True):\n"
         "        return Merged(deterministic=True)(Merged()(x, deterministic=not train))\n",
         "Merged: line 14: `deterministic` stays an argument: `Net` makes it with `deterministic=`"),
        (MERGED + "def asks(net):\n    return net.deterministic\n",
         "Merged: line 14: `deterministic` stays an argument: the class is also made with `deterministic=`"),
    ],
)  # fmt: skip
def test_what_is_not_followed_keeps_the_flag(tmp_path, text, reason):
    files, found = run(tmp_path, {"net.py": HEAD + BLOCK + "\n\n" + text})
    compile(files["net.py"].new, "net.py", "exec")
    refused = [f"{record.cls}: {record.reason}" for record in found.classes if record.status == "refused"]
    assert any(reason in note for note in found.todo), (found.todo, refused)


def test_bridges_know_no_modes(tmp_path, capsys):
    (tmp_path / "block.py").write_text(HEAD + BLOCK)
    with pytest.raises(SystemExit):
        raise SystemExit(main(["migrate", str(tmp_path), "--mode-flags", "--bridge"]))
    assert "--mode-flags needs all classes of a model" in capsys.readouterr().err
