"""nnx.WeightNorm keeps its scale as a plain array: no parameter, so no optimizer trains it."""
from flax import nnx

MENDED = "0.12.12"  # the flax that mends it


def reproduced() -> bool:
    """The parameters of a layer with a scale."""
    layer = nnx.WeightNorm(nnx.Linear(4, 4, rngs=nnx.Rngs(0)), use_scale=True, rngs=nnx.Rngs(1))
    parameters = [path for path, _ in nnx.to_flat_state(nnx.state(layer, nnx.Param))]
    print("parameters:", parameters)
    return not any("scales" in path for path in parameters)


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
