"""How to run the classes of this example, in evaluation and in training."""
from flake8_nnx.verify import Case

CASES = [
    Case(
        "scan_over_layers/linen.py::Block",
        init="Block(features=8)",
        args=("f32[4,8]",),
        kwargs={"train": False},
        train_kwargs={"train": True},
        rngs=("dropout",),
    ),
    Case(
        "scan_over_layers/linen.py::Model",
        init="Model(features=8, num_layers=3, out_features=2)",
        args=("f32[4,6]",),
        kwargs={"train": False},
        train_kwargs={"train": True},
        rngs=("dropout",),
    ),
]
