"""What the gate says of the classes of a corpus that became native: both versions run, on cases that are synthesised or given.

One line of JSON for each class goes into a log as soon as it is known, so that a run that was stopped goes on where it ended. A
line holds for the texts that it was made with: when the migrator writes a class otherwise, that is verified again.
"""
from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.file import rewrite_files
from flake8_nnx.migrate.gate import Gate, Input, key_of, others, parts_of
from flake8_nnx.migrate.model import FilePlan
from flake8_nnx.migrate.project import plan_files
from flake8_nnx.migrate.write import read_file
from flake8_nnx.source.project import Project
from flake8_nnx.verify.verdict import STATUSES, Verdict


@dataclass(frozen=True)
class Verification:
    """How to verify a corpus: the log, what of it not to believe, and a pattern for `file.py::Class` (all others are planned)."""

    log: Path
    gate: Gate
    again: Collection[str] = ()
    only: str = ""

    def known(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """The lines of the log that hold, by file, class and texts."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        records = {(line["file"], line["class"], line["texts"]): line for line in map(json.loads, lines)}
        return {key: line for key, line in records.items() if line["verdict"] not in self.again}


def verified(paths: Collection[Path], root: Path, how: Verification) -> list[str]:
    """Verifies the classes; how many got which verdict, and for which reasons they are not shown to be equal, as lines."""
    project = Project([], spelt=True)
    inputs = [Input(source := read_file(path), project.give(source.text, path, root)) for path in paths]
    planned = plan_files([(each.source.text, each.file.facts) for each in inputs], keep_running=False)
    pairs = [(each, plan) for each, plan in zip(inputs, planned) if isinstance(plan, FilePlan) and plan.plans]
    found = dict(_lines(pairs, rewrite_files([plan for _, plan in pairs]), root, how))
    native = [plan for _, file in pairs for plan in file.native]
    parts = parts_of(native, {key: Verdict(line["verdict"], line["reason"]) for key, line in found.items()})
    counts = Counter({status: 0 for status in STATUSES})
    reasons: Counter[str] = Counter()
    for key, line in found.items():
        counts[line["verdict"]] += 1
        if key in parts:
            reasons["UNVERIFIED ran as a part of a class that is shown to be equal"] += 1
        elif not Verdict(line["verdict"], "").good:
            reasons[f"{line['verdict']} {in_general(line['reason'])}"] += 1
    said = [f"{len(found)} of {len(native)} native classes: {', '.join(f'{n} {status}' for status, n in counts.items())}"]
    return said + [f"{number:4} {reason}" for reason, number in reasons.most_common()]


def _lines(
    pairs: list[tuple[Input, FilePlan]], texts: list[str], root: Path, how: Verification
) -> Iterator[tuple[int, dict[str, Any]]]:
    known = how.known()
    changed = {each.path: text for (each, plan), text in zip(pairs, texts) if text != plan.source}
    for (each, file), text in zip(pairs, texts):
        place = str(each.path.relative_to(root.resolve()))
        chosen = [plan for plan in file.native if re.search(how.only, f"{place}::{plan.name}")]
        digest = _digest(text, others(each, changed)) if chosen else ""
        for plan in chosen:
            key = key_of(plan)
            if (place, plan.name, digest) not in known:
                started = time.monotonic()
                verdicts, errors = how.gate.verdicts(pairs, texts, {key})
                verdict = verdicts[key].to_json() if key in verdicts else {"status": "UNVERIFIED", "reason": str(errors)}
                line = {"file": place, "class": plan.name, "texts": digest, "verdict": verdict["status"], **verdict}
                line["seconds"] = round(time.monotonic() - started, 1)
                del line["status"]
                known[place, plan.name, digest] = line
                with how.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(line) + "\n")
            yield key, known[place, plan.name, digest]


def _digest(text: str, beside: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([text, *beside.values()]).encode()).hexdigest()[:16]


def in_general(reason: str) -> str:
    """A reason without what it says of one class."""
    head = re.split(r" \(the likeliest|; say how|; in NNX it is", reason)[0]
    head = re.sub(r"(/[\w.=+-]+)+/|`[^`]*`", "…", head)
    return re.sub(r"\b[A-Z]\w*[a-z]\w*[A-Z]\w*\b(\.\w+)?|\d+(\.\d+)?", "…", head)[:110]
