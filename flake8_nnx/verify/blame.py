"""The file and the line of user code that raised something, or that computed a value."""
from __future__ import annotations

import traceback
from typing import Any


def blame(error: BaseException) -> str:
    """The last line of an exception with the user's file and line, on one line."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if frames else text


def source_of(info: Any) -> str:
    """File and line of the user's code, or else of the library, that computed a value; empty if not known."""
    try:
        from jax._src import source_info_util  # no public name

        frames = list(source_info_util.user_frames(getattr(info, "traceback", info)))
        frame = next((f for f in frames if "/flax/" not in f.file_name.replace("\\", "/")), frames[0])
        return f"{frame.file_name.replace(chr(92), '/').rpartition('/')[2]}:{frame.start_line}"
    except Exception:  # a hint for people, never worth an error
        return ""


def _is_library(filename: str) -> bool:
    path = filename.replace("\\", "/")
    ours = {"site-packages", "dist-packages", "flake8_nnx"} & set(path.split("/"))
    return bool(ours) or path.startswith("<") or "/lib/python" in path
