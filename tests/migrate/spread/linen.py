"""Arguments that `**` stands for."""
import flax.linen as nn
import jax


class Mlp(nn.Module):
    hidden: int | None = None
    dtype: str = "float32"

    @nn.compact
    def __call__(self, x):
        inits = dict(
            kernel_init=nn.initializers.xavier_uniform(),  # as the paper has it
            bias_init=nn.initializers.normal(stddev=1e-6),
        )
        size = x.shape[-1]
        x = nn.Dense(features=self.hidden or 4 * size, dtype=self.dtype, **inits)(x)
        x = nn.gelu(x)
        return nn.Dense(features=size, **inits)(x)


class InSetup(nn.Module):
    use_bias: bool = False

    def setup(self):
        options = {"use_bias": self.use_bias, "bias_init": jax.nn.initializers.ones}
        self.first = nn.Dense(3, **options)
        self.second = nn.Dense(4, **options)

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
