"""The JSON of verdicts follows its published schema; what does not is refused by it."""
import json
from pathlib import Path

import jsonschema
import pytest
from blocks import CASE, MAP, nnx_block

from flake8_nnx.cli.console import json_text
from flake8_nnx.verify.check import check
from flake8_nnx.verify.verdict import Verdict, combined, unverified

pytestmark = pytest.mark.jax

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "verdict.json").read_text())


def validate(found):
    jsonschema.validate(json.loads(json_text(found)), SCHEMA)


@pytest.fixture(scope="module")
def proved():
    return check(CASE, {}, nnx_block(), {}, MAP)


def test_verdicts_of_every_status(proved):
    assert proved.status == "PROVED"
    validate(proved.to_json())
    validate({"old": "a.py::A", "new": "b.py::B", **proved.to_json()})
    different = check(CASE, {}, nnx_block(momentum=0.5), {}, MAP)
    assert different.status == "DIFFERS"
    validate(different.to_json())
    validate(unverified("nothing was shown").to_json())


def test_several_cases(proved):
    found = combined([CASE, CASE], [proved, unverified("why not")])
    assert (found.status, len(found.evidence["cases"])) == ("UNVERIFIED", 2)
    assert found.reason.startswith("case 2 of 2 (__call__): why not")
    validate(found.to_json())
    assert combined([CASE], [proved]) is proved
    assert combined([CASE, CASE], [proved, proved]).reason.startswith("2 cases: ")


def test_a_verdict_survives_the_way_through_json(proved):
    assert Verdict.from_json(json.loads(json_text(proved.to_json()))).to_json() == json.loads(json_text(proved.to_json()))


@pytest.mark.parametrize(
    "change",
    [
        {"status": "EQUAL"},
        {"schema_version": 2},
        {"surprise": 1},
        {"evidence": {"eval outputs (cpu)": {"max_abs": 0}}},
        {"evidence": {"evaluation outputs (cpu)": {}}},
        {"variable_map": {"params/a": 3}},
    ],
)
def test_the_schema_refuses(proved, change):
    with pytest.raises(jsonschema.ValidationError):
        validate({**proved.to_json(), **change})
