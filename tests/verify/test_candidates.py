"""Cases that fail say which sizes do not fit, and are tried again with sizes that do."""
import math
from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp
import pytest

from flake8_nnx.case import Case
from flake8_nnx.verify.candidates import Candidates, tied
from flake8_nnx.verify.misfit import misfit
from flake8_nnx.verify.synthesis import synthesise
from flake8_nnx.verify.verdict import Unverifiable

pytestmark = pytest.mark.jax


class Doubled(nn.Module):
    size: int

    @nn.compact
    def __call__(self, x):
        assert x.shape[-1] == 2 * self.size
        return nn.Dense(3)(x)


class Square(nn.Module):
    """Three sizes that depend on each other: sites of a square, features as the layers, and the inputs."""

    sites: int
    features: Sequence[int]

    @nn.compact
    def __call__(self, x):
        side = int(math.sqrt(self.sites))
        if side**2 != self.sites:
            raise ValueError("no square")
        if self.features[-1] != 4:
            raise ValueError(f"the last layer has {self.features[-1]} features, not 4")
        x = x.reshape(x.shape[0], side, side)
        for size in self.features:
            x = nn.Dense(size)(x)
        return x


class Sum(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + self.param("bias", nn.initializers.zeros, (17,)) * jnp.ones((17, 17))


class Never(nn.Module):
    size: int

    def __call__(self, x):
        if x.shape[-1] <= 1000 * self.size:
            raise ValueError("wider")
        return x


@pytest.mark.parametrize(
    "name, init, args",
    [
        ("Doubled", "Doubled(size=12)", ("f32[b,24]",)),
        ("Square", "Square(sites=9, features=(12, 4))", ("f32[b,9]",)),
        ("Sum", "Sum()", ("f32[b]",)),  # fits as it is: nothing is repaired
    ],
)
def test_sizes_are_tied(name, init, args):
    case = synthesise(globals(), name)[0]
    assert case.init == init and (case.args == args or name == "Sum"), case


def test_what_names_no_sizes_stays_as_it_is():
    with pytest.raises(Unverifiable, match=r"the likeliest one: Never\(size=12\) with f32\[b,12\]: ValueError: wider"):
        synthesise(globals(), "Never", seconds=5.0)


def raised(check, *args):
    try:
        check(*args)
    except Exception as error:
        return misfit(error)


def asserts(x, y):
    assert x == y, "of no size"


def both(shape, other, ready):
    if ready and shape != other:
        raise ValueError("of no size")


def less(x, y):
    if x > y:
        raise ValueError("of no size")


def says(text):
    raise TypeError(text)


def deeper(x):
    if x != 3:
        asserts(x, 4)


@pytest.mark.parametrize(
    "check, args, sizes",
    [
        (asserts, (9, 5), ((9, 5),)),
        (asserts, (24, 18), ((24, 18), (12, 9))),  # of two samples, so that half of it may be meant
        (asserts, ("left", "right"), ()),
        (asserts, ((3, 5, 7), (3, 5, 9)), ((7, 9),)),
        (both, ((3, 5), (3, 5, 9), True), ()),
        (both, ((3, 5), (3, 7), True), ((5, 7),)),
        (less, (9, 5), ()),
        (deeper, (9,), ((9, 4),)),  # where it was raised, not where it was called
        (says, ("shapes (3, 12) and (3, 5) differ",), ((3, 12), (3, 5), (12, 5))),
        (says, ("needs 2.5 of float32",), ()),
        (says, ("1 2 3 4 5 6 7 8",), ()),  # nobody knows which belong together
    ],
)
def test_what_does_not_fit(check, args, sizes):
    assert raised(check, *args) == sizes


def test_one_number_of_the_constructor_or_the_inputs_changes():
    case = Case("m:Net", init="Net(size=12, sizes=(12, 6))", args=("f32[b,12,12]", 12), kwargs={"y": "i32[b,5]<12"})
    found = [(other.init, other.args[0]) for other in tied(case, [(12, 7)])]
    assert found == [
        ("Net(size=7, sizes=(12, 6))", "f32[b,12,12]"),
        ("Net(size=12, sizes=(7, 6))", "f32[b,12,12]"),
        ("Net(size=12, sizes=(12, 6))", "f32[b,7,7]"),
        ("Net(size=12, sizes=(12, 6))", "f32[b,7,12]"),
        ("Net(size=12, sizes=(12, 6))", "f32[b,12,7]"),
    ]
    assert list(tied(case, [(12, 10**6)])) == [] == list(tied(case, [(3, 4)])) == list(tied(case, [(12, 1)]))


def test_repairs_come_to_an_end():
    source = (Case("m:Net", init=f"Net({number})", args=("f32[b,12]",)) for number in range(1000, 1100))
    candidates = Candidates(source)
    tried = []
    for case in candidates:
        tried.append(case)
        candidates.failed(case, ValueError(f"{case.args[0][6:-1]} is not {len(tried)}"))
    assert 100 < len(tried) < 400
