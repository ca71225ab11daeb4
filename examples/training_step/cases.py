"""How to run the model: `flake8-nnx verify linen.py::Classifier nnx.py::Classifier --cases cases.py`."""
from flake8_nnx.verify import Case

CASES = [
    Case(
        "training_step/linen.py::Classifier",
        init="Classifier(hidden_features=8, num_classes=3)",
        args=("f32[16,2]",),
        kwargs={"train": False},
        train_kwargs={"train": True},
        rngs=("dropout",),
        mutable=("batch_stats",),
    ),
]
