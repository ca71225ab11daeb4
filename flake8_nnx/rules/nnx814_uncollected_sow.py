"""Values that `sow` leaves in the model.

NNX keeps what a module sows as a variable of the module until something pops it.

**What it flags.** `self.sow("losses", …)` with a text that is no registered collection, in a file that collects
`nnx.Intermediate`; and `self.sow(nnx.Intermediate, …)` of a module that a function under `nnx.jit` takes and calls,
in a file that never pops or captures, at the call.

**Why.** A text that NNX does not know makes a new variable type, which is no `nnx.Intermediate`: what collects
intermediates does not find it. What nobody pops grows with every call, so that each call of a jitted function is
compiled anew.

**Caveats.** A sow with a `reduce_fn` of its own may keep its size. `class Loss(nnx.Intermediate)` makes a collection
that `nnx.pop(model, Loss)` and `nnx.pop(model, nnx.Intermediate)` both find.

Source: MaxText pull requests 4133 and 4525; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._given import model_calls
from flake8_nnx.rules._jit import NNX_JITS, wrapped
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

KNOWN = frozenset({"intermediates", "params", "batch_stats", "cache", "perturbations"})
COLLECTS = frozenset({"pop", "capture"})

RULE = Rule(
    "NNX814",
    "uncollected-sow",
    "`{call}` {problem}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __call__(self, x):
        self.sow("losses", "loss", x.sum())
        return x


def collect(x):
    model = Net()
    model(x)
    return nnx.pop(model, nnx.Intermediate)
''',
            nnx='''
from flax import nnx


class Loss(nnx.Intermediate):
    pass


class Net(nnx.Module):
    def __call__(self, x):
        self.sow(Loss, "loss", x.sum())
        return x


def collect(x):
    model = Net()
    model(x)
    return nnx.pop(model, nnx.Intermediate)
''',
        ),
        Example(
            linen='''
from flax import nnx

traces = []


class Net(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "hidden", x)
        return x


@nnx.jit
def predict(model: Net, x):
    traces.append(x)
    return model(x)
''',
            nnx='''
from flax import nnx

traces = []


class Net(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "hidden", x)
        return x


@nnx.jit
def predict(model: Net, x):
    traces.append(x)
    y = model(x)
    nnx.pop(model, nnx.Intermediate)
    return y
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per sow."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "sow" or not call.args:
        return
    around = nnx.enclosing(call, facts)
    if around is None or not isinstance(call.func.value, ast.Name) or call.func.value.id != nnx.self_name(around[1]):
        return
    if nnx.method_of(around[0], "sow", facts):
        return
    collection = call.args[0]
    short = quote(ast.Call(func=call.func, args=call.args[:2], keywords=[]))
    if isinstance(collection, ast.Constant) and isinstance(collection.value, str):
        if collection.value not in KNOWN | _registered(facts) and _mentions(facts, "Intermediate"):
            problem = f"makes a variable of type `{collection.value}`, no `nnx.Intermediate`: sow a subclass of that"
            yield call, {"call": short, "problem": problem}
    elif nnx.name(collection, facts) == "Intermediate" and not _reduced(call):
        if id(around[0]) in _jitted(facts) and not any(_mentions(facts, name) for name in COLLECTS):
            problem = "is never popped, and every call under `nnx.jit` compiles anew: use `nnx.pop` or `nnx.capture`"
            yield call, {"call": short, "problem": problem}


def _reduced(call: ast.Call) -> bool:
    return len(call.args) > 3 or any(keyword.arg in (None, "reduce_fn", "init_fn") for keyword in call.keywords)


@functools.lru_cache(maxsize=4)
def _registered(facts: Facts) -> frozenset[str]:
    """The first arguments of `nnx.register_variable_name("losses", Loss)` and of the like."""
    names = ("register_variable_name", "variable_type_from_name", "register_variable_name_type_pair")
    calls = [node for node in facts.names.nodes if isinstance(node, ast.Call) and nnx.name(node.func, facts) in names]
    return frozenset(str(arg.value) for call in calls for arg in call.args[:1] if isinstance(arg, ast.Constant))


@functools.lru_cache(maxsize=16)
def _mentions(facts: Facts, wanted: str) -> bool:
    """Whether a file reads this name of flax.nnx, or an attribute or import of that name."""
    for node in facts.names.nodes:
        if isinstance(node, ast.Attribute) and node.attr == wanted:
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.name == wanted for alias in node.names):
            return True
    return False


@functools.lru_cache(maxsize=4)
def _jitted(facts: Facts) -> frozenset[int]:
    """The classes, by id, of the models that functions under nnx.jit take and call, and the classes that these make."""
    found: set[int] = set()
    for node in facts.names.nodes:
        if not isinstance(node, (ast.FunctionDef, ast.Call)):
            continue
        for function in (each.function for each in wrapped(node, facts, *NNX_JITS)):
            for _, ref in model_calls(function, facts):
                if ref.local is not None:
                    calls = [inner for inner in ast.walk(ref.local) if isinstance(inner, ast.Call)]
                    made = [nnx.module_class(inner.func, facts) for inner in calls]
                    found |= {id(ref.local), *(id(each.local) for each in made if each is not None)}
    return frozenset(found)
