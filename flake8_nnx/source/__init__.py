"""Source text to facts, on `ast` and the standard library alone.

The tree is shared with other plugins and is never written on.
"""
