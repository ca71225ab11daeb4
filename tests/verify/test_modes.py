"""Cases give flags, the NNX module has modes: both runs, whichever the case asks for."""
import flax.linen as nn
import pytest

from flake8_nnx.verify import Case
from flake8_nnx.verify.modes import in_both_modes, mode_flag
from flake8_nnx.verify.verdict import Unverifiable

pytestmark = pytest.mark.jax

MODES = {"modes": {"__call__": {"train": True}}}


class Net(nn.Module):
    train: bool | None = None

    def __call__(self, x, train=False, scale=1.0):
        return x

    def other(self, x, train=False):
        return x


GIVEN = [{"args": (1,)}, {"args": (1, True, 2.0)}, {"args": (1,), "kwargs": {"train": True, "scale": 2.0}}]


@pytest.mark.parametrize("given", GIVEN)
def test_a_case_runs_in_evaluation_and_in_training(given):
    case = in_both_modes(Case("net:Net", **given), Net(), {}, MODES)
    assert case.args == (1,) and case.kwargs["train"] is False and case.train_kwargs == {"train": True}
    assert case.kwargs.get("scale") == (None if given == {"args": (1,)} else 2.0)
    assert case.rngs == ("dropout",)  # which a case for evaluation does not name


def test_methods_and_maps_without_modes_stay_as_they_are():
    plain = Case("net:Net", args=(1,))
    for case, tree in ((Case("net:Net", args=(1,), method="other"), MODES), (plain, {}), (plain, None)):
        assert in_both_modes(case, Net(), {}, tree) is case


def test_the_constructor_does_not_decide_the_mode():
    with pytest.raises(Unverifiable, match="gives `train` to the constructor"):
        in_both_modes(Case("net:Net", args=(1,)), Net(train=True), {}, MODES)


def test_the_flag_goes_and_its_mode_is_set():
    said = []
    model = type("Model", (), {"train": lambda self: said.append("train"), "eval": lambda self: said.append("eval")})()
    flag = mode_flag(Net.__call__, MODES)
    assert flag.applied(model, (1, True), {"scale": 2}) == ((1,), {"scale": 2})
    assert flag.applied(model, (1,), {"train": False}) == ((1,), {})
    assert said == ["train", "eval"]
