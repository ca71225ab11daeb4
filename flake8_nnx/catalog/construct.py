"""One Linen constructor or layer call, argument by argument, as NNX wants it written.

Positional arguments become keywords where their position moved, and sizes come first.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flake8_nnx.catalog.layers import Layer

FULL_PRECISION = frozenset({"None", "jnp.float32", "jax.numpy.float32", "np.float32", "'float32'", '"float32"', "float"})
NORMS = frozenset({"BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm"})


@dataclass(frozen=True)
class Construction:
    """The NNX constructor call; with problems it is only the nearest thing."""

    code: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def construct(
    layer: Layer,
    positional: Sequence[str],
    keywords: Mapping[str, str],
    sizes: Mapping[str, str],
    *,
    nnx: str = "nnx",
    rngs: str = "rngs",
) -> Construction:
    """The NNX constructor for a Linen one.

    Args:
        positional, keywords: source of the arguments as written, without `name` and `parent`.
        sizes: source of the sizes that NNX must be told; one that is missing is shown by its own name.
    """
    problems: list[str] = []
    given: dict[str, str] = {}
    if len(positional) > len(layer.linen_args):
        problems.append(f"nn.{layer.linen} takes {len(layer.linen_args)} positional arguments, {len(positional)} are given")
    if layer.linen == "Sequential":
        return _sequential(layer, positional, keywords, nnx)
    for name, text in [*zip(layer.linen_args, positional), *keywords.items()]:
        if name not in layer.linen_args:
            problems.append(f"nn.{layer.linen} has no argument `{name}`")
        elif name in layer.dropped:
            if not _is_default(name, text):
                problems.append(f"`{name}={text}` of nn.{layer.linen} has no NNX twin: {layer.dropped[name]}")
        else:
            given[layer.renames.get(name, name)] = text
    if layer.refuse:
        problems.append(f"nn.{layer.linen} has no exact NNX twin: {layer.refuse}")
    if layer.linen == "Einsum" and {**dict(zip(layer.linen_args, positional)), **keywords}.get("use_bias") != "False":
        problems.append("nn.Einsum adds a bias by default; give nnx.Einsum its bias_shape by hand")
    if layer.linen in NORMS and given.get("dtype", "None") not in FULL_PRECISION:
        # Linen normalises in float32 and casts last; NNX would cast its operands first.
        given["promote_dtype"] = "lambda args, **_: args"
    for name, text in layer.always.items():
        given.setdefault(name, text)
    for size in layer.sizes:
        given[size] = sizes.get(size, size)
    leading = [given.pop(name) for name in layer.leading if name in given]
    rest = [f"{name}={text}" for name, text in given.items()]
    if layer.rngs:
        rest.append(f"rngs={rngs}")
    name = f"{nnx}.{layer.nnx}" if layer.nnx else f"nn.{layer.linen}"
    return Construction(f"{name}({', '.join([*leading, *rest])})", tuple(problems), (layer.note,) if layer.note else ())


def _is_default(name: str, text: str) -> bool:
    return text == ("True" if name == "force_float32_reductions" else "()" if name == "batch_dims" else "None") or (
        text == "False" and name in ("force_fp32_for_softmax", "use_bias")
    )


def _sequential(layer: Layer, positional: Sequence[str], keywords: Mapping[str, str], nnx: str) -> Construction:
    text = positional[0] if positional else keywords.get("layers", "")
    listed = text[:1] in "[(" and text[-1:] in "])" and bool(text)
    inside = text[1:-1].rstrip(", ") if listed else f"*{text}"
    return Construction(f"{nnx}.{layer.nnx}({inside})")


def call(layer: Layer, positional: Sequence[str], keywords: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
    """Arguments of `layer(…)` on the NNX side, and why some cannot be written."""
    problems: list[str] = []
    arguments: list[str] = []
    named: list[str] = []
    for index, text in enumerate(positional):
        name = layer.call_args[index] if index < len(layer.call_args) else None
        name = layer.call_renames.get(name, name) if name else None
        if name in layer.call_keyword_only:
            named.append(f"{name}={text}")
        else:
            arguments.append(text)
    for name, text in keywords.items():
        if name in layer.call_dropped:
            problems.append(f"`{name}=` in the call of nn.{layer.linen} has no NNX twin: {layer.call_dropped[name]}")
            continue
        named.append(f"{layer.call_renames.get(name, name)}={text}")
    return [*arguments, *named], tuple(problems)
