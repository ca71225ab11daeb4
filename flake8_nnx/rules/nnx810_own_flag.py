"""A training flag of one's own that `.eval()` does not know.

`model.eval()` sets `deterministic` and `use_running_average`, and no other attribute.

**What it flags.** An attribute `training`, `is_training` or `train_mode` that an NNX module sets in its constructor
and reads in a method, when the file calls `.eval()` or `.train()` on such a module and never sets the flag elsewhere,
at the assignment.

**Why.** The module stays in the mode of its constructor while its dropout and batch statistics change theirs, without
an error. It is an idiom of other libraries, where `.eval()` sets `training`.

**Caveats.** `model.eval(training=False)` sets the flag, and a class with `train` and `eval` of its own is left alone.

Source: `flax.nnx.Module.eval`; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

FLAGS = frozenset({"training", "is_training", "train_mode"})

RULE = Rule(
    "NNX810",
    "own-flag",
    "`.eval()` does not set `self.{flag}` of `{cls}`: call the flag `deterministic`, or `.eval({flag}=…)`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self):
        self.training = True

    def __call__(self, x):
        return 2 * x if self.training else x


def predict(x):
    model = Net()
    model.eval()
    return model(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self):
        self.deterministic = False

    def __call__(self, x):
        return x if self.deterministic else 2 * x


def predict(x):
    model = Net()
    model.eval()
    return model(x)
''',
        ),
    ),
)


@RULE.on(ast.ClassDef)
def check(cls: ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """One finding per flag."""
    ref = nnx.local_class(cls, facts)
    if ref is None or ref.kind != "module" or not nnx.known_line(cls, facts):
        return
    if any(nnx.method_of(cls, name, facts) for name in ("eval", "train", "set_attributes")):
        return
    start = nnx.methods(cls).get("__init__")
    for node in ast.walk(start) if start else ():
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Attribute) or target.attr not in FLAGS or not _own(target, start):
            continue
        read = [n for n in ast.walk(cls) if isinstance(n, ast.Attribute) and n.attr == target.attr and n is not target]
        stores, modes = _uses(facts)
        if any(isinstance(n.ctx, ast.Load) for n in read) and stores.count(target.attr) == 1 and cls in modes:
            yield target, {"flag": target.attr, "cls": cls.name}


def _own(target: ast.Attribute, method: ast.FunctionDef | None) -> bool:
    return method is not None and isinstance(target.value, ast.Name) and target.value.id == nnx.self_name(method)


@functools.lru_cache(maxsize=4)
def _uses(facts: Facts) -> tuple[list[str], list[ast.ClassDef]]:
    """Each setting of a flag in the file, by an attribute, a keyword or a text; the classes whose mode it changes."""
    stores: list[str] = []
    modes: list[ast.ClassDef] = []
    for node in facts.names.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in FLAGS:
            stores.append(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in FLAGS:
            stores.append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("eval", "train", "set_attributes", "view"):
                stores += [keyword.arg for keyword in node.keywords if keyword.arg in FLAGS and keyword.arg]
            ref = nnx.instance(node.func.value, facts) if node.func.attr in ("eval", "train") else None
            if ref is not None and ref.local is not None:
                modes.append(ref.local)
    return stores, modes
