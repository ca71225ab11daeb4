"""How to run each model: `flake8-nnx migrate linen.py --cases cases.py --diff` rewrites and verifies with these."""
from flake8_nnx.verify import Case

MODES = {
    "kwargs": {"train": False},
    "train_kwargs": {"train": True},
    "rngs": ("dropout",),
    "mutable": ("batch_stats",),
}

CASES = [
    Case("digits/linen.py::ConvBlock", init="ConvBlock(features=4)", args=("f32[2,8,8,3]",), **MODES),
    Case("digits/linen.py::Classifier", init="Classifier(features=(4, 8))", args=("f32[2,8,8,1]",), **MODES),
    Case("digits/linen.py::AutoEncoder", init="AutoEncoder(features=6)", args=("f32[2,8,8,1]",)),
]
