"""A random sample of findings over the corpora, to be judged by hand: `python benchmarks/precision.py [--number N] [--seed N]`.

Each finding is printed with its source lines; `docs/precision.md` has the judgement of the sample with the default seed.
"""
from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from corpus import corpus  # noqa: E402

from flake8_nnx.cli.linting import lint_project  # noqa: E402
from flake8_nnx.source.project import Project  # noqa: E402

CORPORA = ("transformers", "diffusers", "flax", "gemma", "netket", "ott-jax", "sbx-rl", "evosax")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    found = []
    for name in CORPORA:
        folder = corpus(name)
        project = Project([folder])
        findings = [(str(file.path.relative_to(folder)), finding, file.source) for file, finding in lint_project(project)]
        print(f"{name}: {len(findings)} findings in {len(project.files)} files", file=sys.stderr)
        found += [(name, *one) for one in findings]
    for number, (name, path, finding, source) in enumerate(random.Random(options.seed).sample(found, options.number), 1):
        lines = source.splitlines()[finding.line - 1 : min(finding.end_line, finding.line + 2)]
        print(f"{number}. {name} {path}:{finding.line}:{finding.col + 1} {finding.code} {finding.message}")
        print("\n".join(f"     {line.strip()[:150]}" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
