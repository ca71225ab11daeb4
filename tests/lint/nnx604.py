"""Rules for logical axes that moved, and those that stay."""
import flax.linen as nn
from flax import nnx
from flax.core import spmd
from flax.linen import partitioning

rules = (("batch", "data"),)
nn.set_logical_axis_rules(rules)  # NNX604: 0
partitioning.set_axis_rules(rules)  # NNX604: 0
now = nn.get_logical_axis_rules()  # NNX604: 6
with partitioning.axis_rules(rules):  # NNX604: 5
    then = partitioning.get_axis_rules()  # NNX604: 11

# ---- silent -------------------------------------------------------------------------------------------------------

spmd.set_logical_axis_rules(rules)
same = spmd.get_logical_axis_rules()
with nn.logical_axis_rules(rules):
    inside = len(rules)
with nnx.logical_axis_rules(rules):
    again = len(rules)


def set_logical_axis_rules(rules):
    return rules


set_logical_axis_rules(rules)


def other(nn, partitioning):
    nn.set_logical_axis_rules(rules)
    return partitioning.axis_rules(rules)
