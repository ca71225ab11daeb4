"""What recording costs: training loops with the hook and without it, interleaved in one run, as a ratio of CPU seconds.

`python benchmarks/record.py [--rounds N] [--steps N]` prints one line for each loop: a VAE on synthetic digits, jitted (the hook
sees the traces), traced anew each time, and without jit (the hook sees every call); and whole programs, start-up included.
"""
from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PROGRAM = '''
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from flax.training import train_state
from jax import random


class Encoder(nn.Module):
    latents: int

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(500, name="fc1")(x))
        return nn.Dense(self.latents, name="fc2_mean")(x), nn.Dense(self.latents, name="fc2_logvar")(x)


class Decoder(nn.Module):
    @nn.compact
    def __call__(self, z):
        return nn.Dense(784, name="fc2")(nn.relu(nn.Dense(500, name="fc1")(z)))


class VAE(nn.Module):
    latents: int = 20

    def setup(self):
        self.encoder = Encoder(self.latents)
        self.decoder = Decoder()

    def __call__(self, x, z_rng):
        mean, logvar = self.encoder(x)
        return self.decoder(mean + jnp.exp(0.5 * logvar) * random.normal(z_rng, logvar.shape)), mean, logvar


def train_step(state, batch, key):
    def loss(params):
        recon, mean, logvar = state.apply_fn({"params": params}, batch, key)
        kld = -0.5 * jnp.sum(1 + logvar - mean**2 - jnp.exp(logvar), -1)
        return (optax.sigmoid_binary_cross_entropy(recon, batch).sum(-1) + kld).mean()

    return state.apply_gradients(grads=jax.grad(loss)(state.params))


images = jnp.asarray(np.random.default_rng(0).random((128, 784)) > 0.5, jnp.float32)
vae = VAE()
state = train_state.TrainState.create(
    apply_fn=vae.apply, params=vae.init(random.key(0), images, random.key(1))["params"], tx=optax.adam(1e-3)
)
jitted = jax.jit(train_step)


def train(step, steps):
    result = state
    for number in range(steps):
        result = step(result, images, random.fold_in(random.key(2), number))
    jax.block_until_ready(result.params)


def jit(steps):
    train(jitted, steps)


def trace(steps):
    for _ in range(max(steps // 20, 1)):
        jax.make_jaxpr(lambda s, x, k: train_step(s, x, k))(state, images, random.key(0))


def no_jit(steps):
    for number in range(steps):
        vae.apply({"params": state.params}, images[:4], random.key(number))


if __name__ == "__main__":
    jit(int(sys.argv[1]))
'''


def clock() -> float:
    """CPU seconds of this process and those it ran: other work on the machine does not count."""
    return sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "vae.py")
        program.write_text(PROGRAM)
        in_process(program, Path(folder, "loop.sqlite"), options.rounds, options.steps)
        whole_programs(program, Path(folder, "program.sqlite"), min(options.rounds, 5), 5 * options.steps)


def in_process(program: Path, database: Path, rounds: int, steps: int) -> None:
    """The loops in this process; the hook is put in and taken out between rounds."""
    sys.path.insert(0, str(program.parent))
    import vae  # type: ignore[import-not-found]
    from flax.linen import module as linen

    from flake8_nnx.record import store
    from flake8_nnx.record.hook import Hook
    from flake8_nnx.record.recorder import Recorder

    store.create(database)
    names = ("_call_wrapped_method", "make_rng")
    without = {name: getattr(linen.Module, name) for name in names}
    Hook(linen, Recorder(str(database), "run", str(program.parent))).install()
    with_hook = {name: getattr(linen.Module, name) for name in names}

    def using(methods: dict[str, Callable[..., object]]) -> None:
        for name, method in methods.items():
            setattr(linen.Module, name, method)

    for loop in (vae.jit, vae.trace, vae.no_jit):
        loop(5)  # compiles, and records what there is to record
        seconds: dict[str, list[float]] = {"without": [], "with": []}
        for _ in range(rounds):
            for label, methods in (("without", without), ("with", with_hook)):
                using(methods)
                start = clock()
                loop(steps)
                seconds[label].append(clock() - start)
        show(loop.__name__, seconds["without"], seconds["with"])
    assert len(store.recorded_classes(database)) == 3, "the hook has seen nothing"


def whole_programs(program: Path, database: Path, rounds: int, steps: int) -> None:
    """The program by itself and below `flake8-nnx record`."""
    plain = [sys.executable, str(program), str(steps)]
    recorded = [sys.executable, "-m", "flake8_nnx", "record", "--out", str(database), "--", *plain]
    seconds: dict[str, list[float]] = {"plain": [], "recorded": []}
    for _ in range(rounds):
        for label, command in (("plain", plain), ("recorded", recorded)):
            start = clock()
            subprocess.run(command, check=True, capture_output=True)
            seconds[label].append(clock() - start)
    show("program", seconds["plain"], seconds["recorded"])


def show(name: str, without: list[float], with_hook: list[float]) -> None:
    """Medians, their ratio, and the quartiles of the ratios of neighbouring rounds."""
    ratios = statistics.quantiles([b / a for a, b in zip(without, with_hook)], n=4)
    middle = statistics.median(with_hook) / statistics.median(without)
    print(
        f"{name:8} without {statistics.median(without):7.3f} s  with {statistics.median(with_hook):7.3f} s"
        f"  ratio {middle:.3f} (rounds {ratios[0]:.3f} to {ratios[-1]:.3f})",
        flush=True,
    )


if __name__ == "__main__":
    main()
