"""Attributes of a docstring that become parameters leave it; every other docstring stays as it is, byte for byte."""
from pathlib import Path

import pytest

from flake8_nnx.migrate.docstrings import without_attributes
from flake8_nnx.migrate.file import plan_file, rewrite

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("raw", "rest", "said"),
    [
        (
            '"""A.\n\n  Attributes:\n    x: one\n      more\n    y: two\n  """',
            '"""A.\n\n  Attributes:\n    y: two\n  """',
            ["x: one\nmore"],
        ),
        ('"""A.\n\n  Attributes:\n    x: one\n  """', '"""A."""', ["x: one"]),
        ("'''A.\n\n  Attributes:\n    x (int): one\n\n  Notes.\n  '''", "'''A.\n\n  Notes.\n  '''", ["x (int): one"]),
        ('r"""A.\n\n  Attributes:\n    x: \\one\n  """', 'r"""A."""', ["x: \\one"]),
        ('"""A.\r\n\r\n  Attributes:\r\n    x: one\r\n  """', '"""A."""', ["x: one"]),
    ],
)  # fmt: skip
def test_attributes_leave(raw, rest, said):
    assert without_attributes(raw, {"x"}) == (rest, said)


@pytest.mark.parametrize(
    "raw",
    [
        '"""A."""',
        '"A."',
        '"""A.\n\n  Attributes:\n    y: two\n  """',  # no parameter
        '"""A.\n\n  Attributes:\n    x stands for one\n  """',
        '"""A.\n\n  Attributes:\n    x: one\n    and more, on its own\n  """',
        '"""A.\n\n  Attributes:\n    x: one"""',  # the quotes close on its line
        '"""A.\n\n  Attributes:\n    x: \\\\one\n  """',  # an escape
        '"""A.\n\n  Args:\n    x: one\n  """',
        '"""Attributes: x: one\n  """',
        'b"""A.\n\n  Attributes:\n    x: one\n  """',
        'f"""A.\n\n  Attributes:\n    x: one\n  """',
    ],
)
def test_left_alone(raw):
    assert without_attributes(raw, {"x"}) == (raw, [])


def test_line_endings_stay():
    source = (HERE / "described" / "linen.py").read_text()
    new = rewrite(plan_file(source.replace("\n", "\r\n"), "linen.py"))
    assert new.count("\r\n") == new.count("\n")
    assert new.replace("\r\n", "\n") == (HERE / "described" / "nnx.py").read_text()
