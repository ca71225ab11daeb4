"""What the migrator does with real code: classes that become native NNX, and why the others stay; its cost against libcst.

`python benchmarks/migrate.py NAME=DIRECTORY… [--reasons N]` plans and rewrites the files of each corpus that mention linen, in
memory and together as one project, checks that the result compiles, that a second run changes nothing and that no comment is
lost, and prints the processor time beside that of parsing and writing the same files with libcst alone. A class counts as native
also where a class that stays Linen uses it. What `--bridge` would do is counted beside it: classes that move whole, that hold a
bridge (NNX around Linen, or Linen around NNX), and that stay as they are.

`python benchmarks/migrate.py --verify LOG.jsonl NAME=DIRECTORY… [--cases FILE] [--timeout S] [--only REGEX] [--again VERDICT]`
runs the native classes through the gate instead (see `benchmarks/gated.py`) and counts the verdicts. It needs what the corpus
imports, or `--stand-in` for it.
"""
from __future__ import annotations

import argparse
import io
import re
import time
import tokenize
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import libcst

from gated import Verification, verified
from standins import worker_stands_in

from flake8_nnx.migrate.file import rewrite_files
from flake8_nnx.migrate.gate import Gate
from flake8_nnx.migrate.gradual import plan_bridged
from flake8_nnx.migrate.model import FilePlan
from flake8_nnx.migrate.project import plan_files
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.project import Project
from flake8_nnx.source.read import SourceError, python_files, read_source


def comments(source: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def sources(texts: Mapping[Path, str], root: Path) -> list[tuple[str, Facts]]:
    """These files as one project; they may hold other texts than those on disk."""
    project = Project([], spelt=True)
    files = [project.give(text, path, root) for path, text in texts.items()]
    return [(file.source, file.facts) for file in files if file.facts is not None]


def planned(texts: Mapping[Path, str], root: Path, keep_running: bool = True) -> list[FilePlan]:
    """The plans of these files."""
    found = plan_files(sources(texts, root), keep_running)
    return [plan for plan in found if isinstance(plan, FilePlan)]


def bridge_corpus(texts: Mapping[Path, str], root: Path, counts: Counter[str]) -> Counter[str]:
    """What becomes of the classes with `--bridge`; the new texts are checked as well."""
    found = plan_bridged(sources(texts, root))
    check(texts, rewrite_files(found), counts, " (with bridges)")
    plans = [plan for file in found for plan in file.plans]
    return Counter("bridged" if plan.bridges else "refused" if plan.refusals else "native" for plan in plans)


def count(files: Sequence[FilePlan], counts: Counter[str], reasons: Counter[str]) -> None:
    for plan in (plan for file in files for plan in file.plans):
        counts["native" if not plan.refusals else "refused"] += 1
        for refusal in plan.refusals[:1]:
            stays = "which stays Linen" in refusal.reason
            reason = "it constructs a class that stays Linen" if stays else re.sub(r"`[^`]*`", "`…`", refusal.reason)
            reasons[reason] += 1


def check(old: Mapping[Path, str], new: Sequence[str], counts: Counter[str], label: str = "") -> None:
    """Whether the new texts are Python, and keep their comments."""
    for (path, source), text in zip(old.items(), new):
        try:
            compile(text, str(path), "exec")
        except SyntaxError:
            counts[f"does not compile{label}"] += 1
        if comments(source) - comments(text):
            counts[f"lost comments{label}"] += 1


def rewrite_corpus(texts: Mapping[Path, str], root: Path, counts: Counter[str], reasons: Counter[str]) -> None:
    """Rewrites the files of a corpus, with what has to hold of the new texts, and says what that took."""
    counts["files"] = len(texts)
    started = time.process_time()
    kept = rewrite_files(planned(texts, root))  # as it would be written: the files must keep running
    ours = time.process_time() - started
    started = time.process_time()
    for source in texts.values():
        assert libcst.parse_module(source).code == source
    bare = time.process_time() - started
    whole = planned(texts, root, keep_running=False)
    check(texts, rewrite_files(whole), counts)
    check(texts, kept, counts, " (kept running)")
    count(whole, counts, reasons)
    second = rewrite_files(planned(dict(zip(texts, kept)), root))
    counts["changed by a second run"] = sum(a != b for a, b in zip(kept, second))
    print(f"migrating {ours:.1f} s, libcst alone {bare:.1f} s: {ours / max(bare, 1e-9):.1f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", metavar="NAME=DIRECTORY")
    parser.add_argument("--reasons", type=int, default=6)
    parser.add_argument("--verify", type=Path, metavar="LOG", help="run the gate; verdicts go into this log, or stand there")
    parser.add_argument("--cases", type=Path, metavar="FILE", help="a file with a list CASES, for --verify")
    parser.add_argument("--stand-in", default="", metavar="NAMES", help="libraries that --verify does without")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="for one class")
    parser.add_argument("--only", default="", metavar="REGEX", help="verify these only, as in models.py::Net")
    parser.add_argument("--again", action="append", default=[], metavar="VERDICT", help="verify again what has this verdict")
    options = parser.parse_args()
    if options.stand_in:
        worker_stands_in(options.stand_in.split(","))
    total: Counter[str] = Counter()
    for corpus in options.corpora:
        name, _, folder = corpus.partition("=")
        counts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        texts = {}
        for found in python_files([Path(folder)]):
            if not isinstance(found, SourceError) and "linen" in (source := read_source(found[0])):
                texts[found[0]] = source
        if options.verify:
            gate = Gate(verify=True, cases=options.cases, timeout=options.timeout, device="cpu")
            how = Verification(options.verify, gate, options.again, options.only)
            print(f"{name}:", *verified(texts, Path(folder), how), sep="\n  ", flush=True)
            continue
        rewrite_corpus(texts, Path(folder), counts, reasons)
        share = counts["native"] / max(1, counts["native"] + counts["refused"])
        classes = counts["native"] + counts["refused"]
        print(f"{name}: {counts['native']} of {classes} classes native ({share:.0%}); {dict(counts)}")
        bridged = bridge_corpus(texts, Path(folder), counts)
        print(f"  with bridges: {bridged['native']} native, {bridged['bridged']} bridged, {bridged['refused']} refused")
        for reason, number in reasons.most_common(options.reasons):
            print(f"  {number:4} {reason}")
        total += counts
    if options.verify:
        return
    classes = total["native"] + total["refused"]
    print(f"all: {total['native']} of {classes} native ({total['native'] / max(1, classes):.0%}); {dict(total)}")


if __name__ == "__main__":
    main()
