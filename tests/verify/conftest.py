"""A judge of the block in `tests/blocks.py`: its verdict with one thing wrong, or none."""
import pytest


@pytest.fixture(scope="session")
def judge():
    """Verdict of the block with one thing wrong."""
    from blocks import CASE, MAP, nnx_block

    from flake8_nnx.verify.check import check

    return lambda variable_map=MAP, case=CASE, **wrong: check(case, {}, nnx_block(**wrong), {}, variable_map)
