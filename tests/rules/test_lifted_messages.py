"""What the rules on lifted transforms and on sharding say of the axes and arguments that are written."""
from __future__ import annotations

import pytest

from flake8_nnx.lint import lint_source

PRELUDE = '''
import functools
import flax.linen as nn
from flax.linen import partitioning
import jax


class Block(nn.Module):
    features: int

    def __call__(self, x, y):
        return x, y


def body(module, carry, x):
    return carry, x


class Net(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x, y, train):
'''


def message(code: str, text: str) -> str:
    """The message of this code for a statement in a compact method; exactly one is expected."""
    source = PRELUDE + "".join(f"        {line}\n" for line in text.split("\n"))
    found = [each.message for each in lint_source(source) if each.code == code]
    assert len(found) == 1, found
    return found[0]


STACKED = "variable_axes={'params': 0}, split_rngs={'params': True}"
SHARED = "variable_broadcast='params', split_rngs={'params': False}"
SCAN = [
    # The stack, its length and its axes.
    (f"x, _ = nn.scan(Block, {STACKED}, length=self.depth)(3)(x, None)", [
        "build `self.blocks` with `@nnx.split_rngs(splits=depth)` over `@nnx.vmap(in_axes=0, out_axes=0)`",
        "of `Block(3, rngs=rngs)`",
        "run with `@nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)` over `(x, self.blocks)`; return the carry alone",
    ]),
    (f"x, z = nn.scan(Block, {STACKED}, length=4, in_axes=1, out_axes=2)(3, name='layers')(x, y)", [
        "build `self.layers` with `@nnx.split_rngs(splits=4)`",
        "`@nnx.scan(in_axes=(nnx.Carry, 0, 1), out_axes=(nnx.Carry, 2))` over `(x, self.layers, y)`",
    ]),
    (f"x = nn.scan(Block, {STACKED}, in_axes=nn.broadcast, length=4)(3)(x, train)[0]", [
        "in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)` over `(x, self.blocks)`",
        "close over `train`, which `nnx.scan` would trace",
    ]),
    (f"x = nn.scan(Block, {STACKED}, in_axes=(nn.broadcast, 0), reverse=True, unroll=2)(3)(x, y, y)", [
        "in_axes=(nnx.Carry, 0, None, 0), out_axes=(nnx.Carry, 0), reverse=True, unroll=2)",
        "splits=n", "n is the size of axis 0 of the inputs",
    ]),
    ("x = nn.scan(Block, variable_axes={'params': 1, 'cache': 2}, split_rngs={'params': True}, length=4)(3)(x, y)", [
        "out_axes=1", "in_axes=(nnx.Carry, 1, 0)", "`cache` on 2 moves to 1", "without random streams and scalars",
    ]),
    (f"x = nn.scan(Block, {STACKED}, variable_carry='counter', variable_broadcast='lora', length=4)(3)(x, y)", [
        "put `counter` into a module of its own, which the carry takes along",
        "put `lora` into a module of its own with the axis None",
    ]),
    (f"x = nn.scan(Block, {STACKED}, length=4, metadata_params={{nn.PARTITION_NAME: 'layers'}})(3)(x, y)", [
        "out_axes=0, transform_metadata={nnx.PARTITION_NAME: 'layers'})` of",
        "out_axes=(nnx.Carry, 0), transform_metadata={nnx.PARTITION_NAME: 'layers'})` over",
    ]),
    ("x = nn.scan(Block, variable_axes={'params': 0}, split_rngs={'params': False, 'dropout': False}, length=4)(3)(x, y)", [
        "Linen gave all copies the same initial parameters", "Linen gave all copies the same `dropout` stream",
    ]),
    (f"x = nn.scan(Block, {STACKED}, length=4, data_transform=body)(3)(x, y, train=train)", [
        "close over `train`, which is not mapped", "`data_transform=body` goes",
    ]),
    # One module for all steps.
    (f"x = nn.scan(nn.LSTMCell, {SHARED}, in_axes=1, out_axes=1)(3, name='cell')(x, y)", [
        "build `nnx.LSTMCell(y_features, 3, rngs=rngs)` once",
        "`@nnx.scan(in_axes=(nnx.Carry, 1), out_axes=(nnx.Carry, 1))` over `((self.cell, x), y)`",
    ]),
    (f"x = nn.scan(body, {SHARED})(self, x, y)", [
        "take and return the pair of module and carry", "over `((self, x), y)`",
    ]),
    (f"x = functools.partial(nn.scan, {SHARED}, unroll=3)(body)(self, x, y)", ["unroll=3)", "over `((self, x), y)`"]),
    ("scan = nn.scan(Block, methods={'run': dict(variable_axes={'params': 0}, in_axes=1, length=3)})", [
        "splits=3", "in_axes=(nnx.Carry, 0, 1)", "one function for each of `run`",
    ]),
]  # fmt: skip
VMAP = [
    (f"x = nn.vmap(Block, {STACKED}, in_axes=None, axis_size=self.depth)(3)(x, y)", [
        "build `self.blocks` with `@nnx.split_rngs(splits=depth)`",
        "`@nnx.vmap(in_axes=(0, None, None), out_axes=0)` over `(self.blocks, x, y)`",
    ]),
    (f"x = nn.vmap(Block, {STACKED}, in_axes=(0, 1), out_axes=-1, axis_name='i')(3)(x, y)", [
        "in_axes=(0, 0, 1), out_axes=-1, axis_name='i')", "splits=n",
    ]),
    ("x = nn.vmap(Block, variable_axes={'params': None}, split_rngs={'dropout': True}, in_axes=(0, None))(3)(x, y)", [
        "build `Block(3, rngs=rngs)` once and run `@nnx.vmap(in_axes=(None, 0, None), out_axes=0)` over `(self.block, x, y)`",
        "for another `dropout` key in each turn pass `rngs` to the call",
    ]),
    ("x = nn.vmap(lambda module, x: x, in_axes=1)(self, x)", ["`@nnx.vmap(in_axes=(None, 1), out_axes=0)` over `(self, x)`"]),
]  # fmt: skip
OTHERS = [
    ("NNX503", "x = nn.remat(Block, static_argnums=(2,), variables='params')(3)(x, y)", [
        "put `@nnx.remat(static_argnums=(2,))` on `Block.__call__`", "nnx.remat(Block.__call__, static_argnums=(2,))(module, …)",
        "`variables='params'` goes",
    ]),
    ("NNX503", "x = nn.remat(nn.Dense, prevent_cse=False)(3)(x)", [
        "`nnx.remat(lambda layer, x: layer(x), prevent_cse=False)(self.dense, x)`", "nnx.Linear(in_features, 3, rngs=rngs)",
    ]),
    ("NNX503", "block = nn.remat(Block, static_argnums=(2,))\nx = nn.scan(block, length=3)(3)(x, y)", [
        "put `@nnx.remat` on the function that calls Block there; close over its static arguments",
    ]),
    ("NNX504", "x = nn.remat_scan(nn.Dense, lengths=(2, 3), policy=p)(3)(x)", ["splits=(2, 3)", "policy=p", "2 times, nested"]),
    ("NNX505", "x = nn.jit(Block, static_argnums=(0, 2), methods=['run'])(3)(x, y)", [
        "@nnx.jit(static_argnums=(2,))", "Block.run",
    ]),
    ("NNX506", "g = nn.grad(body, self, x, y)", ["becomes `nnx.grad(body, argnums=(1, 2))(self, x, y)`"]),
    ("NNX506", "v, g = nn.value_and_grad(body, Block(3), x, has_aux=True)", [
        "`nnx.value_and_grad(body, argnums=(1,), has_aux=True)(self.block, x)`",
    ]),
    ("NNX506", "z, b = nn.vjp(body, self, x, y)", ["`nnx.vjp(body, self, x, y, graph=False)`"]),
    ("NNX506", "z, t = nn.jvp(body, self, (x,), (y,), {'params': y})", [
        "`nnx.jvp(body, (self, x), (tangent, y), graph=False)`, where `tangent` is a module like `self` that holds",
    ]),
    ("NNX507", "f = nn.custom_vjp(body, a, b, nondiff_argnums=(1,))", [
        "`body = nnx.custom_vjp(body, nondiff_argnums=(1,))` and `body.defvjp(a, b)`",
    ]),
    ("NNX508", "x = nn.cond(x > 0, body, body, self, x, y, rngs='dropout')", [
        "`nnx.cond(x > 0, body, body, self, x, y)`", "`rngs='dropout'` goes",
    ]),
    ("NNX508", "x = nn.while_loop(body, body, self, x, carry_variables='state', split_rngs={})", [
        "`nnx.while_loop(body, body, (self, x))`", "`carry_variables=` and `split_rngs=` go",
    ]),
    ("NNX509", "x = nn.map_variables(nn.Dense, 'batch_stats', body)(3)(x)", [
        "`nnx.merge(graphdef, body(variables), rest)`",
        "where `graphdef, variables, rest = nnx.split(self.dense, nnx.BatchStat, ...)`",
    ]),
    ("NNX510", "f = nn.add_metadata_axis(Block, {'params': 1}, {nn.PARTITION_NAME: 'layers'})", [
        "`@nnx.transform_metadata(in_axes=1, out_axes=1, partition='layers')`",
    ]),
    ("NNX601", "w = self.param('w', nn.with_partitioning(nn.initializers.ones, ('a',), mesh), (3,))", [
        "`self.w = nnx.Param(nnx.initializers.ones(rngs.params(), (3,)), out_sharding=('a',), mesh=mesh)`",
    ]),
    ("NNX601", "i = nn.with_logical_partitioning(body, ('a',), rules=r)", [
        "nnx.with_partitioning(body, ('a',), sharding_rules=r)",
    ]),
    ("NNX602", "x = nn.with_logical_constraint(x, ('a',), r, mesh)", [
        "jax.lax.with_sharding_constraint(x, jax.sharding.NamedSharding(mesh, flax.core.spmd.get_pspec(('a',), r)))",
    ]),
    ("NNX603", "b = nn.LogicallyPartitioned(x, ('a',), mesh=m, rules=r)", [
        "`nnx.Param(x, out_sharding=('a',), mesh=m, sharding_rules=r)`",
    ]),
    ("NNX605", "s = nn.get_sharding(x, mesh)", ["`nnx.get_named_sharding(nnx.state(model), mesh)`"]),
    ("NNX606", "v = partitioning.variable_with_axes('batch_stats', 'v', lambda: x, axes=('a',))", [
        "`self.v = nnx.BatchStat((lambda: x)(), out_sharding=('a',))`",
    ]),
]  # fmt: skip
CASES = [*(("NNX501", *case) for case in SCAN), *(("NNX502", *case) for case in VMAP), *OTHERS]


@pytest.mark.parametrize("code, text, parts", CASES)
def test_message_shows_what_is_written(code: str, text: str, parts: list[str]) -> None:
    found = message(code, text)
    for part in parts:
        assert part in found, found
    assert "StateAxes" not in found and "DiffState" not in found


UNSEEN = [
    ("NNX501", "x = nn.scan(*args)(x)"),
    ("NNX501", "x = nn.scan(Block, **options)(3)(x, y)"),
    ("NNX501", "x = nn.scan(Block, variable_axes=axes)(3)(x, y)"),
    ("NNX502", "x = nn.vmap(Block, variable_axes={'params': 0, **axes})(3)(x, y)"),
    ("NNX502", "x = nn.vmap(Block, variable_axes=axes, in_axes=0)(3)(x, y)"),
    ("NNX506", "x = nn.grad(*args)"),
    ("NNX507", "x = nn.custom_vjp(*args)"),
    ("NNX508", "x = nn.while_loop(*args)"),
]


@pytest.mark.parametrize("code, text", UNSEEN)
def test_axes_and_arguments_that_cannot_be_read_are_not_invented(code: str, text: str) -> None:
    advice = message(code, text).partition("`: ")[2]
    assert advice and not any(part in advice for part in ("in_axes=(", "argnums=(", "args", "once"))
