"""What the rules on sharding say, shown on the installed flax: equal specs, and where NNX raises or decides otherwise."""
from __future__ import annotations

import pytest

pytestmark = pytest.mark.jax
RULES = (("batch", "data"), ("embed", "model"), ("length", None))
NAMES = ("batch", "embed")


@pytest.fixture
def mesh():
    import jax

    return jax.make_mesh((1, 1), ("data", "model"))


def linen_spec(names, rules, wrap="with_logical_partitioning"):
    """The spec that Linen derives from a partitioned kernel."""
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    layer = nn.Dense(4, kernel_init=getattr(nn, wrap)(nn.initializers.ones, names))
    variables = jax.eval_shape(layer.init, jax.random.key(0), jnp.ones((2, 4)))
    specs = nn.get_partition_spec(variables)["params"]["kernel"]
    return nn.logical_to_mesh(specs, rules) if rules else specs


def nnx_spec(names, rules, mesh):
    """The spec of the same kernel in NNX, made under the mesh."""
    import jax
    from flax import nnx

    with jax.set_mesh(mesh), nnx.logical_axis_rules(rules):
        init = nnx.with_partitioning(nnx.initializers.ones, names)
        layer = nnx.Linear(4, 4, kernel_init=init, rngs=nnx.Rngs(0))
        specs = nnx.get_partition_spec(nnx.state(layer))["kernel"]
        named = nnx.get_named_sharding(nnx.state(layer), mesh)["kernel"]
        assert named.get_value().spec == specs.get_value() == layer.kernel[...].sharding.spec
        return specs.get_value()


def test_partitioned_initializers_give_equal_specs(mesh):
    import jax

    plain = linen_spec(("data", "model"), None, "with_partitioning")
    assert plain == nnx_spec(("data", "model"), (), mesh) == jax.P("data", "model")
    assert linen_spec(NAMES, RULES) == nnx_spec(NAMES, RULES, mesh) == jax.P("data", "model")


def test_param_with_out_sharding(mesh):
    import jax
    import jax.numpy as jnp
    from flax import nnx

    with jax.set_mesh(mesh):
        assert nnx.Param(jnp.ones((2, 2)), out_sharding=("data", None))[...].sharding.spec == jax.P("data", None)
    own = nnx.Param(jnp.ones((2, 2)), out_sharding=NAMES, mesh=mesh, sharding_rules=RULES)
    assert own[...].sharding.spec == jax.P("data", "model")


def test_nnx_wants_a_mesh(mesh):
    import jax.numpy as jnp
    from flax import nnx

    with pytest.raises(ValueError, match="mesh"):
        nnx.Param(jnp.ones((2, 2)), out_sharding=("data", "model"))
    with pytest.raises(ValueError, match="mesh"), pytest.warns(DeprecationWarning), mesh:
        nnx.Param(jnp.ones((2, 2)), out_sharding=("data", "model"))


def test_a_name_without_rule_raises_where_linen_replicates(mesh):
    import flax.linen as nn
    import jax

    assert nn.logical_to_mesh_axes(("batch", "unknown"), RULES) == jax.P("data", None)
    with pytest.raises(ValueError, match="unknown"):
        nnx_spec(("batch", "unknown"), RULES, mesh)


@pytest.mark.parametrize("names", [NAMES, ("length", "batch"), (None, "embed"), ("batch", None, "length")])
def test_names_become_equal_specs(names):
    import flax.linen as nn
    from flax.core.spmd import get_pspec

    assert get_pspec(names, RULES) == nn.logical_to_mesh_axes(names, RULES)
    with nn.logical_axis_rules(RULES):
        assert get_pspec(names) == nn.logical_to_mesh_axes(names)


def test_of_two_rules_nnx_takes_the_last():
    import flax.linen as nn
    import jax
    from flax.core.spmd import get_pspec

    rules = (("batch", "data"), ("batch", "model"))
    assert nn.logical_to_mesh_axes(("batch",), rules) == jax.P("data")
    assert get_pspec(("batch",), rules) == jax.P("model")


def test_rules_are_shared():
    import flax.linen as nn
    from flax import nnx
    from flax.core import spmd

    with nnx.logical_axis_rules(RULES):
        assert nn.get_logical_axis_rules() == spmd.get_logical_axis_rules() == RULES
    assert nn.get_logical_axis_rules() == ()


def test_constraint_of_linen_does_nothing_without_mesh_where_jax_raises():
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    x = jnp.ones((2, 2))
    assert nn.with_logical_constraint(x, NAMES) is x
    with pytest.raises(RuntimeError, match="mesh"):
        jax.jit(lambda x: jax.lax.with_sharding_constraint(x, jax.P("data")))(x)


def test_constraints_are_equal_under_a_mesh():
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    from flax.core.spmd import get_pspec
    from jax.sharding import AxisType

    mesh = jax.make_mesh((1, 1), ("data", "model"), axis_types=(AxisType.Auto,) * 2)
    with jax.set_mesh(mesh), nn.logical_axis_rules(RULES):
        old = jax.jit(lambda x: nn.with_logical_constraint(x, NAMES))
        new = jax.jit(lambda x: jax.lax.with_sharding_constraint(x, get_pspec(NAMES)))
        assert str(jax.make_jaxpr(old)(jnp.ones((2, 2)))) == str(jax.make_jaxpr(new)(jnp.ones((2, 2))))
