"""`self.variable` of a Linen module: an attribute made in `__init__`, or a cache that is made when a call first asks for it.

What a module reads and writes as `x.value` becomes `x[...]`.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flake8_nnx.catalog.collections import COLLECTIONS, variable_type
from flake8_nnx.migrate.attributes import RESERVED, is_param, is_variable
from flake8_nnx.rules._text import is_attribute
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import COMPREHENSIONS
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.text import SourceText
from flake8_nnx.source.values import Site

LAZY = "_cache_variable"
# Shapes of a cache depend on the batch, so that only a call can make it, as it does in Linen.
LAZY_METHOD = f'''def {LAZY}(self, name, init, *args):
{{indent}}"""The cache variable of this name, made when it is first asked for."""
{{indent}}if not hasattr(self, name):
{{indent}}{{indent}}setattr(self, name, nnx.Cache(init(*args)))
{{indent}}return getattr(self, name)
'''


def problem(site: Site, taken: set[str]) -> str | None:
    """Why a `self.variable` call cannot be moved."""
    literals = [argument.value for argument in site.positional[:2] if isinstance(argument, ast.Constant)]
    if len(literals) < 2 or not all(isinstance(text, str) for text in literals):
        return "self.variable without a literal collection and name is not handled"
    collection, name = map(str, literals)
    if not is_attribute(name) or name in RESERVED or name in taken:
        return f"the variable name {name!r} cannot be an attribute"
    if site.loops:
        return "self.variable in a loop is not handled"
    if any(isinstance(argument, ast.Starred) for argument in site.positional) or set(site.keywords) - {"init_fn"}:
        return "self.variable with * or unbox= arguments is not handled"
    if len(initialiser(site)) == 0:
        return "self.variable without an initialiser is not handled"
    if not is_eager(site) and (collection != "cache" or site.method == "setup"):
        return f"self.variable of {name!r} needs values that only the call knows"
    return None


def is_eager(site: Site) -> bool:
    """Whether `__init__` can make the variable."""
    return not site.conditional and all(id(argument) in site.texts for argument in initialiser(site))


def initialiser(site: Site) -> list[ast.expr]:
    """The function that makes the value, and its arguments."""
    return [*site.positional[2:], *site.keywords.values()]


def kind_of(site: Site, facts: Facts) -> tuple[str, str]:
    """The Variable type of a variable, and the statement of its class where the file has to define it."""
    collection = ast.literal_eval(site.positional[0])
    name = variable_type(collection)
    if name in COLLECTIONS.values():
        return name, ""
    while any(not _is_variable_class(binding.node, facts) for binding in facts.names.module.bindings.get(name, ())):
        name += "Variable"
    known = facts.names.module.bindings.get(name)
    return name, "" if known else f'class {name}(nnx.Variable):\n{{indent}}"""The collection `{collection}`."""\n'


def _is_variable_class(node: ast.AST, facts: Facts) -> bool:
    return isinstance(node, ast.ClassDef) and any(facts.origin(base) == "flax.nnx.Variable" for base in node.bases)


def made(site: Site, kind: str, texts: list[str], facts: Facts) -> str:
    """`nnx.Cache(jnp.zeros(shape))`; a lambda is written as what it gives, a number as an array, which alone can be updated."""
    function, *arguments = texts
    plain = not isinstance(initialiser(site)[0], ast.Lambda)
    value = f"{function}({', '.join(arguments)})" if plain else constant(function) or _called(function, arguments)
    number = isinstance(ast.parse(value, mode="eval").body, ast.Constant)
    return f"{kind}({f'{array_module(facts)}.asarray({value})' if number else value})"


def constant(function: str) -> str | None:
    """What a lambda gives whatever it is given: `lambda *_: table`."""
    node = ast.parse(function, mode="eval").body
    if not isinstance(node, ast.Lambda) or node.args.defaults or any(node.args.kw_defaults):
        return None
    own = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    reads = {part.id for part in ast.walk(node.body) if isinstance(part, ast.Name)}
    return None if own & reads else SourceText(function).segment(node.body, {})


def _called(function: str, arguments: list[str]) -> str:
    """What a lambda gives for these arguments, with those in their places."""
    node = ast.parse(function, mode="eval").body
    assert isinstance(node, ast.Lambda)
    names = [a.arg for a in node.args.args]
    text, given = SourceText(function), dict(zip(names, arguments))
    reads = [n for n in ast.walk(node.body) if isinstance(n, ast.Name) and n.id in given]
    simple = all(re.fullmatch(r"[\w.]+", argument) or sum(n.id == name for n in reads) < 2 for name, argument in given.items())
    scopes = any(isinstance(n, (ast.Lambda, *COMPREHENSIONS)) for n in ast.walk(node.body))
    if len(names) != len(arguments) or ast.unparse(node.args) != ", ".join(names) or not simple or scopes and names:
        return f"({function})({', '.join(arguments)})"
    above = {id(child): parent for parent in ast.walk(node.body) for child in ast.iter_child_nodes(parent)}
    swaps = {id(n): operand(given[n.id], above.get(id(n), node), n) for n in reads}
    return text.segment(node.body, swaps)


def array_module(facts: Facts) -> str:
    """What the file calls jax.numpy."""
    bindings = facts.names.module.bindings.items()
    return next((name for name, found in bindings if any(each.origin == "jax.numpy" for each in found)), "jax.numpy")


def values_read(site: Site, facts: Facts, cls: ast.ClassDef) -> Iterator[tuple[ast.Attribute, str]]:
    """Each `x.value` of the variable, with what stands for x."""
    parent = facts.names.parent(site.call)
    if isinstance(parent, ast.Attribute) and parent.attr == "value":
        yield parent, ""
    if not isinstance(parent, (ast.Assign, ast.AnnAssign)):
        return
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    scope = facts.names.enclosing(site.call, ast.FunctionDef) if isinstance(targets[0], ast.Name) else cls
    wanted = ast.unparse(targets[0])
    for node in ast.walk(scope or cls):
        if isinstance(node, ast.Attribute) and node.attr == "value" and ast.unparse(node.value) == wanted:
            yield node, wanted


def updated_by_init(site: Site, facts: Facts, cls: ast.ClassDef) -> ast.stmt | None:
    """The statement by which `init`, which runs `__call__` once, has changed the variable that the constructor only makes."""
    for node, _ in values_read(site, facts, cls):
        method = facts.enclosing_method(node)
        if isinstance(node.ctx, ast.Store) and method is not None and method.name == "__call__":
            statement = facts.names.enclosing(node, ast.Assign, ast.AugAssign, ast.AnnAssign)
            if isinstance(statement, ast.stmt) and facts.names.parent(statement) is method:
                return statement
    return None


def computed_name(site: Site) -> tuple[str, ast.expr] | None:
    """The name of a parameter that is computed, as `__init__` and as the call says it; None for one that is written."""
    name = site.positional[0] if site.positional else None
    if name is None or isinstance(name, ast.Constant) or not is_param(site) or id(name) not in site.texts:
        return None
    return site.texts[id(name)], name


def told_name(site: Site) -> str | None:
    """Such a name where the source tells it all the same: a method that makes a parameter is given `name="probe"`."""
    computed = computed_name(site)
    node = ast.parse(computed[0], mode="eval").body if computed else None
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value.isidentifier() else None


def names(sites: list[Site]) -> set[str]:
    """Names of the variables that a class makes by `self.variable`."""
    return {ast.literal_eval(site.positional[1]) for site in sites if is_variable(site)}
