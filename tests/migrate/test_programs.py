"""Code around classes: whole programs become `nnx.py`, what is said of them is in `notes.txt`, and they train alike.

`UPDATE_GOLDENS=1 pytest tests/migrate` refreshes the files; read the diff before you commit it.
"""
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from flake8_nnx.migrate.run import migrate_paths
from tests.migrate.test_goldens import comments

HERE = Path(__file__).parent / "programs"
CASES = sorted(path.parent.name for path in HERE.glob("*/linen.py"))


def migrated(path):
    run = migrate_paths([path], unverified=True)
    assert run.errors == []
    new = next((file.new for file in run.files if file.source.path == path), path.read_text())
    said = [line.replace(f"{path}: ", "") for line in run.todo]
    return new, "".join(f"{line}\n" for line in said if "of the new text" not in line)


@pytest.mark.parametrize("name", CASES)
def test_program(name, tmp_path):
    old = HERE / name / "linen.py"
    new, notes = migrated(old)
    if os.environ.get("UPDATE_GOLDENS"):
        (HERE / name / "nnx.py").write_text(new)
        (HERE / name / "notes.txt").write_text(notes)
    assert new == (HERE / name / "nnx.py").read_text()
    assert notes == (HERE / name / "notes.txt").read_text()
    compile(new, name, "exec")
    assert comments(old.read_text()) - comments(new) == {}


@pytest.mark.parametrize("name", CASES)
def test_second_run_changes_nothing(name, tmp_path):
    again = tmp_path / "nnx.py"
    shutil.copy(HERE / name / "nnx.py", again)
    new, _ = migrated(again)
    assert new == again.read_text()


def loaded(name, side):
    spec = importlib.util.spec_from_file_location(f"{name}_{side}", HERE / name / f"{side}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.jax
def test_steps_with_batch_statistics_have_the_same_losses():
    import jax
    import numpy as np
    import optax
    from flax import nnx

    linen, new = loaded("batch_stats", "linen"), loaded("batch_stats", "nnx")
    x = jax.random.normal(jax.random.key(0), (16, 4))
    y = x.sum(axis=-1)
    variables = linen.Net(features=8).init(jax.random.key(1), x)
    state = linen.BatchState.create(
        apply_fn=linen.Net(features=8).apply, params=variables["params"], batch_stats=variables["batch_stats"],
        tx=optax.adam(0.05),
    )
    model = new.Net(in_features=4, features=8, rngs=nnx.Rngs(0))
    for layer, theirs in (("dense_0", "Dense_0"), ("dense_1", "Dense_1")):
        getattr(model, layer).kernel[...] = variables["params"][theirs]["kernel"]
    optimizer = nnx.Optimizer(model, optax.adam(0.05), wrt=nnx.Param)
    old_losses, new_losses = [], []
    for _ in range(5):
        state, loss = linen.step(state, x, y)
        old_losses.append(loss)
        new_losses.append(new.step(model, optimizer, x, y))
    old_losses.append(linen.evaluate(state, x, y))
    new_losses.append(new.evaluate(model, x, y))
    np.testing.assert_allclose(np.array(new_losses), np.array(old_losses), rtol=1e-5)
    assert len({float(loss) for loss in new_losses}) == len(new_losses)  # it trains


@pytest.mark.jax
def test_a_program_with_dropout_runs_and_its_keys_decide():
    import jax
    import numpy as np

    new = loaded("train_state", "nnx")
    batch = {"x": jax.random.normal(jax.random.key(0), (8, 4)), "y": np.arange(8) % 3}
    model, optimizer, losses = new.train([batch] * 3)
    assert int(optimizer.step[...]) == 3 and np.isfinite(losses).all()
    assert new.train([batch] * 3)[2] == losses
    assert float(new.accuracy(model, batch)) == float(new.accuracy(model, batch))


@pytest.mark.jax
def test_a_model_that_is_lent_variables_has_those_of_then():
    import jax
    import numpy as np

    linen, new = loaded("lent", "linen"), loaded("lent", "nnx")
    x = jax.random.normal(jax.random.key(0), (16, 3))
    weights = linen.create_model("deep", True).init(jax.random.key(0), x)["params"]

    class Deep(new.Deep):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            for layer, theirs in zip(self.dense_layers, weights.values()):
                layer.kernel[...] = theirs["kernel"]

    new.Deep = Deep
    outputs, losses = linen.train(x, "deep")
    new_outputs, new_losses = new.train(x, "deep")
    np.testing.assert_allclose(new_losses, losses, rtol=1e-5)
    np.testing.assert_allclose(new_outputs, outputs, rtol=1e-5, atol=1e-6)
    assert (new_outputs[0] == new_outputs[1]).all() and (new_outputs[1] != new_outputs[2]).any()


@pytest.mark.jax
def test_copies_stay_as_they_were_while_training_goes_on():
    import jax
    import numpy as np

    linen, new = loaded("copies", "linen"), loaded("copies", "nnx")
    x = jax.random.normal(jax.random.key(0), (16, 3))
    y = jax.random.normal(jax.random.key(1), (16, 2))
    outputs, least = linen.best_parameters(x, y)
    new_outputs, new_least = new.best_parameters(x, y)
    np.testing.assert_allclose(new_outputs, outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new_least, least, rtol=1e-5)
    assert least > 0
    np.testing.assert_allclose(new.target_network(x), linen.target_network(x), rtol=1e-5)


@pytest.mark.jax
@pytest.mark.filterwarnings("ignore:Using 'Module.sow:DeprecationWarning")
def test_sown_values_do_not_pile_up():
    import jax
    from flax import nnx

    new = loaded("sown", "nnx")
    model, _, losses = new.train(3)
    assert len(set(map(float, losses))) == 3
    assert not jax.tree.leaves(nnx.state(model, nnx.Intermediate))
    model(jax.numpy.ones((2, 3)))
    assert jax.tree.leaves(nnx.state(model, nnx.Intermediate))  # without the step, it keeps them


@pytest.mark.jax
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_checkpoints_hold_all_of_a_training(tmp_path):
    import jax

    new = loaded("checkpoints", "nnx")
    x = jax.random.normal(jax.random.key(0), (4, 3))
    whole, together = new.train(str(tmp_path / "whole"), x, 4)
    half, first = new.train(str(tmp_path / "halves"), x, 2)
    end, rest = new.train(str(tmp_path / "halves"), x, 2, seed=1)  # of other weights, which the checkpoint replaces
    assert (whole, half, end) == (4, 2, 4)
    assert first + rest == together and len(set(together)) == 4


def test_a_class_chosen_by_name(tmp_path):
    """The class that takes the keywords; where a function may be meant as well, nothing is assumed."""
    models = (HERE / "classes" / "linen.py").read_text().partition("def create(")[0]
    more = "class Norm(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return nn.LayerNorm()(x)\n"
    (tmp_path / "models.py").write_text(models + more)
    main = tmp_path / "main.py"
    main.write_text(
        "import jax\nimport models\n\n\ndef run(name, x):\n    model = getattr(models, name)(features=2)\n"
        "    params = model.init(jax.random.key(0), x)['params']\n    return model.apply({'params': params}, x)\n"
    )

    def new():
        run = migrate_paths([tmp_path], unverified=True)
        return next((file.new for file in run.files if file.source.path == main), main.read_text())

    assert "getattr(models, name)(in_features=x.shape[-1], features=2, rngs=nnx.Rngs(0))" in new()
    (tmp_path / "models.py").write_text(models + more + "\n\ndef wide(features):\n    return Net(10 * features)\n")
    assert "getattr(models, name)(features=2)" in new()
