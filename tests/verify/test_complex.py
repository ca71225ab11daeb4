"""Complex outputs, weights and initial values: both of their parts count, in runs, gradients, initial values and proofs."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from flake8_nnx.verify import Case, verify
from flake8_nnx.verify.initial import _difference

pytestmark = pytest.mark.jax


class Phase(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x) + 1j * nn.tanh(nn.Dense(3)(x))


class NewPhase(nnx.Module):
    def __init__(self, in_features, *, rngs):
        self.dense_0, self.dense_1 = (nnx.Linear(in_features, 3, rngs=rngs) for _ in range(2))

    def __call__(self, x):
        return self.dense_0(x) + 1j * nnx.tanh(self.dense_1(x))


class OtherImaginaryPart(NewPhase):
    def __call__(self, x):
        return self.dense_0(x) + 1j * self.dense_1(x)


class OtherGradient(NewPhase):
    def __call__(self, x):
        return self.dense_0(x) + 1j * nnx.tanh(jax.lax.stop_gradient(self.dense_1(x)))


class Jastrow(nn.Module):
    @nn.compact
    def __call__(self, x):
        kernel = self.param("kernel", nn.initializers.normal(), (x.shape[-1], x.shape[-1]), jnp.complex64)
        return jnp.einsum("...i,ij,...j", x, kernel + kernel.T, x)


class NewJastrow(nnx.Module):
    def __init__(self, in_features, *, rngs):
        self.kernel = nnx.Param(nnx.initializers.normal()(rngs.params(), (in_features, in_features), jnp.complex64))

    def __call__(self, x):
        return jnp.einsum("...i,ij,...j", x, self.kernel + self.kernel.T, x)


class Adjoint(NewJastrow):
    def __call__(self, x):
        return jnp.einsum("...i,ij,...j", x, self.kernel + self.kernel.T.conj(), x)


class RealAtFirst(NewJastrow):
    def __init__(self, in_features, *, rngs):
        super().__init__(in_features, rngs=rngs)
        self.kernel[...] = self.kernel.real.astype(jnp.complex64)


def judged(old, new):
    return verify(old, new, Case(f"m:{old.__name__}", build=old, args=("f32[b,4]",)))


@pytest.mark.parametrize(("old", "new"), [(Phase, NewPhase), (Jastrow, NewJastrow)])
def test_complex_numbers_are_proved(old, new):
    found = judged(old, new)
    assert found.status == "PROVED", found.reason
    assert "outputs, state and gradients" in found.reason and "no gradient" not in found.evidence


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (Phase, OtherImaginaryPart, "eval outputs"),
        (Phase, OtherGradient, "eval gradients"),
        (Jastrow, Adjoint, "eval outputs"),
        (Jastrow, RealAtFirst, "initial value"),
    ],
)
def test_a_difference_in_the_imaginary_part(old, new, words):
    found = judged(old, new)
    assert found.status == "DIFFERS" and words in found.reason, found.reason


def test_initial_values():
    one = np.array([1 + 1j, 2])
    assert _difference(one, one.copy()) is None and _difference(one, one * (1 + 1e-16)) is None
    assert _difference(one, np.array([1 + 2j, 2])) and _difference(one, one.real.astype(complex))
    assert _difference(np.array([1, 2]), np.array([1, 3])) and _difference(np.array([True]), np.array([False]))
