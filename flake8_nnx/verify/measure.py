"""How far two trees of arrays are apart, and how far they may be.

The bound of an array comes from its rounding errors, measured in float64; nothing but its factor is chosen.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from flake8_nnx.verify.reference import PERTURBED_RUNS
from flake8_nnx.verify.verdict import Unverifiable

# Two float32 programs of one function each stray from it by about as much as the Linen run does; twice that for chance.
SLACK = 4.0
FROM_REFERENCE = (
    "4 x the largest of: the Linen run's own error against float64, its change in float64 when every input moves by one rounding "
    f"({PERTURBED_RUNS} runs), one rounding of the largest value"
)
FROM_DTYPE = "{terms} roundings (the longest sum) of the largest value; the program has no usable float64 run"
EQUAL = "all bits agree, so no bound is needed"
EXACT = "16-bit, integer and boolean values must agree bit for bit"
# An error beyond half of the digits of the largest value says more about the case, or the float64 run, than about rounding.
HALF_OF_THE_DIGITS = float(np.sqrt(np.finfo(np.float32).eps))


@dataclass
class Figures:
    """What was measured for one kind of value on one device: the largest of every array.

    `max_rel` and `max_ulp` are relative to the largest value of the array, `of_bound` to the bound of the array.
    """

    max_abs: float = 0.0
    max_rel: float = 0.0
    max_ulp: float = 0.0
    bound: float = 0.0
    of_bound: float = 0.0
    bound_from: str = EQUAL
    arrays: int = 0

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def measure(figures: Figures, old: Any, new: Any, exact: list[Any], terms: int, unit_scale: bool) -> str | None:
    """Update the figures with every array of two trees; the first one out of bounds is returned as text.

    Args:
        exact: the tree of the Linen side in float64, then of perturbed inputs; empty when there is none.
        terms: the longest sum in the Linen program, for a bound without float64.
        unit_scale: whether the inputs have unit scale, where ill-conditioned arrays are no evidence.

    Raises:
        Unverifiable: the Linen run itself has lost half of its digits, so that a difference of that size says nothing.
    """
    if plain(old) != plain(new):
        return f"Linen returns {_spelled(old)}, NNX {_spelled(new)}"
    paths = [jax.tree_util.keystr(path) or "the output" for path, _ in jax.tree_util.tree_flatten_with_path(old)[0]]
    runs = [jax.tree.leaves(run) for run in exact]
    largest = max((_largest(as_floats(leaf)) for leaf in jax.tree.leaves(old)), default=0.0)
    trusted = HALF_OF_THE_DIGITS * largest if unit_scale else float("inf")
    for i, (path, a, b) in enumerate(zip(paths, jax.tree.leaves(old), jax.tree.leaves(new))):
        problem = _measure_array(figures, np.asarray(a), np.asarray(b), [leaves[i] for leaves in runs], trusted, terms)
        if problem:
            return f"{path} {problem}"
    return None


def plain(tree: Any) -> Any:
    """Structure by content: any kind of mapping is a dict, and a class of the old file equals its namesake of the new one.

    What a class holds besides arrays counts as far as it is numbers and text.
    """
    if isinstance(tree, Mapping):
        return {key: plain(tree[key]) for key in tree}
    if jax.tree_util.all_leaves([tree]):
        return "array"
    children = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda node: node is not tree)[0]
    held = jax.tree.structure(tree).node_data()
    static = list(_static(held[1])) if held else []
    return type(tree).__name__, static, [(jax.tree_util.keystr(path), plain(child)) for path, child in children]


def _static(held: Any) -> Iterator[str]:
    if isinstance(held, (tuple, list)):
        for value in held:
            yield from _static(value)
    elif isinstance(held, (bool, int, float, str, type(None))):
        yield repr(held)


def _spelled(tree: Any) -> str:
    return str(jax.tree.structure(tree)).removeprefix("PyTreeDef(").removesuffix(")").replace("*", "array")


def _measure_array(
    figures: Figures, old: np.ndarray, new: np.ndarray, exact: list[Any], trusted: float, terms: int
) -> str | None:
    if old.shape != new.shape or old.dtype != new.dtype:
        return f"is {old.dtype}{list(old.shape)} in Linen and {new.dtype}{list(new.shape)} in NNX"
    figures.arrays += 1
    if same_bits(old, new):
        return None
    if not jnp.issubdtype(old.dtype, jnp.inexact) or old.dtype.itemsize < 4:
        both_nan = (old != old) & (new != new)
        return None if np.all((old == new) | both_nan) else f"differs by up to {_gap(old, new):.3g}, though {EXACT}"
    a, b, runs = as_floats(old), as_floats(new), [as_floats(run) for run in exact]
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return "has NaN or infinities at different places"
    info = np.finfo(old.dtype)
    size, worst = _largest(a), _largest(a[finite] - b[finite])
    by_terms = terms * float(info.eps) * size
    bound, origin = by_terms, FROM_DTYPE.format(terms=terms)
    if runs:
        stray = max(_largest(run - runs[0]) for run in [a, *runs[1:]])
        bound, origin = SLACK * max(stray, float(info.eps) * size), FROM_REFERENCE
        if by_terms < worst <= bound and stray > trusted:
            raise Unverifiable(
                f"rounding alone moves the Linen run by {stray:.3g} where values reach {size:.3g}, so the difference of "
                f"{worst:.3g} says nothing; give a better conditioned case"
            )
    figures.max_abs = max(figures.max_abs, worst)
    figures.max_rel = max(figures.max_rel, worst / size if size else 0.0)
    figures.max_ulp = max(figures.max_ulp, worst / float(np.spacing(info.dtype.type(size))))
    figures.bound, figures.bound_from = max(figures.bound, bound), origin
    figures.of_bound = max(figures.of_bound, worst / bound if bound else 0.0)
    if worst > bound:
        return f"differs by up to {worst:.3g} where values reach {size:.3g} (bound {bound:.3g})"
    return None


def as_floats(values: Any) -> np.ndarray:
    """As float64 numbers, the parts of complex ones side by side; nothing for other kinds."""
    array = np.asarray(values)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        array = array.astype(np.complex128)
        return np.stack([array.real, array.imag])
    return array.astype(np.float64) if jnp.issubdtype(array.dtype, jnp.floating) else np.zeros(0)


def _largest(values: np.ndarray) -> float:
    """Largest finite magnitude, 0 when there is none."""
    return float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))


def equal_bits(old: Any, new: Any) -> bool:
    """Whether two trees have the same structure and agree bit for bit."""
    a, b = jax.tree.leaves(old), jax.tree.leaves(new)
    return plain(old) == plain(new) and all(same_bits(np.asarray(x), np.asarray(y)) for x, y in zip(a, b))


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    return _largest(a.astype(np.float64) - b.astype(np.float64))
