"""What array functions and layers do to shapes, as far as sizes of later layers depend on it.

A wrong guess here can only make construction fail, which the verifier sees: weights of another size never load.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flake8_nnx.source.sizes import AXIS, OPEN, Size, add, atom, ceil_divide, floor_divide, multiply
from flake8_nnx.source.values import Array, Static, Unknown, array_of, elements, size_of

Arguments = Mapping[str, Any]

ELEMENTWISE_ROOTS = ("jax.numpy.", "jax.nn.", "jax.lax.", "flax.linen.", "numpy.")
# Functions that return an array shaped as their first array argument (or the broadcast of all of them).
ELEMENTWISE = frozenset(
    "abs absolute exp exp2 log log1p log2 expm1 sqrt rsqrt square sin cos tan tanh sinh cosh sigmoid relu relu6 gelu silu swish "
    "elu celu selu leaky_relu hard_tanh hard_sigmoid hard_silu hard_swish softplus soft_sign log_sigmoid log_softmax "
    "softmax standardize normalize clip maximum minimum add subtract multiply divide power where array "
    "zeros_like ones_like full_like stop_gradient logical_not logical_and logical_or nan_to_num sign floor ceil round "
    "cumsum flip roll sort reciprocal negative with_sharding_constraint erf".split()
)
CONVERSIONS = frozenset({"asarray", "astype", "convert_element_type"})  # the second argument is no array
# Rows that belong together become one: only the first axis is another.
SEGMENTS = frozenset(
    [f"jax.ops.segment_{kind}" for kind in ("sum", "prod", "max", "min")]
    + [f"jraph.segment_{kind}" for kind in ("sum", "mean", "max", "min", "variance")]
)
REDUCTIONS = frozenset("sum mean max min prod std var any all amax amin median argmax argmin logsumexp".split())


def broadcast(values: Sequence[Any]) -> Any:
    """The shape of an elementwise operation on these operands."""
    arrays = [value for value in values if isinstance(value, Array)]
    if not arrays:
        return Unknown()
    if len(arrays) == 1 and all(isinstance(value, (Array, Static)) for value in values):
        return arrays[0].with_axes({})
    best = max(arrays, key=lambda a: (a.base is not None, a.rank or 0, len(a.axes)))
    axes = dict(best.axes)
    unknown = any(isinstance(value, Unknown) for value in values)
    for axis in set().union(*(a.axes for a in arrays)):
        sizes = [a.size(axis) for a in arrays]
        known = [size for size in sizes if size not in (None, 1)]
        untold = any(a.size(axis) is None and (a.rank is None or a.rank >= axis) for a in arrays)
        one = best.size(axis) == 1 and (unknown or untold)  # that may become as many as the other operand has
        # They are equal, or the operation fails: one that is told, and without conditions, is the shortest.
        axes[axis] = min(known, key=_unclear) if known else None if one else best.size(axis)
    # One of unknown rank may have more axes than the others.
    rank = best.rank if best.base is not None or not unknown and all(array.rank is not None for array in arrays) else None
    return Array(best.base, axes, rank)


def _unclear(size: Size) -> tuple[bool, bool]:
    return bool(OPEN.search(str(size))), " if " in str(size)


def _foreign(size: Size) -> tuple[bool, bool, bool]:
    return *_unclear(size), bool(AXIS.search(str(size)))


def integer(value: Any) -> int | None:
    size = size_of(value)
    return size if isinstance(size, int) else None


def integers(value: Any) -> list[int] | None:
    """A literal axis or tuple of axes."""
    items = elements(value)
    if items is not None:
        found = [integer(item) for item in items]
        return None if None in found else found  # type: ignore[return-value]
    one = integer(value)
    return None if one is None else [one]


def reduce(array: Array, axis: Any, keepdims: bool) -> Any:
    if axis is None:
        return array_of([])
    axes = integers(axis)
    if axes is None:
        return Unknown()
    if keepdims:
        if any(a >= 0 for a in axes) and array.rank is None:
            return Unknown()
        return array.with_axes({(-a if a < 0 else (array.rank or 0) - a): 1 for a in axes})
    dims = array.dims()
    if dims is None:
        # Over positive (leading) axes the last axis stays; otherwise nothing is known.
        kept = array.size(1) if all(a >= 0 for a in axes) else None
        return Array(None, {1: kept}) if kept is not None else Unknown()
    gone = {a % len(dims) for a in axes} if dims else set()
    return array_of([dim for i, dim in enumerate(dims) if i not in gone])


def gated(array: Array, axis: Any) -> Array:
    """`nn.glu(x, axis)`: half as long. An axis from the front is the last one, where it cannot be that of a batch or of time."""
    place = -1 if axis is None else integer(axis)
    if place is not None and place >= 0:
        place = place - array.rank if array.rank is not None else -1 if place > 1 else None
    return Array(None, {1: None}) if place is None else array.with_axes({-place: floor_divide(array.size(-place), 2)})


def segmented(array: Any) -> Any:
    """An array whose rows are put together by the segment that they belong to."""
    if not isinstance(array, Array):
        return Unknown()
    dims = array.dims()
    return Array(None, {1: array.size(1)}) if dims is None else array_of([None, *dims[1:]])


def concatenate(arrays: Sequence[Any], axis: int) -> Any:
    found = [a for a in arrays if isinstance(a, Array)]
    if not found or len(found) != len(arrays):
        return Unknown()
    first = max(found, key=lambda a: (a.rank is not None, a.base is not None))
    rank = next((a.rank for a in found if a.rank is not None), None)
    if axis >= 0:
        if rank is None:
            return Array(None, {1: first.size(1)}) if axis == 0 else Unknown()
        axis -= rank
    total: Size = 0
    for a in found:
        total = add(total, a.size(-axis))
    return first.with_axes({-axis: total}, rank)


def convolve(array: Array, spatial: int, features: Size, kernel: Any, strides: Any, padding: Any, dilation: Any) -> Array:
    """Output of a convolution over the `spatial` axes before the last one."""
    rank = array.rank or spatial + 2
    axes: dict[int, Size] = {1: features}
    for i in range(spatial):
        axis = spatial + 1 - i
        window = _nth(kernel, i)
        step = 1 if _absent(strides) else _nth(strides, i)
        dilate = 1 if _absent(dilation) else _nth(dilation, i)
        axes[axis] = _window(array.size(axis), window, step, dilate, padding, i)
    return array.with_axes(axes, rank)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, Static) and value.text == "None")


def _nth(value: Any, index: int) -> Size:
    items = elements(value)
    if items is not None:
        return size_of(items[index]) if index < len(items) else None
    return size_of(value)


def _window(size: Size, window: Size, step: Size, dilate: Size, padding: Any, index: int) -> Size:
    """Output size of a window function, `jax.lax.padtype_to_pads` rules."""
    kind = padding.text.strip("'\"").upper() if isinstance(padding, Static) else None
    if kind == "SAME" or kind == "CIRCULAR" or kind == "REFLECT":
        return ceil_divide(size, step)
    if kind == "VALID" and dilate == 1 and isinstance(window, str):
        if window == step:  # patches: floor((size - window) / window) + 1
            return floor_divide(size, window)
        return None if size is None else add(floor_divide(f"{size} - {atom(window)}", step), 1)
    if not isinstance(window, int) or not isinstance(dilate, int):
        return None
    extent = (window - 1) * dilate + 1
    if kind == "VALID":
        return add(floor_divide(add(size, -extent) if isinstance(size, int) else _minus(size, extent), step), 1)
    total = _padding(padding, index)
    if total is None:
        return None
    return add(floor_divide(_minus(size, extent - total), step), 1)


def _minus(size: Size, amount: int) -> Size:
    if size is None or isinstance(size, int):
        return None if size is None else size - amount
    return size if amount == 0 else f"{size} - {amount}" if amount > 0 else f"{size} + {-amount}"


def _padding(padding: Any, index: int) -> int | None:
    one = integer(padding)
    if one is not None:
        return 2 * one
    items = elements(padding)
    if items is not None and index < len(items):
        pair = integers(items[index])
        if pair is not None:
            return sum(pair) if len(pair) == 2 else 2 * pair[0]
    return None


def pool(array: Array, window: Any, strides: Any, padding: Any) -> Any:
    """`nn.max_pool` and `nn.avg_pool`: windows over the axes before the last."""
    items = elements(window)
    if items is None:
        return Unknown()
    same_features = array.size(1)
    return convolve(array, len(items), same_features, window, strides, padding or Static("'VALID'"), None)


def may_differ(a: Array, b: Array) -> str | None:
    """Source that holds wherever the shapes differ: `in_features != filters or strides[0] != 1`; None if nobody can tell.

    A stride leaves an axis of one element as it is: then the source holds although the shapes are equal.
    """
    if a.base != b.base or None not in (a.rank, b.rank) and a.rank != b.rank:
        return None
    tests, steps = [], []
    for axis in sorted({1, *a.axes, *b.axes}):
        x, y = a.size(axis), b.size(axis)
        if x is None or y is None:
            return None
        if x != y:
            step = _step(str(x), str(y)) or _step(str(y), str(x))
            if step is not None:
                steps.append(step)
            else:
                tests.append(f"{atom(x)} != {atom(y)}")
    whole = steps[0].rpartition("[")[0] if steps else ""
    if len(steps) > 1 and {*steps} == {f"{whole}[{i}]" for i in range(len(steps))}:
        tests.append(f"max({whole}) > 1")
    else:
        tests += [f"{step} != 1" for step in steps]
    return " or ".join(dict.fromkeys(tests)) or "False"


def _step(whole: str, part: str) -> str | None:
    """The stride in `-(-size // stride)` of this size."""
    start, end = f"-(-{atom(whole)} // ", ")"
    return part[len(start):-len(end)] if part.startswith(start) and part.endswith(end) else None


def expand_dims(array: Array, axis: Any) -> Any:
    at = integer(axis)
    dims = array.dims()
    if at is None:
        return Unknown()
    if dims is not None:
        at = at if at >= 0 else len(dims) + 1 + at
        return array_of([*dims[:at], 1, *dims[at:]])
    if at == -1:
        return Array(None, {1: 1, 2: array.size(1)})
    if at == 0:
        return Array(None, {1: array.size(1), 2: array.size(2)})
    if at > 0:
        return Array(None, {1: array.size(1)})
    return Array(None, {**{axis: array.size(axis) for axis in range(1, -at)}, -at: 1, 1 - at: array.size(-at)})


def squeeze(array: Array, axis: Any) -> Any:
    dims, at = array.dims(), integer(axis) if axis is not None else None
    if not dims or at is None:
        if at == -1:
            return Array(None, {1: array.size(2), 2: array.size(3)}, None)
        return Array(None, {1: array.size(1)}) if at is not None and at > 0 else Unknown()
    return array_of([dim for i, dim in enumerate(dims) if i != at % len(dims)])


def transpose(array: Array, order: list[int] | None) -> Any:
    dims = array.dims()
    if not dims and order:
        dims = Array(array.base, array.axes, len(order)).dims()
    if dims is None:
        return Unknown()
    order = order or list(range(len(dims)))[::-1]
    fits = sorted(i % len(dims) for i in order) == list(range(len(dims))) if dims else not order
    return array_of([dims[i] for i in order]) if fits else Unknown()


def swap_axes(array: Array, a: int | None, b: int | None) -> Any:
    if a is None or b is None:
        return Unknown()
    if array.rank is None and a < 0 and b < 0:
        return array.with_axes({-a: array.size(-b), -b: array.size(-a)})
    dims = array.dims()
    if dims is None or not all(-len(dims) <= axis < len(dims) for axis in (a, b)):
        return Unknown()
    dims[a], dims[b] = dims[b], dims[a]
    return array_of(dims)


def matmul(a: Any, b: Any) -> Any:
    """`a @ b`: the last axis comes from b, the others from a."""
    if not isinstance(a, Array) or not isinstance(b, Array):
        return Unknown()
    return a.with_axes({1: b.size(1)}) if a.base or a.rank else Array(None, {1: b.size(1), 2: a.size(2)})


def repeat(array: Array, times: Any, axis: Any) -> Any:
    at, count = integer(axis), size_of(times)
    if at is None or (at >= 0 and array.rank is None):
        return Unknown()
    position = -at if at < 0 else (array.rank or 0) - at
    return array.with_axes({position: multiply(array.size(position), count)})


def einsum(spec: str, operands: Sequence[Any]) -> Any:
    """Sizes of an einsum, whose ellipsis stands first if anywhere: the axes that it stands for are not known."""
    inputs, arrow, output = spec.replace(" ", "").partition("->")
    terms = [*inputs.split(","), output]
    if not arrow or any("." in term.removeprefix("...") for term in terms):
        return Unknown()
    told: dict[str, list[Size]] = {}
    ranks: set[int] = set()  # of what the ellipsis stands for
    for letters, operand in zip(terms, operands):
        if isinstance(operand, Array):
            for i, letter in enumerate(reversed(letters.removeprefix("..."))):
                told.setdefault(letter, []).append(operand.size(i + 1))
            if letters.startswith("...") and operand.rank is not None:
                ranks.add(operand.rank - len(letters) + len("..."))
    sizes = {letter: [size for size in each if size is not None] for letter, each in told.items()}
    # All operands agree on a letter: what the class says itself is told before what an argument has.
    found = [min(sizes[letter], key=_foreign) if sizes.get(letter) else None for letter in output.removeprefix("...")]
    if not output.startswith("..."):
        return array_of(found)
    return Array(None, {len(found) - i: size for i, size in enumerate(found)}, max(ranks) + len(found) if ranks else None)


LAYER_KEEPS_SHAPE = frozenset(
    "Dropout BatchNorm LayerNorm RMSNorm GroupNorm InstanceNorm PReLU SpectralNorm WeightNorm".split()
)


def layer_output(layer: str, array: Any, arguments: Arguments) -> Any:
    """Output of a built-in layer applied to `array`; `arguments` are its constructor arguments as values."""
    if layer in LAYER_KEEPS_SHAPE:
        return array
    if layer == "Embed":
        features = size_of(arguments.get("features"))
        if isinstance(array, Array) and array.rank is not None:
            return array_of([*(array.dims() or []), features])
        return Array(None, {1: features, **({2: array.size(1)} if isinstance(array, Array) else {})})
    if not isinstance(array, Array):
        features = size_of(arguments.get("features"))
        return Array(None, {1: features}) if layer in ("Dense", "Conv", "ConvLocal", "ConvTranspose") else Unknown()
    features_value = arguments.get("features")
    features = size_of(features_value)
    if layer == "Dense":
        return array.with_axes({1: features})
    if layer in ("Conv", "ConvLocal", "ConvTranspose"):
        kernel = arguments.get("kernel_size")
        if isinstance(kernel, Static) and kernel.several:  # over as many axes as it has numbers
            return Array(None, {1: features}, array.rank)
        spatial = len(elements(kernel) or (1,))
        padding = arguments.get("padding") or Static("'SAME'")
        if layer == "ConvTranspose":
            steps = arguments.get("strides")
            same = isinstance(padding, Static) and "SAME" in padding.text.upper()
            axes: dict[int, Size] = {1: features}
            for i in range(spatial):
                step = 1 if _absent(steps) else _nth(steps, i)
                axes[spatial + 1 - i] = multiply(array.size(spatial + 1 - i), step) if same else None
            return array.with_axes(axes, array.rank or spatial + 2)
        return convolve(
            array, spatial, features, kernel, arguments.get("strides"), padding, arguments.get("kernel_dilation")
        )
    if layer == "DenseGeneral":
        count = len(elements(arguments.get("axis")) or (1,))
        several = elements(features_value)
        outputs = [features] if several is None else [size_of(f) for f in several]
        dims = array.dims()
        if dims is None:
            like = None if array.like is None else (array.like[0], array.like[1] + len(outputs) - count)
            return Array(None, {len(outputs) - i: size for i, size in enumerate(outputs)}, like=like)
        return array_of([*dims[: len(dims) - count], *outputs])
    if layer in ("SelfAttention", "MultiHeadDotProductAttention", "MultiHeadAttention"):
        out = size_of(arguments.get("out_features"))
        return array if out is None else array.with_axes({1: out})
    return Unknown()
