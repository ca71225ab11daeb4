"""The shapes that a Linen module gives its variables, and where its own methods contradict each other about them.

A module whose methods want one variable in two shapes fails when both run; a made-up case must not be of such a one.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax

from flake8_nnx.case import Case
from flake8_nnx.verify import inputs as data
from flake8_nnx.verify.candidates import with_sizes
from flake8_nnx.verify.shapes import NamedSizes

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Contradiction:
    """A variable to which two methods of one module give different shapes, whatever the second one is given."""

    path: str
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    methods: tuple[str, str]

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Those that differ, axis by axis."""
        one, other = self.shapes
        return tuple(dict.fromkeys((a, b) for a, b in zip(one, other) if a != b)) if len(one) == len(other) else ()

    def __str__(self) -> str:
        name = self.path.partition("/")[2]
        (one, other), (first, second) = self.methods, self.shapes
        return f"its methods declare `{name}` with shapes {first} (`{one}`) and {second} (`{other}`)"


def declared(namespace: Mapping[str, Any], case: Case, rngs: Sequence[str] = (), batch: int = 2) -> Shapes:
    """The shapes of the variables by path when the method of the case initialises the module.

    Raises whatever that raises when it does not fit.
    """
    module, sizes = eval(case.init or "", dict(namespace)), NamedSizes(batch=batch)  # noqa: S307
    arrays, rest = split((data.materialise(case.args, 0, sizes), data.materialise(dict(case.kwargs), 1, sizes)))

    def made(keys: Any, arrays: list[Any]) -> Any:
        args, kwargs = join(arrays, rest)
        return module.init(keys, *args, **kwargs, method=case.method)

    keys = {name: jax.random.key(0) for name in ("params", *rngs)}
    leaves = jax.tree_util.tree_leaves_with_path(nn.unbox(jax.eval_shape(made, keys, arrays)))
    return {jax.tree_util.keystr(path, simple=True, separator="/"): tuple(leaf.shape) for path, leaf in leaves}


def depends_on_the_batch(namespace: Mapping[str, Any], case: Case, rngs: Sequence[str]) -> bool:
    """Whether parameters have the size of the batch, as those of a dense layer on `x[:, 0]` of rows that should be sequences,
    or the case runs with one batch only, as where two rows are unpacked as a pair."""
    if case.init_method is not None:
        return False
    try:
        two, three = (declared(namespace, case, rngs, batch) for batch in (2, 3))
    except Exception:  # user code may raise anything
        return True
    return any(three.get(path) != shape for path, shape in two.items() if path.startswith("params/"))


def contradiction(namespace: Mapping[str, Any], case: Case, rngs: Sequence[str], others: Iterable[Case]) -> Contradiction | None:
    """What a method declares otherwise than the method of the case, of the ways in which it may be called on the same module.

    Only what Linen says counts, and only a shape that stays when all sizes of the inputs and all numbers among them are others:
    one that follows them may just be that of a poor guess. Where one way agrees there is none.
    """
    shapes = declared(namespace, case, rngs)
    found: Contradiction | None = None
    for other in others:
        try:
            here = declared(namespace, other, rngs)
            differ = [path for path, shape in here.items() if shapes.get(path, shape) != shape]
            if not differ:
                return None
            changed = with_sizes(other, lambda size: size + 1, numbers=True)
            elsewhere = declared(namespace, changed, rngs, batch=3) if found is None else {}
        except Exception:  # user code may raise anything
            continue
        fixed = next((path for path in differ if elsewhere.get(path) == here[path]), None)
        if fixed is not None:
            found = Contradiction(fixed, (shapes[fixed], here[fixed]), (case.method, other.method))
    return found


def split(tree: Any) -> tuple[list[Any], Any]:
    """The arrays of a tree, which are traced, and the rest of it."""
    leaves, structure = jax.tree.flatten(tree, is_leaf=lambda leaf: leaf is None)
    return [leaf for leaf in leaves if data.is_array(leaf)], (leaves, structure)


def join(arrays: list[Any], rest: Any) -> Any:
    """The tree with these arrays in place of its own."""
    fresh = iter(arrays)
    return jax.tree.unflatten(rest[1], [next(fresh) if data.is_array(leaf) else leaf for leaf in rest[0]])
