"""Arguments that Linen merges; functions of that name from elsewhere stay silent."""
import flax.linen as nn
from flax.linen.module import merge_param

import settings


class Net(nn.Module):  # NNX103: 10
    deterministic: bool | None = None  # NNX104: 4

    def __call__(self, x, deterministic=None):
        flag = nn.merge_param("deterministic", self.deterministic, deterministic)  # NNX213: 15
        again = merge_param("deterministic", self.deterministic, flag)  # NNX213: 16
        return x if flag and again else None


# ---- silent -------------------------------------------------------------------------------------------------------


class Plain:
    def merge_param(self, name, a, b):
        return a if b is None else b

    def run(self, a, b):
        return self.merge_param("x", a, b)


def own(a, b):
    return settings.merge_param("x", a, b)


def local(a, b):
    def merge_param(name, a, b):
        return a or b

    return merge_param("x", a, b), own(a, b), Plain().run(a, b)
