"""The import rules of the package: each layer imports only from those above it, and flake8 loads the light part alone."""
from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "flake8_nnx"
STDLIB = {*sys.stdlib_module_names, "tomllib"}  # since Python 3.11, which verifying needs


@dataclass(frozen=True)
class Layer:
    """Which layers may be imported at the top of a file, which only inside functions, and which libraries."""

    top: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    late_libraries: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)  # under `if TYPE_CHECKING:` only, never loaded


# In order: a layer loads only layers above its own. Rules are late because flake8 loads them at the first file that needs
# them; migrate and verify are late because of the libraries behind them.
LAYERS = {
    "__init__": Layer(),
    "rule": Layer(types={"source"}),
    "variable_map": Layer(),
    "case": Layer(late_libraries={"jax"}),
    "catalog": Layer(),
    "source": Layer(top={"rule", "catalog"}),
    "rules": Layer(top={"rule", "catalog", "source"}),
    "lint": Layer(top={"rule", "source"}, late={"rules"}),
    "versions": Layer(top={"rule"}),
    "baseline": Layer(top={"rule", "lint"}),
    "verdicts": Layer(top={"__init__", "rule", "source"}),
    "remembered": Layer(top={"__init__", "rule", "source", "verdicts"}),
    "plugin": Layer(top={"__init__", "rule", "source", "lint", "versions", "verdicts"}, late={"source", "remembered"}),
    "explain": Layer(top={"rule"}, late={"rules"}),
    "parallel": Layer(),
    # Runs inside of the user's program, which has imported jax and flax or not.
    "record": Layer(types={"case"}, late={"case"}),
    "verify": Layer(
        top={"variable_map", "catalog", "case"},
        late={"case", "record"},
        types={"case"},
        libraries={"numpy", "jax", "flax", "optax"},
        late_libraries={"jax", "flax"},
    ),
    "pytest_plugin": Layer(late={"verify"}, types={"verify"}, libraries={"pytest"}),
    "migrate": Layer(
        top={"rule", "variable_map", "catalog", "source", "rules", "lint", "verdicts", "parallel"},
        late={"verify"},
        libraries={"libcst"},
    ),
    "report": Layer(
        top={"__init__", "rule", "source", "lint", "verdicts", "migrate", "parallel"},
        late={"rules", "explain"},
        libraries={"rich", "jinja2", "plotly", "networkx", "codeowners"},
    ),
    "cli": Layer(
        top={"__init__", "rule", "source", "lint", "versions", "baseline", "remembered", "verdicts", "parallel"},
        late={"rules", "explain", "verify", "migrate", "record", "report"},
        types={"report"},
        libraries={"typer", "rich", "tomli"},
        late_libraries={"rich"},
    ),
    "__main__": Layer(top={"cli"}),
    "dev": Layer(top={"rule", "explain"}, late={"catalog", "rules", "plugin", "cli"}, libraries={"typer"}),
}
LIGHT = {
    "__init__", "rule", "variable_map", "source", "catalog", "rules", "lint", "versions", "remembered", "verdicts", "plugin",
    "explain",
}  # fmt: skip
# The files that may run code of names or texts: our own rules; the user's classes, in verify's worker process.
RUNNERS = {
    "record/startup/sitecustomize.py",
    "rules/__init__.py",
    "verify/load.py",
    "verify/overlay.py",
    "verify/check.py",
    "verify/build.py",
    "verify/declared.py",
    "verify/given.py",
    "verify/misfit.py",
    "verify/synthesis.py",
    "verify/guess_fields.py",
}
RUNS_CODE = {"exec", "eval", "__import__", "import_module", "exec_module", "run_path", "run_module"}


def imports(source: str) -> list[tuple[str, str]]:
    """Absolute dotted names that a text imports, each with when: "top", "late" (in a function) or "types"."""
    found: list[tuple[str, str]] = []

    def walk(node: ast.AST, when: str) -> None:
        if isinstance(node, ast.Import):
            found.extend((alias.name, when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found.extend([(f"{base}.{alias.name}", when) for alias in node.names] if base == "flake8_nnx" else [(base, when)])
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for child in node.body:
                walk(child, "types")
            for child in node.orelse:
                walk(child, when)
        else:
            inside = "late" if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else when
            for child in ast.iter_child_nodes(node):
                walk(child, inside)

    walk(ast.parse(source), "top")
    return found


def violations(layer: str, source: str) -> list[str]:
    """Imports that the layer may not make there."""
    rules = LAYERS[layer]
    ours = {"top": rules.top, "late": rules.late, "types": rules.top | rules.late | rules.types}
    libraries = {"top": rules.libraries, "late": rules.late_libraries, "types": rules.libraries | rules.late_libraries}
    wrong = []
    for name, when in imports(source):
        parts = name.split(".")
        if parts[0] == "flake8_nnx":
            other = parts[1] if len(parts) > 1 and parts[1] in LAYERS else "__init__"
            allowed = other == layer or other in ours[when]
        else:
            allowed = parts[0] in STDLIB | libraries[when]
        if not allowed:
            wrong.append(f"{when} {name}")
    return wrong


def runs_code(source: str) -> set[str]:
    """Functions that a text calls to import or run something by name or text."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    plain = {call.id for call in calls if isinstance(call, ast.Name)}
    dotted = {call.attr for call in calls if isinstance(call, ast.Attribute)} - {"eval"}  # model.eval
    return (plain | dotted) & RUNS_CODE


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_imports_only_from_layers_above(path):
    source = path.read_text(encoding="utf-8")
    assert violations(layer_of(path), source) == []
    assert not runs_code(source) or path.relative_to(PACKAGE).as_posix() in RUNNERS


def test_every_file_belongs_to_a_layer():
    assert {layer_of(path) for path in FILES} == set(LAYERS)


def test_layers_load_only_what_is_above_them():
    order = list(LAYERS)
    for layer, rules in LAYERS.items():
        assert all(order.index(other) < order.index(layer) for other in rules.top | rules.late), layer


def test_the_light_part_names_no_library():
    for layer in LIGHT:
        rules = LAYERS[layer]
        assert not rules.libraries and not rules.late_libraries and rules.top | rules.late <= LIGHT, layer


def test_each_library_has_its_layer():
    def users(library):
        return {name for name, layer in LAYERS.items() if library in layer.libraries | layer.late_libraries}

    assert {library: users(library) for library in ("libcst", "jax", "flax", "numpy", "typer", "rich")} == {
        "libcst": {"migrate"},
        "jax": {"case", "verify"},
        "flax": {"verify"},
        "numpy": {"verify"},
        "typer": {"cli", "dev"},
        "rich": {"cli", "report"},
    }


def test_plans_are_made_without_libcst():
    assert "libcst" not in {name.partition(".")[0] for name, _ in imports((PACKAGE / "migrate" / "plan.py").read_text())}


@pytest.mark.parametrize(
    "layer, source",
    [
        ("source", "import numpy"),
        ("source", "import numpy as np, ast"),
        ("source", "from flake8_nnx.lint import lint_tree"),
        ("source", "def f():\n    from flake8_nnx.rules import RULES"),
        ("catalog", "from flake8_nnx.source.linen import Facts"),
        ("catalog", "try:\n    from flax import linen\nexcept ImportError:\n    pass"),
        ("rule", "from flake8_nnx.source.linen import Facts"),  # fine for annotations only
        ("rule", "if TYPE_CHECKING:\n    pass\nelse:\n    from flake8_nnx.source.linen import Facts"),
        ("rules", "from flake8_nnx.migrate.plan import Planner"),
        ("rules", "from flake8_nnx import verify"),
        ("lint", "from flax import nnx"),
        ("lint", "from flake8_nnx.rules import RULES"),  # late only
        ("plugin", "def f():\n    import libcst"),
        ("plugin", "async def f():\n    import libcst"),
        ("plugin", "class A:\n    def f(self):\n        import libcst.metadata"),
        ("migrate", "import jax"),
        ("migrate", "def f():\n    import libcst"),
        ("migrate", "from flake8_nnx.verify import verify_files"),  # late only
        ("verify", "import libcst"),
        ("verify", "def f():\n    from flake8_nnx.migrate import run"),
        ("verify", "def f():\n    from flake8_nnx import migrate"),
        ("verify", "if TYPE_CHECKING:\n    from flake8_nnx.migrate.plan import Plan"),
        ("verify", "from flake8_nnx.cli import main"),
        ("cli", "import jax"),
        ("cli", "from flake8_nnx.migrate.run import migrate_paths"),  # late only
    ],
)
def test_the_check_can_fail(layer, source):
    assert len(violations(layer, source)) == 1


@pytest.mark.parametrize(
    "layer, source",
    [
        ("rule", "if TYPE_CHECKING:\n    from flake8_nnx.source.linen import Facts"),
        ("source", "import ast\nfrom collections.abc import Iterator\nfrom flake8_nnx.source.names import Names"),
        ("lint", "def f():\n    from flake8_nnx.rules import RULES"),
        ("plugin", "from flake8_nnx import __version__"),
        ("verify", "import jax.numpy as jnp\ndef f():\n    from flax import nnx"),
        ("cli", "def f():\n    from flake8_nnx.migrate.run import migrate_paths"),
    ],
)
def test_the_check_lets_pass(layer, source):
    assert violations(layer, source) == []


@pytest.mark.parametrize(
    "source, found",
    [
        ("import importlib\nimportlib.import_module('jax')", {"import_module"}),
        ("jax = __import__('jax')", {"__import__"}),
        ("exec(compile(text, 'x', 'exec'))", {"exec"}),
        ("eval('1')", {"eval"}),
        ("import re\nre.compile('x')\nmodel.eval()", set()),
        ("'exec(x)'  # eval(y)", set()),
    ],
)
def test_running_code_is_seen(source, found):
    assert runs_code(source) == found


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
