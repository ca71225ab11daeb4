"""What a call of an NNX module changes as long as nobody says otherwise, and whether a file does.

`nnx.BatchNorm` and `nnx.Dropout` are made in training mode, and flags that are given at a call decide before it.
"""
from __future__ import annotations

import ast
import functools

from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

STATISTICS, STREAM = "running statistics", "random stream"
FLAGS = frozenset({"deterministic", "use_running_average"})
SWITCHES = frozenset({"eval", "train", "set_attributes", "set_mode", "view", "eval_view", "train_view"})


def changes(ref: nnx.Ref | None, facts: Facts) -> str | None:
    """What calls of a module change by default; None when its class, or one that it makes, decides by flags."""
    if ref is None or ref.kind != "module" or (ref.local is not None and _has_flags(ref.local, facts)):
        return None
    if nnx.holds(ref, facts, "BatchNorm"):
        return STATISTICS
    return STREAM if nnx.holds(ref, facts, "Dropout") else None


def _has_flags(cls: ast.ClassDef, facts: Facts) -> bool:
    """Whether a flag is given anywhere in a class or in the classes that it makes."""
    waiting, seen = [cls], set[int]()
    while waiting:
        for each in nnx.ancestors(waiting.pop(), facts):
            if id(each) in seen:
                continue
            seen.add(id(each))
            for node in ast.walk(each):
                if isinstance(node, ast.keyword) and node.arg in FLAGS:
                    return True
                made = nnx.module_class(node.func, facts) if isinstance(node, ast.Call) else None
                waiting += [made.local] if made is not None and made.local is not None else []
    return False


@functools.lru_cache(maxsize=4)
def switched(facts: Facts) -> bool:
    """Whether a file ever changes the mode of a module, or gives a flag by a name that is one."""
    for node in facts.names.nodes:
        if isinstance(node, ast.Attribute) and node.attr in SWITCHES:
            return True
        if isinstance(node, (ast.keyword, ast.arg)) and node.arg in FLAGS:
            return True
    return False
