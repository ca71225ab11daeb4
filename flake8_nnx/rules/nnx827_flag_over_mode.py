"""A flag at a call that `.eval()` does not change.

`deterministic=` and `use_running_average=` of a call come before what `.eval()` has set.

**What it flags.** In a file that calls `.eval()` on an NNX model: `deterministic=False` and
`use_running_average=False` at a call of a layer of its class, at the flag; and, below `model.eval()`, a call of the model
that leaves out its `train` or `deterministic` argument, whose default is training, at the call.

**Why.** The model trains on: it drops units, and its running statistics follow the data of the evaluation. Classes moved
from Linen keep such arguments, and a new training loop no longer passes them.

**Caveats.** `deterministic=False` for dropout that is meant to stay, as in Monte Carlo dropout, is right: silence the
line with `# noqa: NNX827`. Calls are followed inside of one function.

Source: `flax.nnx.Dropout` and `flax.nnx.BatchNorm`; established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _modes
from flake8_nnx.rules._jit import parameters
from flake8_nnx.rules._text import quote
from flake8_nnx.rules._training import key, runs_after
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

TRAINS = {"train": True, "training": True, "is_training": True, "deterministic": False, "use_running_average": False}

RULE = Rule(
    "NNX827",
    "flag-over-mode",
    "{what}, whatever `.eval()` has set: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x, deterministic=False)


def predict(x):
    model = Net(nnx.Rngs(0))
    model.eval()
    return model(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


def predict(x):
    model = Net(nnx.Rngs(0))
    model.eval()
    return model(x)
''',
        ),
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(x, deterministic=not train)


def predict(x):
    model = Net(nnx.Rngs(0))
    model.eval()
    return model(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(x, deterministic=not train)


def predict(x):
    model = Net(nnx.Rngs(0))
    model.eval()
    return model(x, train=False)
''',
        ),
    ),
)


@RULE.on(ast.ClassDef)
def check(cls: ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """One finding per flag that is False, in classes whose mode the file changes."""
    ref = nnx.local_class(cls, facts)
    if ref is None or ref.kind != "module" or cls not in _evaluated(facts):
        return
    for call in ast.walk(cls):
        layer = nnx.instance(call.func, facts) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None
        if layer is None or not layer.nnx or layer.name not in ("Dropout", "BatchNorm") or not isinstance(call, ast.Call):
            continue
        for flag in call.keywords:
            if flag.arg in _modes.FLAGS and isinstance(flag.value, ast.Constant) and flag.value.value is False:
                what = f"`{flag.arg}=False` keeps `{quote(call.func)}` in training mode"
                yield flag, {"what": what, "advice": "leave it out"}


@RULE.on(ast.Call)
def check_calls(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of a model below its `.eval()` that leaves out a flag with a training default."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != "eval" or call.args or call.keywords:
        return
    ref = nnx.instance(func.value, facts)
    flag = _flag(ref.local, facts) if ref is not None and ref.kind == "module" and ref.local is not None else None
    model = key(func.value, facts)
    if flag is None or model is None:
        return
    name, place = flag
    for other in facts.names.nodes:
        if isinstance(other, ast.Call) and key(other.func, facts) == model and runs_after(other, call, facts):
            given = len(other.args) > place or any(k.arg in (name, None) for k in other.keywords)
            if not given and not any(isinstance(arg, ast.Starred) for arg in other.args) and other.lineno > call.lineno:
                advice = f"pass `{name}={not TRAINS[name]}`"
                yield other, {"what": f"`{quote(other)}` trains by the default of `{name}`", "advice": advice}


def _flag(cls: ast.ClassDef, facts: Facts) -> tuple[str, int] | None:
    """The argument of `__call__` whose default is training and that decides flags, with its place among the positional."""
    method = nnx.method_of(cls, "__call__", facts)
    for place, arg in enumerate(parameters(method)[1:] if method is not None else ()):
        if arg.arg in TRAINS and method is not None and _default(method, arg) is TRAINS[arg.arg]:
            flags = [k.value for k in ast.walk(method) if isinstance(k, ast.keyword) and k.arg in _modes.FLAGS]
            if any(isinstance(node, ast.Name) and node.id == arg.arg for flag in flags for node in ast.walk(flag)):
                return arg.arg, place if arg in method.args.args else 1000
    return None


def _default(method: ast.FunctionDef, arg: ast.arg) -> object:
    """The literal that a parameter is by default."""
    args = method.args
    places = [*args.posonlyargs, *args.args]
    pairs = [*zip(reversed(places), reversed(args.defaults)), *zip(args.kwonlyargs, args.kw_defaults)]
    return next((d.value for a, d in pairs if a is arg and isinstance(d, ast.Constant)), None)


@functools.lru_cache(maxsize=4)
def _evaluated(facts: Facts) -> list[ast.ClassDef]:
    """The NNX classes of the file on whose instances it calls `.eval()`, with those that they make."""
    found: list[ast.ClassDef] = []
    waiting: list[ast.ClassDef] = []
    for node in facts.names.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "eval":
            ref = nnx.instance(node.func.value, facts)
            waiting += [ref.local] if ref is not None and ref.local is not None else []
    while waiting:
        cls = waiting.pop()
        if cls not in found:
            found.append(cls)
            made = (nnx.module_class(node.func, facts) for node in ast.walk(cls) if isinstance(node, ast.Call))
            waiting += [ref.local for ref in made if ref is not None and ref.local is not None]
    return found
