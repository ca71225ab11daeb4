"""The arguments of `nnx.Optimizer` before flax 0.11.

Since flax 0.11 an `nnx.Optimizer` holds no model: it is told what to train, and given the model at each update.

**What it flags.** `nnx.Optimizer(model, tx)` without `wrt=`, and `optimizer.update(grads)` with the gradients alone,
at the call.

**Why.** Both raise a TypeError, the second one in the first training step.

**Caveats.** `nnx.ModelAndOptimizer` is the class that holds the model, and takes the gradients alone: files that name
it, and functions that call `update` both ways, are not asked for the model.

Source: Flax guide "NNX 0.10 to NNX 0.11".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX825",
    "optimizer-arguments",
    "`{call}` lacks {what} since flax 0.11: write `{code}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import optax
from flax import nnx


def make(model):
    return nnx.Optimizer(model, optax.sgd(0.1))
''',
            nnx='''
import optax
from flax import nnx


def make(model):
    return nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
''',
        ),
        Example(
            linen='''
from flax import nnx


@nnx.jit
def step(model, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(grads)
''',
            nnx='''
from flax import nnx


@nnx.jit
def step(model, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(model, grads)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction and per update."""
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(k.arg is None for k in call.keywords):
        return
    names = {keyword.arg for keyword in call.keywords}
    if nnx.name(call.func, facts) == "Optimizer":
        if "wrt" not in names and len(call.args) < 3:
            wrt = ast.keyword("wrt", ast.Attribute(ast.Name("nnx"), "Param"))
            code = ast.Call(call.func, call.args, [*call.keywords, wrt])
            yield call, {"call": quote(call), "what": "`wrt=`", "code": quote(code)}
        return
    func = call.func
    alone = len(call.args) == 1 and not names & {"grads", "model"}
    if isinstance(func, ast.Attribute) and func.attr == "update" and alone:
        ref = nnx.instance(func.value, facts)
        if ref is not None and ref.nnx and ref.name == "Optimizer" and not _either(call, func.value, facts):
            code = ast.Call(func, [ast.Name("model"), *call.args], call.keywords)
            yield call, {"call": quote(call), "what": "the model", "code": quote(code)}


def _either(call: ast.Call, optimizer: ast.expr, facts: Facts) -> bool:
    """Whether the optimizer may hold its model after all, or the function asks for the release of flax."""
    if any(isinstance(node, ast.Attribute) and node.attr == "ModelAndOptimizer" for node in facts.names.nodes):
        return True
    function = facts.names.enclosing(call, ast.FunctionDef)
    text = ast.unparse(optimizer)
    for other in ast.walk(function) if function else ():
        if isinstance(other, ast.Call) and isinstance(other.func, ast.Attribute) and other.func.attr == "update":
            if len(other.args) == 2 and ast.unparse(other.func.value) == text:
                return True
    return False
