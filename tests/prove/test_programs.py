"""Random programs: the canonical values mean what the program computes, and what is proved equal gives equal numbers."""
import numpy as np
import pytest
from modules import draw, spec
from programs import SHAPES, execute, mutated, program, table_values

from flake8_nnx.verify.prove import prove_equal, rules

pytestmark = pytest.mark.jax

INPUTS = [draw(spec(shape), k) for k, shape in enumerate(SHAPES)]
CHUNKS = range(2)


def agree(left, right, tolerance):
    left, right = np.asarray(left), np.asarray(right)
    assert left.shape == right.shape and left.dtype == right.dtype
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance * (1 + np.max(np.abs(left), initial=0)))


@pytest.mark.parametrize("precision", ["bits", "reals"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_canonical_values_mean_what_the_program_computes(chunk, precision):
    for seed in range(10 * chunk, 10 * chunk + 10):
        steps = program(seed)
        wanted = execute(steps, INPUTS)
        found = table_values(lambda inputs, steps=steps: execute(steps, inputs), INPUTS, rules.keeping(precision))
        for left, right in zip(wanted, found, strict=True):
            agree(left, right, 1e-5)


def proof(old, new):
    return prove_equal(
        lambda w, k, inputs: (execute(old, inputs), {}), lambda w, k, inputs: (execute(new, inputs), {}), {}, INPUTS,
        axes=[(None,) * len(shape) for shape in SHAPES],
    )  # fmt: skip


@pytest.mark.parametrize("chunk", CHUNKS)
def test_what_is_proved_equal_gives_equal_numbers(chunk):
    proved = refuted = 0
    for seed in range(15 * chunk, 15 * chunk + 15):
        steps = program(seed)
        changed = mutated(steps, seed)
        result = proof(steps, changed)
        left, right = execute(steps, INPUTS), execute(changed, INPUTS)
        same = [x.shape for x in left] == [x.shape for x in right] and all(
            np.array_equal(x, y, equal_nan=True) for x, y in zip(left, right)
        )
        if result.proved:
            proved += 1
            assert [x.shape for x in left] == [x.shape for x in right]
            for x, y in zip(left, right):
                agree(x, y, 0 if result.precision == "bits" else 1e-6)
        refuted += not result.proved and not same
        assert not result.reason.startswith("not understood"), result
    assert proved and refuted


def test_a_program_is_equal_to_itself_traced_twice():
    for seed in range(5):
        steps = program(seed)
        assert proof(steps, list(steps)).exact
