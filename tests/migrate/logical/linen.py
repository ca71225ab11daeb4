"""Values that are sharded by logical names."""
import flax.linen as nn


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.with_logical_constraint(nn.LayerNorm()(x), ("batch", None))
        x = nn.Dense(self.features)(x)
        return nn.with_logical_constraint(x, ("batch", "embed"))


class Second(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.with_logical_constraint(nn.Dense(3)(x), ("batch", "embed"))


class OwnRules(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.with_logical_constraint(nn.Dense(3)(x), ("batch", "embed"), rules=(("batch", "x"),))


class Computed(nn.Module):
    names: tuple[str, ...]

    @nn.compact
    def __call__(self, x):
        return nn.with_logical_constraint(nn.Dense(3)(x), self.names)
