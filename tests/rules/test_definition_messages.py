"""The exact advice on module definitions: names, sizes and arguments as the code at hand has them."""
from __future__ import annotations

import textwrap

import pytest

from flake8_nnx.lint import lint_source

HEAD = "import functools\nimport dataclasses\nimport flax.linen as nn\nimport jax.numpy as jnp\nfrom typing import Any\n"


def messages(source: str, code: str) -> list[str]:
    return [found.message for found in lint_source(HEAD + textwrap.dedent(source)) if found.code == code]


def compact(body: str, fields: str = "width: int", arguments: str = "x") -> str:
    """A module with this compact method."""
    return (
        f"class Net(nn.Module):\n    {fields}\n\n    @nn.compact\n    def __call__(self, {arguments}):\n"
        + textwrap.indent(textwrap.dedent(body), " " * 8)
    )


# ---- layers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("return nn.Dense(self.width)(x)", ["self.dense = nnx.Linear(in_features, width, rngs=rngs)"]),
        ("return nn.Dense(features=4, use_bias=False)(x)",
         ["self.dense = nnx.Linear(in_features, 4, use_bias=False, rngs=rngs)"]),
        ("return nn.Dense(3, name='out')(x)", ["self.out = nnx.Linear(in_features, 3, rngs=rngs)"]),
        ("x = nn.Dense(3)(x)\nreturn nn.Dense(4)(x)",
         ["self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)", "self.dense_1 = nnx.Linear(3, 4, rngs=rngs)"]),
        ("return nn.Dense(x.shape[-1] * 2)(x)", ["self.dense = nnx.Linear(in_features, in_features * 2, rngs=rngs)"]),
        ("return nn.Dense(3, kernel_init=nn.initializers.zeros)(x)",
         ["self.dense = nnx.Linear(in_features, 3, kernel_init=nnx.initializers.zeros, rngs=rngs)"]),
        ("return nn.BatchNorm(momentum=0.9)(x)", ["self.batch_norm = nnx.BatchNorm(in_features, momentum=0.9, rngs=rngs)"]),
        ("return nn.LSTMCell(3)(x, x)", ["self.lstm_cell = nnx.LSTMCell(in_features, 3, rngs=rngs)"]),
    ],
)
def test_lazy_layer(body: str, advice: list[str]) -> None:
    found = messages(compact(body), "NNX110")
    assert [message.split(" is lazy: create it in __init__ as ")[1] for message in found] == advice


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("model = nn.Dense(features=10)",
         "nn.Dense(features=10) is lazy: create it as model = nnx.Linear(in_features, 10, rngs=nnx.Rngs(0))"),
        ("models = [nn.Dense(10)]", "nn.Dense(10) is lazy: create it as nnx.Linear(in_features, 10, rngs=nnx.Rngs(0))"),
        ("norm = nn.BatchNorm(True)",
         "nn.BatchNorm(True) is lazy: create it as norm = "
         "nnx.BatchNorm(num_features, use_running_average=True, rngs=nnx.Rngs(0))"),
        ("conv = functools.partial(nn.Conv, use_bias=False)",
         "functools.partial(nn.Conv, use_bias=False) is lazy: "
         "make it functools.partial(nnx.Conv, use_bias=False, rngs=nnx.Rngs(0)) and give in_features where it is called"),
        ("dense = functools.partial(nn.Dense, features=in_features)",
         "functools.partial(nn.Dense, features=in_features) is lazy: make it "
         "functools.partial(nnx.Linear, out_features=in_features, rngs=nnx.Rngs(0)) and give in_features where it is called"),
        ("dense = functools.partial(nn.Dense, 64)",
         "functools.partial(nn.Dense, 64) is lazy: "
         "make it functools.partial(nnx.Linear, out_features=64, rngs=nnx.Rngs(0)) and give in_features where it is called"),
    ],
)
def test_lazy_layer_outside_a_module(line: str, message: str) -> None:
    assert messages(line, "NNX110") == [message]


def test_calls_of_a_partial_carry_its_arguments() -> None:
    source = compact("conv = functools.partial(nn.Conv, use_bias=False)\nreturn conv(64, (3, 3), strides=2)(x)")
    assert messages(source, "NNX110")[1] == (
        "conv(64, (3, 3), strides=2) is lazy: create it in __init__ as "
        "self.conv = nnx.Conv(in_features, 64, kernel_size=(3, 3), use_bias=False, strides=2, rngs=rngs)"
    )


def test_what_only_the_call_knows_stays_in_the_call() -> None:
    source = compact("return nn.BatchNorm(use_running_average=not train)(x)", arguments="x, train")
    assert messages(source, "NNX110")[0].endswith(
        "self.batch_norm = nnx.BatchNorm(in_features, rngs=rngs); call it with use_running_average=not train"
    )
    source = compact("norm = functools.partial(nn.BatchNorm, use_running_average=not train)\nreturn norm()(x)", "", "x, train")
    assert "functools.partial(nnx.BatchNorm, rngs=rngs)" in messages(source, "NNX110")[0]


def test_layers_of_a_loop_and_the_size_that_changes() -> None:
    source = compact("for f in self.widths:\n    x = nn.Dense(f)(x)\nreturn x", "widths: tuple")
    assert messages(source, "NNX110") == [
        "nn.Dense(f) is lazy: create it in __init__ as self.dense_layers.append(nnx.Linear(x_features, f, rngs=rngs)), "
        "self.dense_layers being an nnx.List; x_features is in_features at first, then f"
    ]


def test_layers_of_setup() -> None:
    source = """
        class Net(nn.Module):
            def setup(self):
                self.first = nn.Dense(3)
                self.rest = [nn.Dense(4), nn.Dense(5)]
            def __call__(self, x):
                x = self.first(x)
                for layer in self.rest:
                    x = layer(x)
                return x
    """
    assert [message.split("__init__ as ")[1] for message in messages(source, "NNX110")] == [
        "self.first = nnx.Linear(in_features, 3, rngs=rngs)",
        "nnx.Linear(3, 4, rngs=rngs), an element of the nnx.List self.rest",
        "nnx.Linear(4, 5, rngs=rngs), an element of the nnx.List self.rest",
    ]
    (setup,) = messages(source, "NNX102")
    assert setup == (
        "`setup` of `Net`: nnx never calls it, move its body to `__init__` and create `nn.Dense` there; "
        "`self.rest` becomes an `nnx.List`"
    )


@pytest.mark.parametrize(
    ("layer", "problem"),
    [
        ("nn.LayerNorm(force_float32_reductions=False)",
         "; mind that `force_float32_reductions=False` of nn.LayerNorm has no NNX twin: "),
        ("nn.Conv(3)", "; mind that nn.Conv needs `kernel_size`"),
        ("nn.Dense(*given)", "; mind that nn.Dense is given arguments with * or **"),
        ("nn.Dense(3, **given)", "; mind that nn.Dense is given arguments with * or **"),
        ("nn.Dense(3, param_dtype=x.dtype)", "; mind that x.dtype is known only in the call"),
    ],
)
def test_what_is_in_the_way_is_said(layer: str, problem: str) -> None:
    (message,) = messages(compact(f"return {layer}(x)"), "NNX110")
    assert problem in message


@pytest.mark.parametrize(
    ("layer", "advice"),
    [
        ("nn.LayerNorm(dtype=x.dtype)",
         "nnx.LayerNorm(in_features, promote_dtype=lambda args, dtype: args, rngs=rngs); "
         "cast what it returns with .astype(x.dtype)"),
        ("nn.Dense(3, dtype=x.dtype)",
         "nnx.Linear(in_features, 3, promote_dtype=lambda args, dtype: nnx.nn.dtypes.promote_dtype(args, dtype=args[0].dtype), "
         "rngs=rngs)"),
    ],
)
def test_a_dtype_that_only_the_call_knows_stays_there(layer: str, advice: str) -> None:
    (message,) = messages(compact(f"return {layer}(x)"), "NNX110")
    assert message.endswith(advice)


# ---- submodules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("return nn.Dropout(0.5)(x, True)", "self.dropout = nnx.Dropout(0.5, rngs=rngs)"),
        ("return nn.Embed(10, self.width)(x)", "self.embed = nnx.Embed(10, width, rngs=rngs)"),
        ("return nn.Sequential([nn.Dense(3), nn.relu])(x)",
         "self.sequential = nnx.Sequential(nnx.Linear(in_features, 3, rngs=rngs), nnx.relu)"),
        ("return Inner(self.width)(x)", "self.inner = Inner(in_features, width, rngs=rngs)"),
        ("return Inner(width=3, name='i')(x)", "self.i = Inner(in_features, width=3, rngs=rngs)"),
        ("return Inner(*given, **more)(x)", "self.inner = Inner(in_features, *given, **more, rngs=rngs)"),
        ("return Bare()(x)", "self.bare = Bare()"),
        ("return nn.PReLU()(x)", "self.p_re_lu = nnx.PReLU()"),
    ],
)
def test_inline_submodule(body: str, advice: str) -> None:
    inner = compact("return nn.Dense(self.width)(x)").replace("Net", "Inner")
    bare = "\nclass Bare(nn.Module):\n    def __call__(self, x):\n        return x\n\n"
    found = messages(f"{inner}\n{bare}\n{compact(body)}", "NNX111")
    assert [message.split(" is created in the call: create it in __init__ as ")[1] for message in found] == [advice]


# ---- fields and the base class ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "advice"),
    [
        ("width: int", "make it the parameter `width: int` of `__init__`"),
        ("width: int = 3", "make it the parameter `width: int = 3` of `__init__`"),
        ("act: Any = nn.relu", "make it the parameter `act: Any = nnx.relu` of `__init__`"),
        ("w: int = dataclasses.field(default=3)", "make it the parameter `w: int = 3` of `__init__`"),
        ("w: int = dataclasses.field(repr=False)", "make it the parameter `w: int` of `__init__`"),
        ("w: list = dataclasses.field(default_factory=list)",
         "make it the parameter `w: list | None = None` of `__init__`, stored as `self.w = list() if w is None else w`"),
        ("w: list = dataclasses.field(default_factory=lambda: [1])",
         "make it the parameter `w: list | None = None` of `__init__`, stored as `self.w = [1] if w is None else w`"),
        ("train: bool = False",
         "`train` is a method of nnx.Module, so make it a parameter of `__init__` and keep it as `self.training`"),
    ],
)
def test_field(field: str, advice: str) -> None:
    (message,) = messages(f"class Net(nn.Module):\n    {field}\n", "NNX104")
    assert message == f"field `{field}` of `Net`: {advice}"


def test_field_that_a_method_reads_is_stored() -> None:
    (message,) = messages(compact("return x * self.width"), "NNX104")
    assert message.endswith("of `__init__`, stored as `self.width = width` for `__call__`")
    (message,) = messages(compact("return nn.Dense(self.width)(x)"), "NNX104")
    assert "stored" not in message


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        (compact("return nn.Dense(self.width)(x)"),
         "derive from `nnx.Module` and write `def __init__(self, in_features: int, width: int, *, rngs: nnx.Rngs)`"),
        (compact("return nn.Dense(3)(x) + nn.Dense(3)(mask)", "pass", "x, mask"),
         "derive from `nnx.Module` and write "
         "`def __init__(self, in_features: int, mask_features: int, *, rngs: nnx.Rngs)`"),
        (compact("return self.param('w', nn.initializers.ones, (3,))", "pass"),
         "derive from `nnx.Module` and write `def __init__(self, *, rngs: nnx.Rngs)`"),
        (compact("return x * 2", "pass"), "derive from `nnx.Module`"),
        ("class Net(nn.RNNCellBase):\n    pass", "derive from `nnx.RNNCellBase`"),
        ("class Net(nn.Dense):\n    pass",
         "derive from `nnx.Linear` and pass its `__init__` the arguments it takes, with `rngs=rngs`"),
    ],
)
def test_base(source: str, advice: str) -> None:
    (message,) = messages(source, "NNX103")
    assert message.split(": ", 1)[1] == advice


# ---- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("return nn.Dense(3, name='out')(x)", "NNX names by attribute, hold it in `self.out`"),
        ("return nn.Dense(3, name='a-b')(x)", "NNX names by attribute, hold it in `self.a_b` (the path a-b becomes a_b)"),
        ("return nn.Dense(3, name='0')(x)", "NNX names by attribute, hold it in `self._0` (the path 0 becomes _0)"),
        ("return nn.Dense(3, name='width')(x)",
         "NNX names by attribute, hold it in `self.width_layer` (the path width becomes width_layer)"),
        ("for i in range(3):\n    x = nn.Dense(3, name=f'block_{i}')(x)",
         "NNX names by attribute, hold the modules in the nnx.List `self.blocks`"),
        ("return nn.Dense(3, name=None)(x)", "delete it, an NNX module is named by the attribute that holds it"),
        ("return nn.Dense(3, name=given)(x)", "delete it, an NNX module is named by the attribute that holds it"),
        ("return nn.Dense(3, parent=None)(x)",
         "delete it, an NNX module has no parent and belongs to whatever attribute holds it"),
    ],
)
def test_name(body: str, advice: str) -> None:
    (message,) = messages(compact(body), "NNX105")
    assert message.split(": ", 1)[1] == advice


# ---- the decorator ------------------------------------------------------------------------------------------------


def test_compact_names_what_it_creates() -> None:
    (message,) = messages(compact("x = nn.Dense(3)(x)\nx = nn.Dropout(0.1)(x)\nreturn nn.Dense(4)(x)"), "NNX101")
    assert message == (
        "`@nn.compact` on `Net.__call__`: create `nn.Dense` and `nn.Dropout` in `__init__` "
        "and keep the arithmetic in `__call__`"
    )
    (message,) = messages(compact("return x"), "NNX101")
    assert message == "`@nn.compact` on `Net.__call__`: delete the decorator, `__call__` creates nothing"


def test_long_code_is_shortened_in_quotes_but_not_in_replacements() -> None:
    long = "functools.partial(jnp.einsum, 'abcdefghijklmnopqrstuvwxyz,abcdefghijklmnopqrstuvwxyz->abc')"
    (message,) = messages(compact(f"return nn.Dense(3, kernel_init={long})(x)"), "NNX110")
    quoted, replacement = message.split(" is lazy: ")
    assert len(quoted) == 60 and quoted.endswith("…")
    assert long in replacement and "…" not in replacement


def test_linting_twice_gives_the_same() -> None:
    source = HEAD + compact("return nn.Dense(self.width)(x)")
    assert lint_source(source) == lint_source(source)


# ---- variables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "advice"),
    [
        ("k = self.param('k', nn.initializers.ones, (x.shape[-1], self.width))", "NNX201",
         "`self.k = nnx.Param(nnx.initializers.ones(rngs.params(), (in_features, width)))` in `__init__`"),
        ("k = self.param('k', nn.initializers.ones, x.shape)", "NNX201",
         "`self.k = nnx.Param(nnx.initializers.ones(rngs.params(), x.shape))` in `__init__`; `x.shape` depends on the call: "
         "make it from sizes that `__init__` takes"),
        ("k = self.param('k', lambda *_: jnp.ones(3))", "NNX201", "`self.k = nnx.Param(jnp.ones(3))` in `__init__`"),
        ("k = self.param('k', lambda key: jnp.ones(3) * key)", "NNX201",
         "`self.k = nnx.Param((lambda key: jnp.ones(3) * key)(rngs.params()))` in `__init__`"),
        ("k = self.param('k', self.init, (3,), dtype=jnp.float32)", "NNX201",
         "`self.k = nnx.Param(self.init(rngs.params(), (3,), dtype=jnp.float32))` in `__init__`"),
        ("n = self.width * 2\nk = self.variable('batch_stats', 'k', jnp.zeros, (n,))", "NNX202",
         "`self.k = nnx.BatchStat(jnp.zeros((n,)))` in `__init__`, of type `nnx.BatchStat`"),
        ("n = [x]\nk = self.variable('batch_stats', 'k', jnp.zeros, n)", "NNX202",
         "`self.k = nnx.BatchStat(jnp.zeros(n))` in `__init__`, of type `nnx.BatchStat`; `n` depends on the call: make it from "
         "sizes that `__init__` takes"),
    ],
)  # fmt: skip
def test_initial_values(body: str, code: str, advice: str) -> None:
    (message,) = messages(compact(body), code)
    assert message.endswith(f" becomes {advice}")


def test_fields_that_only_names_can_give() -> None:
    (message,) = messages("class Net(nn.Module, kw_only=True):\n    a: int = 1\n    b: int\n", "NNX103")
    assert message.endswith("`def __init__(self, *, a: int = 1, b: int, rngs: nnx.Rngs)`")


def test_a_path_names_the_attribute_that_holds_the_layer() -> None:
    use = "\n\ndef f(key, x):\n    return Net(width=3).init(key, x)['params']['Dense_0']['kernel']\n"
    assert messages(compact("return nn.Dense(3)(x)") + use, "NNX205")[0].endswith("`net.dense.kernel[...]`")
    assert messages(compact("return nn.Dense(3)(nn.Dense(3)(x))") + use, "NNX205")[0].endswith("`net.dense_0.kernel[...]`")
    assert messages(compact("return nn.Dense(3, name='out')(x)") + use, "NNX205")[0].endswith("`net.dense_0.kernel[...]`")
