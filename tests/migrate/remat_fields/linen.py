"""Options of a rematerialised class that depend on a field."""
import flax.linen as nn
import jax


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(x.shape[-1])(x)
        return nn.Dropout(0.5)(nn.relu(x), deterministic=not train), None


class Encoder(nn.Module):
    depth: int
    policy: str = "nothing_saveable"

    @nn.compact
    def __call__(self, x, train: bool):
        block = nn.remat(
            Block,
            prevent_cse=False,
            static_argnums=(2,),
            policy=getattr(jax.checkpoint_policies, self.policy, None),
        )
        x, _ = nn.scan(
            block,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            in_axes=nn.broadcast,
            length=self.depth,
        )(name="blocks")(x, train)
        return x


class Alone(nn.Module):
    policy: str = "nothing_saveable"

    @nn.compact
    def __call__(self, x, train: bool):
        policy = getattr(jax.checkpoint_policies, self.policy, None)
        block = nn.remat(Block, static_argnums=(2,), policy=getattr(jax.checkpoint_policies, self.policy, None))
        return block()(x, train)[0]


class Scanned(nn.Module):
    """The static argument has other values in other turns."""

    policy: str = "nothing_saveable"

    @nn.compact
    def __call__(self, x, flags):
        block = nn.remat(Block, static_argnums=(2,), policy=getattr(jax.checkpoint_policies, self.policy, None))
        x, _ = nn.scan(
            block, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": True}, length=3
        )()(x, flags)
        return x
