"""Settings of Sphinx: `sphinx-build docs docs/_build` (the docs extra)."""
project = "flake8-nnx"
author = "flake8-nnx contributors"
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
exclude_patterns = ["_build"]
