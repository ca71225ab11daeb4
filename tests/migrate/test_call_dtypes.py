"""The function by which layers follow the dtype of their input is defined once in a file."""
from flake8_nnx.migrate.file import plan_file, rewrite

ONE = """import flax.linen as nn


class {}(nn.Module):
  @nn.compact
  def __call__(self, x):
    return nn.Dense(3, dtype=x.dtype)(x)
"""
TWO = ONE.format("A") + ONE.format("B").partition("nn\n")[2]


def test_two_classes_share_it():
    new = rewrite(plan_file(TWO, "a.py"))
    assert new.count("def to_input_dtype(") == 1 and new.count("promote_dtype=to_input_dtype") == 2


def test_a_class_that_moves_later_shares_it():
    first = rewrite(plan_file(ONE.format("A"), "a.py"))
    text = first.replace("from flax import nnx\n", "from flax import nnx\nimport flax.linen as nn\n")
    new = rewrite(plan_file(text + ONE.format("B").partition("nn\n")[2], "a.py"))
    assert new.count("def to_input_dtype(") == 1 and new.count("promote_dtype=to_input_dtype") == 2


def test_a_name_that_means_something_else_is_a_refusal():
    plan = plan_file(ONE.format("A") + "\n\ndef to_input_dtype(x):\n  return x\n", "a.py").plans[0]
    assert "`to_input_dtype`, which is to cast what the layer computes with, is defined already" in str(plan.refusals[0])
