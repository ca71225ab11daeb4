"""Look-ups behind the rules of variables and calls: what is a call of a model, what holds its variables, and what is not."""
from __future__ import annotations

import ast

import pytest

from flake8_nnx.source.clues import foreign, train_state
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import model_call, tree_of

HEAD = '''
import flax.linen as nn
import jax
import pandas
from flax import jax_utils, nnx
from typing import Optional

from flax.core import FrozenDict, freeze, pop, unfreeze
from flax.training import train_state


class Net(nn.Module):
    def __call__(self, x):
        return x


class Own(nn.Module):
    variables: dict

    def init(self, key, x):
        return x


class State(train_state.TrainState):
    pass


class Other:
    pass


def make() -> State:
    return load()


def given(variables: Optional[FrozenDict], params: FrozenDict | None, other: FrozenDict, stats: dict):
    return LOOKED_UP


def run(net: Net, own: Own, other: Other, state: State, thing, x, key, rng, weights, stats, variables):
'''


def last(code: str) -> tuple[ast.expr, Facts]:
    """The expression that a function body ends with, and the facts of its file."""
    tree = ast.parse(HEAD + "".join(f"    {line}\n" for line in code.splitlines()))
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef) and isinstance(function.body[-1], ast.Expr)
    return function.body[-1].value, Facts(tree)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("net.init(key, x)", "init"),
        ("Net().lazy_init(key, x)", "lazy_init"),
        ("net.bind(x).unbind()", "unbind"),
        ("own.apply(x, x)", "apply"),
        ("thing.init({'params': key, 'dropout': rng}, x)", "init"),
        ("keys = {'params': rng}\nthing.init(keys, x)", "init"),
        ("thing.apply({'params': weights}, x)", "apply"),
        ("given = {'params': weights}\nthing.apply(given, x)", "apply"),
        ("thing.apply(weights, x, method=thing.encode)", "apply"),
        ("thing.apply(weights, x, mutable=('cache',))", "apply"),
        ("state.apply_fn(weights, x)", "apply_fn"),
        ("thing.apply_fn({'params': weights}, x)", "apply_fn"),
    ],
)
def test_calls_of_a_model(code: str, kind: str) -> None:
    found = model_call(*last(code))
    assert found is not None and found.kind == kind


@pytest.mark.parametrize(
    "code",
    [
        "own.init(key, x)",
        "thing.init(key, x)",
        "thing.init({'params': key})",
        "thing.init({'params': weights}, x)",
        "thing.init({'page': key}, x)",
        "other.init({'params': key, 'dropout': rng}, x)",
        "thing.apply(weights, x)",
        "thing.apply(weights, x, mutable=True)",
        "thing.apply(weights, x, method=other.encode)",
        "thing.apply(method=thing.encode)",
        "thing.unbind()",
        "other.apply({'params': weights}, x)",
        "given = {'page': weights}\nthing.apply(given, x)",
        "thing.apply_fn(weights, x)",
        "graph, values = nnx.split(thing)\ngraph.apply({'params': values}, x)",
        "graph, values = nnx.split(thing)\ny, (graph, values) = graph.apply(values)(x)\ngraph.apply({'params': values}, x)",
        "frame = pandas.DataFrame(x)\nframe.apply({'params': weights}, x)",
        "nnx.apply({'params': weights}, x)",
        "net(x)",
    ],
)
def test_calls_of_other_things(code: str) -> None:
    assert model_call(*last(code)) is None


@pytest.mark.parametrize(
    ("code", "collection", "path"),
    [
        ("net.init(key, x)", None, ()),
        ("net.init(key, x)['params']", "params", ()),
        ("v = unfreeze(net.init(key, x))\nv.get('params', {})['a']['b']", "params", ("a", "b")),
        ("_, v = net.apply(x, x, mutable=['cache'])\nv['cache']", "cache", ()),
        ("_, v = net.init_with_output(key, x)\nv.pop('params')", "params", ()),
        ("_, v = net.bind(x).unbind()\nv", None, ()),
        ("rest, p = pop(net.init(key, x), 'params')\np['a']", "params", ("a",)),
        ("rest, p = pop(net.init(key, x), 'params')\nrest['cache']", "cache", ()),
        ("jax.jit(net.init)(key, x)['params']", "params", ()),
        ("jax.eval_shape(net.init, key, x)['params']", "params", ()),
        ("net.variables['params']['a']", "params", ("a",)),
        ("state.params['a']", "params", ("a",)),
        ("state.params['params']['a']", "params", ("a",)),
        ("state.batch_stats", "batch_stats", ()),
        ("net.apply(weights, x)\nweights['cache']", "cache", ()),
        ("thing.apply({'params': weights, 'mine': stats}, x)\nstats['a']", "mine", ("a",)),
        ("v = {'params': weights}\nthing.apply(v, x)\nv['cache']", "cache", ()),
    ],
)
def test_trees(code: str, collection: str | None, path: tuple[str, ...]) -> None:
    tree = tree_of(*last(code))
    assert tree is not None and (tree.collection, tree.path) == (collection, path)


@pytest.mark.parametrize(
    "code",
    [
        "variables['params']",
        "weights['Dense_0']",
        "thing.init(key, x)",
        "thing.variables['params']",
        "own.variables['params']",
        "thing.params['a']",
        "y, v = net.apply(x, x)\nv",
        "v, y = net.apply(x, x, mutable=['cache'])\nv",
        "net.apply(x, x)['params']",
        "net.init(key, x)[key]",
        "v = {'params': weights}\nv['params']",
        "v = {'params': weights}\nother.apply(v, x)\nv['params']",
        "other.apply({'params': weights}, x)\nweights['a']",
        "thing.apply(weights, x)\nweights['a']",
        "net.apply(weights, x)\nweights = load()\nweights['a']",
        "net.init(key, x).keys()",
        "pop(variables, 'params')",
    ],
)
def test_no_trees(code: str) -> None:
    assert tree_of(*last(code)) is None


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("variables['params']", ("params", ())),
        ("params['a']", ("params", ("a",))),
        ("other['params']", None),
        ("stats['params']", None),
    ],
)
def test_annotated_parameters(written: str, found: tuple[str, tuple[str, ...]] | None) -> None:
    tree = ast.parse(HEAD.replace("LOOKED_UP", written) + "    pass\n")
    (value,) = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return) and isinstance(n.value, ast.Subscript)]
    held = tree_of(value, Facts(tree))
    assert (held and (held.collection, held.path)) == found


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("state", True),
        ("State.create(apply_fn=net.apply, params=x, tx=x)", True),
        ("state.apply_gradients(grads=x).replace(step=0)", True),
        ("jax_utils.replicate(make())", True),
        ("state = load(state)\nstate", True),
        ("s = make()\ns", True),
        ("thing", False),
        ("thing.apply_gradients(grads=x)", False),
        ("Other.create(apply_fn=net.apply, params=x, tx=x)", False),
        ("thing = thing.replace(step=0)\nthing", False),
        ("state.params", False),
        ("load()", False),
    ],
)
def test_train_states(code: str, expected: bool) -> None:
    assert train_state(*last(code)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("other", True),
        ("Other()", True),
        ("jax", True),
        ("nnx.bridge.ToLinen(thing)", True),
        ("graph, values = nnx.split(thing)\nvalues", True),
        ("thing", False),
        ("net", False),
        ("Net()", False),
        ("load()", False),
    ],
)
def test_foreign(code: str, expected: bool) -> None:
    assert foreign(*last(code)) is expected
