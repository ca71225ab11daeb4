"""The golden rewrites compute what their Linen originals do, each class on its own case, under the emitted variable map."""
import importlib.util
from pathlib import Path

import pytest
from compiled import AS_USERS_FUSE
from golden_options import with_options

from flake8_nnx.migrate.file import plan_file, rewrite
from flake8_nnx.verify import Case, verify_files

pytestmark = pytest.mark.jax
HERE = Path(__file__).parent
MODES = {"kwargs": {"train": False}, "train_kwargs": {"train": True}, "rngs": ("dropout",), "mutable": ("batch_stats",)}
TRAINING = {"kwargs": {"training": False}, "train_kwargs": {"training": True}, "mutable": ("batch_stats",)}
CASES = {
    "cnn": [
        Case("cnn:Block", init="Block(3)", args=("f32[2,4,4,2]",), **MODES),
        Case("cnn:Block", init="Block(2)", args=("f32[2,4,4,2]",), **MODES),
        Case("cnn:CNN", init="CNN((4, 3))", args=("f32[2,8,8,2]",), **MODES),
        Case("cnn:CNN", init="CNN((4,), use_norm=False)", args=("f32[2,4,4,2]",), **MODES),
    ],
    "choosers": [
        Case("choosers:FeedForward", init="FeedForward('scale')", args=("f32[2,4]",)),
        Case("choosers:FeedForward", init="FeedForward()", args=("f32[2,4]",)),
        Case("choosers:Deep", init="Deep('batch')", args=("f32[2,4]",), **TRAINING),
        Case("choosers:Deep", init="Deep(None, (3,))", args=("f32[2,4]",), **TRAINING),
        Case("choosers:Two", init="Two('ln', 'batch')", args=("f32[2,4]",), **MODES),
        Case("choosers:InSetup", init="InSetup('layer', False)", args=("f32[2,4]",)),
        Case("choosers:Matched", init="Matched('batch')", args=("f32[2,4]",), **MODES),
        Case("choosers:Matched", init="Matched(None, 4)", args=("f32[2,4]",), **MODES),
        Case("choosers:OfPartial", init="OfPartial()", args=("f32[2,4]",), **TRAINING),
        Case("choosers:OfPartial", init="OfPartial('BN')", args=("f32[2,4]",), **TRAINING),
        Case("choosers:InMethod", init="InMethod('batch')", args=("f32[2,3]",), **MODES),
        Case("choosers:Flag", init="Flag()", args=("f32[2,4]",), **MODES),
    ],
    "modes": [
        Case("modes:Net", init="Net((4, 4))", args=("f32[2,4,4]",)),
        Case("modes:Noisy", init="Noisy(0.5)", args=("f32[2,4]", True)),
    ],
    "setup": [
        Case("setup:MLP", init="MLP((4, 5, 6))", args=("f32[2,3]",)),
        Case("setup:Positional", init="Positional(4)", args=("f32[5,4]",)),
        Case("setup:MLP", init="MLP((4,))", args=("f32[2,3]",), method="norm", new_init="MLP(3, (4,), rngs=rngs)"),
    ],
    "tables": [
        Case("tables:Symmetric", init="Symmetric(((0, 1, 2), (1, 2, 0)), 4)", args=("f32[2,5,3]",)),
        Case("tables:Symmetric", init="Symmetric(((0, 1, 2), (1, 2, 0)), 4, (1, 0, 1))", args=("f32[2,5,3]",)),
        Case("tables:Period", init="Period(6)", args=("f32[2,6]",)),
        Case("tables:Period", init="Period(6, 3)", args=("f32[2,6]",)),
        Case("tables:Rebound", init="Rebound(4)", args=("f32[2,4]",)),
    ],
    "one_scope": [
        Case("one_scope:Gated", init="Gated(4, 3, wide=True)", args=("f32[2,3]",)),
        Case("one_scope:Adapted", init="Adapted(3, 2)", args=("f32[2,5]",)),
        Case("one_scope:Layers", init="Layers(4)", args=("f32[2,3]",)),
        Case("one_scope:Borrows", init="Borrows(3)", args=("f32[2,3]",)),
    ],
    "one_scope_given": [
        Case("one_scope_given:Adapted", init="Adapted(rank=2, wrapped=nn.Dense(3))", args=("f32[2,5]",)),
        Case("one_scope_given:Adapted", init="Adapted(rank=2, wrapped=nn.Dense(3, False, jnp.bfloat16))", args=("bf16[2,5]",)),
        Case("one_scope_given:InSetup", init="InSetup(nn.Dense(3), 2)", args=("f32[2,4,5]",)),
        Case("one_scope_given:Unshared", init="Unshared(nn.Dense(3))", args=("f32[2,5]",)),
        Case("one_scope_given:Unshared", init="Unshared(nn.Dense(3, use_bias=False))", args=("f32[2,5]",)),
        Case("one_scope_given:AdaptedEinsum", init="AdaptedEinsum(2, nn.Einsum((5, 3), 'bx,xy->by'))", args=("f32[b,5]",)),
        Case(
            "one_scope_given:AdaptedEinsum", init="AdaptedEinsum(2, nn.Einsum((4, 5, 3), 'btx,txy->bty', False, jnp.bfloat16))",
            args=("f32[b,4,5]",),
        ),
        Case("one_scope_given:AdaptedGeneral", init="AdaptedGeneral(nn.DenseGeneral(3))", args=("f32[2,5]",)),
        Case("one_scope_given:AdaptedGeneral", init="AdaptedGeneral(nn.DenseGeneral((3, 2), (-2, -1)))", args=("f32[2,4,5]",)),
        Case(
            "one_scope_given:AdaptedGeneral", init="AdaptedGeneral(nn.DenseGeneral(3, use_bias=False, batch_dims=(0,)))",
            args=("f32[2,4,5]",),
        ),
        Case("one_scope_given:Net", init="Net()", args=("f32[2,5]",)),
        Case("one_scope_given:Stack", init="Stack(4)", args=("f32[2,5]",)),
        Case("one_scope_given:Nested", init="Nested()", args=("f32[2,5]",)),
        Case("one_scope_given:NestedInSetup", init="NestedInSetup()", args=("f32[2,5]",)),
        Case("one_scope_given:Whole", init="Whole()", args=("f32[2,5]",)),
        Case("one_scope_given:Quantized", init="Quantized('round', nn.Dense(3))", args=("f32[2,5]",)),
        Case(
            "one_scope_given:Quantized", args=("bf16[2,5]",),
            init="Quantized('', nn.Dense(3, True, jnp.bfloat16, jnp.float16, bias_init=nn.initializers.normal()), plus=1.0)",
        ),
        Case("one_scope_given:Quantized", init="Quantized('round', nn.Dense(3, use_bias=False))", args=("f32[2,5]",)),
        Case("one_scope_given:SettingsAlone", init="SettingsAlone(nn.BatchNorm(momentum=0.5))", args=("f32[2,5]",)),
        Case("one_scope_given:Images", init="Images(nn.Conv(4, (3,), feature_group_count=2))", args=("f32[2,5,6]",)),
        Case("one_scope_given:AsksItsOwn", init="AsksItsOwn(3)", args=("f32[2,5]",)),
        Case("one_scope_given:OwnWeight", init="OwnWeight('w', Scaled(3))", args=("f32[2,4]",)),
    ],
    "given_modules": [
        Case("given_modules:InSetup", init="InSetup(4)", args=("f32[2,4]",)),
        Case("given_modules:InCompact", init="InCompact(4)", args=("f32[2,5]",)),
        Case(
            "given_modules:Mapped", init="Mapped(nn.Dense(3))", args=("f32[2,4]",),
            new_init="Mapped(nnx.Linear(4, 3, rngs=rngs), rngs=rngs)",
        ),
    ],
    "untold": [
        Case("untold:Net", init="Net()", args=("bf16[2,3,4]",)),
        Case("untold:Posed", init="Posed()", args=("f32[2,8,6,3]",)),
        *(Case("untold:Typed", init="Typed()", args=(f"{dtype}[2,4]",)) for dtype in ("f32", "bf16")),
        Case("untold:Holder", init="Holder()", args=("f16[2,5]",)),
    ],
    "call_dtypes": [
        *(Case("call_dtypes:Mlp", init="Mlp()", args=(f"{dtype}[2,3]",)) for dtype in ("bf16", "f16")),
        *(
            Case("call_dtypes:Images", init=f"Images({on})", args=(f"{dtype}[2,4,4,3]", "f32[2,4,4,2]"), mutable=("batch_stats",))
            for dtype, on in (("f32", False), ("bf16", True))
        ),
        Case("call_dtypes:Precise", init="Precise()", args=("bf16[2,3]", "i32[2]<5")),
        Case("call_dtypes:Named", init="Named()", args=("bf16[2,3]",)),
        *(
            Case("call_dtypes:OrGiven", init=f"OrGiven({dtype})", args=("f16[2,3]",))
            for dtype in ("", "jnp.float32")
        ),
        *(Case("call_dtypes:ChangedElsewhere", init=f"ChangedElsewhere({on})", args=("bf16[2,3]",)) for on in (True, False)),
        Case("call_dtypes:Outside", init="Outside()", args=("bf16[2,3]",)),
        Case("call_dtypes:Late", init="Late()", args=("bf16[2,3]",)),
        Case("call_dtypes:Heads", init="Heads()", args=("bf16[2,5,4]", "bool[2,1,5,5]")),
    ],
    "local_functions": [Case("local_functions:Noisy", init="Noisy()", args=("f32[2,3]",))],
    "named_sizes": [
        Case(
            "named_sizes:Cell", init="Cell(3)", args=("f32[2,4]", "f32[2,3]", "f32[2,3,2]"), new_init="Cell(4, 6, 3, rngs=rngs)"
        ),
        Case("named_sizes:Pair", init="Pair()", args=("f32[2,4,3]",)),
    ],
    "spread": [
        Case("spread:Mlp", init="Mlp()", args=("f32[2,3]",)),
        Case("spread:InSetup", init="InSetup(True)", args=("f32[2,3]",)),
    ],
    "logical": [Case("logical:Block", init="Block(3)", args=("f32[2,4]",))],
    "makers": [
        Case("makers:Sets", init="Sets((4, 3), (2,))", args=("f32[2,4,3]",)),
        Case("makers:Sets", init="Sets(outer=(3, 2))", args=("f32[2,4,3]",)),
        Case("makers:Perhaps", init="Perhaps(True)", args=("f32[2,3]",)),
    ],
    "chosen": [
        Case("chosen:Branches", init="Branches()", args=("f32[2,3]",)),
        Case("chosen:Branches", init="Branches(False, 'layer')", args=("f32[2,3]",)),
        Case("chosen:Own", init="Own()", args=("f32[2,3]",)),
    ],
    "ahead": [
        Case("ahead:Drawn", init="Drawn(3)", args=("f32[2,3]",)),
        Case("ahead:Either", init="Either(3)", args=("f32[2,3]",)),
        Case("ahead:Either", init="Either(3, bias=False)", args=("f32[2,3]",)),
        Case("ahead:ReadAgain", init="ReadAgain(3)", args=("f32[2,3]",)),
        Case("ahead:ReadLater", init="ReadLater(3)", args=("f32[2,3]",)),
        Case("ahead:InALoop", init="InALoop(3)", args=("f32[2,3]",)),
    ],
    "renamed_fields": [
        Case("renamed_fields:Net", init="Net(True)", args=("f32[4,3]",), rngs=("dropout",), mutable=("batch_stats",)),
        Case("renamed_fields:Net", init="Net(False)", args=("f32[4,3]",)),
    ],
    "in_expressions": [
        Case("in_expressions:Chosen", init="Chosen()", args=("f32[2,3]",)),
        Case("in_expressions:Chosen", init="Chosen('layer')", args=("f32[2,3]",)),
        Case("in_expressions:Perhaps", init="Perhaps()", args=("f32[2,3]",)),
        Case("in_expressions:Perhaps", init="Perhaps(False)", args=("f32[2,3]",)),
        Case("in_expressions:AndThen", init="AndThen()", args=("f32[2,3]",)),
        Case("in_expressions:AndThen", init="AndThen(False)", args=("f32[2,3]",)),
        Case("in_expressions:Stacked", init="Stacked(2)", args=("f32[2,3]",)),
        Case("in_expressions:Skips", init="Skips()", args=("f32[2,3]",)),
        Case("in_expressions:ReturnsForTheCall", init="ReturnsForTheCall()", args=("f32[2,3]",)),
    ],
    "told_later": [
        Case("told_later:Outputs", init="Outputs()", args=("f32[2,4]",)),
        Case("told_later:Joined", init="Joined()", args=("f32[2,4]",)),
        Case("told_later:Doubled", init="Doubled()", args=("f32[2,4]",)),
        Case("told_later:Longer", init="Longer()", args=("f32[2,4]",)),
    ],
    "spelled": [Case("spelled:Named", init="Named()", args=("f32[2,3]",))],
    "looked_up": [Case("looked_up:ActorCritic", init="ActorCritic(3, 'relu')", args=("f32[2,4]",))],
    "derived": [Case("derived:Chain", init="Chain(2, 3)", args=("f32[2,3]",))],
    "handed": [
        Case("handed:Chain", init="Chain(3, (4, 3, 2))", args=("f32[2,3]",)),
        Case("handed:Chain", init="Chain(2, 5)", args=("f32[2,3]",)),
        Case("handed:Padded", init="Padded(3)", args=("f32[2,4,5]",)),
        Case("handed:Stack", init="Stack((3, 4))", args=("f32[2,4,5]",)),
    ],
    "given": [
        Case("given:ResNet", init="ResNet((1, 2))", args=("f32[2,8,8,3]",), **{**MODES, "rngs": ()}),
        Case("given:ResNet", init="ResNet((1, 1), block_cls=Wide)", args=("f32[2,4,4,3]",), **{**MODES, "rngs": ()}),
        Case("given:Residual", init="Residual(5)", args=("f32[2,3]",)),
        Case("given:Mixers", init="Mixers()", args=("f32[2,3]",)),
    ],
    "computed": [
        Case("computed:Weighted", init="Weighted((3, 4))", args=("f32[2,3]",)),
        Case("computed:Weighted", init="Weighted((3, 4), name_of_weight='v')", args=("f32[2,3]",)),
        Case("computed:Sectors", init="Sectors((2, 3))", args=("f32[2,4]",)),
        Case("computed:Model", init="Model(4, 4)", args=("f32[2,3]",)),
        Case("computed:Model", init="Model(4, 2)", args=("f32[2,3]",)),
    ],
    "lists": [
        Case("lists:Pyramid", init="Pyramid((3, 4, 5))", args=("f32[1,8,8,2]",)),
        Case("lists:Mid", init="Mid(4, 2)", args=("f32[2,4]",)),
        Case("lists:Mid", init="Mid(4, 0)", args=("f32[2,4]",)),
        Case("lists:Plain", init="Plain(4)", args=("f32[2,3]",)),
        Case("lists:Numbered", init="Numbered(2)", args=("f32[2,3]",)),
    ],
    "by_functions": [
        Case("by_functions:Attention", init="Attention(2, 4)", args=("f32[5,3]",)),
        Case("by_functions:Chain", init="Chain((3, 2))", args=("f32[2,4]",)),
    ],
    "mixed_lists": [
        Case("mixed_lists:MLP", init="MLP(3)", args=("f32[2,4]",), **{**MODES, "mutable": ()}),
        Case("mixed_lists:Asked", init="Asked()", args=("f32[2,4]",)),
    ],
    "renorm": [
        Case("renorm:Critic", init="Critic((3,))", args=("f32[4,2]",), **{**MODES, "rngs": ()}),
        Case("renorm:Policy", init="Policy(extractor=Extractor)", args=("f32[2,3,3,2]",)),
    ],
    "named_axes": [Case("named_axes:Net", init="Net(2)", args=("f32[2,4,3,2]",), **{**MODES, "rngs": ()})],
    "graphs": [
        Case("graphs:Model", init="Model()", args=("f32[5,3]", "f32[5,2]", "f32[2,4]")),
        Case("graphs:Model", init="Model(use_edges=False)", args=("f32[5,3]", "f32[5,4]", "f32[2,4]")),
    ] if importlib.util.find_spec("jraph") else [],
    "names": [
        Case("names:OfLambdas", init="OfLambdas()", args=("f32[2,3]",)),
        Case("names:Stack", init="Stack(3)", args=("f32[2,3]",)),
        Case("names:Tower", init="Tower(2)", args=("f32[2,3]",)),
        Case("names:Hidden", init="Hidden((3, 2))", args=("f32[2,3]",)),
        Case("names:Zipped", init="Zipped((3, 2))", args=("f32[2,3]",)),
    ],
    "carried": [
        Case("carried:Reader", init="Reader(4)", args=("f32[2,5,3]",)),
    ],
    "made_or_given": [
        Case("made_or_given:Decoder", init="Decoder(4)", args=("i32[2,5]<7",)),
    ],
    "sizes": [
        Case("sizes:Cross", init="Cross(6)", args=("f32[2,3,5]", "f32[2,4,7]")),
        Case("sizes:Cross", init="Cross(6)", args=("f32[2,3,5]",)),
        Case("sizes:Folding", init="Folding(6)", args=("f32[2,3,16]",)),
        Case("sizes:Both", init="Both(2)", args=("f32[2,3,5]", "f32[2,4,7]")),
    ],
    "attention": [
        Case("attention:Attention", init="Attention(4, rate=0.4)", args=("f32[2,5,2]",), **{**MODES, "mutable": ()}),
        Case("attention:Attention", init="Attention(4)", args=("f32[2,5,4]",), kwargs={"train": False}),
        Case("attention:Block", init="Block(4)", args=("f32[2,5,4]",)),
        Case("attention:Block", init="Block(4, 3)", args=("f32[2,5,4]",)),
        Case("attention:Stack", init="Stack(4)", args=("f32[2,5,4]",)),
        Case("attention:Mean", init="Mean(4)", args=("f32[3,4]",), **{**MODES, "rngs": ()}),
        Case("attention:Mean", init="Mean(4, decode=True)", args=("f32[3,4]",)),
    ],
    "lifted": [
        Case("lifted:Stack", init="Stack(4)", args=("f32[2,5]",), **{**MODES, "mutable": ()}),
        Case("lifted:Layers", init="Layers(4)", args=("f32[2,5]",), **{**MODES, "mutable": ()}),
        Case("lifted:Layers", init="Layers(4, checkpointed=False)", args=("f32[2,5]",), **{**MODES, "mutable": ()}),
        Case("lifted:Critics", init="Critics(4, 3)", args=("f32[2,4]", "f32[2,3]")),
        Case("lifted:Towers", init="Towers(3)", args=("f32[4,2,3]",), **{**MODES, "mutable": ()}),
        Case("lifted:Ensemble", init="Ensemble(3)", args=("f32[2,4]",), **MODES),
    ],
    "heads": [
        Case("heads:Classifier", init="Classifier(4, 3)", args=("f32[2,5,3]",)),
        Case("heads:LocalSizes", init="LocalSizes(6, 3)", args=("f32[2,5,4]",)),
        Case("heads:Translator", init="Translator(4)", args=("f32[2,5,3]", "f32[2,7,6]")),
    ],
    "starred": [
        Case("starred:Head", init="Head()", args=("f32[2,4]", "f32[2,5]")),
        Case("starred:Filters", init="Filters()", args=("f32[2,3,6]",)),
        Case("starred:Filters", init="Filters(3)", args=("f32[2,5,3,6]",)),
        Case("starred:Added", init="Added()", args=("f32[2,3,6]",), new_init="Added(6, (3, 6), rngs=rngs)"),
        Case("starred:Added", init="Added()", args=("f32[2,6]",), new_init="Added(6, (1, 6), rngs=rngs)"),
    ],
    "one_axis": [
        Case("one_axis:Mix", init="Mix(4)", args=("f32[2,3,5]",)),
        Case("one_axis:Wider", init="Wider(4, use_bias=False)", args=("f32[3,5]",)),
        Case("one_axis:Mixes", init="Mixes((4, 2, 3))", args=("f32[2,5]",)),
        Case("one_axis:Mixes", init="Mixes((4, 2, 3))", args=("f32[2,3,5]",)),
        Case("one_axis:Pairs", init="Pairs((4, 2, 3))", args=("f32[2,3,5]",)),
        Case("one_axis:Tables", init="Tables((4, 2, 3))", args=("f32[2,5]",)),
        Case("one_axis:Tables", init="Tables((4, 2, 3))", args=("f32[2,3,5]",)),
        Case("one_axis:Twice", init="Twice()", args=("f32[2,5,3]",)),
        Case("one_axis:AlsoLast", init="AlsoLast()", args=("f32[2,5,3]",)),
        Case("one_axis:OfField", init="OfField()", args=("f32[2,5,3]",)),
        Case("one_axis:Nameless", init="Nameless()", args=("f32[2,5,3]",)),
        Case("one_axis:OfTheFile", init="OfTheFile()", args=("f32[2,5,2]",)),
        Case("one_axis:SizeOfOther", init="SizeOfOther()", args=("f32[2,5,3]", "f32[2,5,6]")),
        Case("one_axis:OtherMethod", init="OtherMethod()", args=("f32[2,5,3]",)),
    ],
    "tied_heads": [
        *(Case("tied_heads:Model", init=f"Model(7, 4, {tie})", args=("i32[2,5]<7",)) for tie in (True, False)),
        Case("tied_heads:Head", init="Head(7, 4)", args=("f32[2,3]", "f32[7,4]")),
        Case("tied_heads:Heads", init="Heads(7, 4)", args=("f32[2,3]",)),
        Case("tied_heads:InMethod", init="InMethod(7)", args=("f32[2,3]",)),
    ],
    "guarded": [Case("guarded:Early", init=f"Early(4, {pool})", args=("f32[2,5,3]",)) for pool in (True, False)],
    "stages": [
        *(Case("stages:Classifier", init=f"Classifier({sizes})", args=("f32[2,5]",)) for sizes in ((4,), (4, 6), (4, 6, 3))),
        Case("stages:Block", init="Block(4)", args=("f32[2,5]",)),
        Case("stages:Gated", init="Gated(4)", args=("f32[2,5]",)),
        *(Case("stages:Summary", init=f"Summary(4, {project})", args=("f32[2,5]",)) for project in (True, False)),
    ],
    "attributes_only": [
        Case("attributes_only:Mlp", init="Mlp(2)", args=("f32[2,3]",)),
        Case("attributes_only:Positions", init="Positions(6, 2)", args=("f32[2,4,3]",)),
    ],
    "own_state": [Case("own_state:MLP", init=f"MLP(4, {is_potential})", args=("f32[2,3]",)) for is_potential in (True, False)],
    "choices": [Case(f"choices:{i[:5]}", init=i, args=("f32[2,3]",)) for i in ("Layer(4, None)", "Stage(4, 2, 'narrow')")],
    "asked": [Case("asked:Embeddings", init="Embeddings(8)", args=("f32[2,32,32,3]",))],
    "conditional": [
        Case("conditional:Critic", init="Critic((4, 3), 0.5)", args=("f32[2,2,3]", "f32[2,2]"), **{**MODES, "mutable": ()}),
        Case("conditional:Critic", init="Critic((4, 3), use_norm=True)", args=("f32[2,2,3]", "f32[2,2]")),
        Case("conditional:EveryOther", init="EveryOther(3)", args=("f32[2,3]",)),
    ],
    "decorated": [
        Case("decorated:Scaled", init="Scaled(3)", args=("f32[2,3]",), **{**MODES, "mutable": ()}),
        Case("decorated:Outer", init="Outer()", args=("f32[2,5]",)),
    ],
    "variables": [Case(f"variables:{name}", init=f"{name}()", args=("f32[2,3]",)) for name in ("Ema", "Guarded", "Kept")],
    "scanned": [
        Case("scanned:Model", init="Model(4, 3)", args=("f32[2,5]",), **{**MODES, "mutable": ()}),
        Case("scanned:Remat", init="Remat(4, 3)", args=("f32[2,4]",), **{**MODES, "mutable": ()}),
        Case("scanned:Rec", init="Rec()", args=("f32[2,5,3]",)),
        Case("scanned:Over", init="Over()", args=("f32[2,5,3]",)),
        Case("scanned:Lstm", init="Lstm(4)", args=(("f32[2,4]", "f32[2,4]"), "f32[2,5,3]")),
        Case("scanned:Vm", init="Vm()", args=("f32[5,2,3]", "f32[2,3]")),
        Case("scanned:Sized", init="Sized()", args=("f32[30]",)),
    ],
    "recurrent": [
        Case("recurrent:Stacked", init="Stacked(4)", args=("f32[2,5,3]", "i32[2]<5")),
        Case("recurrent:Backwards", init="Backwards(4)", args=("f32[2,5,3]",)),
        Case("recurrent:Both", init="Both(4)", args=("f32[2,5,3]",)),
        Case("recurrent:Steps", init="Steps()", args=("f32[2,5,3]",)),
        Case("recurrent:Translate", init="Translate(4)", args=("f32[2,3,2]",)),
        Case("recurrent:Unrolled", init="Unrolled()", args=("f32[2,5,3]",)),
    ],
    "shared": [
        Case(f"shared:{name}", init=f"{name}(7, 4)", args=("i32[2,3]<7", "i32[2,5]<7")) for name in ("Seq", "Model", "Tied")
    ],
    "inherited": [
        Case("inherited:OnTower", init="OnTower((3, 4))", args=("f32[2,5]",)),
        Case("inherited:OnDoubling", init="OnDoubling(2)", args=("f32[2,3]",)),
        Case("inherited:Deep", init="Deep(hidden=(4, 5))", args=("f32[2,3]",)),
        Case("inherited:Residual", init="Residual(4)", args=("f32[2,4]",)),
        Case("inherited:Gated", init="Gated(4, gate='tanh')", args=("f32[2,3]",)),
        Case("inherited:Doubled", init="Doubled(4)", args=("f32[2,3]",)),
        Case("inherited:Replaced", init="Replaced(4)", args=("i32[2,3]<7",)),
        Case("inherited:Container", init="Container(last=2)", args=("f32[2,3]",)),
        Case("inherited:Checked", init="Checked(4, 2)", args=("f32[2,3]",)),
        Case("inherited:CheckedToo", init="CheckedToo(4)", args=("f32[2,3]",)),
        Case("inherited:User", init="User()", args=("f32[2,6]",)),
    ],
    "nested": [Case("nested:Nested", init="Nested((2, 1), 3)", args=("f32[2,4,4,3]",), **MODES)],
    "google_style": [
        Case("google_style:Encoder", init="Encoder(3)", args=("f32[2,5]",)),
        Case("google_style:Decoder", init="Decoder()", args=("f32[2,5]",)),
        Case("google_style:VAE", init="VAE(3)", args=("f32[2,784]", "key")),
        Case("google_style:VAE", init="VAE(3)", args=("f32[2,3]",), method="generate", new_init="VAE(784, 3, rngs=rngs)"),
    ],
    "said_once": [
        Case("said_once:Gated", init="Gated('plain', 3)", args=("f32[2,4]",)),
        Case("said_once:Stack", init="Stack((4, 3, 2))", args=("f32[2,4]",)),
    ],
    "streams": [
        Case(
            "streams:WordDropout",
            init="WordDropout(0.3)",
            args=("f32[4,5]",),
            kwargs={"deterministic": True},
            train_kwargs={"deterministic": False},
            rngs=("dropout",),
        ),
        Case("streams:WordDropout", init="WordDropout(0.5, deterministic=True)", args=("f32[4,5]",)),
        Case("streams:Head", init="Head(4, 3)", args=("f32[2,6]", "f32[2,5]"), **{**MODES, "mutable": ()}),
        Case("streams:Head", init="Head(6, 3, use_norm=True)", args=("f32[2,6]", "f32[2,5]"), **{**MODES, "mutable": ()}),
    ],
}


def jobs(wrong=lambda text: text):
    found = []
    for name, cases in CASES.items():
        source = (HERE / name / "linen.py").read_text()
        planned = plan_file(source, "linen.py")
        if (HERE / name / "options.txt").exists():
            with_options(planned, rewrite(planned), HERE / name)
        plans = {plan.name: plan for plan in planned.native}
        new = wrong((HERE / name / "nnx.py").read_text())
        for case in cases:
            found.append({
                "old": {"path": str(HERE / name / "linen.py"), "class": case.class_name},
                "new": {"path": str(HERE / name / "nnx.py"), "class": case.class_name, "source": new},
                "case": case.to_json(),
                "variable_map": planned.variable_map(plans[case.class_name]),
            })  # fmt: skip
    return found


# A table that Linen computes in each call is a constant of the NNX model: the proof does not compute constants.
TABLED = ("attention", "derived", "tables")
# The gradient of a rematerialised scan has its forward pass in another order.
REORDERED = "Remat"


def folder_of(job):
    return Path(job["old"]["path"]).parent.name


def test_golden_rewrites_are_equal():
    made = [job for job in jobs() if folder_of(job) not in TABLED]
    verdicts = verify_files(made)
    assert [(v.status, v.reason) for job, v in zip(made, verdicts) if v.status != wanted(job)] == []
    assert {v.status for v in verdicts} == {"MATCHED", "PROVED"}
    assert all(v.evidence["variable map"] == "given" for v in verdicts)
    moded = [v.reason for job, v in zip(made, verdicts) if "modes" in job["variable_map"]]
    assert len(moded) == 2 and all(reason.startswith("eval and train outputs") for reason in moded)


def wanted(job):
    return "MATCHED" if job["old"]["class"] == REORDERED else "PROVED"


def test_golden_rewrites_with_tables_are_equal(monkeypatch):
    """Bit for bit, which takes the way of fusing that users have; workers are kept warm for each limit of memory."""
    monkeypatch.setenv("XLA_FLAGS", AS_USERS_FUSE)
    made = [job for job in jobs() if folder_of(job) in TABLED]
    verdicts = verify_files(made, memory_mb=8000)
    assert {v.status for v in verdicts} <= {"PROVED", "MATCHED"}
    assert [v.reason for v in verdicts if "bit for bit" not in v.reason] == []
    assert all(v.evidence["variable map"] == "given" for v in verdicts)


def test_broken_rewrites_are_not():
    """The same jobs with a defect in each file: nothing of it may pass."""
    broken = {
        "cnn": ("momentum=0.9", "momentum=0.8"),
        "setup": ("self.out(x) + self.bias[...]", "self.out(x)"),
        "sizes": ("self.dense(x) * (keys", "self.dense(x) + (keys"),
        "names": ("nnx.relu(", "nnx.gelu("),
        "nested": ("nnx.Linear(x_features, 3, rngs=rngs), nnx.relu", "nnx.Linear(x_features, 3, rngs=rngs), nnx.gelu"),
        "google_style": ("nnx.relu(", "nnx.gelu("),
        "attention": ("self.table[:length", "self.table[1 : length + 1"),
        "modes": ("self.dropout(x, deterministic=True)", "self.dropout(x)"),
        "streams": ("gate * h], axis=-1)", "h], axis=-1)"),
        "call_dtypes": ("promote_dtype=to_input_dtype", "dtype=jnp.float32"),
    }

    def wrong(text):
        for old, new in broken.values():
            text = text.replace(old, new)
        return text

    assert all(any(old in (HERE / name / "nnx.py").read_text() for name in CASES) for old, _ in broken.values())
    classes = ("Block", "MLP", "Nested", "VAE", "Head", "Attention", "Net", "Named")
    made = [job for job in jobs(wrong) if folder_of(job) in broken]
    chosen = [job for job in made if job["old"]["class"] in classes and job["case"]["init"] != "Block(4, 3)"]
    verdicts = verify_files(chosen)
    assert {v.status for v in verdicts} == {"DIFFERS"}, [(v.status, v.reason) for v in verdicts]
