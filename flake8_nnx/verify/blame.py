"""The file and the line of user code that raised something, or that computed a value."""
from __future__ import annotations

import traceback
from typing import Any


def blame(error: BaseException) -> str:
    """The last line of an exception with the user's file and line, on one line."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if frames else text


def source_of(info: Any, anyone: bool = True) -> str:
    """File and line of the user's code, or else of the library unless not `anyone`, that computed a value; empty if not known."""
    try:
        from jax._src import source_info_util  # no public name

        frames = list(source_info_util.user_frames(getattr(info, "traceback", info)))
        theirs = (f for f in frames if not {"flax", "flake8_nnx"} & set(f.file_name.replace("\\", "/").split("/")))
        frame = next(theirs, frames[0] if anyone else None)
        return f"{frame.file_name.replace(chr(92), '/').rpartition('/')[2]}:{frame.start_line}" if frame else ""
    except Exception:  # a hint for people, never worth an error
        return ""


def _is_library(filename: str) -> bool:
    path = filename.replace("\\", "/")
    ours = {"site-packages", "dist-packages", "flake8_nnx"} & set(path.split("/"))
    return bool(ours) or path.startswith("<") or "/lib/python" in path
