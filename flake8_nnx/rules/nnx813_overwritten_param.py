"""An array assigned over a Param.

`model.kernel = array` does not change the Param: it puts a plain array in its place.

**What it flags.** Assignments of an array to an attribute that is an NNX variable: `self.scale = jnp.ones(3)` in a
method where the constructor made an `nnx.Param`, and `model.kernel = 2 * w` for a known layer; also
`self.count += 1`; at the target.

**Why.** What is no longer an `nnx.Param` is not trained by the optimizer, and missing from `nnx.state(model,
nnx.Param)` and from checkpoints. `+=` on a variable raises a NotImplementedError.

**Caveats.** Only values that are arrays for certain are looked at: another Param, as for tied weights, is right.

Source: established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

ARRAYS = ("jax.numpy.", "numpy.", "jax.random.", "jax.lax.", "jax.nn.")

RULE = Rule(
    "NNX813",
    "overwritten-param",
    "`{target} {sign} …` {problem}: write `{target}[...] {sign} {value}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax.numpy as jnp
from flax import nnx


def reset(model: nnx.Linear):
    model.kernel = jnp.zeros((2, 2))
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


def reset(model: nnx.Linear):
    model.kernel[...] = jnp.zeros((2, 2))
''',
        ),
        Example(
            linen='''
import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self):
        self.count = nnx.Variable(jnp.array(0))

    def __call__(self, x):
        self.count += 1
        return x
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self):
        self.count = nnx.Variable(jnp.array(0))

    def __call__(self, x):
        self.count[...] += 1
        return x
''',
        ),
    ),
)


@RULE.on(ast.Assign)
def check(assign: ast.Assign, facts: Facts) -> Iterator[Report]:
    """One finding per target that is a variable, for values that are arrays."""
    targets = [target for target in assign.targets if isinstance(target, ast.Attribute)]
    if not targets or not nnx.present(facts) or not _is_array(assign.value, facts):
        return
    for target in targets:
        kind = _variable(target, facts)
        if kind:
            problem = f"replaces the {kind} by a plain array"
            yield target, {"target": quote(target), "sign": "=", "problem": problem, "value": quote(assign.value)}


@RULE.on(ast.AugAssign)
def check_in_place(assign: ast.AugAssign, facts: Facts) -> Iterator[Report]:
    """One finding per operation in place on a variable."""
    if isinstance(assign.target, ast.Attribute) and nnx.present(facts):
        kind = _variable(assign.target, facts)
        if kind:
            sign = quote(assign).removeprefix(quote(assign.target)).split()[0]
            problem = f"raises, the {kind} has no operations in place"
            yield assign.target, {
                "target": quote(assign.target), "sign": sign, "problem": problem, "value": quote(assign.value),
            }  # fmt: skip


def _variable(target: ast.Attribute, facts: Facts) -> str | None:
    """The class of the variable that an attribute was made as, in the constructor of its module."""
    owner = nnx.instance(target.value, facts)
    if owner is None or owner.kind != "module":
        return None
    if owner.nnx:
        return "Param" if nnx.is_param(owner.name, target.attr) else None
    around = nnx.enclosing(target, facts)
    if around is not None and around[1].name == "__init__" and isinstance(target.value, ast.Name):
        return None  # the constructor may well choose
    for cls in nnx.ancestors(owner.local, facts) if owner.local else []:
        made = [nnx.instance(value, facts) for value in _in_constructor(cls, target.attr, facts)]
        if made:
            known = [ref for ref in made if ref is not None and ref.kind == "variable"]
            return known[0].name if len(known) == len(made) else None
    return None


def _in_constructor(cls: ast.ClassDef, attr: str, facts: Facts) -> list[ast.expr]:
    """What `__init__` assigns to `self.<attr>`."""
    values = facts.attribute_values(cls, attr)
    return [value for value in values if (around := nnx.enclosing(value, facts)) and around[1].name == "__init__"]


def _is_array(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is an array or a number for certain, and no variable."""
    if isinstance(node, ast.BinOp):
        return not isinstance(node.op, (ast.BitOr, ast.BitAnd))
    if isinstance(node, ast.Call):
        return (facts.origin(node.func) or "").startswith(ARRAYS)
    if isinstance(node, ast.Subscript):
        ref = nnx.instance(node.value, facts)
        return ref is not None and ref.kind == "variable"
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
