"""What a proof costs: against compiling and running both sides, over the number of layers, and over the length of a scan.

`python benchmarks/verify.py [--layers 12] [--rounds 3]` prints seconds of processor time (of the fastest round) and the
ratios of one run.
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx

from flake8_nnx.verify import inputs as data
from flake8_nnx.verify.build import linen_side, nnx_side
from flake8_nnx.case import Case
from flake8_nnx.verify.compare import Mode, calls
from flake8_nnx.verify.proof import PROBES, proved
from flake8_nnx.verify.sides import Arguments

WIDTH, HEADS = 128, 4


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        y = nn.SelfAttention(HEADS, dropout_rate=0.1, deterministic=not train)(nn.LayerNorm()(x))
        x = x + nn.Dropout(0.1, deterministic=not train)(y)
        y = nn.Dense(WIDTH)(nn.gelu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(x))))
        return x + nn.Dropout(0.1, deterministic=not train)(y)


class Transformer(nn.Module):
    layers: int

    @nn.compact
    def __call__(self, x, train=False):
        for _ in range(self.layers):
            x = Block()(x, train)
        return nn.LayerNorm()(x)


class NnxBlock(nnx.Module):
    def __init__(self, *, rngs):
        self.norm_0 = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(HEADS, WIDTH, dropout_rate=0.1, decode=False, rngs=rngs)
        self.dropout_0 = nnx.Dropout(0.1, rngs=rngs)
        self.norm_1 = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.dense_0 = nnx.Linear(WIDTH, 4 * WIDTH, rngs=rngs)
        self.dense_1 = nnx.Linear(4 * WIDTH, WIDTH, rngs=rngs)
        self.dropout_1 = nnx.Dropout(0.1, rngs=rngs)

    def __call__(self, x, train=False):
        y = self.attention(self.norm_0(x), deterministic=not train)
        x = x + self.dropout_0(y, deterministic=not train)
        y = self.dense_1(nnx.gelu(self.dense_0(self.norm_1(x))))
        return x + self.dropout_1(y, deterministic=not train)


class NnxTransformer(nnx.Module):
    def __init__(self, layers, *, rngs):
        self.blocks = nnx.List([NnxBlock(rngs=rngs) for _ in range(layers)])
        self.norm = nnx.LayerNorm(WIDTH, rngs=rngs)

    def __call__(self, x, train=False):
        for block in self.blocks:
            x = block(x, train)
        return self.norm(x)


class Scanned(nn.Module):
    length: int

    @nn.compact
    def __call__(self, x, train=False):
        def step(block, x, _):
            return block(x, train), None

        scan = nn.scan(step, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": True}, length=self.length)
        return scan(Block(), x, None)[0]


class NnxScanned(nnx.Module):
    def __init__(self, length, *, rngs):
        @nnx.split_rngs(splits=length)
        @nnx.vmap(in_axes=(0,), out_axes=0)
        def stack(rngs):
            return NnxBlock(rngs=rngs)

        self.blocks = stack(rngs)

    def __call__(self, x, train=False):
        @nnx.scan(in_axes=(0, nnx.Carry), out_axes=nnx.Carry)
        def step(block, x):
            return block(x, train)

        return step(self.blocks, x)


NAMES = {"SelfAttention_0": "attention", "LayerNorm_0": "norm_0", "LayerNorm_1": "norm_1"}


# `Dense(…)(gelu(Dense(…)(x)))` constructs the outer layer first, so Linen counts it first.
SWAPPED = {"Dense_0": "dense_1", "Dense_1": "dense_0"}


def path_of(linen: str, scanned: bool) -> str:
    """The NNX path of a Linen variable of these models."""
    _, first, *rest = linen.split("/")
    if len(rest) == 1:
        return f"norm/{rest[0]}"
    block = "blocks" if scanned else f"blocks/{first.removeprefix('Block_')}"
    return "/".join([block, *({**NAMES, **SWAPPED}.get(part, part) for part in rest)])


def sides(old: Any, new: Any, scanned: bool = False) -> tuple[Any, Any, Mode]:
    """Both sides of a model in training mode, with a batch of two."""
    case = Case("m.py:Transformer", build=lambda: old, args=("f32[b,16,128]",), kwargs={"train": True}, rngs=("dropout",))
    arguments = Arguments(data.materialise(case.args), dict(case.kwargs), tuple(data.axes((case.args, dict(case.kwargs)))))
    linen, sown = linen_side(old, case, arguments)
    names = {path: path_of(path, scanned) for path in linen.shapes}
    model, _, _ = nnx_side(new, linen, case, arguments, names, {}, sown)
    return linen, model, Mode("train", arguments)


def seconds(work: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        jax.clear_caches()
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def prove(linen: Any, model: Any, mode: Mode, gradients: bool = False, probes: Sequence[int] = PROBES) -> None:
    found = proved(linen, model, mode, gradients, probes)
    if not found.proved or found.symbolic != ("b",):
        raise SystemExit(f"not proved: {found}")


def compile_and_run(linen: Any, model: Any, mode: Mode) -> None:
    weights = {path: data.weight(path, tuple(s.shape), s.dtype) for path, s in linen.shapes.items()}
    for call in calls(linen, model, mode):
        jax.block_until_ready(jax.jit(call)(weights, mode.arguments.arrays()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"jax {jax.__version__}, {jnp.zeros(()).device}")
    both = sides(Transformer(options.layers), NnxTransformer)
    alone = seconds(lambda: prove(*both, probes=()), options.rounds)
    proof = seconds(lambda: prove(*both), options.rounds)
    gradient = seconds(lambda: prove(*both, gradients=True), options.rounds)
    run = seconds(lambda: compile_and_run(*both), 1)
    print(f"transformer of {options.layers} layers, train mode with dropout, any batch size")
    print(f"  compile and run both sides {run:.2f} s")
    for name, took in (
        ("proof of outputs and state", alone), ("and once more for a batch of one", proof), ("and gradients", gradient)
    ):  # fmt: skip
        print(f"  {name:32} {took:.2f} s: {run / took:.1f} times faster")
    for layers in (8, 16, 32, 64):
        each = seconds(lambda both=sides(Transformer(layers), NnxTransformer): prove(*both), 1)
        print(f"  {layers:3} layers: {each:.2f} s, {each / layers * 1000:.0f} ms a layer")
    for length in (4, 64, 1024):
        each = seconds(lambda both=sides(Scanned(length), NnxScanned, scanned=True): prove(*both), options.rounds)
        print(f"  scan of {length:4} turns: {each:.2f} s")


if __name__ == "__main__":
    main()
