"""How to run the model of this example: the whole of it, and each half."""
from flake8_nnx.verify import Case

TARGET = "autoencoder/linen.py::AutoEncoder"
SIZES = "hidden_features=16, latent_features=4, out_features=24"
INIT = f"AutoEncoder({SIZES})"

CASES = [
    Case(TARGET, init=INIT, args=("f32[3,24]",)),
    Case(TARGET, init=INIT, args=("f32[3,24]",), method="encode"),
    # The input of `decode` does not tell the input size of the encoder.
    Case(TARGET, init=INIT, args=("f32[3,4]",), method="decode", new_init=f"AutoEncoder(24, {SIZES}, rngs=rngs)"),
]
