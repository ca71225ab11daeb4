"""Starts recording in a Python process, then makes way for the sitecustomize that it hides, if there is one.

The package may be missing in the environment of the program: it is then taken from where this file lies.
"""
import importlib
import importlib.util
import os
import sys


def _start() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    if importlib.util.find_spec("flake8_nnx") is None:
        root = os.path.dirname(os.path.dirname(here))
        file = os.path.join(root, "__init__.py")
        spec = importlib.util.spec_from_file_location("flake8_nnx", file, submodule_search_locations=[root])
        assert spec is not None
        sys.modules["flake8_nnx"] = importlib.util.module_from_spec(spec)
    from flake8_nnx.record.start import start

    start()


def _make_way() -> None:
    own = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ImportError:
        sys.modules["sitecustomize"] = own


try:
    _start()
except Exception as error:  # the program comes first: without us it runs as ever
    print(f"flake8-nnx: nothing is recorded: {error!r}", file=sys.stderr)
_make_way()
