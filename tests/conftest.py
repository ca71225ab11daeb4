"""Has JAX compile quickly rather than well, and leaves the tests that import it alone where it cannot be installed."""
import importlib.util
import os

from compiled import QUICKLY

os.environ.setdefault("XLA_FLAGS", QUICKLY)

# What tests lint is found anew, and leaves nothing behind; the tests of the cache give a folder.
os.environ["FLAKE8_NNX_CACHE"] = "off"

collect_ignore_glob = []
if importlib.util.find_spec("jax") is None:  # the linter alone, on Python 3.10
    collect_ignore_glob = [
        "migrate/test_logical.py",
        "prove/*",
        "record/test_programs.py",
        "rules/test_traps.py",
        "verify/test_check.py",
        "verify/test_origins.py",
        "verify/test_bounds.py",
        "verify/test_keys.py",
        "verify/test_complex.py",
        "verify/test_locate.py",
        "verify/test_methods.py",
        "verify/test_modes.py",
        "verify/test_limits.py",
        "verify/test_weights.py",
        "verify/test_state.py",
        "verify/test_reference_models.py",
        "verify/test_layer_table.py",
        "verify/test_synthesis.py",
        "verify/test_proof.py",
        "verify/test_initial.py",
        "verify/test_step.py",
        "verify/test_verdict_json.py",
        "verify/test_recall.py",
        "catalog/test_functions.py",
        "catalog/test_layer_variables.py",
        "catalog/test_layers_equal.py",
        "catalog/test_signatures.py",
    ]
if importlib.util.find_spec("networkx") is None:  # without the extra for reports
    collect_ignore_glob += ["report/*"]
if importlib.util.find_spec("pylsp") is None:  # without the extra for tests
    collect_ignore_glob += ["test_tools.py", "test_documented_commands.py"]

LONGEST = [
    "test_layer_table.py", "test_equal.py", "test_programs.py", "test_examples.py", "test_flax_examples.py", "test_check.py",
]


def pytest_collection_modifyitems(items: list) -> None:
    """The files that take longest come first, so that the other workers have something to do until they end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
