"""The folder that `flake8-nnx record` puts first on PYTHONPATH: Python imports `sitecustomize` from it at start."""
