"""Puts the helpers beside the tests on the path, and keeps compiled JAX programs between runs where asked to."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
