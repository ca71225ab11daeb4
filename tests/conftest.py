"""Has JAX compile quickly rather than well."""
import os

# The programs here run once on a few numbers: compiling them well would take longer than the whole suite.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
