"""Has JAX compile and Python collect garbage as suits tests, and leaves tests of JAX alone where it cannot be installed."""
import gc
import importlib.util
import os
import re
from pathlib import Path

from compiled import QUICKLY

os.environ.setdefault("XLA_FLAGS", QUICKLY)

# What tests lint is found anew, and leaves nothing behind; the tests of the cache give a folder.
os.environ["FLAKE8_NNX_CACHE"] = "off"

# Tests keep millions of objects alive: going through them for cyclic garbage every 700 takes a third of their time.
gc.set_threshold(200_000, 20, 100)

collect_ignore_glob = []
if importlib.util.find_spec("networkx") is None:  # without the extra for reports
    collect_ignore_glob += ["report/*"]
if importlib.util.find_spec("pylsp") is None:  # without the extra for tests
    collect_ignore_glob += ["test_tools.py", "test_documented_commands.py"]

JAX = importlib.util.find_spec("jax") is not None  # not for the linter alone, on Python 3.10
MARKED = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.jax\b", re.MULTILINE)

LONGEST = [
    "test_layer_table.py", "test_equal.py", "test_programs.py", "test_examples.py", "test_flax_examples.py", "test_check.py",
]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Whole files that are marked with jax are not even imported without it; one that lacks the mark fails there."""
    if JAX or collection_path.suffix != ".py":
        return None
    return bool(MARKED.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_collection_modifyitems(items: list) -> None:
    """The files that take longest come first, so that the other workers have something to do until they end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
