"""How to run the classes of this example: `flake8-nnx verify linen.py::Scale nnx.py::Scale --cases cases.py`."""
from flake8_nnx.verify import Case

CASES = [
    Case("parameters/linen.py::Scale", init="Scale()", args=("f32[4,16]",)),
    Case("parameters/linen.py::Regressor", init="Regressor(hidden_features=8)", args=("f32[4,16]",)),
]
