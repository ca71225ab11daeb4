"""An autoencoder whose halves are methods of their own."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class AutoEncoder(nn.Module):
    """Squeezes vectors into a few numbers and back."""

    hidden_features: int
    latent_features: int
    out_features: int

    def setup(self):
        self.encoder = nn.Dense(self.hidden_features)
        self.to_latent = nn.Dense(self.latent_features)
        self.decoder = nn.Dense(self.hidden_features)
        self.to_output = nn.Dense(self.out_features)

    def encode(self, x):
        return self.to_latent(nn.gelu(self.encoder(x)))

    def decode(self, z):
        return self.to_output(nn.gelu(self.decoder(z)))

    def __call__(self, x):
        return self.decode(self.encode(x))


def main():
    x = jax.random.normal(jax.random.key(0), (4, 64))
    model = AutoEncoder(hidden_features=32, latent_features=8, out_features=64)
    variables = model.init(jax.random.key(1), x)

    latent = model.apply(variables, x, method="encode")
    output = model.apply(variables, latent, method="decode")
    whole = model.apply(variables, x)
    print(f"{x.shape} -> {latent.shape} -> {output.shape}")
    print(f"decode(encode(x)) and the whole model differ by {jnp.abs(output - whole).max():.1e}")


if __name__ == "__main__":
    main()
