"""Puts the helpers beside the tests on the path, and has JAX compile quickly rather than well."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
# The programs here run once on a few numbers: compiling them well would take longer than the whole suite.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
