"""Scopes that modules share; functions of that name from elsewhere stay silent."""
import flax.linen as nn
from flax.linen import share_scope as shared

import scopes


class Wrapper(nn.Module):  # NNX103: 14
    inner: nn.Module  # NNX104: 4

    def setup(self):  # NNX102: 4
        nn.share_scope(self, self.inner)  # NNX212: 8

    def __call__(self, x):
        return self.inner(x)


class Other(Wrapper):
    def setup(self):  # NNX102: 4
        shared(self, self.inner)  # NNX212: 8


# ---- silent -------------------------------------------------------------------------------------------------------


class Plain:
    def __init__(self, inner):
        self.inner = inner
        scopes.share_scope(self, inner)
        self.share_scope(inner)

    def share_scope(self, inner):
        return inner


def share_scope(a, b):
    return a, b


def use(a, b):
    return share_scope(a, b), scopes.shared(a), Plain(a).share_scope(b)
