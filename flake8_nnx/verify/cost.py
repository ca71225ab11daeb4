"""What XLA says both compiled programs cost, so that a migration that got slower or bigger is noticed.

The figures come from XLA's cost and memory analysis of the program with gradients; nothing is timed.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORTH_A_WORD = 1.05  # fusion alone moves these figures by a few percent
NAMES = {"flops": "floating-point operations", "bytes": "bytes of memory traffic", "peak_bytes": "bytes of memory"}


def cost(compiled: Any) -> dict[str, float]:
    """Floating-point operations, bytes accessed and peak bytes of a compiled program, those that the backend tells."""
    found: dict[str, float] = {}
    try:
        analysis = compiled.cost_analysis() or {}
        memory = compiled.memory_analysis()
    except RuntimeError:  # not every backend has them
        return found
    analysis = analysis[0] if isinstance(analysis, list) else analysis
    for name, key in (("flops", "flops"), ("bytes", "bytes accessed")):
        if analysis.get(key, 0) > 0:
            found[name] = float(analysis[key])
    sizes = ("temp_size_in_bytes", "output_size_in_bytes", "argument_size_in_bytes")
    if memory is not None and all(hasattr(memory, size) for size in sizes):
        found["peak_bytes"] = float(sum(getattr(memory, size) for size in sizes))
    return found


def compared(linen: Mapping[str, float], nnx: Mapping[str, float]) -> dict[str, Any]:
    """Both costs, the ratio of each that both have, and a note where NNX costs noticeably more."""
    ratios = {name: round(nnx[name] / linen[name], 3) for name in linen if nnx.get(name) and linen[name]}
    more = [f"{ratio:g} times the {NAMES[name]}" for name, ratio in ratios.items() if ratio > WORTH_A_WORD]
    return {
        "linen": dict(linen),
        "nnx": dict(nnx),
        "ratio": ratios,
        **({"note": f"the NNX program takes {', '.join(more)} of the Linen one"} if more else {}),
    }
