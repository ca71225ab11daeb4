"""The examples of the rules are true: pairs that can be run are equal, and safe rewrites give the NNX side."""
import ast

import pytest

from flake8_nnx.migrate.file import plan_file, rewrite
from flake8_nnx.rules import RULES
from flake8_nnx.verify import Case, verify_files

RUNNABLE = [(rule, example) for rule in RULES for example in rule.examples if example.init]


def job(rule, example, folder, nnx):
    name = example.init.split("(")[0]
    path = folder / f"{rule.code.lower()}_{rule.examples.index(example)}.py"
    path.write_text(example.linen)
    case = Case(
        f"{path}:{name}", init=example.init, args=tuple(example.args), kwargs=example.kwargs, train_kwargs=example.train_kwargs,
        rngs=example.rngs, mutable=example.mutable, new_init=example.new_init or None,
    )  # fmt: skip
    place = {"path": str(path), "class": name}
    return {"old": place, "new": {**place, "source": nnx}, "case": case.to_json(), "variable_map": None}


@pytest.mark.jax
def test_pairs_are_equal(tmp_path):
    verdicts = verify_files([job(rule, example, tmp_path, example.nnx) for rule, example in RUNNABLE])
    wrong = [(rule.code, v.reason) for (rule, _), v in zip(RUNNABLE, verdicts) if not v.good]
    assert len(RUNNABLE) >= 10 and wrong == []


@pytest.mark.jax
def test_pairs_with_a_defect_are_not(tmp_path):
    jobs = [
        job(rule, example, tmp_path, example.nnx.replace("return ", "return 1.01 * "))
        for rule, example in RUNNABLE
        if "return self." in example.nnx
    ]
    assert len(jobs) >= 3 and {verdict.status for verdict in verify_files(jobs)} == {"DIFFERS"}


@pytest.mark.parametrize("rule, example", RUNNABLE, ids=lambda value: getattr(value, "code", ""))
def test_safe_rewrites_give_the_nnx_side(rule, example):
    planned = plan_file(example.linen, "linen.py")
    if rule.fix == "manual":
        assert planned.native == []
    elif rule.fix == "safe":
        assert ast.unparse(ast.parse(rewrite(planned))) == ast.unparse(ast.parse(example.nnx))
