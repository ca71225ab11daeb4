"""A text in the place of a name means the same as the expression in the place of the node."""
import ast
import itertools

import pytest

from flake8_nnx.lint import lint_source
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.text import SourceText

OUTER = (
    "f + 1", "1 + f", "f - 1", "1 - f", "f * 2", "2 * f", "f // 2", "2 // f", "f % 2", "f ** 2", "2 ** f", "-f", "not f", "~f",
    "f and a", "a and f", "f or a", "f == 2", "2 < f < 3", "f if a else b", "a if f else b", "a if b else f", "f.size", "f[0]",
    "x[f]", "f(a)", "g(f)", "g(k=f)", "g(*f)", "[f, 1]", "(f, 1)", "{f: 1}", "{1: f}", "lambda a: f", "f | a", "f & a", "f << 1",
    "f @ a", "x[f:1]", "[a for a in f]",
)  # fmt: skip
INNER = (
    "n", "2", "n + 1", "n - 1", "2 * n", "n // 2", "-n", "n ** 2", "not n", "n and m", "n or m", "n == m", "n if m else k",
    "g(n)",
    "n.m", "n[0]", "(n, m)", "n | m", "lambda n: m",
)  # fmt: skip


class Put(ast.NodeTransformer):
    def __init__(self, inner: str) -> None:
        self.inner = ast.parse(inner, mode="eval").body

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.inner if node.id == "f" else node


def place(outer: str) -> tuple[ast.expr, ast.AST, ast.Name]:
    """An expression, the name `f` in it, and what is right above that."""
    tree = ast.parse(outer, mode="eval")
    pairs = ((node, child) for node in ast.walk(tree) for child in ast.iter_child_nodes(node))
    return next((tree.body, node, child) for node, child in pairs if isinstance(child, ast.Name) and child.id == "f")


@pytest.mark.parametrize("outer, inner", list(itertools.product(OUTER, INNER)))
def test_the_text_means_the_tree(outer, inner):
    whole, above, name = place(outer)
    text = SourceText(outer).segment(whole, {id(name): operand(inner, above, name)})
    assert ast.dump(ast.parse(text, mode="eval")) == ast.dump(Put(inner).visit(ast.parse(outer, mode="eval")))


@pytest.mark.parametrize("outer", ["f * 2", "1 + f", "g(f)", "[f, 1]", "x[f]", "f if a else b"])
def test_parentheses_that_say_nothing_are_left_out(outer):
    _, above, name = place(outer)
    assert operand("2 * n", above, name) == "2 * n"


MODEL = """import flax.linen as nn


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        k = 1 if self.features == 2 else 2
        x = x * 2 if k == 2 else x
        return nn.Dense(self.features * 2)(x)


class Net(nn.Module):
    n: int

    @nn.compact
    def __call__(self, x):
        for i in range(2):
            x = Block(self.n + 1)(x)
        return nn.Dense(3)(x)
"""


def test_sizes_of_a_module_inside_of_another():
    assert "x_features is in_features at first, then (n + 1) * 2" in "\n".join(found.message for found in lint_source(MODEL))
