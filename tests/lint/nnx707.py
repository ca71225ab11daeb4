"""Interception and paths of Linen modules; other contexts and paths stay silent."""
import contextlib

import flax.linen as nn
import jax
from flax import nnx
from flax.linen import intercept_methods

model = nn.Dense(3)  # NNX110: 8
key = jax.random.key(0)


def watch(next_function, args, kwargs, context):
    return next_function(*args, **kwargs)


def found(variables, x):
    with nn.intercept_methods(watch):  # NNX707: 9
        y = model.apply(variables, x)  # NNX310: 12
    with intercept_methods(watch):  # NNX707: 9
        z = y
    return z, model.module_paths(key, x)  # NNX707: 14


# ---- silent -------------------------------------------------------------------------------------------------------


class Tree:
    def module_paths(self):
        return []

    def intercept_methods(self, function):
        return contextlib.nullcontext(function)


def silent(tree: Tree, native: nnx.Module):
    with tree.intercept_methods(watch) as function:
        paths = tree.module_paths()
    for path, module in nnx.iter_modules(native):
        paths.append((path, module))
    return paths, function


def module_paths(root):
    return [root]


print(module_paths("."))
