"""What `reshape` makes of shapes, and arrays that are made in the shape of others.

Leading axes that are those of an array stay so, whatever its rank; a -1 is the product of what is left.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flake8_nnx.source.sizes import Size, floor_divide, product
from flake8_nnx.source.values import Array, Items, Prefix, Shape, Start, array_of, size_of


def filled(shape: Items | Prefix | Start | Shape) -> Array:
    """An array made in this shape."""
    if isinstance(shape, Start):
        return begun_like(shape)
    if isinstance(shape, Prefix):
        return reshape_like(shape)
    return shape.array if isinstance(shape, Shape) else array_of([size_of(item) for item in shape.items])


def reshape_like(shape: Prefix) -> Any:
    """`x.reshape((*y.shape[:-k], …))`: the leading axes are those of y."""
    count = len(shape.items)
    axes = {count - i: None if size_of(item) == -1 else size_of(item) for i, item in enumerate(shape.items)}
    rank = None if shape.array.rank is None else shape.array.rank - shape.dropped + count
    # Axis -(count + j) of the result is axis -(dropped + j) of the model array.
    axes.update({count + j: shape.array.size(shape.dropped + j) for j in range(1, 4)})
    return Array(None, axes, rank)


def begun_like(shape: Start, array: Array | None = None) -> Array:
    """`x.reshape(y.shape[:k] + (…))`: the first axes are those of y; where y is x (`array`), -1 stands for the rest of it."""
    leading = [shape.array.at(i) for i in range(shape.count)]
    sizes = [size_of(item) for item in shape.items]
    if -1 in sizes:
        dims = array.dims() if array is not None else None
        others = [size for size in sizes if size != -1]
        rest = product(dims[shape.count:]) if dims is not None else None
        sizes[sizes.index(-1)] = floor_divide(rest, product(others)) if sizes.count(-1) == 1 else None
    return array_of([*leading, *(None if size == -1 else size for size in sizes)])


def reshape(array: Array, shape: Sequence[Any]) -> Any:
    """`x.reshape(shape)`; a -1 is the product of what is left, the batch axis cancelling out."""
    sizes: list[Size] = [size_of(item) for item in shape]
    if sizes and any(size == -1 for size in sizes):
        dims = array.dims()
        index = sizes.index(-1)
        others = sizes[:index] + sizes[index + 1:]
        sizes[index] = None
        if dims is not None:
            left = list(dims)
            same_batch = len(sizes) > 1 and index > 0 and (sizes[0] is None or sizes[0] == dims[0])
            if same_batch:
                left, others = left[1:], others[1:]
            for size in list(others):
                if size in left and size is not None:
                    left.remove(size)
                    others.remove(size)
            if same_batch or index > 0:
                sizes[index] = floor_divide(product(left), product(others)) if None not in others else None
    return array_of(sizes)
