"""What a constructor call needs beyond renamed arguments so that NNX computes the same as Linen.

One function per family of layers; each looks at the arguments that were written and adds keywords, problems and notes.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flake8_nnx.catalog.known_differences import ATTENTION, FORMULA, KEEP, KNOWN_DIFFERENCES, NORMS, PROMOTING
from flake8_nnx.catalog.layer import Layer


@dataclass
class Draft:
    """A call on its way: Linen arguments that were written, and what NNX gets besides."""

    layer: Layer
    given: dict[str, str]  # Linen keyword -> source text; an adjustment may take some away
    nnx: str
    extra: dict[str, str] = field(default_factory=dict)  # NNX keyword -> source text
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def known(self, name: str) -> None:
        """Quote one row of the table of differences."""
        self.notes.append(str(KNOWN_DIFFERENCES[name]))


def adjust(draft: Draft) -> None:
    """Run every adjustment that concerns the layer of this draft."""
    for layers, adjustment in _ADJUSTMENTS:
        if draft.layer.linen in layers:
            adjustment(draft)


# ---- reading source text --------------------------------------------------------------------------------------------


def parsed(text: str) -> ast.expr | None:
    """The expression, or None where the text is not one."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None


def literal(text: str) -> object:
    """The value of a literal; an `ast` node or None stands for everything else."""
    node = parsed(text)
    try:
        return ast.literal_eval(node) if node is not None else node
    except ValueError:
        return node


def is_false(text: str | None, default: bool = False) -> bool:
    """Whether the flag is certainly off; `default` is its value when it was not written."""
    return not default if text is None else text == "False"


def full_precision(text: str | None) -> bool:
    """Whether a dtype was left out, is None or float32."""
    return text in (None, "None", "'float32'", '"float32"') or last_name(text or "") == "float32"


def last_name(text: str) -> str:
    """`relu` of `nn.relu`; empty for anything but a dotted name."""
    node = parsed(text)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def tuple_text(items: list[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


# ---- adjustments ----------------------------------------------------------------------------------------------------


def norm_precision(draft: Draft) -> None:
    """Linen normalizes in float32 and casts last; NNX casts its operands first unless told to keep them."""
    given = draft.given
    keep = not full_precision(given.get("dtype"))
    if draft.layer.linen == "BatchNorm" and given.get("dtype", "None") == "None":
        affine = [given.get("use_bias", "True"), given.get("use_scale", "True")]
        keep = not full_precision(given.get("param_dtype")) or "True" not in affine
    if keep:
        name, _, value = KEEP.partition("=")
        draft.extra[name] = value
    if "use_running_average" in given:
        draft.notes.clear()


def norm_axes(draft: Draft) -> None:
    """NNX has one feature axis, whose size is `num_features`."""
    for name in ("axis", "feature_axes"):
        text = draft.given.get(name)
        if text is None:
            continue
        value = literal(text)
        axes = list(value) if isinstance(value, (tuple, list)) else [value]
        if len(axes) != 1 or not isinstance(axes[0], int):
            difference = KNOWN_DIFFERENCES["multiple-axes"]
            draft.problems.append(
                f"`{name}={text}` of nn.{draft.layer.linen} must be a single axis written as a number: "
                f"NNX {difference.nnx}; {difference.remedy}"
            )
        elif axes[0] != -1:
            draft.notes.append(f"num_features is the size of axis {axes[0]}")


def general_axes(draft: Draft) -> None:
    """Linen sorts the contracted axes before it makes the kernel, NNX makes it from in_features as written."""
    value = literal(draft.given.get("axis", "-1"))
    if not isinstance(value, (tuple, list)):
        return
    signs = {isinstance(axis, int) and axis < 0 for axis in value}
    if not all(isinstance(axis, int) for axis in value) or len(signs) > 1 or list(value) != sorted(value):
        draft.problems.append(
            f"`axis={draft.given['axis']}` of nn.DenseGeneral: NNX takes the sizes of the axes in ascending order; "
            "write the axes ascending and all of one sign"
        )


def einsum(draft: Draft) -> None:
    """Linen makes a bias over the kernel axes that stay in the result; NNX wants its shape."""
    given = draft.given
    use_bias = given.pop("use_bias", "True")
    if given.get("einsum_str", "None") == "None":
        draft.problems.append("nnx.Einsum wants its equation when it is built: give it the einsum_str of the call")
        given["einsum_str"] = "einsum_str"
        return
    if use_bias == "False":
        return
    shape = einsum_bias(given.get("shape", ""), given["einsum_str"])
    if shape is None:
        draft.problems.append("the source does not tell the shape of nn.Einsum's bias; give nnx.Einsum bias_shape=")
    else:
        draft.extra["bias_shape"] = shape if use_bias == "True" else f"{shape} if {use_bias} else None"


def einsum_bias(shape: str, equation: str) -> str | None:
    """`(4,)` for a kernel of shape `(8, 4)` in `'ab,bc->ac'`; None where the texts do not tell."""
    node, text = parsed(shape), literal(equation)
    if not isinstance(node, (ast.Tuple, ast.List)) or not isinstance(text, str):
        return None
    operands, arrow, result = text.replace(" ", "").partition("->")
    kernel = operands.partition(",")[2]
    plain = kernel.isalpha() and len(set(kernel)) == len(kernel) == len(node.elts)
    if not arrow or not plain or any(isinstance(size, ast.Starred) for size in node.elts):
        return None
    sizes = {axis: ast.unparse(size) for axis, size in zip(kernel, node.elts)}
    kept = [sizes[axis] for axis in result if axis in sizes]
    return tuple_text(kept) if kept else "()"


def attention(draft: Draft) -> None:
    """Keep Linen's formula where NNX's fast path would round otherwise, and its float32 normalization."""
    given = draft.given
    draft.notes.clear()
    own = given.get("attention_fn")
    if own is not None and own.rpartition(".")[0] in ("nn", "nnx", "linen", draft.nnx, "flax.linen", "flax.nnx"):
        if last_name(own) == "dot_product_attention":
            own = None
            del given["attention_fn"]
    half = "qkv_promote_dtype" in draft.extra  # in the dtype of the input, whatever that is
    half = half or not full_precision(given.get("dtype")) or not full_precision(given.get("param_dtype"))
    rate = literal(given.get("dropout_rate", "0.0"))
    if own is not None:
        difference = KNOWN_DIFFERENCES["attention-function"]
        draft.problems.append(f"`attention_fn={own}`: NNX {difference.nnx}; {difference.remedy}")
    elif not (isinstance(rate, (int, float)) and rate > 0):
        if half or given.get("precision", "None") != "None":
            name, _, value = FORMULA.partition("=")
            draft.extra[name] = value.replace("nnx.", f"{draft.nnx}.")
        else:
            draft.known("attention-fast-path")
    if not is_false(given.get("normalize_qk")) and not full_precision(given.get("dtype")):
        draft.extra["ln_promote_dtype"] = KEEP.partition("=")[2]
    if given.get("decode") == "True":
        difference = KNOWN_DIFFERENCES["decode-cache"]
        draft.problems.append(f"`decode=True`: NNX {difference.nnx}; {difference.remedy}")
    elif not is_false(given.get("decode")):
        draft.known("decode-cache")


def functions(draft: Draft) -> None:
    """Functions that a layer calls: NNX calls some of them in another way."""
    own = draft.given.get("promote_dtype")
    if own is not None:
        callee = own if last_name(own) else f"({own})"
        draft.given["promote_dtype"] = f"lambda args, **kwargs: {callee}(*args, **kwargs)"
    for name in ("dot_general", "qkv_dot_general", "out_dot_general", "conv_general_dilated"):
        for keyword in (name, f"{name}_cls"):
            text = draft.given.get(keyword)
            if text is None or keyword in draft.layer.dropped:
                continue
            if text == "None" or text in (f"lax.{name}", f"jax.lax.{name}"):
                del draft.given[keyword]  # what both take by default, though NNX may not take None
            else:
                difference = KNOWN_DIFFERENCES["out-sharding"]
                draft.problems.append(f"`{keyword}={text}`: NNX {difference.nnx} to it; {difference.remedy}")


def embed(draft: Draft) -> None:
    given = draft.given
    if given.get("dtype", "None") == "None" and not full_precision(given.get("param_dtype")):
        draft.known("embed-dtype")


def conv_mask(draft: Draft) -> None:
    if draft.given.get("mask", "None") != "None":
        draft.known("conv-mask")


def flags(draft: Draft) -> None:
    if "deterministic" in draft.given:
        draft.notes.clear()


def carry(draft: Draft) -> None:
    if "carry_init" in draft.given:
        draft.known("random-carry")


_ADJUSTMENTS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (NORMS, norm_precision),
    (NORMS, norm_axes),
    (("DenseGeneral",), general_axes),
    (("Einsum",), einsum),
    (ATTENTION, attention),
    ((*PROMOTING, *ATTENTION), functions),
    (("Embed",), embed),
    (("Conv", "ConvTranspose"), conv_mask),
    (("Dropout",), flags),
    (("LSTMCell", "OptimizedLSTMCell", "SimpleCell"), carry),
)


def held(draft: Draft, layers: Mapping[str, Layer]) -> None:
    """Layers that are arguments must be NNX layers by now; a Linen constructor among them is a problem."""
    for name in draft.layer.holds:
        node = parsed(draft.given.get(name, ""))
        for inner in ast.walk(node) if node is not None else ():
            if not isinstance(inner, ast.Call):
                continue
            callee = ast.unparse(inner.func)
            if callee.rpartition(".")[2] in layers and not callee.startswith(f"{draft.nnx}."):
                draft.problems.append(f"`{callee}(…)` inside nn.{draft.layer.linen} must become an NNX layer first")
