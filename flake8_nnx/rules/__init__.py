"""Every rule, one file each, found by file name.

A new file `nnx<code>_<idea>.py` with a `RULE` is a new rule; nothing else has to know of it.
"""
from __future__ import annotations

import importlib
import pkgutil

from flake8_nnx.rule import Rule

RULES: tuple[Rule, ...] = tuple(
    importlib.import_module(f"{__name__}.{info.name}").RULE
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name)
    if info.name.startswith("nnx")
)
BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}
