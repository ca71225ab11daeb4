"""The traps of the NNX8xx rules are real on the installed flax: an example's code is in them, its repair is not.

A probe runs both sides of an example and says whether the trap is there; a flax release that removes one fails here.
"""
from __future__ import annotations

import contextlib
import inspect
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import flax
import jax
import jax.numpy as jnp
import optax
import pytest
from flax import linen, nnx

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.rule import Example
from flake8_nnx.rules import RULES, nnx816_layer_arguments, nnx822_old_name, nnx833_variable_operand

pytestmark = pytest.mark.jax

TRAPS = [rule for rule in RULES if rule.code.startswith("NNX8")]
Probe = Callable[[SimpleNamespace], bool]
PROBES: dict[tuple[str, int], Probe] = {}
X = jnp.ones((2, 2))


def probe(code: str, number: int = 0) -> Callable[[Probe], Probe]:
    """The decorated function tells whether a program, run to its end, is in the trap of the rule's example."""

    def register(function: Probe) -> Probe:
        PROBES[code, number] = function
        return function

    return register


def run(source: str) -> SimpleNamespace:
    """The names that a program leaves."""
    namespace: dict[str, object] = {"__name__": "example"}
    exec(compile(source, "example", "exec"), namespace)
    return SimpleNamespace(**namespace)


def raises(act: Callable[[], object], *errors: type[BaseException]) -> bool:
    """Whether this fails with such an error, now that it should be noticed and nothing else is tried."""
    try:
        act()
    except errors:
        return True
    return False


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def same(a: object, b: object) -> bool:
    return bool(jnp.array_equal(jnp.asarray(a), jnp.asarray(b)))


# ---- the probes ---------------------------------------------------------------------------------------------------


@probe("NNX803")
def keeps_old_weights(ns: SimpleNamespace) -> bool:
    model = ns.Net(nnx.Rngs(0))
    before = model.predict(X)
    model.layer.kernel[...] *= 2
    return same(model.predict(X), before)


@probe("NNX819")
def says_nothing(ns: SimpleNamespace) -> bool:
    return "compact" in str(vars(ns.Net.__call__)) and ns.Net(nnx.Rngs(0))(X).shape == (2, 2)


@probe("NNX819", 1)
def setup_never_runs(ns: SimpleNamespace) -> bool:
    return raises(lambda: (ns.Net(nnx.Rngs(0)) if "__init__" in vars(ns.Net) else ns.Net())(X), AttributeError)


@probe("NNX819", 2)
def no_constructor(ns: SimpleNamespace) -> bool:
    return raises(ns.make, TypeError)


@probe("NNX818")
def other_weights_in_every_call(ns: SimpleNamespace) -> bool:
    model = ns.Net(nnx.Rngs(0))
    return not same(model(X), model(X)) and not nnx.state(model, nnx.Param)


@probe("NNX805")
def weights_are_missing(ns: SimpleNamespace) -> bool:
    linen = not issubclass(ns.Net, nnx.Module)
    return linen and "params" not in ns.Net().init(jax.random.key(0), X)


@probe("NNX806")
def stores_all_activations(ns: SimpleNamespace) -> bool:
    def loss(state, x):
        return nnx.merge(graphdef, state)(x).sum()

    graphdef, state = nnx.split(ns.Net(nnx.Rngs(0)))
    return "remat" not in str(jax.make_jaxpr(loss)(state, X))


def untrained(step: Callable[..., object]) -> bool:
    """Whether a training step leaves the weights of a layer as they were."""
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    before = model.kernel[...]
    step(model, optimizer, X)
    return same(model.kernel[...], before)


@probe("NNX815")
def model_is_not_updated(ns: SimpleNamespace) -> bool:
    return untrained(ns.step)


@probe("NNX816")
def is_for_no_features(ns: SimpleNamespace) -> bool:
    return ns.make().scale.shape == (0,)


@probe("NNX816", 1)
def is_refused(ns: SimpleNamespace) -> bool:
    return raises(ns.make, TypeError)


@probe("NNX816", 2)
def order_is_refused(ns: SimpleNamespace) -> bool:
    return raises(ns.make, AttributeError, TypeError)


@probe("NNX820")
def kernel_is_a_box(ns: SimpleNamespace) -> bool:
    with jax.set_mesh(jax.make_mesh((1,), ("model",))):
        return not isinstance(ns.make().kernel.get_value(), jax.Array)


@probe("NNX813")
def kernel_is_no_param(ns: SimpleNamespace) -> bool:
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    ns.reset(model)
    assert same(model.kernel, jnp.zeros((2, 2)))
    return list(nnx.state(model, nnx.Param)) == ["bias"]


@probe("NNX801")
def update_is_lost(ns: SimpleNamespace) -> bool:
    return untrained(ns.step)


@probe("NNX802")
def evaluates_the_first_weights(ns: SimpleNamespace) -> bool:
    before, after = ns.train(X)
    return same(before, after)


@probe("NNX804")
def average_follows_the_model(ns: SimpleNamespace) -> bool:
    start, after = ns.train(X)
    return not same(start, after)


@probe("NNX804", 1)
def target_follows_the_model(ns: SimpleNamespace) -> bool:
    return ns.train(X)


@probe("NNX811")
def running_mean_has_a_gradient(ns: SimpleNamespace) -> bool:
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(ns.grads(X))]
    assert any("scale" in path for path in paths)
    return any("mean" in path for path in paths)


@probe("NNX811", 1)
def shared_weights_have_two_gradients(ns: SimpleNamespace) -> bool:
    kernels = [path for path, _ in jax.tree_util.tree_leaves_with_path(ns.grads(X)) if "kernel" in jax.tree_util.keystr(path)]
    return len(kernels) == 2


@probe("NNX808")
def weights_of_another_shape(ns: SimpleNamespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights")
        path.write_bytes(pickle.dumps(nnx.state(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))))
        model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
        return not raises(lambda: ns.load(model, path), ValueError) and model.kernel.shape == (3, 2)


@probe("NNX807")
def one_mask_for_all_steps(ns: SimpleNamespace) -> bool:
    first, second = ns.masks(2)
    return same(first, second)


@probe("NNX809")
def masks_nothing(ns: SimpleNamespace) -> bool:
    return not any(jax.tree.leaves(ns.decayed(nnx.Linear(2, 2, rngs=nnx.Rngs(0)))))


@probe("NNX810")
def stays_in_training(ns: SimpleNamespace) -> bool:
    return same(ns.predict(X), 2 * X)


@probe("NNX814")
def is_not_collected(ns: SimpleNamespace) -> bool:
    return not jax.tree.leaves(ns.collect(X))


@probe("NNX814", 1)
def compiles_every_time(ns: SimpleNamespace) -> bool:
    model = ns.Net()
    for _ in range(4):
        ns.predict(model, X)
    return len(ns.traces) == 4


@probe("NNX821")
def depends_on_calls_before(ns: SimpleNamespace) -> bool:
    return not same(ns.make().kernel, ns.make().kernel)


@probe("NNX822")
def name_is_gone(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.statistics(nnx.Linear(2, 2, rngs=nnx.Rngs(0))), AttributeError)


@probe("NNX822", 1)
def warns(ns: SimpleNamespace) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return raises(lambda: ns.weights(nnx.Linear(2, 2, rngs=nnx.Rngs(0))), DeprecationWarning)


@probe("NNX823")
@probe("NNX823", 1)
def container_is_refused(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.Net(nnx.Rngs(0)), ValueError)


@probe("NNX824")
def cannot_be_called(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.Net(True).train(), TypeError)


@probe("NNX825")
def lacks_wrt(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.make(nnx.Linear(2, 2, rngs=nnx.Rngs(0))), TypeError)


@probe("NNX825", 1)
def lacks_the_model(ns: SimpleNamespace) -> bool:
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    return raises(lambda: ns.step(model, optimizer, X), TypeError)


@probe("NNX801", 1)
def masks_repeat(ns: SimpleNamespace) -> bool:
    net = ns.Net(nnx.Rngs(0))
    return same(ns.forward(net, jnp.ones(64)), ns.forward(net, jnp.ones(64)))


@probe("NNX813", 1)
def has_no_operation_in_place(ns: SimpleNamespace) -> bool:
    net = ns.Net()
    return raises(lambda: net(X), NotImplementedError) or net.count[...] != 1


@probe("NNX826")
def statistics_follow_the_evaluation(ns: SimpleNamespace) -> bool:
    return not same(ns.run(X).norm.mean[...], jnp.zeros(2))


@probe("NNX827")
@probe("NNX827", 1)
def units_are_dropped(ns: SimpleNamespace) -> bool:
    return not same(ns.predict(jnp.ones(64)), jnp.ones(64))


@probe("NNX828")
def stays_in_evaluation(ns: SimpleNamespace) -> bool:
    model = nnx.Dropout(0.5, rngs=nnx.Rngs(0))
    ns.eval_step(model, X)
    return model.deterministic


@probe("NNX829")
def raises_in_a_scan(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.run(2), flax.errors.TraceContextError)


@probe("NNX829", 1)
def raises_under_grad(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.run(jnp.ones((2, 4))), flax.errors.TraceContextError)


@probe("NNX830")
def is_no_bytes(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.saved(nnx.Linear(2, 2, rngs=nnx.Rngs(0))), TypeError)


@probe("NNX830", 1)
def is_no_mask(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.decayed(nnx.Linear(2, 2, rngs=nnx.Rngs(0))), AssertionError)


@probe("NNX831")
def counts_more_than_weights(ns: SimpleNamespace) -> bool:
    return ns.count(ns.Net(nnx.Rngs(0))) > 8


@probe("NNX831", 1)
def keys_have_no_norm(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.size(ns.Net(nnx.Rngs(0))), NotImplementedError)


@probe("NNX832")
def finds_no_mesh(ns: SimpleNamespace) -> bool:
    return raises(ns.make, ValueError)


@probe("NNX833")
def is_no_array(ns: SimpleNamespace) -> bool:
    return raises(lambda: ns.Net()(X), ValueError, TypeError)


@probe("NNX834")
def has_no_stream(ns: SimpleNamespace) -> bool:
    return raises(ns.make, KeyError)


# ---- the tests ----------------------------------------------------------------------------------------------------

EXAMPLES = [
    pytest.param(rule.code, number, example, id=f"{rule.code}-{number}")
    for rule in TRAPS
    for number, example in enumerate(rule.examples)
]
every_example = pytest.mark.parametrize(("code", "number", "example"), EXAMPLES)


@every_example
def test_the_trap_is_there(code: str, number: int, example: Example) -> None:
    with quiet():
        there = PROBES[code, number](run(example.linen))
    assert there, f"flax {flax.__version__} no longer has the trap of {code}"


@every_example
def test_the_repair_is_free_of_it(code: str, number: int, example: Example) -> None:
    with quiet():
        assert not PROBES[code, number](run(example.nnx))


def test_to_linen_registers_the_weights() -> None:
    class Net(linen.Module):  # noqa: NNX103
        @linen.compact  # noqa: NNX101
        def __call__(self, x):
            return nnx.bridge.to_linen(nnx.Linear, 2, 2)(x)

    params = Net().init(jax.random.key(0), X)["params"]  # noqa: NNX204, NNX301
    assert {leaf.shape for leaf in jax.tree.leaves(params)} == {(2, 2), (2,)}


@pytest.mark.parametrize("ref", [False, True])
def test_jax_jit_changes_variables_that_are_references(ref: bool) -> None:
    with nnx.var_defaults(ref=ref):
        norm = nnx.BatchNorm(2, rngs=nnx.Rngs(0))
        jax.jit(lambda norm, x: norm(x))(norm, X)
        assert same(norm.mean[...], jnp.zeros(2)) is not ref


@pytest.mark.parametrize("layer", nnx816_layer_arguments.PLACES)
def test_places_are_those_of_the_layer(layer: str) -> None:
    found = list(inspect.signature(getattr(nnx, layer).__init__).parameters.values())[1:]
    names, needed = nnx816_layer_arguments.PLACES[layer]
    places = [p for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert names == tuple(p.name for p in places)
    assert needed == sum(p.default is p.empty for p in places)
    assert [p.name for p in found if p.kind is p.KEYWORD_ONLY and p.default is p.empty] == ["rngs"]
    for twin in (twin for twin in LAYERS.values() if twin.nnx == layer):
        linen_only = {*twin.renames, *twin.dropped, "name", "parent"}
        linen_only -= nnx816_layer_arguments.SAME_NAME.get(layer, set())
        assert not linen_only & {p.name for p in found}


@pytest.mark.parametrize("name", nnx822_old_name.GONE)
def test_the_name_is_gone_and_its_successor_is_there(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert raises(lambda: getattr(nnx, name), AttributeError, DeprecationWarning)
    new = nnx822_old_name.GONE[name]
    if new != "a dict":
        assert callable(eval(new, {"nnx": nnx, "jax": jax}))


@pytest.mark.parametrize("name", sorted(nnx833_variable_operand.OPERATIONS))
def test_operations_of_lax_refuse_a_variable(name: str) -> None:
    batched = name == "batch_matmul"
    x = jnp.ones((1, 1, 3, 3)) if name.startswith("conv") else jnp.ones((1, 2, 2) if batched else (2, 2))
    more: dict[str, tuple[object, ...]] = {
        "dot_general": ((((1,), (0,)), ((), ())),), "conv": ((1, 1), "SAME"), "conv_general_dilated": ((1, 1), "SAME"),
        "conv_with_general_padding": ((1, 1), "SAME", None, None), "conv_transpose": ((1, 1), "SAME"),
    }  # fmt: skip
    operation = getattr(jax.lax, name)
    operation(x, nnx.Param(x)[...], *more.get(name, ()))
    assert raises(lambda: operation(x, nnx.Param(x), *more.get(name, ())), ValueError, TypeError)


def test_every_probe_is_used() -> None:
    assert set(PROBES) == {(rule.code, number) for rule in TRAPS for number in range(len(rule.examples))}
