"""`python -m flake8_nnx.verify.layers`: writes the layer table, or checks that it still says what flax does.

Four minutes of one core; only the column of the flax at hand is verified, the others are taken from their files.
"""
from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Programs here run once, on small arrays: compiling them well would take longer than everything else.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


def main(argv: list[str] | None = None) -> int:
    """0 when the table was written or holds; 1 with a line for each row that does not."""
    parser = argparse.ArgumentParser(prog="python -m flake8_nnx.verify.layers", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", type=Path, metavar="PAGE", help="verify and write the page, its figures beside it")
    action.add_argument("--check", type=Path, metavar="PAGE", help="verify and compare with what the page says")
    options = parser.parse_args(argv)

    import flax

    from flake8_nnx.verify.layers.page import drift, load, page, store
    from flake8_nnx.verify.layers.table import verify_all

    path: Path = options.write or options.check
    folder = path.with_suffix("")
    if options.write:
        store(folder, flax.__version__, verify_all())
        path.write_text(page(load(folder)))
        return 0
    problems = drift(path, load(folder), flax.__version__, verify_all())
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
