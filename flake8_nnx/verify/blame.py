"""What user code raised, on one line, with the file and the line of theirs that raised it."""
from __future__ import annotations

import traceback


def blame(error: BaseException) -> str:
    """The last line of an exception with the user's file and line, on one line."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if frames else text


def _is_library(filename: str) -> bool:
    path = filename.replace("\\", "/")
    ours = {"site-packages", "dist-packages", "flake8_nnx"} & set(path.split("/"))
    return bool(ours) or path.startswith("<") or "/lib/python" in path
