"""The start of a new rule: its file, its marker file and its line in the changelog.

What is written is a rule that flags nothing yet, and a marker file that fails until it does.
"""
from __future__ import annotations

import re
from pathlib import Path

RULE = '''"""{title}.

Say in one sentence what the Linen code does and what NNX does instead.

**What it flags.** …, at ….

**Why.** ….

**Caveats.** ….

Source: ….
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "{code}",
    "{name}",
    "`{{call}}` becomes `{{new}}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen="""
import flax.linen as nn
""",
            nnx="""
from flax import nnx
""",
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per …."""
    if facts.linen_name(call.func) == "…":
        yield call, {{"call": _text.quote(call), "new": "…"}}
'''
MARKERS = '''"""{title}: what is flagged, and at least as many lines that must stay silent."""
import flax.linen as nn

nn.something()  # {code}: 0


# ---- silent -------------------------------------------------------------------------------------------------------
'''


def new_rule(root: Path, code: str, name: str) -> list[Path]:
    """Write the files of a rule; the result says which.

    Raises:
        ValueError: the code or the name is malformed, or taken.
    """
    from flake8_nnx.rules import RULES

    if not re.fullmatch(r"NNX[0-8]\d\d", code):
        raise ValueError(f"{code!r} is no code; it is NNX and three digits, NNX0xx to NNX8xx")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"{name!r} is no name; it is lower-case words with dashes between them")
    taken = [f"{rule.code} {rule.name}" for rule in RULES if rule.code == code or rule.name == name]
    taken += [path.name for path in (root / "flake8_nnx" / "rules").glob(f"{code.lower()}_*.py")]
    if taken:
        raise ValueError(f"{code} or {name} is taken by {taken[0]}")
    words = {"code": code, "name": name, "title": name.replace("-", " ").capitalize()}
    rule = root / "flake8_nnx" / "rules" / f"{code.lower()}_{name.replace('-', '_')}.py"
    markers = root / "tests" / "lint" / f"{code.lower()}.py"
    rule.write_text(RULE.format(**words), encoding="utf-8")
    markers.write_text(MARKERS.format(**words), encoding="utf-8")
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8").rstrip("\n")
    changelog.write_text(f"{text}\n- {code} `{name}`: ….\n", encoding="utf-8")
    return [rule, markers, changelog]
