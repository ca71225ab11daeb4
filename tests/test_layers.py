"""The import rules of the package: each layer imports only from those above it, and flake8 loads the light part alone."""
from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "flake8_nnx"
STDLIB = set(sys.stdlib_module_names)
# Layer -> what of flake8_nnx it may import besides itself, and which libraries.
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "__init__": (set(), set()),
    "rule": ({"source"}, set()),  # the type of facts, for annotations
    "variable_map": (set(), set()),
    "source": ({"catalog", "rule"}, set()),  # the catalogue is data: argument names of layers
    "catalog": (set(), set()),
    "rules": ({"catalog", "source", "rule"}, set()),
    "lint": ({"rules", "source", "rule"}, set()),
    "plugin": ({"lint", "source", "__init__"}, set()),
    "explain": ({"rules", "rule"}, set()),
    "migrate": ({"lint", "rules", "catalog", "source", "rule", "variable_map", "verify"}, {"libcst"}),
    "verify": ({"variable_map", "catalog"}, {"jax", "flax", "numpy", "libcst"}),
    "cli": ({"explain", "lint", "migrate", "rule", "rules", "source", "verify", "__init__"}, {"typer", "rich"}),
    "__main__": ({"cli"}, set()),
}
LIGHT = {"__init__", "rule", "variable_map", "source", "catalog", "rules", "lint", "plugin", "explain"}


def imports(source: str) -> list[tuple[str, bool]]:
    """Absolute dotted names that a text imports, each with whether it is imported late (inside a function)."""
    found: list[tuple[str, bool]] = []

    def walk(node: ast.AST, late: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, late) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = "." * child.level + (child.module or "")
                if base in ("flake8_nnx", "flake8_nnx.rules", "flake8_nnx.cli"):
                    found.extend((f"{base}.{alias.name}", late) for alias in child.names)
                else:
                    found.append((base, late))
            walk(child, late or isinstance(child, (ast.FunctionDef, ast.Lambda)))

    walk(ast.parse(source), False)
    return found


def violations(layer: str, source: str) -> list[str]:
    """Imports that the layer may not make."""
    ours, libraries = LAYERS[layer]
    wrong = []
    for name, late in imports(source):
        parts = name.split(".")
        if parts[0] == "flake8_nnx":
            other = parts[1] if len(parts) > 1 and parts[1] in LAYERS else "__init__"
            if other != layer and other not in ours:
                wrong.append(name)
        elif parts[0] not in STDLIB | libraries:
            wrong.append(name)
        elif layer == "migrate" and parts[0] in ("jax", "flax"):
            wrong.append(name)
    return wrong


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_layers_above(path):
    assert violations(layer_of(path), path.read_text()) == []


def test_every_file_belongs_to_a_layer():
    assert {layer_of(path) for path in FILES} == set(LAYERS)


def test_the_light_part_names_no_library():
    assert all(not LAYERS[layer][1] and LAYERS[layer][0] <= LIGHT for layer in LIGHT)


def test_verify_never_imports_migrate():
    assert "migrate" not in LAYERS["verify"][0]
    assert violations("verify", "def f():\n    from flake8_nnx.migrate import run\n") == ["flake8_nnx.migrate"]


@pytest.mark.parametrize(
    "layer, source",
    [
        ("source", "import numpy"),
        ("source", "from flake8_nnx.lint import lint_tree"),
        ("rules", "from flake8_nnx.migrate.plan import Planner"),
        ("plugin", "def f():\n    import libcst"),
        ("lint", "from flax import nnx"),
        ("migrate", "import jax"),
        ("verify", "from flake8_nnx.cli import main"),
        ("cli", "import jax"),
        ("catalog", "from flake8_nnx.source.linen import Facts"),
    ],
)
def test_the_check_can_fail(layer, source):
    assert len(violations(layer, source)) == 1


HEAVY = "libcst numpy jax jaxlib flax rich typer click"
PROBE = """
import ast, sys
import flake8_nnx.plugin as plugin
def heavy():
    return sorted(set(sys.modules) & set({heavy!r}.split()))
assert heavy() == [], heavy()
lines = ["import torch\\n", "class A(torch.nn.Module): pass\\n"]
assert list(plugin.Plugin(ast.parse("".join(lines)), lines).run()) == []
assert not any(name.startswith("flake8_nnx.rules.nnx") for name in sys.modules), "rules are loaded before they are needed"
lines = ["import flax.linen as nn\\n", "class A(nn.Module):\\n", "    x: int\\n"]
found = list(plugin.Plugin(ast.parse("".join(lines)), lines).run())
assert {{text.split()[0] for _, _, text, _ in found}} == {{"NNX103", "NNX104"}}, found
assert heavy() == [], heavy()
"""


def test_linting_loads_no_library():
    done = subprocess.run([sys.executable, "-c", PROBE.format(heavy=HEAVY)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["flake8_nnx.verify", "flake8_nnx.cli", "flake8_nnx.migrate.run"])
def test_light_fronts_load_no_jax(module):
    code = f"import {module}, sys; assert not set(sys.modules) & {{'jax', 'flax', 'numpy'}}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
