"""An autoencoder whose halves are methods of their own."""
import jax
import jax.numpy as jnp
from flax import nnx


class AutoEncoder(nnx.Module):
    """Squeezes vectors into a few numbers and back."""

    def __init__(
        self, in_features: int, hidden_features: int, latent_features: int, out_features: int, *, rngs: nnx.Rngs
    ):
        self.encoder = nnx.Linear(in_features, hidden_features, rngs=rngs)
        self.to_latent = nnx.Linear(hidden_features, latent_features, rngs=rngs)
        self.decoder = nnx.Linear(latent_features, hidden_features, rngs=rngs)
        self.to_output = nnx.Linear(hidden_features, out_features, rngs=rngs)

    def encode(self, x):
        return self.to_latent(nnx.gelu(self.encoder(x)))

    def decode(self, z):
        return self.to_output(nnx.gelu(self.decoder(z)))

    def __call__(self, x):
        return self.decode(self.encode(x))


def main():
    x = jax.random.normal(jax.random.key(0), (4, 64))
    model = AutoEncoder(64, hidden_features=32, latent_features=8, out_features=64, rngs=nnx.Rngs(1))

    latent = model.encode(x)
    output = model.decode(latent)
    whole = model(x)
    print(f"{x.shape} -> {latent.shape} -> {output.shape}")
    print(f"decode(encode(x)) and the whole model differ by {jnp.abs(output - whole).max():.1e}")


if __name__ == "__main__":
    main()
