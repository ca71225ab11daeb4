"""What the rules on lifted transforms say, shown on the installed flax, where the examples of the rules do not show it."""
from __future__ import annotations

import pytest

pytestmark = pytest.mark.jax


@pytest.fixture
def blocks():
    """Three blocks stacked on axis 0, each with a random stream, batch statistics and weights of its own."""
    from flax import nnx

    class Block(nnx.Module):
        def __init__(self, rngs):
            self.linear = nnx.Linear(4, 4, rngs=rngs)
            self.norm = nnx.BatchNorm(4, rngs=rngs)
            self.dropout = nnx.Dropout(0.5, rngs=rngs)

        def __call__(self, x, train=True):
            return self.dropout(self.norm(self.linear(x)), deterministic=not train)

    def create(axis=0):
        made = nnx.vmap(Block, in_axes=0, out_axes=axis)
        return nnx.split_rngs(splits=3)(made)(nnx.Rngs(0, dropout=1))

    create.one = Block
    return create


def ones(*shape):
    import jax.numpy as jnp

    return jnp.ones(shape)


def masks(y):
    """Which elements of each turn are dropped."""
    return {tuple((turn == 0).ravel().tolist()) for turn in y}


def test_stacked_blocks_keep_their_changes(blocks):
    from flax import nnx

    stack = blocks()
    y = nnx.scan(lambda x, block: block(x), in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)(ones(2, 4), stack)
    assert y.shape == (2, 4) and stack.linear.kernel.shape == (3, 4, 4)
    assert stack.dropout.rngs.count[...].tolist() == [1, 1, 1] and (stack.norm.mean[...] != 0).any()


def test_a_flag_is_traced_by_scan_and_not_by_vmap(blocks):
    import jax
    from flax import nnx

    def run(x, block, train):
        return block(x, train=bool(train))

    with pytest.raises(jax.errors.TracerBoolConversionError):
        nnx.scan(run, in_axes=(nnx.Carry, 0, None), out_axes=nnx.Carry)(ones(2, 4), blocks(), True)
    closed = nnx.scan(lambda x, block: run(x, block, True), in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
    assert closed(ones(2, 4), blocks()).shape == (2, 4)
    mapped = nnx.vmap(lambda block, x, train: run(x, block, train), in_axes=(0, None, None))
    assert mapped(blocks(), ones(2, 4), True).shape == (3, 2, 4)


def test_a_carried_module_keeps_its_changes(blocks):
    from flax import nnx

    block = blocks.one(nnx.Rngs(0, dropout=1))

    def step(state, x):
        module, total = state
        y = module(x)
        return (module, total + 1), y

    (_, total), y = nnx.scan(step, in_axes=(nnx.Carry, 0), out_axes=(nnx.Carry, 0))((block, 0), ones(5, 2, 4))
    assert total == 5 and block.dropout.rngs.count[...] == 5 and (block.norm.mean[...] != 0).any()


def test_masks_repeat_with_the_axis_none_and_not_with_split_streams():
    from flax import nnx

    dropout = nnx.Dropout(0.5, rngs=nnx.Rngs(dropout=0))
    x = ones(3, 2, 8)
    assert len(masks(nnx.vmap(lambda module, x: module(x), in_axes=(None, 0))(dropout, x))) == 1
    mapped = nnx.vmap(lambda module, rngs, x: module(x, rngs=rngs), in_axes=(None, 0, 0))
    assert len(masks(nnx.split_rngs(splits=3)(mapped)(dropout, nnx.Rngs(dropout=0), x))) == 3


def test_axis_one_fails_with_a_random_stream(blocks):
    from flax import nnx

    with pytest.raises(ValueError, match="axis 1 is out of bounds"):
        blocks(axis=1)
    made = nnx.split_rngs(splits=3)(nnx.vmap(lambda rngs: nnx.Linear(4, 5, rngs=rngs), in_axes=0, out_axes=1))
    assert made(nnx.Rngs(0)).kernel.shape == (4, 3, 5)


def test_keywords_are_mapped():
    from flax import nnx

    layers = nnx.split_rngs(splits=3)(nnx.vmap(lambda rngs: nnx.Linear(4, 4, rngs=rngs)))(nnx.Rngs(0))
    run = nnx.vmap(lambda layer, x, train: layer(x) if train else x, in_axes=(0, None))
    with pytest.raises(ValueError):
        run(layers, ones(2, 4), train=True)


def test_remat_of_an_unbound_method_counts_as_linen_does(blocks):
    from flax import nnx

    block = blocks.one(nnx.Rngs(0))
    assert nnx.remat(blocks.one.__call__, static_argnums=(2,))(block, ones(2, 4), False).shape == (2, 4)
    assert (block.norm.mean[...] != 0).any()
    import flax.linen as nn

    seen = []

    class Linen(nn.Module):
        def __call__(self, x, train):
            seen.append(type(train))
            return x

    nn.remat(Linen, static_argnums=(2,))().apply({}, ones(2), True)
    assert seen == [bool]


def test_jit_of_a_method_does_not_take_self_as_static():
    import functools

    import jax
    from flax import nnx

    class Net(nnx.Module):
        def __init__(self):
            self.count = nnx.Variable(ones())

        @functools.partial(nnx.jit, static_argnames=("self",))
        def wrong(self, x):
            return x

        @nnx.jit(static_argnames=("train",))
        def right(self, x, train):
            self.count[...] += 1
            return x if train else -x

    net = Net()
    with pytest.raises(ValueError, match="hash"):
        net.wrong(ones(2))
    assert net.right(ones(2), train=False)[0] == -1 and net.count[...] == 2
    assert isinstance(net.count[...], jax.Array)


def test_gradients_of_inputs_keep_changes_of_the_module(blocks):
    from flax import nnx

    block = blocks.one(nnx.Rngs(0))
    grads = nnx.grad(lambda module, x, y: (module(x) * y).sum(), argnums=(1, 2))(block, ones(2, 4), ones(2, 4))
    assert [grad.shape for grad in grads] == [(2, 4), (2, 4)] and (block.norm.mean[...] != 0).any()


def test_vjp_and_jvp_need_graph_false():
    import jax
    import jax.numpy as jnp
    from flax import nnx

    layer, x = nnx.Linear(4, 3, rngs=nnx.Rngs(0)), ones(2, 4)
    for function in (lambda **k: nnx.vjp(lambda m, x: m(x), layer, x, **k), lambda **k: nnx.jvp(layer, (x,), (x,), **k)):
        with pytest.raises(NotImplementedError, match="graph=False"):
            function()
    tangent = jax.tree.map(jnp.zeros_like, layer)
    _, moved = nnx.jvp(lambda m, x: m(x), (layer, x), (tangent, x), graph=False)
    assert jnp.array_equal(moved, x @ layer.kernel[...])
    module, _ = nnx.vjp(lambda m, x: m(x), layer, x, graph=False)[1](ones(2, 3))
    assert isinstance(module, nnx.Linear) and module.kernel.shape == (4, 3)


def test_loops_and_branches_keep_changes(blocks):
    from flax import nnx

    block, x = blocks.one(nnx.Rngs(0)), ones(2, 4)
    nnx.cond(True, lambda m, x: m(x), lambda m, x: m(x), block, x)
    nnx.switch(0, [lambda m, x: m(x)], block, x)

    def step(state):
        module, turn = state
        module(x)
        return module, turn + 1

    _, turns = nnx.while_loop(lambda state: state[1] < 3, step, (block, 0))
    assert turns == 3 and block.dropout.rngs.count[...] == 5


@pytest.mark.parametrize("name", ["LSTMCell", "SimpleCell"])
def test_a_scanned_cell_equals_linen(name):
    """`nn.scan(cell, variable_broadcast='params')`: the message's code computes the same from the same weights."""
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    from flax import nnx

    from flake8_nnx.catalog.layers import LAYERS

    x = jax.random.normal(jax.random.key(0), (5, 2, 4))
    lifted = nn.scan(getattr(nn, name), variable_broadcast="params", split_rngs={"params": False})(3)
    carry = getattr(nn, name)(3).initialize_carry(jax.random.key(0), (2, 4))
    variables = lifted.init(jax.random.key(1), carry, x)
    cell = getattr(nnx, name)(4, 3, rngs=nnx.Rngs(0))
    paths = {variable.linen: variable.nnx for variable in LAYERS[name].variables}
    for path, value in jax.tree_util.tree_leaves_with_path(variables["params"]):
        owner, leaf = paths["/".join(key.key for key in path)].split("/")
        setattr(getattr(cell, owner), leaf, nnx.Param(value))

    def step(state, x):
        module, carry = state
        carry, y = module(carry, x)
        return (module, carry), y

    (_, last), y = nnx.scan(step, in_axes=(nnx.Carry, 0), out_axes=(nnx.Carry, 0))((cell, carry), x)
    expected, outputs = lifted.apply(variables, carry, x)
    assert jnp.array_equal(y, outputs) and jax.tree.all(jax.tree.map(jnp.array_equal, last, expected))
    assert not jnp.array_equal(y, 2 * outputs)


def test_map_variables_of_the_example_masks():
    import jax
    import jax.numpy as jnp
    from flax import nnx

    layer, x = nnx.Linear(3, 3, use_bias=False, rngs=nnx.Rngs(0)), ones(1, 3)
    graphdef, params, rest = nnx.split(layer, nnx.Param, ...)
    masked = nnx.merge(graphdef, jax.tree.map(jnp.triu, params), rest)
    assert jnp.array_equal(masked.kernel[...], jnp.triu(layer.kernel[...])) and not jnp.array_equal(masked(x), layer(x))


def test_metadata_axis():
    import jax
    from flax import nnx

    init = nnx.with_partitioning(nnx.initializers.ones, ("data", None))
    with jax.set_mesh(jax.make_mesh((1, 1), ("data", "layers"))):
        made = nnx.vmap(
            lambda rngs: nnx.Linear(2, 2, kernel_init=init, rngs=rngs), transform_metadata={nnx.PARTITION_NAME: "layers"}
        )
        assert nnx.split_rngs(splits=3)(made)(nnx.Rngs(0)).kernel.out_sharding == ("layers", "data", None)
        one = nnx.transform_metadata(
            lambda rngs: nnx.Linear(2, 2, kernel_init=init, rngs=rngs), in_axes=0, out_axes=0, partition="layers"
        )
        assert one(nnx.Rngs(0)).kernel.out_sharding == ("layers", "data", None)
