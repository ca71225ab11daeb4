"""Modules that share the scope of a layer which they are given, so that Linen keeps the variables of both side by side."""
from collections.abc import Sequence

from flax import nnx
import jax
import jax.numpy as jnp


class Adapter(nnx.Module):
    def __init__(
        self,
        in_features: int,
        rank: int,
        features: int,
        dtype: jnp.dtype | None = None,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.dtype = dtype
        self.a = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (in_features, rank), dtype)
        )
        self.b = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (rank, features), dtype)
        )

    def __call__(self, x):
        a = self.a[...]
        b = self.b[...]
        return x @ a @ b


class Adapted(nnx.Module):
    """A dense layer with an adapter beside it."""

    def __init__(self, *, rank: int, wrapped: nnx.Linear, rngs: nnx.Rngs):
        # as if the wrapper were not there
        self.wrapped = wrapped
        self.lora = Adapter(
            wrapped.in_features,
            rank=rank,
            features=wrapped.out_features,
            dtype=wrapped.param_dtype,
            rngs=rngs,
        )

    def __call__(self, x):
        adapter = self.lora
        return self.wrapped(x) + adapter(x)


class InSetup(nnx.Module):
    """What follows the layer is as wide as the layer says."""

    def __init__(self, base: nnx.Linear, rank: int, *, rngs: nnx.Rngs):
        self.base = base
        self.a = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (base.in_features, rank))
        )
        self.b = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (rank, base.out_features))
        )
        self.norm = nnx.LayerNorm(base.out_features, rngs=rngs)

    def __call__(self, x):
        a = self.a[...]
        b = self.b[...]
        y = self.norm(self.base(x) + x @ a @ b)
        return y / self.base.out_features


class Unshared(nnx.Module):
    """Its layer has a scope of its own."""

    def __init__(self, inner: nnx.Linear, *, rngs: nnx.Rngs):
        self.inner = inner
        self.scale = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (inner.out_features,))
        )

    def __call__(self, x):
        scale = self.scale[...]
        return jnp.tanh(self.inner(x)) * scale if self.inner.use_bias else self.inner(x) * scale


class EinsumAdapter(nnx.Module):
    def __init__(
        self, rank: int, einsum_str: str, shape: tuple[int, ...], *, rngs: nnx.Rngs
    ):
        self.einsum_str = einsum_str
        self.shape = shape
        left, right = einsum_str.split("->")
        x, kernel = left.split(",")
        self.equation = f"{x},{kernel[:-1]}r,r{kernel[-1]}->{right}"
        self.a = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (*shape[:-1], rank))
        )
        self.b = nnx.Param(nnx.initializers.normal()(rngs.params(), (rank, shape[-1])))

    def __call__(self, x):
        return jnp.einsum(self.equation, x, self.a[...], self.b[...])


class AdaptedEinsum(nnx.Module):
    """Where the layer runs with its own equation, a call may give no other."""

    def __init__(self, rank: int, wrapped: nnx.Einsum, *, rngs: nnx.Rngs):
        self.wrapped = wrapped
        einsum_str = wrapped.einsum_str
        self.lora = EinsumAdapter(rank, einsum_str, wrapped.kernel_shape, rngs=rngs)

    def __call__(self, x, einsum_str: str | None = None):
        adapter = self.lora
        return self.wrapped(x) + adapter(x)


class GeneralAdapter(nnx.Module):
    def __init__(
        self,
        kernel_shape: tuple[int, ...],
        features: int | Sequence[int],
        axis: int | Sequence[int],
        batch_dims: Sequence[int],
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.axis = axis
        self.batch_dims = batch_dims
        self.kernel = nnx.Param(nnx.initializers.normal()(rngs.params(), kernel_shape))

    def __call__(self, x):
        axis = nnx.nn.linear._normalize_axes(nnx.nn.linear._canonicalize_tuple(self.axis), x.ndim)
        batch = nnx.nn.linear._canonicalize_tuple(self.batch_dims)
        kernel = self.kernel[...]
        contract = tuple(range(len(batch), len(batch) + len(axis)))
        return jax.lax.dot_general(x, kernel, ((axis, contract), (batch, tuple(range(len(batch))))))


class AdaptedGeneral(nnx.Module):
    """NNX makes tuples of what Linen keeps as it is given: the class that takes it does so too."""

    def __init__(
        self,
        general_adapter_kernel_shape: tuple[int, ...],
        wrapped: nnx.LinearGeneral,
        *,
        rngs: nnx.Rngs,
    ):
        self.wrapped = wrapped
        self.general_adapter = GeneralAdapter(
            general_adapter_kernel_shape,
            wrapped.out_features,
            wrapped.axis,
            batch_dims=tuple(wrapped.batch_axis),
            rngs=rngs,
        )

    def __call__(self, x):
        adapter = self.general_adapter
        return self.wrapped(x) + adapter(x)


class Net(nnx.Module):
    """In a compact method the variables stand where those of the layer do."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, 6, rngs=rngs)
        self.adapted_layer = Adapted(
            rank=2, wrapped=nnx.Linear(6, 4, rngs=rngs), rngs=rngs
        )
        self.dense_1 = nnx.Linear(4, 5, rngs=rngs)
        self.in_setup = InSetup(nnx.Linear(5, 4, rngs=rngs), 2, rngs=rngs)
        self.unshared = Unshared(nnx.Linear(4, 3, rngs=rngs), rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.dense_0(x))
        x = self.adapted_layer(x)
        x = self.dense_1(x)
        x = self.in_setup(x)
        return self.unshared(x)


class Stack(nnx.Module):
    """In setup they stand where those of the module do."""

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.features = features
        self.first = Adapted(
            rank=2, wrapped=nnx.Linear(in_features, features, rngs=rngs), rngs=rngs
        )
        self.second = InSetup(nnx.Linear(features, features, rngs=rngs), 2, rngs=rngs)
        self.head = nnx.Linear(features, 3, rngs=rngs)

    def __call__(self, x):
        return self.head(self.second(nnx.relu(self.first(x))))


class Runs(nnx.Module):
    def __init__(self, inner: nnx.Module, *, rngs: nnx.Rngs):
        self.inner = inner

    def __call__(self, x):
        return nnx.tanh(self.inner(x))


class Nested(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.adapted = Adapted(
            rank=1, wrapped=nnx.Linear(in_features, 4, rngs=rngs), rngs=rngs
        )
        self.runs_0 = Runs(
            Adapted(rank=2, wrapped=nnx.Linear(4, 3, rngs=rngs), rngs=rngs), rngs=rngs
        )
        self.runs_1 = Runs(nnx.Linear(3, 3, rngs=rngs), rngs=rngs)

    def __call__(self, x):
        x = self.adapted(x)
        x = self.runs_0(x)
        return self.runs_1(x)


class NestedInSetup(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.runs = Runs(
            Adapted(rank=2, wrapped=nnx.Linear(in_features, 3, rngs=rngs), rngs=rngs),
            rngs=rngs,
        )
        self.layers = nnx.List([])
        for _ in range(2):
            self.layers.append(
                Adapted(rank=1, wrapped=nnx.Linear(3, 3, rngs=rngs), rngs=rngs)
            )
        self.dense = nnx.Linear(3, 3, rngs=rngs)
        self.beside = InSetup(self.dense, 2, rngs=rngs)

    def __call__(self, x):
        x = self.runs(x)
        for layer in self.layers:
            x = layer(x)
        return self.beside(x) + self.dense(x)


class Scaled(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.features = features
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.scale = nnx.Param(nnx.initializers.normal()(rngs.params(), (features,)))

    def __call__(self, x):
        x = self.dense(x)
        return x * self.scale[...]


class OfTheProject(nnx.Module):
    """Holds a class of the project."""

    def __init__(self, inner: Scaled, *, rngs: nnx.Rngs):
        self.inner = inner
        self.shift = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (inner.features,))
        )

    def __call__(self, x):
        return self.inner(x) + self.shift[...]


class Whole(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.of_the_project_0 = OfTheProject(
            Scaled(in_features, 4, rngs=rngs), rngs=rngs
        )
        self.of_the_project_1 = OfTheProject(Scaled(4, 3, rngs=rngs), rngs=rngs)

    def __call__(self, x):
        x = self.of_the_project_0(x)
        return self.of_the_project_1(x)


class Quantized(nnx.Module):
    """Never runs the layer: its variables are those of this class, under the names of the layer."""

    def __init__(
        self,
        in_features: int,
        method: str,
        wrapped_features,
        wrapped_use_bias,
        wrapped_dtype,
        wrapped_param_dtype,
        wrapped_kernel_init,
        wrapped_bias_init,
        plus: float = 0.0,
        *,
        rngs: nnx.Rngs,
    ):
        self.method = method
        self.wrapped_use_bias = wrapped_use_bias
        self.wrapped_dtype = wrapped_dtype
        self.plus = plus
        shape = (in_features, wrapped_features)
        self.kernel = nnx.Param(
            wrapped_kernel_init(rngs.params(), shape, dtype=wrapped_param_dtype)
        )
        if wrapped_use_bias:
            self.bias = nnx.Param(
                wrapped_bias_init(
                    rngs.params(), (wrapped_features,), wrapped_param_dtype
                )
            )

    def __call__(self, x):
        kernel = self.kernel[...]
        kernel = jnp.round(kernel * 8) / 8 if self.method == "round" else kernel
        y = x @ kernel.astype(self.wrapped_dtype or x.dtype)
        if self.wrapped_use_bias:
            y += self.bias[...]
        return y + self.plus


class SettingsAlone(nnx.Module):
    """Without a shared scope there is no difference."""

    def __init__(
        self, in_features: int, inner_momentum, inner_bias_init, *, rngs: nnx.Rngs
    ):
        self.inner_momentum = inner_momentum
        self.shift = nnx.Param(inner_bias_init(rngs.params(), (in_features,)))

    def __call__(self, x):
        return x * self.inner_momentum + self.shift[...]


class OwnWeight(nnx.Module):
    """Nothing of the layer is needed but its place among the variables."""

    def __init__(self, name_of_weight: str, *, rngs: nnx.Rngs):
        self.name_of_weight = name_of_weight
        setattr(
            self,
            name_of_weight,
            nnx.Param(nnx.initializers.normal()(rngs.params(), (4,))),
        )

    def __call__(self, x):
        return x * getattr(self, self.name_of_weight)[...]


class Images(nnx.Module):
    """A convolution tells how many channels there are."""

    def __init__(self, conv: nnx.Conv, *, rngs: nnx.Rngs):
        self.conv = conv
        self.shift = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (conv.in_features,))
        )
        self.layer_norm = nnx.LayerNorm(conv.in_features, rngs=rngs)

    def __call__(self, x):
        shift = self.shift[...]
        return self.conv(x), self.layer_norm(x) + shift


class AsksItsOwn(nnx.Module):
    """Layers of its own have other names for their settings too."""

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.features = features
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x) / self.dense.out_features
