"""The order that `flake8-nnx report` proposes, carried out: one step after the other, each with bridges to what is left.

`python benchmarks/order.py NAME=FILE… [--unverified] [--keep DIRECTORY]` copies each file (or directory), takes the steps of its
report, runs `flake8-nnx migrate --only …` for the classes of each, verified, and after every step imports every module in a new
process. A class that no bridge can hold waits, as the refusal says, for the step of its user. Printed are the classes that each
step touched, and totals: verdicts, classes that are NNX or Linen at the end, modules that could not be imported.
"""
from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from flake8_nnx.migrate.bridged import migrate_bridged
from flake8_nnx.report.build import build


def broken(folder: Path) -> list[str]:
    """Files that cannot be imported, each with the last line of its traceback."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        done = subprocess.run([sys.executable, "-c", f"import {name}"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            found.append(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return found


def carried_out(folder: Path, verify: bool, unverified: bool) -> Counter[str]:
    """Take every step of the report of a directory."""
    total: Counter[str] = Counter()
    report = build([folder], store="off")
    places = {entry.id: (folder.parent / file.path, entry.name) for file in report.files for entry in file.classes}
    waiting: set[tuple[Path, str]] = set()
    for step in report.steps:
        only: dict[Path, list[str]] = {}
        for path, cls in {*map(places.__getitem__, step.classes), *waiting}:
            only.setdefault(path, []).append(cls)
        run = migrate_bridged(list(only), verify=verify, unverified=unverified, only=only, timeout=300)
        run.write(None)
        total["steps"] += 1
        for record in run.classes:
            written = "written" if record.written else ""
            print(f"  {step.number:3} {record.cls:28} {record.status:8} {record.verdict or '':10} {written}", flush=True)
            if not record.written or record.verdict not in ("PROVED", "MATCHED"):
                print(f"      {record.reason[:300]}")
            if "migrate it together with" in record.reason:
                waiting.add((Path(record.file), record.cls))
            elif record.written:
                waiting.discard((Path(record.file), record.cls))
            total[f"{record.status}, {record.verdict}, {'written' if record.written else 'not written'}"] += 1
        for problem in [*run.errors, *broken(folder)]:
            print(f"      BROKEN {problem}")
            total["broken"] += 1
    after = build([folder], store="off")
    for entry in after.classes:
        total[f"at the end: {'NNX' if entry.state == 'nnx' else 'Linen'}"] += 1
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--unverified", action="store_true", help="write also what no case was found for")
    parser.add_argument("--no-verify", action="store_true", help="plans and imports alone")
    parser.add_argument("--keep", type=Path, help="leave the migrated copies here")
    options = parser.parse_args()
    for corpus in options.corpora:
        name, _, source = corpus.partition("=")
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.keep or Path(temporary)) / name
            if Path(source).is_dir():
                shutil.copytree(source, folder)
            else:
                folder.mkdir(parents=True)
                shutil.copy(source, folder)
            print(name, flush=True)
            for key, count in carried_out(folder, not options.no_verify, options.unverified).items():
                print(f"  {count:4} {key}")


if __name__ == "__main__":
    main()
