"""The traps of NNX for code that comes from Linen: what goes wrong, and which rules see it.

Each was established by running it; what no rule can see in the text of a program says why, and what finds it instead.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Trap:
    """One way to go wrong.

    silent: no error, and wrong numbers; else it raises, often late.
    rules: codes of the rules that see it.
    unseen: the part that no rule sees, why, and what finds it; empty where the rules see all of it.
    """

    name: str
    text: str
    rules: tuple[str, ...]
    silent: bool = True
    unseen: str = ""


_TRAPS = (
    Trap("S1", "`jax.jit` of a function that changes a model, an optimizer or metrics loses the changes", ("NNX801",)),
    Trap("S2", "a jitted function keeps the first weights of a model that it reads from outside", ("NNX802",)),
    Trap("S3", "a static `self` of `jax.jit` is compared by identity, so weights go stale", ("NNX803",)),
    Trap(
        "S4", "`nnx.state`, `nnx.split` and assignment share the variables of the model", ("NNX804",),
        unseen="a snapshot whose name does not say that it is kept apart: most shared states are right, as for `nnx.update`",
    ),
    Trap("S5", "an NNX module made inside of a Linen module has no parameters there", ("NNX805",)),
    Trap("S6", "`nnx.remat` of a class rematerialises the construction only", ("NNX806",)),
    Trap(
        "S7", "a module broadcast to the steps of a scan or vmap repeats its masks and loses its statistics", ("NNX807",),
        unseen="axes that are computed, or given by `nnx.StateAxes`: which variables they name is known at run time only; "
        "`flake8-nnx verify` compares masks and statistics",
    ),
    Trap(
        "S8", "`nnx.update` takes other shapes and unknown or missing names", ("NNX808",),
        unseen="weights that reach `nnx.update` through a function of another file; "
        "`flake8_nnx.verify.load_linen_variables` checks names, shapes and completeness when it loads",
    ),
    Trap("S9", "paths of a state end in `.value`, so that masks by name match nothing", ("NNX809",)),
    Trap(
        "S10", "modules are made in training mode; flags at a call come before it, flags of one's own do not follow it, "
        "and `.eval()` under `nnx.jit` reaches the caller", ("NNX810", "NNX826", "NNX827", "NNX828"),
        unseen="a model that one file makes and another evaluates: neither says alone that a mode is missing",
    ),
    Trap("S11", "`jax.grad` of a module differentiates its running statistics too", ("NNX811",)),
    Trap(
        "S12", "weights that are shared get one gradient for each place under `jax.grad`", ("NNX811",),
        unseen="`nnx.state` lists shared weights under one path only: a path that is looked up raises a KeyError, and a whole "
        "state loads right",
    ),
    Trap("S13", "an array assigned over a Param is no longer trained", ("NNX813",)),
    Trap("S14", "sown values grow with each call; a collection named by a text is no `nnx.Intermediate`", ("NNX814",)),
    Trap("S15", "`optimizer.update(grads, model)` changes nothing", ("NNX815",)),
    Trap("S16", "positional arguments have moved, and `Einsum` has lost its bias", ("NNX816", "NNX113", "NNX110")),
    Trap(
        "S17", "the same seed gives other initial weights", (),
        unseen="every NNX constructor does, and none is wrong: a rule would flag each seed. `flake8-nnx verify` proves "
        "initial values equal for equal keys, and `load_linen_variables` copies weights where a run is to be repeated",
    ),
    Trap("S18", "a layer made in `__call__` has fresh weights in every call", ("NNX818",)),
    Trap("S19", "`@nn.compact` left on an NNX class does nothing", ("NNX819",)),
    Trap("S20", "a Linen partitioned initialiser leaves a box inside of the Param", ("NNX820", "NNX601")),
    Trap("containers", "plain lists, tuples and dictionaries of modules, and modules over None, raise", ("NNX823",), False),
    Trap("methods", "a field `train`, `eval`, `sow` or `perturb` hides a method", ("NNX824", "NNX104"), False),
    Trap("merge", "`nnx.merge` without `copy=True` under `jax.grad` raises where the model has state", ("NNX829",), False),
    Trap("captured", "modules with state captured by transforms raise", ("NNX829",), False),
    Trap("value", "`.value` warns and will go", ("NNX822",), False),
    Trap("in-place", "`self.count += 1` on a variable raises", ("NNX813",), False),
    Trap("optimizer", "`nnx.Optimizer` needs `wrt=`, and its `update` the model", ("NNX825",), False),
    Trap("dictionaries", "`flatten_dict`, `path_aware_map` and `to_bytes` refuse a state", ("NNX830",), False),
    Trap("whole-state", "`astype` and `global_norm` over a whole state fail on random keys", ("NNX831",), False),
    Trap("restore", "Orbax without a target turns indices of lists into texts", ("NNX808",), False),
    Trap("mesh", "annotated variables need `jax.set_mesh`; `with mesh:` is not enough", ("NNX832", "NNX601"), False),
    Trap(
        "axis-rules", "a logical axis without a rule raises, where Linen replicates", ("NNX601",), False,
        unseen="whether a rule is there: axis names stand in the layers and rules in the configuration. NNX601 says so at each "
        "initialiser that is moved",
    ),
    Trap("operands", "`jax.lax.dot_general` refuses a variable", ("NNX833",), False),
    Trap("streams", "`nnx.Rngs(params=0)` has no stream for dropout", ("NNX834",), False),
    Trap("defaults", "`rngs=nnx.Rngs(0)` as a default is shared by all calls", ("NNX821",)),
    Trap("GRU", "trained biases `hn` of a GRU cell have no place in NNX", ("NNX112",), False),
)  # fmt: skip

TRAPS: Mapping[str, Trap] = {trap.name: trap for trap in _TRAPS}
