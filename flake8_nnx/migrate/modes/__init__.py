"""`--mode-flags`: flags of methods become the modes that `model.train()` and `model.eval()` set.

Works on the text that a migration has written, where every flag is an argument of a call; what stays and why is a note.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flake8_nnx.migrate.classes import rewrite_classes
from flake8_nnx.migrate.model import FilePlan
from flake8_nnx.migrate.modes.agreed import modes_of
from flake8_nnx.migrate.modes.edits import edits_of
from flake8_nnx.migrate.modes.flags import Modes
from flake8_nnx.migrate.modes.written import written_classes
from flake8_nnx.migrate.placed import Edits
from flake8_nnx.source.read import parse

NOTE = "a mode now: a new model trains, its eval() and train() set it"


def decide(
    files: Sequence[FilePlan], texts: Sequence[str], refused: Callable[[], Mapping[int, str]] = lambda: {}
) -> None:
    """Note in the plans which flags of these classes become modes, and why others do not.

    Args:
        refused: classes, by the id of their node, whose modes the code around them cannot set, with why; asked again once
            they have none.
    """
    without: dict[int, str] = {}
    while True:
        modes = modes_of(written_classes(files, texts), without)
        for cls in modes.classes:
            cls.plan.modes = {}
            for flag in modes.of(cls):
                assert flag.training is not None
                cls.plan.modes.setdefault(flag.method, {})[flag.arg.arg] = flag.training
        more = {key: reason for key, reason in refused().items() if key not in without}
        if not more:
            break
        without |= more
    for cls in modes.classes:
        names = list(dict.fromkeys(f"`{flag.arg.arg}`" for flag in modes.of(cls)))
        if names:
            cls.plan.notes.append(f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} {NOTE}")
        if cls in modes.kept:
            cls.plan.notes.append(modes.kept[cls])


def with_modes(files: Sequence[FilePlan], texts: Sequence[str]) -> list[str]:
    """The texts with the modes that were decided on."""
    modes = modes_of(written_classes(files, texts))
    modes.flags = {key: flag for key, flag in modes.flags.items() if flag.arg.arg in flag.cls.plan.modes.get(flag.method, {})}
    return [_with(text, modes, file) for file, text in zip(files, texts)]


def _with(text: str, modes: Modes, file: FilePlan) -> str:
    edits = edits_of(modes, [cls for cls in modes.classes if any(cls.plan is plan for plan in file.native)])
    if not edits:
        return text
    placed = Edits(text, [], {}, [], edits)
    return rewrite_classes(placed, placed.excerpt(parse(text, file.facts.filename)))
