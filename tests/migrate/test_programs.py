"""Code around classes: whole programs become `nnx.py`, what is said of them is in `notes.txt`, and they train alike.

`UPDATE_GOLDENS=1 pytest tests/migrate` refreshes the files; read the diff before you commit it.
"""
import functools
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from flake8_nnx.migrate.bridged import migrate_bridged
from flake8_nnx.migrate.run import migrate_paths
from tests.migrate.test_goldens import comments

HERE = Path(__file__).parent / "programs"
CASES = sorted(path.parent.name for path in HERE.glob("*/linen.py"))


def migrated(path):
    name = path.parent.name
    options = {"mode_flags": True} if name.startswith("modes") else {}
    migrate = migrate_bridged if name.startswith("bridged") else migrate_paths
    run = migrate([path], unverified=True, **options)
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
def test_modes_are_those_that_the_flags_said():
    import jax
    import numpy as np
    from flax import nnx

    linen, new = loaded("modes", "linen"), loaded("modes", "nnx")
    batches = [(x := jax.random.normal(jax.random.key(i), (16, 4)), x.sum(axis=-1)) for i in range(2)]
    state = linen.create_state(jax.random.key(1), batches[0][0])
    model, optimizer = new.create_state(jax.random.key(1), batches[0][0])
    for layer, theirs in (("dense_0", "Dense_0"), ("dense_1", "Dense_1")):
        getattr(model, layer).kernel[...] = state.params[theirs]["kernel"]
    state, expected = linen.fit(state, batches, 3)
    np.testing.assert_allclose(new.fit(model, optimizer, batches, 3), expected, rtol=1e-4)
    for train in (True, False, True):
        state, out = linen.outputs(state, batches[0][0], train)
        np.testing.assert_allclose(new.outputs(model, batches[0][0], train), out, rtol=1e-4)
    model.train()  # which the test of the test is for: the two modes differ
    assert not np.allclose(new.eval_step(nnx.clone(model), *batches[1]), linen.eval_step(state, *batches[1]), rtol=1e-2)


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


# Programs whose weights do not depend on keys, by functions of inputs and targets that return all that they compute.
ALIKE = {
    "by_hand": ("run", "with_statistics", "two_models"),
    "kept": ("q_learning", "averages", "hard_updates", "read_later"),
    "masks": ("by_shape", "by_name", "by_key", "frozen"),
    "one_axis": ("by_array", "by_numbers", "by_shape", "whole"),
    "targets": ("polyak", "averaged", "periodic", "ascent", "gradients_beside", "with_state"),
}


@pytest.mark.jax
@pytest.mark.parametrize("name", ALIKE)
def test_both_versions_compute_the_same_numbers(name):
    import jax
    import numpy as np

    linen, new = loaded(name, "linen"), loaded(name, "nnx")
    x = jax.random.normal(jax.random.key(0), (16, 3))
    for function in ALIKE[name]:
        old, mine = (jax.tree.leaves(getattr(side, function)(x, x.sum(axis=-1))) for side in (linen, new))
        assert len(old) == len(mine) and all(map(np.array_equal, old, mine)), function
        assert len(old) == 1 or len({np.asarray(value).tobytes() for value in old}) > 1, "nothing changes"


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
def test_keys_that_calls_are_given_seed_streams_that_the_model_has():
    import jax
    from flax import nnx

    new = loaded("seeded", "nnx")
    x = jax.random.normal(jax.random.key(0), (8, 4))
    losses, (first, second) = new.train(x, 1)
    assert (first == second).all()
    assert losses == new.train(x, 1)[0] != new.train(x, 2)[0]
    model = new.Stack(in_features=4, rngs=nnx.Rngs(0))  # of one stream for everything
    keys = {"dropout": jax.random.key(1), "noise": jax.random.key(2)}
    assert (new.output(model, x, keys) != new.output(model, x, keys)).any()
    assert new.init_with_a_dictionary(jax.random.key(0), x).shape == x.shape


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


DENSE, NORM = ("kernel", "bias"), ("scale", "bias")
LAYERS = (("dense_0", "Dense_0", DENSE), ("dense_1", "Dense_1", DENSE), ("batch_norm", "BatchNorm_0", NORM))
COPIES = ("old_model = nnx.clone(model)", "old_optimizer = nnx.clone(optimizer)")


def overflowing():
    import jax.numpy as jnp
    from flax.training.dynamic_scale import DynamicScale

    return DynamicScale(scale=jnp.float32(2.0**126), fin_steps=jnp.int32(0), growth_interval=2)


def batch():
    import jax

    x = jax.random.normal(jax.random.key(0), (16, 4))
    return x, 5 + x.sum(axis=-1)


@functools.lru_cache
def linen_states(scaled):
    """What the Linen steps come to, and their losses."""
    linen, (x, y) = loaded("scaled", "linen"), batch()
    state = linen.create(x, overflowing() if scaled else None)
    found = [(state, None)]
    for _ in range(6):
        state, loss, _ = linen.step(state, x, y)
        found.append((state, loss))
    return found


def compared(new, scaled):
    """The same steps in NNX: everything that differs, and what each step leaves as it was."""
    import jax
    import numpy as np

    states, (x, y) = linen_states(scaled), batch()
    model, optimizer = new.create(x, overflowing() if scaled else None)
    for mine, theirs, names in LAYERS:
        for name in names:
            getattr(getattr(model, mine), name)[...] = states[0][0].params[theirs][name]

    def pairs(state):
        adam, own = state.opt_state[0], optimizer.opt_state[0]
        for layer, theirs, names in LAYERS:
            for name in names:
                yield f"params {layer} {name}", getattr(getattr(model, layer), name)[...], state.params[theirs][name]
                yield f"mu {layer} {name}", own.mu[layer][name][...], adam.mu[theirs][name]
                yield f"nu {layer} {name}", own.nu[layer][name][...], adam.nu[theirs][name]
        yield "count", own.count[...], adam.count
        yield "step", optimizer.step[...], state.step
        yield "key", jax.random.key_data(optimizer.key.get_value()), jax.random.key_data(state.key)
        for name, theirs in state.batch_stats["BatchNorm_0"].items():
            yield name, getattr(model.batch_norm, name)[...], theirs
        if scaled:
            yield "scale", optimizer.dynamic_scale.get_value().scale, state.dynamic_scale.scale

    different, unchanged = set(), []
    before = {name: mine for name, mine, _ in pairs(states[0][0])}
    for state, loss in states[1:]:
        mine, _ = new.step(model, optimizer, x, y)
        both = list(pairs(state))
        different |= {name for name, a, b in [("loss", mine, loss), *both] if not np.allclose(a, b, rtol=1e-4, atol=1e-6)}
        after = {name: value for name, value, _ in both}
        unchanged.append({name for name in before if np.array_equal(before[name], after[name])})
        before = after
    return different, unchanged


@pytest.mark.jax
def test_steps_whose_gradients_overflow_are_left_out():
    new = loaded("scaled", "nnx")
    different, unchanged = compared(new, scaled=True)
    scales = [float(state.dynamic_scale.scale) for state, _ in linen_states(True)]
    overflown = [after == before / 2 for before, after in zip(scales, scales[1:])]
    assert different == set() and overflown[0] and 2 <= sum(overflown) <= 5
    trees = {f"{tree} {layer} {name}" for tree in ("params", "mu", "nu") for layer, _, names in LAYERS for name in names}
    for same, left in zip(unchanged, overflown):
        assert same - {"scale"} == ({"count", *trees} if left else set())
    assert compared(new, scaled=False) == (set(), [set()] * 6)


@pytest.mark.jax
@pytest.mark.parametrize("right", COPIES)
def test_the_copies_before_the_update_are_needed(right, tmp_path):
    text = (HERE / "scaled" / "nnx.py").read_text()
    assert text.count(right) == 1
    (tmp_path / "nnx.py").write_text(text.replace(right, right.replace("nnx.clone", "")))
    spec = importlib.util.spec_from_file_location("wrong", tmp_path / "nnx.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    different, _ = compared(module, scaled=True)
    assert {name.split()[0] for name in different} >= ({"params"} if "model" in right else {"mu", "nu", "count"})


@pytest.mark.jax
def test_a_program_with_a_bridge_trains_alike():
    import jax
    import numpy as np

    linen, new = loaded("bridged", "linen"), loaded("bridged", "nnx")
    x = jax.random.normal(jax.random.key(0), (4, 6, 2))
    y = np.arange(4) % 3
    state = linen.create_state(jax.random.key(1), x)
    model, optimizer = new.create_state(jax.random.key(1), x)
    local, theirs = model.patches.conv_local, state.params["Patches_0"]["ConvLocal_0"]
    assert local.kernel.shape == theirs["kernel"].shape
    local.kernel[...], local.bias[...] = theirs["kernel"], theirs["bias"]
    model.dense.kernel[...] = state.params["Dense_0"]["kernel"]
    losses = []
    for _ in range(4):
        state, loss = linen.step(state, x, y)
        losses.append((float(loss), float(new.step(model, optimizer, x, y))))
    np.testing.assert_allclose(*np.array(losses).T, rtol=1e-5)
    assert len(set(losses)) == 4  # it trains
    np.testing.assert_allclose(model.batch_norm.mean[...], state.batch_stats["BatchNorm_0"]["mean"], rtol=1e-5)
    assert new.logits(x).shape == (4, 3) and new.hidden(jax.random.key(2), x).shape == (4, 6, 4)
