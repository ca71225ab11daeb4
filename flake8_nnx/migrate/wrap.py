"""`nnx.bridge.to_linen` around an NNX class that a class which stays Linen constructs.

The wrapped module keeps the name that Linen gave it; sizes are read from the input, or computed as the plan says.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from flake8_nnx.migrate import any_module, given_layers
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.attributes import has_init
from flake8_nnx.migrate.variables import LAZY_METHOD
from flake8_nnx.source.features import SizeParameter, site_sizes, trace
from flake8_nnx.source.idle import idle
from flake8_nnx.source.linen import Facts, Field, LinenClass
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.sizes import AXIS
from flake8_nnx.source.values import Site

# Parameters of to_linen itself.
TAKEN = frozenset({"nnx_class", "metadata_fn", "name", "skip_rng", "abstract_init"})
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp)
BRANCHING = (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.Match, *FUNCTIONS, *COMPREHENSIONS)


class Stuck(Exception):
    """Why a construction cannot be wrapped: the node, the reason and what to do."""

    def __init__(self, node: ast.AST, reason: str, advice: str) -> None:
        super().__init__(node, reason, advice)
        self.node, self.reason, self.advice = node, reason, advice


def references(user: LinenClass, used: LinenClass) -> Iterator[ast.Name | ast.Attribute]:
    """Each place where a class names another that is not an annotation."""
    annotations = {
        id(inner)
        for node in ast.walk(user.node)
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if part is not None
        for inner in ast.walk(part)
    }
    for node in ast.walk(user.node):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and id(node) not in annotations:
            ref = user.facts.module_class(node)
            if ref is not None and ref.local is used:
                yield node


def wrap(user: ClassPlan, used: ClassPlan, plans: Sequence[ClassPlan], outside: frozenset[int]) -> None:
    """Add to the plan of a Linen class the bridges around another that has become an NNX class.

    Args:
        plans: of all classes of the run.
        outside: the classes that stay Linen, by the id of their node.

    Raises:
        Stuck: it uses the class where no bridge can stand.
    """
    facts = user.cls.facts
    names = list(references(user.cls, used.cls))
    field = classes_held(user.cls).get(id(used.cls.node))
    if field is not None:
        raise Stuck(field.node, f"the field `{field.name}` of `{user.name}`, which stays Linen, is given one", _together(user))
    if names:
        _check_content(user, used, names[0], plans)
    calls = []
    for name in names:
        call = facts.names.parent(name)
        if not isinstance(call, ast.Call) or call.func is not name:
            what = ast.unparse(call).splitlines()[0][:60] if call is not None else used.name
            reason = f"`{user.name}`, which stays Linen, uses it in `{what}`, where no bridge can stand"
            raise Stuck(name, reason, _together(user))
        calls.append(call)
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        given = {keyword.arg for keyword in call.keywords}
        hidden = (TAKEN - {"name"}) & given or {"parent"} & given
        if hidden:
            raise Stuck(call, f"nnx.bridge.to_linen takes `{min(map(str, hidden))}=` itself", "rename the field")
        name_text = "" if "name" in given else _name(call, calls, user, used, facts)
        first = [ast.unparse(call.func), *_sizes(call, user, used, facts, outside)]
        user.expressions[call.func] = "nnx.bridge.to_linen"
        user.first[call] = ", ".join(first)
        added = [("name", name_text)] if name_text else []
        if not has_init(trace(used.cls)):
            added.append(("skip_rng", "True"))
        if added:
            user.keywords[call] = added
        user.bridges.setdefault(used.name, call.lineno)
        user.parts.append(used.cls)
    if names:
        user.parts.append(used.cls)
        user.slots = [*user.slots, *_slots(calls, user, used, facts)]


def classes_held(cls: LinenClass) -> dict[int, Field]:
    """The classes of the project that fields of a class hold, by the id of their node, with the first of these fields."""
    refs = [(cls.facts.annotated_module(field.annotation), field) for field in cls.fields]
    return {id(ref.local.node): field for ref, field in reversed(refs) if ref is not None and ref.local is not None}


def _together(user: ClassPlan) -> str:
    return f"migrate it together with `{user.name}`"


def _check_content(user: ClassPlan, used: ClassPlan, node: ast.AST, plans: Sequence[ClassPlan]) -> None:
    """What to_linen would lose of the NNX class, or of those that it constructs."""
    for name in (*any_module.fields(used.cls), *given_layers.fields(used.cls), *idle(used.cls)):
        reason = f"`{used.name}` is given a module in `{name}`, which `{user.name}` would make in Linen"
        raise Stuck(node, reason, _together(user))
    for part in parts(used, plans):
        if part.bridges:
            inner = next(iter(part.bridges))
            reason = f"`{user.name}` stays Linen, and so does `{inner}`: a bridge in a bridge would not be initialised"
            raise Stuck(node, reason, f"see `{inner}`")
        if any("nnx.Intermediate" in text for text in part.expressions.values()):
            raise Stuck(node, f"nnx.bridge.to_linen would keep what `{part.name}` sows as variables", _together(user))
        made_late = next((site.call for site in trace(part.cls).sites if _decodes(site)), None)
        if made_late is not None or LAZY_METHOD in part.methods:
            reason = f"`{part.name}` makes a cache for decoding when it is asked to, which nnx.bridge.to_linen does not keep"
            raise Stuck(node, reason, _together(user))
    drawn = {stream for part in parts(used, plans) for stream in streams(part)}
    files = {id(plan.cls.facts): plan.cls.facts for plan in plans}
    for stream in sorted(drawn):
        for call in (call for facts in files.values() for call in init_calls(facts)):
            if not _gives(call, stream):
                reason = f"in a bridge it needs the stream {stream!r} in every init: `{ast.unparse(call)[:40]}` gives none"
                raise Stuck(call, reason, f'give it {{"params": …, "{stream}": …}}, or {_together(user)}')
        note = f'each init of `{user.name}` must be given the stream "{stream}": model.init({{"params": …, "{stream}": …}}, …)'
        if note not in user.notes:
            user.notes.append(note)


def parts(used: ClassPlan, plans: Sequence[ClassPlan]) -> list[ClassPlan]:
    """The class and those that it constructs."""
    found, line = list[ClassPlan](), [used]
    while line:
        plan = line.pop()
        if plan not in found:
            found.append(plan)
            line += [other for other in plans if any(part is other.cls for part in plan.parts)]
    return found


def _decodes(site: Site) -> bool:
    given = site.keywords.get("decode")
    return given is not None and ast.unparse(given) != "False" and site.ref is not None and site.ref.linen is not None


def streams(plan: ClassPlan) -> set[str]:
    """The random streams besides params that the class asks for when it is constructed."""
    found = set()
    for site in trace(plan.cls).sites:
        rate = site.keywords.get("dropout_rate")
        if site.ref is not None and (site.ref.linen == "Dropout" or rate is not None and ast.unparse(rate) not in ("0", "0.0")):
            found.add("dropout")
    for text in plan.expressions.values():
        found.update(re.findall(r"^self\.rngs\.(\w+)\(\)$", text))
    return found - {"params"}


def init_calls(facts: Facts) -> Iterator[ast.Call]:
    """Calls of `init` on Linen modules in this file."""
    for node in facts.names.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("init", "init_with_output"):
            if facts.instance(node.func.value) is not None and node.args:
                yield node


def _gives(call: ast.Call, stream: str) -> bool:
    first = call.args[0]
    return isinstance(first, ast.Dict) and any(isinstance(key, ast.Constant) and key.value == stream for key in first.keys)


# ---- names --------------------------------------------------------------------------------------------------------


def _name(call: ast.Call, calls: Sequence[ast.Call], user: ClassPlan, used: ClassPlan, facts: Facts) -> str:
    """The name to give, as source; empty where Linen names it after the attribute."""
    method = facts.enclosing_method(call)
    unnamed = [other for other in calls if all(keyword.arg != "name" for keyword in other.keywords)]
    if method is not None and method.name == "setup":
        if _attribute(call, facts) is not None:
            return ""
    elif all(not _above(other, facts) for other in unnamed):
        return f'"{used.name}_{unnamed.index(call)}"'
    elif len(unnamed) == 1:
        above = _above(call, facts)
        if all(isinstance(node, ast.If) for node in above):
            return f'"{used.name}_0"'
        counter = _counter(above[0]) if len(above) == 1 else None
        if counter is not None:
            return f'f"{used.name}_{{{counter}}}"'
    reason = f"the name that Linen gives `{ast.unparse(call)[:40]}` cannot be told from the source"
    raise Stuck(call, reason, f"give it a name=, or {_together(user)}")


def _above(call: ast.Call, facts: Facts) -> list[ast.AST]:
    """What decides whether, and how often, this call happens, innermost first."""
    found: list[ast.AST] = []
    method, node = facts.enclosing_method(call), facts.names.parent(call)
    while node is not None and node is not method:
        if isinstance(node, BRANCHING):
            found.append(node)
        node = facts.names.parent(node)
    return found


def _counter(loop: ast.AST) -> str | None:
    """The variable that counts a loop from 0."""
    iterable = loop.iter if isinstance(loop, ast.For) else None
    if not isinstance(iterable, ast.Call) or not isinstance(iterable.func, ast.Name) or len(iterable.args) != 1:
        return None
    assert isinstance(loop, ast.For)
    target = loop.target
    if iterable.func.id == "enumerate" and isinstance(target, ast.Tuple) and not iterable.keywords:
        target = target.elts[0]
    elif iterable.func.id != "range":
        return None
    return target.id if isinstance(target, ast.Name) else None


def _attribute(call: ast.Call, facts: Facts) -> str | None:
    """`block` of `self.block = Block(…)` in setup, `blocks` of a list of them."""
    parent = facts.names.parent(call)
    while isinstance(parent, (ast.List, ast.Tuple, ast.ListComp)):
        parent = facts.names.parent(parent)
    target = parent.targets[0] if isinstance(parent, ast.Assign) and len(parent.targets) == 1 else None
    own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    return target.attr if own else None  # type: ignore[union-attr]


def _slots(calls: Sequence[ast.Call], user: ClassPlan, used: ClassPlan, facts: Facts) -> list[dict[str, object]]:
    """The wrapped modules in the variable map; of what has a computed name only those that count a loop."""
    found: list[dict[str, object]] = []
    for call in calls:
        given = next((keyword.value for keyword in call.keywords if keyword.arg == "name"), None)
        text = dict(user.keywords.get(call, ())).get("name") if given is None else ast.unparse(given)
        if text is None and not isinstance(facts.names.parent(call), ast.Assign):
            name = f"{_attribute(call, facts)}_{{0}}"
            found.append({"each": [{"linen": name, "nnx": name, "class": used.cls}]})
            continue
        text = repr(_attribute(call, facts)) if text is None else text
        counter = _counter(_above(call, facts)[0]) if _above(call, facts) else None
        node = ast.parse(text, mode="eval").body
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append({"linen": node.value, "nnx": node.value, "class": used.cls})
        elif isinstance(node, ast.JoinedStr) and counter is not None:
            pattern = "".join(_piece(part, counter) for part in node.values)
            found.append({"each": [{"linen": pattern, "nnx": pattern, "class": used.cls}]})
    return found


def _piece(part: ast.expr, counter: str) -> str:
    """A part of an f-string in the variable map."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "{0}" if isinstance(part, ast.FormattedValue) and ast.unparse(part.value) == counter else "?"


# ---- sizes --------------------------------------------------------------------------------------------------------


def _sizes(call: ast.Call, user: ClassPlan, used: ClassPlan, facts: Facts, outside: frozenset[int]) -> list[str]:
    """The size arguments of the NNX class, as source in the Linen method."""
    for name in used.open_sizes:
        raise Stuck(call, f"it has to be told `{name}`, which nothing in `{user.name}` says", _together(user))
    found = []
    site = next((site for site in trace(user.cls).sites if site.call is call), None)
    known = site_sizes(site, outside) if site is not None else {}
    fields = set(facts.fields_of(user.cls))
    for size in used.sizes:
        text = _read(call, size, used.cls, facts)
        if text is None and known.get(size.name) is not None and not AXIS.search(str(known[size.name])):
            computed = str(known[size.name])
            text = re.sub(r"(?<![\w.])[A-Za-z_]\w*", lambda m: f"self.{m[0]}" if m[0] in fields else m[0], computed)
        if text is None:
            raise Stuck(
                call, f"its `{size.name}` cannot be told where `{user.name}`, which stays Linen, constructs it", _together(user)
            )
        found.append(text)
    return found


def _read(call: ast.Call, size: SizeParameter, used: LinenClass, facts: Facts) -> str | None:
    """`x.shape[-1]` for the `x` that the module is called with."""
    method = used.methods.get("__call__")
    application = facts.names.parent(call)
    if method is None or size.axis or not isinstance(application, ast.Call) or application.func is not call:
        return None
    names = [argument.arg for argument in (*method.args.posonlyargs, *method.args.args)][1:]
    given: dict[str | None, ast.expr] = dict(zip(names, application.args))
    given.update({keyword.arg: keyword.value for keyword in application.keywords})
    value = given.get(size.argument)
    if not _plain(value) or any(isinstance(argument, ast.Starred) for argument in application.args):
        return None
    return f"{ast.unparse(value)}.shape{size.index}"  # type: ignore[arg-type]


def _plain(node: ast.AST | None) -> bool:
    """Whether reading it twice is the same as reading it once."""
    return isinstance(node, ast.Name) or isinstance(node, ast.Attribute) and _plain(node.value)
