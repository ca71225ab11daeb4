"""A model with sharding annotations made in a `with mesh:` block.

NNX asks JAX for the mesh of `jax.set_mesh`; the old context of a mesh is another one.

**What it flags.** `with mesh:` of a `jax.sharding.Mesh` around the construction of an NNX module, in a file that annotates
variables (`nnx.with_partitioning`, `out_sharding=`, `sharding=`) and gives no `mesh=`, at the mesh.

**Why.** The constructor raises a ValueError: an annotated variable is sharded when it is made, and finds no mesh. Linen
kept the annotation and did nothing.

**Caveats.** `nnx.use_eager_sharding(False)` makes annotations as Linen does: files that name it are left alone.

Source: Flax proposal 4844; established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._state import value
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

MESHES = frozenset({"jax.make_mesh", "jax.sharding.Mesh", "jax.experimental.maps.Mesh"})
ANNOTATIONS = frozenset({"out_sharding", "sharding", "sharding_names"})
EAGER = frozenset({"use_eager_sharding", "flax_always_shard_variable", "eager_sharding"})

RULE = Rule(
    "NNX832",
    "mesh-context",
    "`with {mesh}:` gives the annotated variables of `{model}` no mesh: write `with jax.set_mesh({mesh}):`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
from flax import nnx


def make():
    mesh = jax.make_mesh((1,), ("model",))
    kernel_init = nnx.with_partitioning(nnx.initializers.ones, (None, "model"))
    with mesh:
        return nnx.Linear(2, 2, kernel_init=kernel_init, rngs=nnx.Rngs(0))
''',
            nnx='''
import jax
from flax import nnx


def make():
    mesh = jax.make_mesh((1,), ("model",))
    kernel_init = nnx.with_partitioning(nnx.initializers.ones, (None, "model"))
    with jax.set_mesh(mesh):
        return nnx.Linear(2, 2, kernel_init=kernel_init, rngs=nnx.Rngs(0))
''',
        ),
    ),
)


@RULE.on(ast.With)
def check(block: ast.With, facts: Facts) -> Iterator[Report]:
    """One finding per mesh."""
    if not nnx.present(facts):
        return
    for item in block.items:
        made = value(item.context_expr, facts)
        if isinstance(made, ast.Call) and facts.origin(made.func) in MESHES and _annotates(facts):
            refs = (nnx.instance(node, facts) for stmt in block.body for node in ast.walk(stmt) if isinstance(node, ast.Call))
            model = next((ref for ref in refs if ref is not None and ref.kind == "module"), None)
            if model is not None:
                yield item.context_expr, {"mesh": quote(item.context_expr), "model": model.name}


@functools.lru_cache(maxsize=4)
def _annotates(facts: Facts) -> bool:
    """Whether a file annotates variables of NNX, with no mesh of their own and sharded when they are made."""
    annotated = False
    for node in facts.names.nodes:
        if isinstance(node, (ast.Attribute, ast.keyword)) and getattr(node, "attr", getattr(node, "arg", "")) in EAGER:
            return False
        if isinstance(node, ast.Constant) and node.value in EAGER:
            return False
        called = nnx.name(node.func, facts) if isinstance(node, ast.Call) else None
        if called is not None and isinstance(node, ast.Call):
            given = {k.arg for k in node.keywords}
            if "mesh" in given:
                return False
            annotated = annotated or called == "with_partitioning" or not given.isdisjoint(ANNOTATIONS)
    return annotated
