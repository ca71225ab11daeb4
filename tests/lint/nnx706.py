"""Summaries of Linen modules; other tables stay silent."""
import flax.linen as nn
import jax
import tabulate
from flax import nnx
from flax.linen import tabulate as summary

model = nn.Dense(3)  # NNX110: 8
key = jax.random.key(0)


def found(x, net: nn.Module):
    print(model.tabulate(key, x))  # NNX706: 10
    print(net.tabulate(key, x, depth=1))  # NNX706: 10
    print(nn.tabulate(model, key)(x))  # NNX706: 10
    return summary(model, key)(x)  # NNX706: 11


# ---- silent -------------------------------------------------------------------------------------------------------


class Table:
    def tabulate(self, rows):
        return rows


def silent(rows, table: Table, native: nnx.Module, x):
    print(tabulate.tabulate(rows))
    print(table.tabulate(rows))
    print(nnx.tabulate(native, x))
    print(rows.tabulate(key, x))
    return nn.summary


def tabulated(rows):
    def summary(rows):
        return rows

    return summary(rows), Table().tabulate(rows)
