"""Cases of modules whose methods declare a variable each: sizes that must agree are tied, what contradicts itself is no case."""
import flax.linen as nn
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check
from flake8_nnx.verify.synthesis import synthesise
from flake8_nnx.verify.verdict import Unverifiable

pytestmark = pytest.mark.jax
ZEROS = nn.initializers.zeros


class Sites(nn.Module):
    """The size is that of the inputs, or one site cannot be computed with the bias of all."""

    size: int
    features: int

    @nn.compact
    def site(self, x, index: int):
        bias = self.param("bias", ZEROS, (self.size, self.features))
        return x.sum(-1, keepdims=True) + bias[index]

    @nn.compact
    def __call__(self, x):
        bias = self.param("bias", ZEROS, (x.shape[1], self.features))
        return x.sum(-1, keepdims=True) + bias


class SitesNnx(nnx.Module):
    def __init__(self, size: int, features: int):
        self.bias = nnx.Param(jnp.zeros((size, features)))

    def site(self, x, index: int):
        return x.sum(-1, keepdims=True) + self.bias[index]

    def __call__(self, x):
        return x.sum(-1, keepdims=True) + self.bias[...]


class WithoutBias(SitesNnx):
    def __call__(self, x):
        return x.sum(-1, keepdims=True) + 0 * self.bias[...]


class LargerBias(SitesNnx):
    def __init__(self, size: int, features: int):
        super().__init__(size + 1, features)


class Derived(nn.Module):
    """No number of the constructor call is the size of the inputs, but they can have that of the other method."""

    size: int

    @nn.compact
    def site(self, x):
        return x.sum(-1, keepdims=True) + self.param("bias", ZEROS, (2 * self.size,))

    @nn.compact
    def __call__(self, x):
        return x + self.param("bias", ZEROS, (x.shape[-1],))


class Never(nn.Module):
    size: int

    @nn.compact
    def larger(self, x):
        return self.param("bias", ZEROS, (self.size + 1,)).sum() * x

    @nn.compact
    def __call__(self, x):
        return self.param("bias", ZEROS, (self.size,)).sum() * x


class Guessed(nn.Module):
    """What the other method is given is not known, and sizes that follow it say nothing."""

    size: int

    @nn.compact
    def other(self, x):
        assert x.shape[-1] != 12
        return x @ self.param("kernel", ZEROS, (x.shape[-1], self.size))

    @nn.compact
    def __call__(self, x):
        return x @ self.param("kernel", ZEROS, (x.shape[-1], self.size))


class Counted(nn.Module):
    """As many as the other method is told."""

    @nn.compact
    def other(self, x, number: int):
        return x.sum() * self.param("bias", ZEROS, (number,))

    @nn.compact
    def __call__(self, x):
        return x + self.param("bias", ZEROS, x.shape[1:])


class Unknown(nn.Module):
    """The other method runs with nothing that is tried, so that nothing is known of what it declares."""

    size: int

    @nn.compact
    def other(self, x):
        self.param("bias", ZEROS, (self.size + 1,))
        raise ValueError("never satisfied")

    @nn.compact
    def __call__(self, x):
        return x + self.param("bias", ZEROS, (self.size,))


def test_sizes_that_two_methods_declare_are_tied():
    case, site = synthesise(globals(), "Sites")
    assert case.init == "Sites(size=5, features=12)" and case.args == ("f32[b,5,12]",)
    assert site.method == "site" and site.init == case.init and site.init_method == "__call__"
    for each in (case, site):
        assert check(each, globals(), SitesNnx, {}).status == "PROVED"


def test_sizes_that_the_constructor_does_not_name_are_tied_by_the_inputs():
    case = synthesise(globals(), "Derived")[0]
    assert case.init == "Derived(size=12)" and case.args == ("f32[b,24]",)


@pytest.mark.parametrize("wrong, words", [(WithoutBias, "differ"), (LargerBias, "params/bias float32[5, 12]")])
def test_a_real_difference_is_found_all_the_same(wrong, words):
    verdict = check(synthesise(globals(), "Sites")[0], globals(), wrong, {})
    assert verdict.status == "DIFFERS" and words in verdict.reason, verdict


def test_a_given_case_is_believed():
    given = Case("m:Sites", init="Sites(size=12, features=12)", args=("f32[b,5,12]",))
    assert check(given, globals(), SitesNnx, {}).status == "DIFFERS"


def test_methods_that_never_agree_are_named():
    with pytest.raises(Unverifiable) as error:
        synthesise(globals(), "Never")
    words = "its methods declare `bias` with shapes (12,) (`__call__`) and (13,) (`larger`) in every case that was found; say how"
    assert words in str(error.value)


@pytest.mark.parametrize("init", ["Guessed(size=12)", "Counted()", "Unknown(size=12)"])
def test_what_is_not_known_of_another_method_is_no_contradiction(init):
    case = synthesise(globals(), init.partition("(")[0])[0]
    assert case.init == init and case.args == ("f32[b,12]",)
