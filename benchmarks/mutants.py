"""Mutation testing of the verifier: NNX classes with one defect each, none of which may be called equal.

`python benchmarks/mutants.py [--limit N] [--seed S] [--model NAME] [--log FILE]` takes every pair of Linen and NNX classes
of the examples and of the migration tests, changes one thing in the NNX text at a time, and verifies the result against the
Linen class. A mutant that is PROVED or MATCHED is either listed in `mutants.toml`, with the reason why it is equivalent, or
the verifier is wrong.
A run that is cut off goes on from its log.
"""
from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import json
import random
import re
import sys
import time
import tomllib
import types
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "migrate"))

from places import named  # noqa: E402

from flake8_nnx.migrate.file import plan_file, rewrite  # noqa: E402
from flake8_nnx.case import Case  # noqa: E402
from flake8_nnx.verify.check import check  # noqa: E402
from flake8_nnx.verify.load import load, load_cases  # noqa: E402

EQUIVALENT = Path(__file__).with_name("mutants.toml")
ACTIVATIONS = {
    "relu": "gelu", "gelu": "relu", "tanh": "sigmoid", "sigmoid": "tanh", "softmax": "log_softmax", "silu": "relu",
}  # fmt: skip
INITIALIZERS = {
    "normal": "truncated_normal", "truncated_normal": "normal", "lecun_normal": "xavier_normal", "zeros_init": "ones_init",
    "ones_init": "zeros_init", "xavier_uniform": "xavier_normal", "kaiming_normal": "lecun_normal", "uniform": "normal",
    "orthogonal": "lecun_normal", "xavier_normal": "xavier_uniform", "constant": "normal",
}  # fmt: skip
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.MatMult: None, ast.Pow: ast.Mult}
COMPARISONS = {ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.LtE: ast.Gt, ast.GtE: ast.Lt}
# Keywords that a layer may have got wrong: added where they are missing, with values that are not the default.
PRECISE = {"precision": "'highest'"}
ADDED = {
    "Linear": {**PRECISE, "use_bias": "False", "kernel_init": "nnx.initializers.normal(0.3)",
               "bias_init": "nnx.initializers.ones",
               "dtype": "jax.numpy.bfloat16", "param_dtype": "jax.numpy.bfloat16"},
    "Conv": {**PRECISE, "use_bias": "False", "padding": "'VALID'", "strides": "2", "kernel_dilation": "2",
             "kernel_init": "nnx.initializers.ones", "dtype": "jax.numpy.bfloat16"},
    "LayerNorm": {"epsilon": "1e-3", "use_bias": "False", "use_scale": "False", "reduction_axes": "0",
                  "dtype": "jax.numpy.bfloat16", "scale_init": "nnx.initializers.zeros"},
    "BatchNorm": {"momentum": "0.5", "epsilon": "1e-3", "use_bias": "False", "use_running_average": "True", "axis": "0"},
    "RMSNorm": {"epsilon": "1e-3"},
    "GroupNorm": {"epsilon": "1e-3"},
    "Dropout": {"broadcast_dims": "(0,)", "rng_collection": "'noise'"},
    "Embed": {"embedding_init": "nnx.initializers.normal(3.0)", "dtype": "jax.numpy.bfloat16"},
    "MultiHeadAttention": {"normalize_qk": "True", "use_bias": "False", "out_features": "3", "dropout_rate": "0.4"},
}  # fmt: skip


# Classes of the reference models, with what `examples/reference/<file>` says of their sizes.
DROPOUT = {"kwargs": {"deterministic": True}, "train_kwargs": {"deterministic": False}, "rngs": ("dropout",)}
TEXT = {"args": ("i32[4,5]<19",), **DROPOUT}
EMBEDDER = "vocab_size=19, embedding_size=6, dropout_rate=0.5, word_dropout_rate=0.4, unk_idx=1"
HEAD = "hidden_size=6, output_size=3, dropout_rate=0.5"
PORTS = {
    "vae": [
        Case("linen.py::VAE", init="VAE(latents=4)", new_init="VAE(latents=4, rngs=rngs)", args=args, method=method)
        for method, args in (("__call__", ("f32[2,784]", "key")), ("generate", ("f32[2,4]",)))
    ],
    "sst2": [
        Case("linen.py::Embedder", init=f"Embedder({EMBEDDER})", new_init=f"Embedder({EMBEDDER}, rngs=rngs)", **TEXT),
        Case("linen.py::Embedder", init=f"Embedder({EMBEDDER}, frozen=True)",
             new_init=f"Embedder({EMBEDDER}, frozen=True, rngs=rngs)", **TEXT),
        Case("linen.py::AttentionClassifier", init=f"AttentionClassifier({HEAD})",
             new_init=f"AttentionClassifier(8, {HEAD}, rngs=rngs)", **{**TEXT, "args": ("f32[3,5,8]", "i32[3]<6")}),
    ],
    "seq2seq": [
        Case("linen.py::Seq2seq", init=f"Seq2seq({fields})", new_init=f"Seq2seq({fields}, rngs=rngs)",
             args=("f32[2,7,5]", "f32[2,4,5]"), rngs=("lstm",))
        for fields in ("teacher_force=True, hidden_size=8, vocab_size=5", "teacher_force=False, hidden_size=8, vocab_size=5")
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A pair of classes with its cases."""

    name: str
    path: Path  # the Linen file
    new: str  # the NNX text
    cases: tuple[Case, ...]
    variable_map: Any

    @property
    def cls(self) -> str:
        return self.cases[0].class_name


@dataclass(frozen=True)
class Mutant:
    """An NNX text with one change."""

    model: Model
    operator: str
    change: str
    line: int
    column: int
    text: str

    @property
    def key(self) -> str:
        return f"{self.model.name}:{self.change} @{self.line}:{self.column}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.model.name}\n{self.text}".encode()).hexdigest()[:16]


# ---- models -------------------------------------------------------------------------------------------------------


def models() -> list[Model]:
    """Every pair that the examples and the migration tests have a case for."""
    found = []
    from test_equal import CASES

    for name, cases in CASES.items():
        path = ROOT / "tests" / "migrate" / name / "linen.py"
        found += list(_migrated(name, path, cases))
    for folder in sorted((ROOT / "examples").iterdir()):
        if (folder / "cases.py").exists():
            cases = load_cases(folder / "cases.py")
            if (folder / "nnx.py").exists():
                text = (folder / "nnx.py").read_text()
                found += [
                    Model(f"{folder.name}.{name}", folder / "linen.py", text, own, None)
                    for name, own in _by_class(cases).items() if f"class {name}" in text
                ]
            else:
                found += list(_migrated(folder.name, folder / "linen.py", cases))
    for name, cases in PORTS.items():
        folder = ROOT / "examples" / "reference" / name
        text = (folder / "nnx_port.py").read_text()
        found += [Model(f"{name}.{cls}", folder / "linen.py", text, own, None) for cls, own in _by_class(cases).items()]
    return found


def _by_class(cases: Iterable[Case]) -> dict[str, tuple[Case, ...]]:
    names = dict.fromkeys(case.class_name for case in cases)
    return {name: tuple(case for case in cases if case.class_name == name) for name in names}


def _migrated(name: str, path: Path, cases: list[Case]) -> Iterator[Model]:
    planned = plan_file(path.read_text(), str(path), keep_running=False)
    text, plans = rewrite(planned), {plan.name: plan for plan in planned.native}
    for cls, own in _by_class(cases).items():
        if cls in plans:
            yield Model(f"{name}.{cls}", path, text, own, planned.variable_map(plans[cls]))


# ---- operators ----------------------------------------------------------------------------------------------------


def mutants(model: Model) -> Iterator[Mutant]:
    """Every mutant of the class of a model and of the classes of its file that it uses."""
    tree = ast.parse(model.new)
    used = _used(tree, model.cls)
    keywords = _keywords(tree)
    places, classes = _places(tree), _classes(tree)
    for node in list(ast.walk(tree)):
        cls = classes.get(id(node))
        if cls is None or cls.name not in used:
            continue
        holder, name, index = places[id(node)]
        for operator, change, replacement in list(edits(node)):
            operator = keywords.get(id(node), operator) if operator in ("constant", "integer", "flag", "negation") else operator
            _put(holder, name, index, replacement)
            text = ast.unparse(ast.fix_missing_locations(tree))
            _put(holder, name, index, node)
            if "jax." in text and "import jax\n" not in text:
                text = f"import jax\n{text}"
            line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
            yield Mutant(model, operator, f"{cls.name}: {change}", line, column, text)


def _places(tree: ast.AST) -> dict[int, tuple[ast.AST, str, int | None]]:
    """For every node what holds it: parent, field, and position where that is a list."""
    found: dict[int, tuple[ast.AST, str, int | None]] = {}
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list):
                found.update((id(item), (parent, name, i)) for i, item in enumerate(value))
            else:
                found[id(value)] = (parent, name, None)
    return found


def _put(holder: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(holder, name, node)
    else:
        getattr(holder, name)[index] = node


def _keywords(tree: ast.Module) -> dict[int, str]:
    """What a number or flag is given to, by its node: the keyword of a call, or the scan in which it is an axis."""
    found = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            for node in ast.walk(keyword.value):
                scanned = ast.unparse(call.func) in ("nnx.scan", "nnx.vmap") and "axes" in (keyword.arg or "")
                found.setdefault(id(node), "scan axis" if scanned else keyword.arg or "**")
        if ast.unparse(call.func) == "nnx.Dropout" and call.args:
            found[id(call.args[0])] = "rate"
    return found


def _used(tree: ast.Module, name: str) -> set[str]:
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in classes and current not in found:
            found.add(current)
            waiting += [n.id for n in ast.walk(classes[current]) if isinstance(n, ast.Name)]
    return found


def _classes(tree: ast.Module) -> dict[int, ast.ClassDef]:
    """The class in whose body a node is."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {id(inner): cls for cls in classes for statement in cls.body for inner in ast.walk(statement)}


def edits(node: ast.AST) -> Iterator[tuple[str, str, Any]]:
    """Operator, description and what takes the node's place (None: remove the statement)."""
    text = ast.unparse(node) if isinstance(node, (ast.expr, ast.stmt)) else ""
    short = text.splitlines()[0][:70] if text else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        for factor in (0.5, 0.9, 1.25, 3.0) if node.value else ():
            yield "constant", f"{short} -> {node.value * factor}", ast.Constant(node.value * factor)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "flag", f"{short} -> {not node.value}", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        for step in (-1, 1):
            yield "integer", f"{short} -> {node.value + step}", ast.Constant(node.value + step)
    elif isinstance(node, ast.BinOp) and OPERATORS.get(type(node.op)):
        yield "arithmetic", f"{short}: {type(node.op).__name__}", ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
        yield "residual", f"{short} -> left", node.left
        yield "residual", f"{short} -> right", node.right
        if not isinstance(node.op, (ast.Add, ast.Mult)):
            yield "order", f"{short} swapped", ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield "negation", f"{short} -> without", node.operand
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield "comparison", short, ast.Compare(node.left, [COMPARISONS[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.IfExp):
        yield "branch", f"{short} -> first", node.body
        yield "branch", f"{short} -> second", node.orelse
    elif isinstance(node, ast.Name) and "mask" in node.id and isinstance(node.ctx, ast.Load):
        yield "mask", f"{short} -> inverted", ast.parse(f"(1 - {text} if {text} is not None else None)", mode="eval").body
        yield "mask", f"{short} -> all", ast.parse(f"(0 * {text} + 1 if {text} is not None else None)", mode="eval").body
    elif isinstance(node, ast.Call):
        yield from _call_edits(node, short)
    elif isinstance(node, ast.FunctionDef) and node.name == "__init__":
        yield from _tied(node)
    elif isinstance(node, ast.FunctionDef) and node.name != "__init__":
        yield from _statement_edits(node)


def _call_edits(node: ast.Call, short: str) -> Iterator[tuple[str, str, Any]]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    if owner.endswith("initializers") and name in INITIALIZERS:
        other = ast.Attribute(function.value, INITIALIZERS[name], ast.Load())
        yield "wrong initialiser", f"{short} -> {INITIALIZERS[name]}", ast.Call(other, node.args, node.keywords)
    if name in ACTIVATIONS:
        other = ast.Attribute(function.value, ACTIVATIONS[name], ast.Load())
        yield "activation", f"{short} -> {ACTIVATIONS[name]}", ast.Call(other, node.args, node.keywords)
    if owner == "nnx" and name in ADDED:
        given = {keyword.arg for keyword in node.keywords}
        for keyword, value in ADDED[name].items():
            if keyword not in given:
                new = [*node.keywords, ast.keyword(keyword, ast.parse(value, mode="eval").body)]
                yield keyword, f"{short} with {keyword}={value}", ast.Call(node.func, node.args, new)
    if node.args and name not in ("append", "fork", "List") and not (owner == "nnx" and name in (*ADDED, "Param")):
        yield "dropped call", f"{short} -> its argument", node.args[0]
    if owner == "self":
        text = f"({ast.unparse(node)})"
        for label, code in (("times 1.01", f"{text} * 1.01"), ("in 16 bits", f"{text}.astype('float16').astype('float32')")):
            yield "layer output", f"{short} {label}", ast.parse(code, mode="eval").body
        if isinstance(function, ast.Attribute):
            called = ", ".join(ast.unparse(part) for part in (function, *node.args, *node.keywords))
            code = f"nnx.remat(lambda layer, *a, **k: layer(*a, **k))({called})"
            yield "remat", f"{short} with remat", ast.parse(code, mode="eval").body
    if len(node.args) > 1:
        yield "swapped arguments", short, ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg != "rngs":
            rest = node.keywords[:i] + node.keywords[i + 1:]
            yield "dropped keyword", f"{short} without {keyword.arg}", ast.Call(node.func, node.args, rest)
        elif keyword.arg == "rngs" and owner == "nnx" and name == "Dropout":
            own = [*node.keywords[:i], ast.keyword("rngs", ast.parse("nnx.Rngs(0)", mode="eval").body)]
            yield "wrong key", f"{short} with a key of its own", ast.Call(node.func, node.args, own)


def _tied(node: ast.FunctionDef) -> Iterator[tuple[str, str, Any]]:
    """One layer in the place of another: their weights are tied, if the sizes allow it."""
    made = [
        (i, ast.unparse(statement.targets[0]), ast.unparse(statement.value.func))
        for i, statement in enumerate(node.body)
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.targets[0]).startswith("self.")
    ]
    for i, target, kind in made:
        other = next((name for j, name, same in made if j < i and same == kind and kind != "nnx.Dropout"), None)
        if other:
            tied = ast.parse(f"{target} = {other}").body[0]
            yield "tied weights", f"{target} is {other}", _with_body(node, [*node.body[:i], tied, *node.body[i + 1:]])


def _statement_edits(node: ast.FunctionDef) -> Iterator[tuple[str, str, Any]]:
    start = 1 if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant) else 0
    for i in range(start, len(node.body)):
        statement = node.body[i]
        label = ast.unparse(statement).splitlines()[0][:60]
        if not isinstance(statement, ast.Return):
            yield "dropped statement", f"{node.name}: without {label}", _with_body(node, node.body[:i] + node.body[i + 1:])
        if i + 1 < len(node.body) and not isinstance(node.body[i + 1], ast.Return):
            swapped = [*node.body[:i], node.body[i + 1], statement, *node.body[i + 2:]]
            yield "order", f"{node.name}: {label} one later", _with_body(node, swapped)
        if isinstance(statement, ast.Return) and statement.value is not None and not isinstance(statement.value, ast.Tuple):
            scaled = ast.BinOp(statement.value, ast.Mult(), ast.Constant(1.001))
            for label, value in (("times 1.001", scaled), ("negated", ast.UnaryOp(ast.USub(), statement.value))):
                yield "scale", f"{node.name}: return {label}", _with_body(node, [*node.body[:i], ast.Return(value)])
            text = ast.unparse(statement.value)
            for label, code in (
                ("plus 0.01", f"({text}) + 0.01"),
                ("reversed along the last axis", f"jax.numpy.flip({text}, -1)"),
                ("mixed over the batch", f"0.9 * ({text}) + 0.1 * ({text}).mean(0)"),
            ):
                value = ast.parse(code, mode="eval").body
                yield "output", f"{node.name}: return {label}", _with_body(node, [*node.body[:i], ast.Return(value)])
            stopped = ast.parse(f"jax.lax.stop_gradient({text})", mode="eval").body
            without = _with_body(node, [*node.body[:i], ast.Return(stopped)])
            yield "stop_gradient", f"{node.name}: return without gradient", without
            cast = ast.parse(f"({text}).astype('bfloat16').astype('float32')", mode="eval").body
            yield "dtype", f"{node.name}: return rounded", _with_body(node, [*node.body[:i], ast.Return(cast)])


def _with_body(node: ast.FunctionDef, body: list[ast.stmt]) -> ast.FunctionDef:
    new = copy.copy(node)
    new.body = body or [ast.Pass()]
    return new


# ---- runs ---------------------------------------------------------------------------------------------------------


def verdict_of(mutant: Mutant) -> Any:
    """The verdict on a mutant, in this process: mutants do nothing that the models do not do."""
    from flake8_nnx.verify.verdict import unverified

    old = load(mutant.model.path)
    module = sys.modules["mutant"] = types.ModuleType("mutant")  # where dataclasses look up their annotations
    space = vars(module)
    try:
        exec(compile(mutant.text, "mutant.py", "exec", dont_inherit=True), space)  # noqa: S102
    except Exception as error:
        return unverified(f"does not import: {error}")
    verdicts: list[Any] = []
    for case in mutant.model.cases:  # the first case that shows the defect is enough
        verdicts.append(check(case, vars(old), space[mutant.model.cls], space, mutant.model.variable_map))
        if not verdicts[-1].good:
            break
    return min(verdicts, key=lambda verdict: (verdict.good, verdict.status == "PROVED"))


def reason_why_equal(mutant: Mutant, status: str = "MATCHED") -> str | None:
    """Why a mutant may have this verdict, from `mutants.toml`: the first entry all of whose texts its key has."""
    entries = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    named = (entry for entry in entries if all(text in mutant.key for text in entry["has"]))
    return next((entry["why"] for entry in named if entry.get("never") != status), None)


def unreached(mutant: Mutant) -> bool:
    """Whether no case runs the line, as `mutants.toml` says: such a mutant tells nothing of the verifier."""
    entries = tomllib.loads(EQUIVALENT.read_text())["unreached"]
    return any(
        mutant.model.name.startswith(entry["model"]) and any(first <= mutant.line <= last for first, last in entry["lines"])
        for entry in entries
    )


def names_place(mutant: Mutant, reason: str) -> bool:
    """Whether a difference names a submodule, a variable, a key, an initial value, a default or the line that fails.

    What is wrong in the class itself, outside of its submodules, is told by "the output".
    """
    words = (
        "submodule", "variable", "params/", "batch_stats/", "intermediates/", "random key", "random stream", "initial value",
        "default of", "(mutant.py:",
    )  # fmt: skip
    own = mutant.change.startswith(f"{mutant.model.cls}:")
    return any(word in reason for word in words) or own and re.match(r"(case .*: )?\w+ \w+ on \w+: ", reason) is not None


def names_what_changed(mutant: Mutant, reason: str) -> bool:
    """The stricter question: is it the changed layer, variable or class that is named (see `places.named`)?"""
    cls = mutant.change.partition(":")[0]
    return named(mutant.model.new, mutant.text, cls, mutant.line, mutant.model.cls, reason)


def in_order(found: list[Mutant], seed: int) -> list[Mutant]:
    """By chance, the n-th of every operator before the n+1-th of any: a run that is cut off has tried the rare ones."""
    random.Random(seed).shuffle(found)
    seen: Counter[str] = Counter()
    ranks = []
    for mutant in found:
        seen[mutant.operator] += 1
        ranks.append(seen[mutant.operator])
    return [mutant for _, mutant in sorted(zip(ranks, found), key=lambda pair: pair[0])]


def tried(log: Path) -> dict[str, dict[str, Any]]:
    """The results in a log, by digest of the mutant; a last line that was cut off is left out."""
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return {line["digest"]: line for line in (json.loads(text) for text in lines if text.endswith("\n"))}


def main() -> int:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=0, help="run this many, chosen at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="", help="only models whose name starts so")
    parser.add_argument("--part", default="0/1", help="k/n: the k-th of n parts")
    parser.add_argument("--log", type=Path, default=Path("mutants.jsonl"), help="one line a mutant; what it has is not run again")
    parser.add_argument("--again", type=Path, help="run those that this log calls equal, and no others")
    parser.add_argument("--summary", action="store_true", help="run nothing: count what the log has")
    options = parser.parse_args()
    every = [mutant for model in models() if model.name.startswith(options.model) for mutant in mutants(model)]
    every = [mutant for mutant in every if not unreached(mutant)]
    every = in_order(list({mutant.digest: mutant for mutant in every}.values()), options.seed)
    chosen = every[: options.limit] if options.limit else every
    if options.again:
        before = tried(options.again)
        chosen = [mutant for mutant in every if before.get(mutant.digest, {}).get("status") in ("PROVED", "MATCHED")]
    part, parts = map(int, options.part.split("/"))
    chosen = chosen[part::parts]
    known = tried(options.log)
    waiting = [] if options.summary else [mutant for mutant in chosen if mutant.digest not in known]
    print(f"{len(every)} mutants of {len({m.model.name for m in every})} models; running {len(waiting)}", flush=True)
    with options.log.open("a", encoding="utf-8") as log:
        for mutant in waiting:
            started = time.perf_counter()
            verdict = verdict_of(mutant)
            about = {"digest": mutant.digest, "operator": mutant.operator, "key": mutant.key, "status": verdict.status}
            line = {**about, "reason": verdict.reason, "seconds": round(time.perf_counter() - started, 2)}
            log.write(json.dumps(line) + "\n")
            log.flush()
    known = tried(options.log)
    return summary([(mutant, known[mutant.digest]) for mutant in chosen if mutant.digest in known])


def summary(results: list[tuple[Mutant, dict[str, Any]]]) -> int:
    """Count verdicts by operator; list what was called equal without a reason, and differences without a place."""
    counts: dict[str, Counter[str]] = {}
    wrong = placed = exact = differs = 0
    for mutant, line in results:
        status, reason = line["status"], line["reason"]
        why = reason_why_equal(mutant, status)
        if status in ("PROVED", "MATCHED"):
            if not why:
                wrong += 1
                print(f"EQUAL? {status} line {mutant.line}: {mutant.operator}: {mutant.key}")
            counts.setdefault(mutant.operator, Counter())["equivalent" if why else status] += 1
            continue
        counts.setdefault(mutant.operator, Counter())[status] += 1
        if status == "DIFFERS":
            differs += 1
            if why:
                print(f"said to be equivalent, and differs: {mutant.key}: {reason[:160]}")
            if names_place(mutant, reason):
                placed += 1
            else:
                print(f"no place: {mutant.key}: {reason[:200]}")
            if names_what_changed(mutant, reason):
                exact += 1
            else:
                print(f"not what changed: {mutant.key}: {reason[:300]}")
    print(f"\n{'operator':22} {'mutants':>7} {'DIFFERS':>8} {'UNVERIFIED':>10} {'equivalent':>10} {'EQUAL':>6}")
    for operator, count in sorted(counts.items()):
        equal = count["PROVED"] + count["MATCHED"]
        columns = f"{count['DIFFERS']:8} {count['UNVERIFIED']:10} {count['equivalent']:10} {equal:6}"
        print(f"{operator:22} {sum(count.values()):7} {columns}")
    total: Counter[str] = sum(counts.values(), Counter())
    names = {mutant.model.name for mutant, _ in results}
    print(f"\n{sum(total.values())} mutants of {len(names)} models: {dict(total)}; called equal and not listed: {wrong}")
    print(f"differences with a place: {placed} of {differs} ({placed / max(1, differs):.1%})")
    print(f"differences that name what was changed: {exact} of {differs} ({exact / max(1, differs):.1%})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
