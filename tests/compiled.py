"""How XLA compiles in tests: quickly rather than well, and as it does for users where the last bit matters.

The programs here run once on a few numbers: compiling them well would take longer than the whole suite.
"""
import importlib.metadata
import importlib.util

AS_USERS_FUSE = "--xla_backend_optimization_level=0"
QUICKLY = AS_USERS_FUSE
# Fused the plain way they compile in half the time, but round otherwise; later versions know one way only, and not this flag.
if importlib.util.find_spec("jaxlib") and tuple(map(int, importlib.metadata.version("jaxlib").split(".")[:2])) < (0, 11):
    QUICKLY += " --xla_cpu_use_fusion_emitters=false"
