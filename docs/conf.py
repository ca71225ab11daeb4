"""Settings of Sphinx: `sphinx-build docs docs/_build` (the docs extra)."""
project = "flake8-nnx"
author = "flake8-nnx contributors"
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
exclude_patterns = ["_build"]
html_title = project
