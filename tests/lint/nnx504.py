"""remat_scan, and what is none."""
import flax.linen as nn
import jax
from flax import nnx
from flax.linen import remat_scan as deep

Stack = nn.remat_scan(nn.Dense, lengths=(10, 10))  # NNX504: 8
Other = deep(nn.Dense, (3,), policy=jax.checkpoint_policies.dots_saveable)  # NNX504: 8

# ---- silent -------------------------------------------------------------------------------------------------------

remat = nnx.remat
scan = nnx.scan


@remat
@scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
def forward(x, layer):
    return layer(x)


def remat_scan(target, lengths=()):
    return jax.checkpoint(target), lengths


own = remat_scan(nn.Dense, lengths=(3,))
