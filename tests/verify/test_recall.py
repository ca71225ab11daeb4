"""Shapes of initial values are asked for once where nothing can change them, and checked as strictly as without."""
import flax.linen as nn
import jax
import jax.export
import jax.numpy as jnp
import pytest
from flax.errors import ScopeParamShapeError

from flake8_nnx.verify import recall
from flake8_nnx.verify.recall import recalled_shapes

pytestmark = pytest.mark.jax


def apply(module, features, given):
    with recalled_shapes():
        params = module.init(jax.random.key(0), jnp.ones((2, given)))
        return module.apply(params, jnp.ones((2, features)))


def test_a_layer_is_asked_once(monkeypatch):
    asked = []
    monkeypatch.setattr(recall, "_known", {})
    monkeypatch.setattr(recall, "_eval_shape", lambda f, *args, real=jax.eval_shape: asked.append(f) or real(f, *args))
    module = nn.Dense(3)
    params = module.init(jax.random.key(0), jnp.ones((2, 5)))
    with recalled_shapes():
        for _ in range(3):
            assert module.apply(params, jnp.ones((2, 5))).shape == (2, 3)
    assert len(asked) == 2  # kernel and bias


def test_inputs_of_another_size_are_refused_all_the_same():
    assert apply(nn.Dense(3), 5, 5).shape == (2, 3)
    with pytest.raises(ScopeParamShapeError):
        apply(nn.Dense(3), 6, 5)


def test_a_function_of_the_user_is_asked_each_time():
    sizes = iter((3, 3, 4))

    class Growing(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x * self.param("scale", lambda key: jnp.ones(next(sizes)))

    params = Growing().init(jax.random.key(0), jnp.ones((2, 3)))
    with recalled_shapes():
        assert Growing().apply(params, jnp.ones((2, 3))).shape == (2, 3)
        with pytest.raises(ScopeParamShapeError):
            Growing().apply(params, jnp.ones((2, 3)))


def test_axes_of_symbolic_size_are_asked_each_time():
    (b,) = jax.export.symbolic_shape("b")
    with pytest.raises(recall._Unknown):
        recall._recipe((b, 3))
    assert recall._recipe((2, 3)) != recall._recipe((2, 3.0)) != recall._recipe([2, 3])
