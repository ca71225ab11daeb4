"""What the migrator does with real code: classes that become native NNX, and why the others stay; its cost against libcst.

`python benchmarks/migrate.py NAME=DIRECTORY… [--reasons N]` plans and rewrites every file that mentions linen in memory, checks
that the result compiles, that a second run changes nothing and that no comment is lost, and prints the seconds beside those of
parsing and writing the same files with libcst alone. A class counts as native also where a class that stays Linen uses it.
"""
from __future__ import annotations

import argparse
import io
import re
import time
import tokenize
from collections import Counter
from pathlib import Path

import libcst

from flake8_nnx.migrate.file import plan_file, rewrite
from flake8_nnx.source.read import SourceError, python_files, read_source


def comments(source: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def migrated(source: str, name: str, counts: Counter[str], reasons: Counter[str]) -> None:
    """Plan and rewrite one file, and count what became of it."""
    planned = plan_file(source, name, keep_running=False)
    new = rewrite(planned)
    for plan in planned.plans:
        counts["native" if not plan.refusals else "refused"] += 1
        for refusal in plan.refusals[:1]:
            if "which stays Linen" not in refusal.reason:
                reasons[re.sub(r"`[^`]*`", "`…`", refusal.reason)] += 1
            else:
                reasons["it constructs a class that stays Linen"] += 1
    kept = rewrite(plan_file(source, name))  # as it would be written: the file must keep running
    for label, text in (("", new), (" (kept running)", kept)):
        try:
            compile(text, name, "exec")
        except SyntaxError:
            counts[f"does not compile{label}"] += 1
        if comments(source) - comments(text):
            counts[f"lost comments{label}"] += 1
    if rewrite(plan_file(kept, name)) != kept:
        counts["changed by a second run"] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", metavar="NAME=DIRECTORY")
    parser.add_argument("--reasons", type=int, default=6)
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for corpus in options.corpora:
        name, _, folder = corpus.partition("=")
        counts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        ours = bare = 0.0
        for found in python_files([Path(folder)]):
            if isinstance(found, SourceError):
                continue
            source = read_source(found[0])
            if "linen" not in source:
                continue
            counts["files"] += 1
            started = time.perf_counter()
            rewrite(plan_file(source, str(found[0])))
            ours += time.perf_counter() - started
            started = time.perf_counter()
            assert libcst.parse_module(source).code == source
            bare += time.perf_counter() - started
            migrated(source, str(found[0]), counts, reasons)
        share = counts["native"] / max(1, counts["native"] + counts["refused"])
        classes = counts["native"] + counts["refused"]
        print(f"{name}: {counts['native']} of {classes} classes native ({share:.0%}); {dict(counts)}")
        print(f"  migrating {ours:.1f} s, libcst alone {bare:.1f} s: {ours / max(bare, 1e-9):.1f} times")
        for reason, number in reasons.most_common(options.reasons):
            print(f"  {number:4} {reason}")
        total += counts
    classes = total["native"] + total["refused"]
    print(f"all: {total['native']} of {classes} native ({total['native'] / max(1, classes):.0%}); {dict(total)}")


if __name__ == "__main__":
    main()
