"""How to run the classes of this example: `flake8-nnx verify linen.py::Model nnx.py::Model --cases cases.py`."""
from flake8_nnx.verify import Case

MODES = {"kwargs": {"train": False}, "train_kwargs": {"train": True}, "rngs": ("dropout",)}

CASES = [
    Case("dropout_block/linen.py::Block", init="Block(features=8)", args=("f32[4,16]",), **MODES),
    Case("dropout_block/linen.py::Model", init="Model(hidden_features=8, num_classes=3)", args=("f32[4,16]",), **MODES),
]
