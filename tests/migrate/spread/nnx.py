"""Arguments that `**` stands for."""
import flax.linen as nn
from flax import nnx
import jax


class Mlp(nnx.Module):
    def __init__(
        self,
        in_features: int,
        hidden: int | None = None,
        dtype: str = "float32",
        *,
        rngs: nnx.Rngs,
    ):
        # as the paper has it
        size = in_features
        self.dense_0 = nnx.Linear(
            in_features,
            hidden or 4 * size,
            dtype=dtype,
            kernel_init=nnx.initializers.xavier_uniform(),
            bias_init=nnx.initializers.normal(stddev=1e-6),
            rngs=rngs,
        )
        self.dense_1 = nnx.Linear(
            hidden or 4 * size,
            size,
            kernel_init=nnx.initializers.xavier_uniform(),
            bias_init=nnx.initializers.normal(stddev=1e-6),
            rngs=rngs,
        )

    def __call__(self, x):
        x = self.dense_0(x)
        x = nnx.gelu(x)
        return self.dense_1(x)


class InSetup(nnx.Module):
    def __init__(self, in_features: int, use_bias: bool = False, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(
            in_features,
            3,
            use_bias=use_bias,
            bias_init=jax.nn.initializers.ones,
            rngs=rngs,
        )
        self.second = nnx.Linear(
            3, 4, use_bias=use_bias, bias_init=jax.nn.initializers.ones, rngs=rngs
        )

    def __call__(self, x):
        return self.second(self.first(x))


class Changed(nn.Module):
    """The dictionary is another one for the second layer."""

    @nn.compact
    def __call__(self, x):
        options = dict(use_bias=False)
        x = nn.Dense(3, **options)(x)
        options["use_bias"] = True
        return nn.Dense(3, **options)(x)


class OfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, **options):
        return nn.Dense(3, **options)(x)


class Rebound(nn.Module):
    """`width` is another one when the layer is made."""

    @nn.compact
    def __call__(self, x):
        width = 3
        options = dict(features=width)
        width = 4
        return nn.Dense(**options)(x) * width


class Starred(nn.Module):
    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        return nn.Dense(*self.sizes)(x)
