"""Long lines are spread as formatters do, short ones come together; what it means stays, and so does what is not safe."""
import ast

import pytest

from flake8_nnx.migrate.lines import bare, elements, joined, wrapped

LONG = [
    "self.c = nnx.vmap(lambda rngs: Critic(norm=norm, rate=rate, net_arch=net_arch, rngs=rngs))(rngs.split(n))",
    "self.a = nnx.Attention(heads=heads, attention_fn=lambda *args, module, **kwargs: f(*args, module=module), rngs=rngs)",
    "self.x = nnx.Param(init('a), (b', f'{size(1)}, (')(rngs.params(), (1, sizes[0][1], dimensions['of, it'])))",
    "assert {'a': [first, second], 'b': third}[key] == something_else(with_one_argument), 'and a long message, too'",
]


@pytest.mark.parametrize("text", LONG)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_mean_the_same(text, width):
    rows = wrapped(text, "    ", width)
    assert len(rows) > 1 and ast.dump(ast.parse("\n".join(rows))) == ast.dump(ast.parse(text))


def test_the_last_bracket_that_fits_is_spread():
    assert wrapped("self.c = nnx.vmap(lambda rngs: C(a, rngs=rngs))(rngs.split(n))", "  ", 40) == [
        "self.c = nnx.vmap(", "  lambda rngs: C(a, rngs=rngs)", ")(rngs.split(n))",
    ]  # fmt: skip


def test_choices_have_brackets_and_lines():
    text = "self.shortcut = nnx.Linear(in_features, out, rngs=rngs) if out is not None else None"
    inner = ["nnx.Linear(in_features, out, rngs=rngs)", "if out is not None", "else None"]
    assert wrapped(text, "    ", 60) == ["self.shortcut = (", *("    " + row for row in inner), ")"]
    assert wrapped(text, "    ", 80) == ["self.shortcut = (", "    " + " ".join(inner), ")"]


def test_choices_that_are_too_long_are_spread_too():
    text = "self.phi = MLP(in_features, hidden_dims=hidden_dims, output_dim=out_dim, rngs=rngs) if out_dim else None"
    rows = wrapped(text, "    ", 60)
    assert max(map(len, rows)) <= 60 and ast.dump(ast.parse("\n".join(rows))) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("text", "inside"),
    [("(a if b else c)", "a if b else c"), *((text, text) for text in ("(a) + (b)", "(a)[0]", "a", "", "(a\n+ b)"))],
)
def test_brackets_around_everything(text, inside):
    assert bare(text) == inside


@pytest.mark.parametrize("text", ["self.short = nnx.Linear(2, 3)", "a_name_without_brackets_" * 4, "x = '''\n" + "a" * 90])
def test_left_alone(text):
    assert wrapped(text, "    ", 80) == [text]


def test_commas_of_lambdas_and_strings_separate_nothing():
    assert elements("a, lambda x, y: (x, y), 'b, c', d[1, 2], lambdas, e") == [
        "a", "lambda x, y: (x, y)", "'b, c'", "d[1, 2]", "lambdas", "e",
    ]  # fmt: skip


def test_a_comprehension_is_one_element():
    assert elements("f(i) + s for i, s in enumerate(pairs)") == ["f(i) + s for i, s in enumerate(pairs)"]
    assert elements("forms, a.form for_") == ["forms", "a.form for_"]


def test_short_statements_come_together():
    assert joined("x = self.dropout(\n    x, deterministic=True\n)", 40) == "x = self.dropout(x, deterministic=True)"


@pytest.mark.parametrize("text", [
    "x = self.dropout(\n    x,\n    deterministic=True,\n)",  # the last comma asks for lines
    "x = f(\n    x,  # why\n    y)",
    "x = f('''a\nb''')",
    "x = f(a, \\\n    b)",
    "x = f(\n    first_of_many_arguments, second_of_many\n)",
])  # fmt: skip
def test_lines_that_stay_apart(text):
    assert joined(text, 40) == text
