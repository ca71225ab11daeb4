"""Trees of parameters by path, for masks and labels of optax: exact where names are asked for that both sides have.

Optax is given pure arrays, whose paths end in the name of the variable.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import Plan, Stop, own_nodes
from flake8_nnx.migrate.known import BY_PATH, PATH_AWARE
from flake8_nnx.migrate.leaves import Leaf, leaves
from flake8_nnx.migrate.roles import Callee, Frame, State, Transform, Variables

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

ADVICE = "write it for the paths of nnx.as_pure(nnx.state(model, nnx.Param))"


def mapped_by_path(rewriting: Rewriting, node: ast.Call, origin: str) -> bool:
    """`path_aware_map(lambda path, _: path[-1] == "kernel", params)` is `jax.tree_util.tree_map_with_path` of pure arrays."""
    function = node.args[0] if len(node.args) == 2 and not node.keywords else None
    value = rewriting.values.get(node.args[1]) if function is not None else None
    if not isinstance(value, Variables):
        return False
    shown = f"`{ast.unparse(node)[:60]}`"
    if not isinstance(function, ast.Lambda) or not function.args.args or value.collection != "params":
        raise rewriting.stop(node, f"{shown} asks for paths of Linen variables", ADVICE)
    known = leaves(rewriting.plan, value.slot)
    if known is None:
        raise rewriting.stop(node, f"{shown} asks for paths, and which variables there are is not known", ADVICE)
    aware, name = origin in PATH_AWARE, function.args.args[0].arg
    if aware and not imports_jax(rewriting):
        raise rewriting.stop(node, f"{shown} becomes jax.tree_util.tree_map_with_path, and jax is not imported", "import jax")
    parameters = [leaf for leaf in known if leaf.collection == "params"]
    for read in (n for n in ast.walk(function.body) if isinstance(n, ast.Name) and n.id == name):
        place, text = asked(rewriting, read, parameters, aware)
        if place is None:
            different = next((leaf for leaf in parameters if leaf.linen != leaf.nnx), None)
            now = f": {'/'.join(different.linen)} is {'/'.join(different.nnx)} now" if different is not None else ""
            raise rewriting.stop(node, f"{shown} asks for more of a path than names that stay{now}", ADVICE)
        if aware:
            rewriting.edits.expressions[place] = text
    if aware:
        rewriting.edits.expressions[node.func] = "jax.tree_util.tree_map_with_path"
    model = rewriting.plan.model(value.slot)
    rewriting.edits.expressions[node.args[1]] = f"nnx.as_pure(nnx.state({model}, nnx.Param))"
    return True


def imports_jax(rewriting: Rewriting) -> bool:
    bindings = rewriting.facts.names.module.bindings.get("jax", [])
    return any(binding.kind == "import" and binding.origin == "jax" for binding in bindings)


def asked(rewriting: Rewriting, read: ast.Name, known: Sequence[Leaf], aware: bool) -> tuple[ast.AST | None, str]:
    """What is asked of a path where the answer is the same for every variable, and how it is asked in NNX."""
    parent = rewriting.facts.names.parent
    above = parent(read)
    if isinstance(above, ast.Subscript) and ast.unparse(above.slice) == "-1" and all(v.linen[-1] == v.nnx[-1] for v in known):
        attribute = parent(above)
        keyed = isinstance(attribute, ast.Attribute) and attribute.attr == "key"
        return (above, f"{read.id}[-1].key") if aware or keyed else (None, "")
    if aware and isinstance(above, ast.Compare) and above.comparators == [read] and isinstance(above.ops[0], (ast.In, ast.NotIn)):
        word = above.left.value if isinstance(above.left, ast.Constant) else None
        parts = {part for v in known for part in (*v.linen, *v.nnx)}
        if isinstance(word, str) and not any(may_be(part, word) for part in parts) and same_answer(known, word):
            return read, f"[key.key for key in {read.id}]"
    return None, ""


def may_be(part: str, word: str) -> bool:
    """Whether a name that Linen or a loop counts may be this one."""
    return "{" in part or (part.endswith("#") and word.startswith(part.removesuffix("#")))


def same_answer(known: Sequence[Leaf], word: str) -> bool:
    return all((word in leaf.linen) == (word in leaf.nnx) for leaf in known)


# ---- masks ------------------------------------------------------------------------------------------------------------


def is_mask(rewriting: Rewriting, node: ast.Call) -> bool:
    """Whether a tree goes into transformations of optax and nowhere else."""
    names = rewriting.facts.names
    above = names.parent(node)
    target = above.targets[0] if isinstance(above, ast.Assign) and len(above.targets) == 1 else None
    if not isinstance(target, ast.Name):
        return given_to_optax(rewriting, node)
    same = [n for n in own_nodes(rewriting.frame.node, nested=True) if isinstance(n, ast.Name) and n.id == target.id]
    loads = [n for n in same if isinstance(n.ctx, ast.Load)]
    return bool(loads) and all(given_to_optax(rewriting, n) for n in loads)


def given_to_optax(rewriting: Rewriting, node: ast.AST) -> bool:
    names = rewriting.facts.names
    above = names.parent(node)
    call = names.parent(above) if isinstance(above, ast.keyword) else above
    return isinstance(call, ast.Call) and isinstance(rewriting.values.get(call), Transform)


def check_masks(plan: Plan, frames: Sequence[Frame]) -> None:
    """Functions that make masks are given a state of NNX by optax.

    Raises:
        Stop: one asks for paths of Linen.
    """
    for frame, transform in transforms(plan, frames):
        for made in (part for maker in transform.makers for part in maker.path):
            for call in (n for n in ast.walk(made) if isinstance(n, ast.Call)):
                for argument in (*call.args, *(k.value for k in call.keywords)):
                    value = plan.program.values.get(argument)
                    if isinstance(value, Callee) and asks_for_paths(plan, value.frame):
                        reason = f"`{ast.unparse(argument)[:60]}`, which makes a mask, asks for paths of Linen variables"
                        raise Stop(argument, frame, reason, ADVICE)


def asks_for_paths(plan: Plan, frame: Frame) -> bool:
    origins = (plan.program.origin(n.func, frame) for n in own_nodes(frame.node, nested=True) if isinstance(n, ast.Call))
    return any(origin in BY_PATH or origin.startswith("flax.traverse_util.") or "with_path" in origin for origin in origins)


def transforms(plan: Plan, frames: Sequence[Frame]) -> Iterator[tuple[Frame, Transform]]:
    """The transformations that train states and optimisers of a program are made with."""
    program = plan.program
    for frame in frames:
        for node in own_nodes(frame.node):
            if isinstance(node, ast.Call) and isinstance(program.values.get(node), State):
                given = [program.values.get(k.value) for k in node.keywords if k.arg == "tx"]
                yield from ((frame, each) for each in given if isinstance(each, Transform))
            elif isinstance(node, ast.Call) and node in program.by_hand.made:
                yield frame, program.by_hand.made[node][2]
