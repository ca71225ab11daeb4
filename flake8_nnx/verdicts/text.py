"""Digests of texts."""
from __future__ import annotations

try:  # hashlib loads OpenSSL, which takes longer than all that is done here
    from _blake2 import blake2b
except ImportError:  # pragma: no cover
    from hashlib import blake2b


def digest(text: str | bytes) -> str:
    """32 hexadecimal digits that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, digest_size=16).hexdigest()
