"""Every known trap and every known difference is answered: by rules that see it, a row of the catalogue, or a reason."""
import pytest

from flake8_nnx.catalog.known_differences import KNOWN_DIFFERENCES, NO_TWIN
from flake8_nnx.catalog.names import NAMES
from flake8_nnx.catalog.traps import TRAPS, Trap
from flake8_nnx.lint import lint_source
from flake8_nnx.rules import BY_CODE, RULES

SILENT = [f"S{number}" for number in range(1, 21)]
# What raises, or only warns, in the order of the list that was made by running it.
LOUD = (
    "containers methods merge captured value in-place optimizer dictionaries whole-state restore mesh axis-rules operands "
    "streams"
).split()
OTHERS = ["defaults", "GRU"]

# Differences found when layers were proved equal: number -> rows of the catalogue, or a rule that speaks of it.
DIFFERENCES = {
    1: "norm-dtype", 2: "batch-norm-promotion", 3: "weight-norm-kernel", 4: "weight-norm-scale", 5: "weight-norm-kernel",
    6: "weight-norm-init", 7: "gru-bias", 8: "fused-gates", 9: "attention-fast-path", 10: "group-norm-axes",
    11: "simple-cell-dtype", 12: "embed-dtype", 13: "forced-precision", 14: "decode-cache", 15: "random-carry",
    16: "multiple-axes", 17: "integer-mask", 18: "flag-defaults decode-default", 19: "weight-norm-filter",
    20: "init-runs-forward", 21: "partitioned-init", 22: "orthogonal-half-precision",
}  # fmt: skip


def test_every_trap_is_listed() -> None:
    assert list(TRAPS) == [*SILENT, *LOUD, *OTHERS]
    assert all(TRAPS[name].silent for name in SILENT) and not any(TRAPS[name].silent for name in LOUD)


@pytest.mark.parametrize("trap", TRAPS.values(), ids=lambda trap: trap.name)
def test_a_trap_has_a_rule_that_exists_or_a_reason(trap: Trap) -> None:
    assert set(trap.rules) <= set(BY_CODE)
    assert trap.rules or len(trap.unseen) > 80
    assert not trap.silent or not trap.rules or any(code.startswith("NNX8") for code in trap.rules)


def test_every_rule_on_traps_answers_one() -> None:
    answered = {code for trap in TRAPS.values() for code in trap.rules}
    assert {rule.code for rule in RULES if rule.code.startswith("NNX8")} <= answered


def test_every_known_difference_is_a_row() -> None:
    assert list(DIFFERENCES) == list(range(1, 23))
    assert all(name in KNOWN_DIFFERENCES for names in DIFFERENCES.values() for name in names.split())
    for layer in NO_TWIN:
        assert NAMES[layer].fate == "none" and NAMES[layer].rules == ("NNX112",)


@pytest.mark.parametrize(
    "source, word",
    [
        ("nn.GRUCell(3)", "NNX112"), ("nn.WeightNorm(nn.Dense(3))", "NNX112"), ("nn.SpectralNorm(nn.Dense(3))", "NNX112"),
        ("nn.LayerNorm(dtype=jnp.bfloat16)", "promote_dtype="), ("nn.BatchNorm(param_dtype=jnp.bfloat16)", "promote_dtype="),
        ("nn.SelfAttention(4, jnp.float16)", "attention_fn="), ("nn.GroupNorm(reduction_axes=(1,))", "axis 1"),
        ("nn.SimpleCell(3)", "dtype=None"), ("nn.LayerNorm(feature_axes=(-2, -1))", "single axis"),
        ("nn.RMSNorm(force_float32_reductions=False)", "force_float32_reductions"),
        ("nn.SelfAttention(4, decode=True)", "init_cache"),
    ],
)  # fmt: skip
def test_a_finding_speaks_of_the_difference(source: str, word: str) -> None:
    text = f"import flax.linen as nn\nimport jax.numpy as jnp\n\nlayer = {source}\n"
    assert any(word in f"{found.code} {found.message}" for found in lint_source(text))
