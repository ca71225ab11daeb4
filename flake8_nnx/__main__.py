"""`python -m flake8_nnx`."""
import sys

from flake8_nnx.cli import main

sys.exit(main())
