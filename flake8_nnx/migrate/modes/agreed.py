"""Which flags become modes: those that reach nothing but what `train()` and `eval()` set.

All classes of a run that call one another must agree, so a flag goes only where every call hands on a flag that goes too.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from flake8_nnx.migrate.modes.flags import (
    ATTRIBUTE,
    SET_BY_MODES,
    Flag,
    Modes,
    collect,
    defaults,
    fixed_flags,
    give_values,
    given_to,
    has_comment,
    stored,
)
from flake8_nnx.migrate.modes.written import Written, calls_of
from flake8_nnx.rules.nnx827_flag_over_mode import TRAINS
from flake8_nnx.source.features import trace
from flake8_nnx.source.given import of_the_call
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.methods import stores


def modes_of(classes: Sequence[Written], without: Mapping[int, str] = MappingProxyType({})) -> Modes:
    """The flags of these classes that become modes; those in `without`, by the id of their node, keep them for a reason."""
    found = Modes(list(classes), without)
    for cls in classes:
        for name, method in cls.methods.items():
            found.calls[cls, name] = calls_of(cls, method)
    collect(found)
    give_values(found)
    while True:
        refused = [(flag, reason) for flag in found.flags.values() if (reason := _problem(flag, found))]
        if not refused:
            return found
        for flag, reason in refused:
            del found.flags[flag.cls, flag.method]
            found.kept.setdefault(flag.cls, f"line {flag.line}: `{flag.arg.arg}` stays an argument: {reason}")


def _problem(flag: Flag, modes: Modes) -> str | None:
    cls, name, method = flag.cls, flag.arg.arg, flag.function
    if id(cls.plan.cls.node) in modes.without:
        return modes.without[id(cls.plan.cls.node)]
    if flag.training is None or any(training is not flag.training for _, _, training in modes.handed_on(flag)):
        return "what it is in training cannot be told"
    if TRAINS.get(name, flag.training) is not flag.training:
        return "its name says the opposite of what it does"
    if len(stores(method, name)) > (flag.merge is not None) or not flag.clear:
        return "the method gives it another value"
    if method.args.posonlyargs or any(isinstance(decorator, ast.Call) for decorator in method.decorator_list):
        return "a decorator may count the arguments"
    for user in modes.classes:
        for related in cls.family:
            if related in user.pinned:
                return user.pinned[related]
    for related in cls.family:
        if flag.method in related.methods and (other := modes.flags.get((related, flag.method))) is None or (
            flag.method in related.methods and other is not None and other.arg.arg != name
        ):
            return f"`{related.plan.name}.{flag.method}` has another"
    if has_comment(method, cls, method.body[0].lineno - 1):
        return "a comment stands between the parameters"
    fixed = _fixed_below(cls, modes)
    if fixed is not None:
        return fixed
    return _merged(flag, modes) or _asked(flag, modes) or _disagrees(flag, modes)


def _disagrees(flag: Flag, modes: Modes) -> str | None:
    """The call that gives it something else than a flag that becomes a mode as well."""
    for (user, method), calls in modes.calls.items():
        for called in calls:
            homes = [kind.defining(called.method) for kind in called.kinds if isinstance(kind, Written)]
            if flag.cls not in homes or called.method != flag.method:
                continue
            value, own = modes.goes(called), modes.flags.get((user, method))
            direct = own.value_of(value) if own is not None else None
            same = direct is not None and own is not None and (own.training == flag.training) == direct
            if not same or has_comment(called.node, user):
                return f"`{ast.unparse(called.node)[:60]}` in `{user.plan.name}` does not hand on a flag that becomes a mode"
    return None


def _asked(flag: Flag, modes: Modes) -> str | None:
    """Why the class cannot keep an attribute for its own code, which asks for the flag."""
    others = modes.others(flag)
    if not others:
        return None
    cls = flag.cls
    if not _is_flag(flag, others, modes):
        return f"`{ast.unparse(_statement(others[0], cls)).splitlines()[0][:60]}` may take it for something else than a flag"
    below = [each for each in cls.family if cls in each.line and each is not cls and each.init is not None]
    if any("super().__init__" not in ast.unparse(each.init) for each in below if each.init is not None):
        return "its own code asks for it, and a class beside it has a constructor that stands alone"
    if cls.init is None:
        return f"`{ast.unparse(_statement(others[0], cls)).splitlines()[0][:60]}` asks for it, and the class has no `__init__`"
    taken = {field for each in cls.family for field in stored(each)} | {name for each in cls.family for name in each.methods}
    if ATTRIBUTE in taken and not (flag.merge is not None and flag.arg.arg == ATTRIBUTE):
        return f"its own code asks for it, and `self.{ATTRIBUTE}` is something else"
    return None


def _is_flag(flag: Flag, others: Sequence[ast.Name], modes: Modes) -> bool:
    """Whether a parameter is true or false, and nothing else."""
    default = dict(defaults(flag.function)).get(flag.arg.arg)
    said = flag.arg.annotation is not None and "bool" in ast.unparse(flag.arg.annotation)
    if said or isinstance(default, ast.Constant) and isinstance(default.value, bool) or any(modes.handed_on(flag)):
        return True
    above = [(flag.cls.facts.names.parent(use), use) for use in others]
    tests = (ast.If, ast.IfExp, ast.While, ast.Assert)
    return all(isinstance(p, (ast.UnaryOp, ast.BoolOp)) or isinstance(p, tests) and p.test is use for p, use in above)


def _merged(flag: Flag, modes: Modes) -> str | None:
    """Why the field that the flag is merged with cannot go."""
    if flag.merge is None:
        return None
    cls, name = flag.cls, flag.arg.arg
    merges = [f.merge for f in modes.of(cls) if f.merge is not None]
    inside = {id(node) for merge in merges for node in ast.walk(merge)}
    reads = [n for n in ast.walk(cls.node) if isinstance(n, ast.Attribute) and n.attr == name and id(n) not in inside]
    stores = [n for n in reads if isinstance(n.ctx, ast.Store)]
    parameter = dict(defaults(cls.init)).get(name) if cls.init is not None else None
    none = is_none(parameter)
    nodes = ast.walk(cls.init or cls.node)
    named = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    alone = len(cls.family) == 1 and len(named) == 1 and name not in cls.plan.asked
    if not alone or len(reads) != len(stores) or len(stores) != 1 or not none:
        return f"the class is also made with `{name}=`, which it keeps"
    for user in modes.classes:
        for call in ast.walk(user.init) if user.init is not None else ():
            if isinstance(call, ast.Call) and cls in user.named.get(ast.unparse(call.func).removeprefix("self."), ()):
                place = [arg.arg for arg in cls.init.args.args].index(name) - 1 if cls.init is not None else 0
                if given_to(call, name, place) is not None or any(k.arg is None for k in call.keywords):
                    return f"`{user.plan.name}` makes it with `{name}=`"
    return None


def _fixed_below(cls: Written, modes: Modes) -> str | None:
    """A flag that is fixed where a module of the class, or one in it, is made: modes would change it."""
    waiting, seen = [cls], set[Written]()
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        waiting += [*each.parts(), *each.family]
        for name, text in given_elsewhere(each):
            return f"modes would change `{name}={text}`, which `{each.plan.name}` is given"
        moved = modes.moved(each)
        for call, keyword in fixed_flags(each):
            if call not in moved:
                return f"modes would change `{keyword.arg}={ast.unparse(keyword.value)[:40]}` of `{each.plan.name}`"
        dropped = {flag.arg.arg for flag in modes.of(each) if flag.merge is not None}
        for name in SET_BY_MODES & stored(each) - dropped:
            return f"modes would change `self.{name}` of `{each.plan.name}`"
    return None


def given_elsewhere(cls: Written) -> Iterator[tuple[str, str]]:
    """The flags that partials outside of the class fix for the layers that it makes."""
    facts = cls.plan.cls.facts
    for site in trace(cls.plan.cls).sites:
        for option in (site, *site.options):
            given = {**(option.given.keywords if option.given is not None else {}), **option.keywords}
            own = {id(keyword.value) for keyword in option.call.keywords}
            layer = option.ref is not None and option.ref.linen is not None
            for name in SET_BY_MODES & given.keys() if layer else ():
                if id(given[name]) not in own and not of_the_call(given[name], facts):
                    yield name, ast.unparse(given[name])


def _statement(node: ast.AST, cls: Written) -> ast.AST:
    return cls.facts.names.enclosing(node, ast.stmt) or node
