"""Functions of jax and flax that a run exchanges: all that the process runs after it would use them, so nothing is shown."""
from __future__ import annotations

import sys
from typing import Any

LIBRARIES = ("jax", "jax.lax", "jax.nn", "jax.nn.initializers", "jax.numpy", "jax.random", "flax.linen", "flax.nnx")
Functions = dict[str, dict[str, Any]]


def functions() -> Functions:
    """What the libraries have now, by module and name."""
    return {name: {k: v for k, v in vars(sys.modules[name]).items() if callable(v)} for name in LIBRARIES if name in sys.modules}


def exchanged(before: Functions) -> str | None:
    """The first function that is another one now; all are what they were afterwards."""
    found = None
    for name, own in before.items():
        module = vars(sys.modules[name])
        for function, value in own.items():
            if module.get(function, value) is not value:
                module[function] = value
                found = found or f"{name}.{function}"
    return found
