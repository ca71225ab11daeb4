"""The replacement that a message names for variables, `init` and `apply` is the one for that very code."""
from __future__ import annotations

import pytest

from flake8_nnx.lint import lint_source

HEAD = '''
import flax.linen as nn
import jax
from flax.training.train_state import TrainState


def head(model, x):
    return x


class Net(nn.Module):
    def __call__(self, x, key, streams, shared, variables):
        {inside}


net, dense, rngs = Net(), nn.Dense(3), {{"params": a_key}}


def run(x, key, streams, shared, variables, state: TrainState, unknown):
    {outside}
'''


def messages(code: str, inside: str = "pass", outside: str = "pass") -> list[str]:
    source = HEAD.format(inside=inside, outside=outside)
    return [f.message for f in lint_source(source) if f.code == code]


@pytest.mark.parametrize(
    ("code", "written", "replacement"),
    [
        ("NNX201", "self.param('w', nn.initializers.ones)", "self.w = nnx.Param(nnx.initializers.ones(rngs.params()))"),
        ("NNX201", "self.param(name='w', init_fn=f, shape=(3,))", "self.w = nnx.Param(f(rngs.params(), shape=(3,)))"),
        ("NNX201", "self.param('w', f, (3,), unbox=False)", "self.w = nnx.Param(f(rngs.params(), (3,)))"),
        ("NNX201", "self.param('w', lambda k: k)", "self.w = nnx.Param((lambda k: k)(rngs.params()))"),
        ("NNX201", "self.param(f'w_{x}', f)", "setattr(self, f'w_{x}', nnx.Param(f(rngs.params())))"),
        ("NNX202", "self.variable('cache', 'c', lambda: x)", "self.c = nnx.Cache(x)"),
        ("NNX202", "self.variable('cache', 'c', lambda s: s, 3)", "self.c = nnx.Cache((lambda s: s)(3))"),
        ("NNX202", "self.variable('mine', 'c', f, 3)", "self.c = Mine(f(3))"),
        ("NNX202", "self.variable('mine', 'c', f, self.make_rng('params'))", "self.c = Mine(f(rngs.params()))"),
        ("NNX202", "self.variable('mine', 'c')", "self.c = Mine(...)"),
        ("NNX202", "self.variable(x, 'c', f)", "self.c = nnx.Variable(f())"),
        ("NNX203", "self.sow('intermediates', 'h', x)", "self.sow(nnx.Intermediate, 'h', x)"),
        ("NNX203", "self.sow('losses', 'h', x)", "self.sow(Losses, 'h', x)` (write `class Losses(nnx.Variable): pass"),
        ("NNX203", "self.sow(col='losses', name='h', value=x)", "self.sow(variable_type=Losses, name='h', value=x)"),
        ("NNX206", "self.make_rng('noise')", "self.rngs.noise()"),
        ("NNX206", "self.make_rng()", "self.rngs.params()"),
        ("NNX206", "self.make_rng(x)", "self.rngs[x]()"),
        ("NNX206", "self.has_rng('noise')", "'noise' in self.rngs"),
        ("NNX206", "nn.cond(x, lambda m: m.make_rng('a'), head, self)", "m.rngs.a()"),
        ("NNX203", "nn.cond(x, lambda m: m.sow('intermediates', 'h', x), head, self)", "m.sow(nnx.Intermediate, 'h', x)"),
        ("NNX207", "nn.cond(x, lambda m: m.get_variable('cache', 'c'), head, self)", "m.c[...]"),
        ("NNX202", "nn.cond(x, lambda m: m.variable('cache', 'c', f), head, self)", "self.c = nnx.Cache(f())"),
        ("NNX207", "self.put_variable('cache', 'c', x + 1)", "self.c[...] = x + 1"),
        ("NNX207", "self.get_variable('cache', 'c')", "self.c[...]"),
        ("NNX207", "self.put_variable(key, streams, x)", "getattr(self, streams)[...] = x"),
        ("NNX207", "self.has_variable('cache', 'c')", "self.c"),
        ("NNX207", "self.has_variable(col='cache', name='c')", "self.c"),
        ("NNX207", "self.get_variable(key, 'c')", "self.c[...]"),
        ("NNX207", "self.is_mutable_collection('cache')", "nnx.Cache"),
        ("NNX310", "self.apply({'params': x}, x)", "self(x)"),
        ("NNX205", "self.variables['cache']['key']", "self.key"),
    ],
)
def test_inside_a_module(code: str, written: str, replacement: str) -> None:
    (message,) = messages(code, inside=written)
    assert f"`{replacement}`" in message


SOWN = "nnx.capture(net, nnx.Intermediate)(x)"
CAPTURE = "nnx.capture(net, nnx.Intermediate, method_outputs=nnx.Intermediate)(x)"
STREAMS = "rngs=nnx.Rngs(..., dropout=key)"


@pytest.mark.parametrize(
    ("code", "written", "replacement"),
    [
        ("NNX301", "net.init(key, x)", "net = Net(..., rngs=nnx.Rngs(key))"),
        ("NNX301", "net.init(jax.random.key(3), x)", "net = Net(..., rngs=nnx.Rngs(3))"),
        ("NNX301", "net.init({'params': key, 'dropout': x}, x)", "net = Net(..., rngs=nnx.Rngs(params=key, dropout=x))"),
        ("NNX301", "net.init(dict(params=key), x)", "net = Net(..., rngs=nnx.Rngs(params=key))"),
        ("NNX301", "unknown.init(rngs, x)", "unknown = Model(..., rngs=nnx.Rngs(**rngs))"),
        ("NNX301", "net.init(rngs, x)", "net = Net(..., rngs=nnx.Rngs(**rngs))"),
        ("NNX301", "dense.init(key, x)", "dense = nnx.Linear(..., rngs=nnx.Rngs(key))"),
        ("NNX301", "nn.Sequential([head]).init(key, x)", "sequential = nnx.Sequential(...)"),
        ("NNX301", "unknown.init(key, x)['params']", "unknown = Model(..., rngs=nnx.Rngs(key))"),
        ("NNX302", "net.init_with_output(key, x)", "net = Net(..., rngs=nnx.Rngs(key))`, then `net(x)"),
        ("NNX204", "net.init(key, x)['batch_stats']", "nnx.state(net, nnx.BatchStat)"),
        ("NNX204", "net.init(key, x).get('mine')", "nnx.state(net, Mine)"),
        ("NNX205", "net.init(key, x)['params']['Dense_0']['kernel']", "net.dense_0.kernel[...]"),
        ("NNX205", "net.init(key, x)['params']['layers_2']", "net.layers[2]"),
        ("NNX310", "net.apply(variables, x)", "net(x)"),
        ("NNX310", "net.apply(variables, *x, **key)", "net(*x, **key)"),
        ("NNX310", "Net().apply(variables, x)", "net(x)"),
        ("NNX310", "net.bind(variables)", "net"),
        ("NNX310", "net.unbind()", "nnx.split(net)"),
        ("NNX204", "net.bind(variables).variables['params']", "nnx.state(net, nnx.Param)"),
        ("NNX204", "v = net.init(key, x); v['cache'] = x", "nnx.update(net, x)"),
        ("NNX204", "v = {'params': x}; net.apply(v, x)", "nnx.split(net)"),
        ("NNX205", "net.variables['params']['Dense_0']['kernel']", "net.dense_0.kernel[...]"),
        ("NNX205", "state.params['Dense_0']['kernel']", "model.dense_0.kernel[...]"),
        ("NNX310", "models.Deep(3).apply({'params': x}, x)", "deep(x)"),
        ("NNX310", "models.make(3).apply({'params': x}, x)", "model(x)"),
        ("NNX310", "net.apply({'params': {'kernel': shared}}, x)", "net(x)` after `nnx.update(net, {'kernel': shared})"),
        ("NNX310", "net.apply(variables, x, method='encode')", "net.encode(x)"),
        ("NNX310", "net.apply(variables, x, method='__call__')", "net(x)"),
        ("NNX310", "net.apply(variables, x, method=net.encode)", "net.encode(x)"),
        ("NNX310", "unknown.apply({'params': x}, x, method=unknown.encode)", "unknown.encode(x)"),
        ("NNX310", "unknown.apply({'params': x}, x, method=m.Deep.encode)", "unknown.encode(x)"),
        ("NNX310", "net.apply(variables, x, method=head)", "head(net, x)"),
        ("NNX310", "net.apply(variables, x, method=key)", "getattr(net, key)(x)"),
        ("NNX311", "net.apply(variables, x, method=lambda m, v: m.encode(v, 3))", "net.encode(x, 3)"),
        ("NNX312", "y, state = net.apply(variables, x, mutable=['batch_stats'])", "y = net(x)"),
        ("NNX312", "_, state = net.apply(variables, x, mutable=True)", "net(x)"),
        ("NNX313", "net.apply(variables, x, rngs={'dropout': key})", "nnx.reseed(net, dropout=key)"),
        ("NNX313", "net.apply(variables, x, rngs=rngs)", "nnx.reseed(net, **rngs)"),
        ("NNX313", "net.apply(variables, x, rngs=key)", "nnx.reseed(net, default=key)"),
        ("NNX313", "net.apply(variables, x, rngs={'dropout': key})", STREAMS),
        ("NNX313", "net.apply(variables, x, rngs=dict(dropout=key))", STREAMS),
        ("NNX313", "net.apply(variables, x, rngs={'dropout': key} if key else None)", STREAMS),
        ("NNX313", "net.apply(variables, x, rngs={'params': x, 'a': key})", "rngs=nnx.Rngs(params=x, a=key)"),
        ("NNX313", "net.apply(variables, x, rngs=streams.rngs)", "nnx.reseed(net, **streams.rngs)"),
        ("NNX314", "net.apply(variables, x, capture_intermediates=True)", CAPTURE),
        ("NNX314", "net.apply(variables, x, capture_intermediates=f)", "f"),
        ("NNX312", "y, s = net.apply(variables, x, mutable=['intermediates'])", f"y, s = {SOWN}"),
        ("NNX312", "net.apply(variables, x, mutable=['intermediates'])[1]", SOWN),
        ("NNX312", "y, s = net.apply(variables, x, mutable='intermediates', capture_intermediates=True)", f"y, s = {CAPTURE}"),
        (
            "NNX312",
            "net.apply(variables, x, mutable='intermediates', method=head)",
            "nnx.capture(head, nnx.Intermediate)(net, x)",
        ),
        ("NNX312", "net.apply(variables, x, mutable='intermediates', method='a')", "nnx.capture(net.a, nnx.Intermediate)(x)"),
        ("NNX315", "net.apply(variables, x, deterministic=True)", "net.eval()"),
        ("NNX315", "net.apply(variables, x, train=True)", "net.train()"),
        ("NNX316", "state.apply_fn(state.params, x, train=True)", "model(x, train=True)"),
        ("NNX317", "nn.apply(head, net)(variables, x)", "head(net, x)"),
        ("NNX317", "nn.init_with_output(head, Net())(key, x)", "head(net, x)"),
        ("NNX317", "nn.init(head, net)(key, x)", "head"),
        ("NNX317", "f = nn.apply(head, net)", "head"),
    ],
)
def test_outside_of_modules(code: str, written: str, replacement: str) -> None:
    (message,) = messages(code, outside=written)
    assert f"`{replacement}`" in message


@pytest.mark.parametrize("code", ["NNX201", "NNX202", "NNX203", "NNX206", "NNX207"])
def test_silent_outside_of_a_module(code: str) -> None:
    for call in ("param('w', key)", "variable('cache', 'c')", "sow('a', 'b', x)", "make_rng()", "get_variable('a', 'b')"):
        assert messages(code, outside=f"self.{call}") == messages(code, inside=f"x.{call}") == []


@pytest.mark.parametrize(
    "code", ["NNX204", "NNX205", "NNX301", "NNX302", "NNX303", "NNX304", "NNX310", "NNX311", "NNX312", "NNX313", "NNX316"]
)
@pytest.mark.parametrize(
    "written",
    ["unknown.init(key)", "unknown.init({'params': x})", "unknown.apply(x, key, rngs=rngs, method='cell')", "variables['params']",
     "head(unknown.apply, unknown.init)", "unknown.apply_fn(key, x)", "x['params']['kernel']", "unknown.apply(variables)"],
)  # fmt: skip
def test_silent_of_unknown_objects(code: str, written: str) -> None:
    assert messages(code, outside=written) == []


def test_a_name_defined_by_itself() -> None:
    for line in ("v = f.apply(v, 1)", "v = f.init(v, 1)", "_, v = f.apply(v, 1, mutable=m)", "v = g(v)['params'].get(v)"):
        assert lint_source(f"import flax.linen\nfor i in y:\n    {line}\n") == []


def test_plural_collections() -> None:
    (message,) = messages("NNX312", outside="net.apply(variables, x, mutable=['batch_stats', 'cache'])")
    assert message.endswith("`nnx.BatchStat` and `nnx.Cache` are updated in place")
