"""The official migration guide: every Linen line that has to change is flagged, no NNX line is."""
import pytest
from corpus import corpus

from flake8_nnx.lint import lint_source

pytestmark = pytest.mark.corpus

LINEN = "import jax\nimport jax.numpy as jnp\nimport optax\nimport flax.linen as nn\nfrom typing import Any\n"
NNX = "import jax\nimport jax.numpy as jnp\nimport optax\nfrom flax import nnx\n"
# Line of the guide (flax 0.12.8) -> families that must be flagged there. 1 definition, 2 variables, 3 init and apply,
# 4 train steps, 5 lifted transforms.
EXPECTED = {
    37: "1", 38: "1", 41: "1", 43: "1", 44: "1", 48: "1", 49: "1", 50: "1", 52: "1", 54: "1", 55: "1",
    101: "3", 102: "2", 104: "2", 105: "2",
    155: "4", 158: "3", 160: "3", 161: "3", 165: "4",
    219: "1", 220: "1", 221: "1", 222: "1", 223: "1", 224: "2", 228: "1", 238: "3", 239: "2", 240: "2", 241: "2",
    280: "2", 287: "2",
    317: "1", 318: "1", 319: "1", 321: "1", 322: "1", 323: "1", 337: "3", 412: "3",
    436: "1", 437: "1", 440: "1", 443: "1",
    481: "1", 482: "1", 484: "1", 486: "15", 497: "3", 498: "3",
    540: "1", 541: "1", 542: "1", 544: "1", 546: "1", 547: "1", 551: "1", 552: "1", 553: "1", 558: "1", 560: "5", 564: "1",
    690: "1", 691: "23", 696: "4", 697: "3", 703: "4", 706: "3", 709: "3", 713: "4", 716: "4",
}  # fmt: skip


def sides():
    """(guide line, text) of all Linen sides and of all NNX sides of the codediff blocks."""
    path = corpus("flax") / "flax-0.12.8" / "docs_nnx" / "migrating" / "linen_to_nnx.rst"
    linen, nnx, side = [], [], None
    header = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith(".. codediff::"):
            side, header = linen, True
        elif side is None or (header and (line.strip().startswith(":") or not line.strip())):
            continue
        elif line.strip() and not line.startswith("  "):
            side = None
        elif line.strip() == "---":
            side = nnx
        else:
            header = False
            side.append((number, line[2:]))
    return linen, nnx


def flagged(prelude, side):
    """Guide line -> codes."""
    offset = prelude.count("\n")
    found = {}
    for finding in lint_source(prelude + "\n".join(text for _, text in side)):
        found.setdefault(side[finding.line - offset - 1][0], []).append(finding.code)
    return found


def test_linen_lines_are_flagged():
    linen, _ = sides()
    found = flagged(LINEN, linen)
    families = {line: "".join(sorted({code[3] for code in codes})) for line, codes in found.items()}
    assert families == EXPECTED


def test_nnx_lines_are_silent():
    """But for the deprecated `.value`, which the guide itself still uses."""
    _, nnx = sides()
    assert len(nnx) > 150 and flagged(NNX, nnx) == {line: ["NNX822"] for line in (114, 115, 258)}
