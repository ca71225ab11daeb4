"""For those who work on this project: pages made from the code, and the start of a new rule.

`python -m flake8_nnx.dev docs` writes the pages, with `--check` it says which are stale; `python -m flake8_nnx.dev new-rule`.
"""
