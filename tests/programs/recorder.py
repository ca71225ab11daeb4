"""What a training program computes at every step, recorded from outside, and its start and random keys put in its place.

Programs run as they are: `jax.value_and_grad` and `jax.grad`, which `flax.nnx` uses as well, report every loss and the random
keys it drew from; `init` of a Linen module reports its variables and `nnx.Optimizer` starts from them.
"""
from __future__ import annotations

import contextlib
import functools
import json
from collections import Counter
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from flax.core.meta import AxisMetadata
from jax.experimental import io_callback

from flake8_nnx.verify import load_linen_variables
from flake8_nnx.verify.interpret import bind, evaluate
from flake8_nnx.verify.keys import DRAWS, collected, draws, without_dead_code

EPS = float(np.finfo(np.float32).eps)


class Recording:
    """Losses and keys of one run of a program, in the order of its steps."""

    def __init__(self):
        self._losses = {}
        self._keys = {}
        self._fired = Counter()
        self.sites = 0
        self.variables = None
        self.unseeded = set()  # streams that nnx.reseed looks for in vain

    def note(self, site, loss, keys):
        """One loss was computed. Sites are numbered as they are traced: a compiled step with two of them fires both each time."""
        place = self._fired[site], site
        self._fired[site] += 1
        self._losses[place], self._keys[place] = np.asarray(loss), np.asarray(keys)

    @property
    def losses(self):
        return [self._losses[place] for place in sorted(self._losses)]

    @property
    def keys(self):
        return [self._keys[place] for place in sorted(self._keys)]

    def pattern(self):
        """For every draw of the run the first draw from the same key: equal patterns share and renew keys alike."""
        first = {}
        drawn = [row.tobytes() for keys in self.keys for row in keys]
        return [first.setdefault(key, number) for number, key in enumerate(drawn)]


@contextlib.contextmanager
def recorded(recording, nudge=None):
    """Record a Linen program; with `nudge`, a seed, its initial weights are moved by one rounding each."""

    def init(self, *args, **kwargs):
        variables = original(self, *args, **kwargs)
        if recording.variables is None:
            if nudge is not None:
                variables = _nudged(variables, np.random.default_rng(nudge))
            jax.debug.callback(functools.partial(_keep, recording), _unboxed(variables))
        return variables

    original = nn.Module.init
    nn.Module.init = functools.wraps(original)(init)
    try:
        with _reporting(recording, None):
            yield
        jax.effects_barrier()
    finally:
        nn.Module.init = original


@contextlib.contextmanager
def replayed(recording, linen, folder):
    """Record an NNX program that starts from the weights of a Linen run and draws from its random keys."""

    def optimizer(self, model, *args, **kwargs):
        load_linen_variables(model, linen.variables, variable_map(folder, type(model).__name__))
        recording.variables = True
        original(self, model, *args, **kwargs)

    def reseed(model, **keys):
        have = {node.tag for _, node in nnx.iter_graph(model) if isinstance(node, nnx.RngStream)}
        recording.unseeded |= {*keys} - {"policy"} - have if have else set()
        original_reseed(model, **keys)

    original, original_reseed = nnx.Optimizer.__init__, nnx.reseed
    nnx.Optimizer.__init__, nnx.reseed = functools.wraps(original)(optimizer), reseed
    try:
        with _reporting(recording, linen.keys):
            yield
        jax.effects_barrier()
    finally:
        nnx.Optimizer.__init__, nnx.reseed = original, original_reseed


def variable_map(folder, cls):
    """The map of a class, as the migration wrote it next to the code."""
    for path in Path(folder).rglob("*.nnx-map.json"):
        maps = json.loads(path.read_text())
        if cls in maps:
            return maps[cls]
    raise LookupError(f"no variable map of {cls} below {folder}")


def _keep(recording, variables):
    if recording.variables is None:  # the weights of the training; what is initialised later is caches
        recording.variables = jax.tree.map(np.asarray, variables)


def _unboxed(variables):
    return jax.tree.map(
        lambda leaf: leaf.value if isinstance(leaf, AxisMetadata) else leaf,
        variables, is_leaf=lambda leaf: isinstance(leaf, AxisMetadata),
    )  # fmt: skip


def _nudged(variables, rng):
    def moved(leaf):
        signs = rng.choice(np.float32([-1, 1]), np.shape(leaf))
        return leaf * (1 + EPS / 2 * signs) if leaf.dtype == jnp.float32 else leaf

    return jax.tree.map(moved, variables)


# ---- the differentiated function ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _reporting(recording, keys):
    originals = {name: getattr(jax, name) for name in ("grad", "value_and_grad")}
    used = iter(keys or ())

    def instrumented(original):
        @functools.wraps(original)
        def transform(function, *args, **kwargs):
            return original(_reported(function, recording, used if keys is not None else None), *args, **kwargs)

        return transform

    for name, original in originals.items():
        setattr(jax, name, instrumented(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(jax, name, original)


def _reported(function, recording, used):
    """The same function; its loss is noted, and where `used` gives keys, its n-th draw uses the n-th of them."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        site = recording.sites
        recording.sites += 1
        leaves, tree = jax.tree.flatten((args, kwargs))
        arrays = [number for number, leaf in enumerate(leaves) if isinstance(leaf, (jax.Array, np.ndarray))]
        shape = []

        def flat(*given):
            filled = list(leaves)
            for number, value in zip(arrays, given):
                filled[number] = value
            inner_args, inner_kwargs = jax.tree.unflatten(tree, filled)
            outputs, out_tree = jax.tree.flatten(function(*inner_args, **inner_kwargs))
            shape.append(out_tree)
            return outputs

        given = [leaves[number] for number in arrays]
        program = jax.make_jaxpr(flat)(*given)
        live = without_dead_code(program)
        keys = collected(live, given) if draws(live) else jnp.zeros((0, 2), jnp.uint32)
        rule = _as_it_is
        if used is not None and draws(live):
            table = io_callback(lambda: next(used), jax.ShapeDtypeStruct(keys.shape, keys.dtype))
            rule = functools.partial(_replaced, keys, table)
        outputs = evaluate(live if draws(live) else program, given, rule, draws)
        jax.debug.callback(functools.partial(recording.note, site), outputs[0], keys)
        return jax.tree.unflatten(shape[0], outputs)

    return run


def _as_it_is(eqn, inputs):
    return None


def _replaced(keys, table, eqn, inputs):
    """A draw from the key that the Linen run used for the same draw; a key that is used twice stays used twice."""
    if eqn.primitive.name not in DRAWS:
        return None
    data = jax.random.key_data(inputs[0])
    number = jnp.argmax((data[..., None, :] == keys).all(-1), -1)
    return bind(eqn, [jax.random.wrap_key_data(table[number], impl=jax.random.key_impl(inputs[0])), *inputs[1:]])
