"""Which flags of methods become modes: those that reach nothing but what `train()` and `eval()` set.

All classes of a run that call one another must agree, so a flag goes only where every call hands on a flag that goes too.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from flake8_nnx.migrate.modes.written import Called, Kind, Written, calls_of
from flake8_nnx.rules.nnx827_flag_over_mode import TRAINS
from flake8_nnx.source.features import trace
from flake8_nnx.source.given import of_the_call

# The flags of layers that modes set, with their place among the arguments of the call where they have one.
LAYER_FLAGS: dict[str, tuple[str, int | None]] = {
    "Dropout": ("deterministic", None),
    "MultiHeadAttention": ("deterministic", None),
    "BatchNorm": ("use_running_average", 1),
}
ATTRIBUTE = "deterministic"  # what a class keeps whose own code asks for the mode
SET_BY_MODES = frozenset({ATTRIBUTE, "use_running_average"})


@dataclass(eq=False)
class Flag:
    """A parameter of a method that may become a mode."""

    cls: Written
    method: str
    arg: ast.arg
    uses: list[ast.Name] = field(default_factory=list)
    merge: ast.Assign | None = None  # with the field of the same name
    training: bool | None = None  # its value in training

    @property
    def function(self) -> ast.FunctionDef:
        return self.cls.methods[self.method]

    @property
    def line(self) -> int:
        """Where the Linen class takes it."""
        method = self.cls.plan.cls.methods.get(self.method)
        given = [*method.args.args, *method.args.kwonlyargs] if method is not None else []
        return next((arg.lineno for arg in given if arg.arg == self.arg.arg), (method or self.cls.plan.cls.node).lineno)

    def value_of(self, node: ast.expr | None) -> bool | None:
        """Whether an expression is this flag, or its negation; None where it is neither."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return False if any(use is node.operand for use in self.uses) else None
        return True if any(use is node for use in self.uses) else None


@dataclass
class Modes:
    """What becomes of the flags of a run; what stays and why is in `kept`."""

    classes: list[Written]
    without: Mapping[int, str] = field(default_factory=dict)  # classes that keep their flags, and why
    calls: dict[tuple[Written, str], list[Called]] = field(default_factory=dict)
    flags: dict[tuple[Written, str], Flag] = field(default_factory=dict)
    kept: dict[Written, str] = field(default_factory=dict)

    def of(self, cls: Written) -> list[Flag]:
        return [flag for flag in self.flags.values() if flag.cls is cls]

    # ---- calls ----------------------------------------------------------------------------------------------------

    def targets(self, called: Called) -> Iterator[tuple[Kind, str | None, ast.expr | None]]:
        """For each module that a call may be of: the flag of that which is a mode, and what the call gives it."""
        for kind in called.kinds:
            if isinstance(kind, str):
                name, place = LAYER_FLAGS.get(kind, (None, None)) if called.method == "__call__" else (None, None)
                yield kind, name, _given(called.node, name, place)
                continue
            home = kind.defining(called.method)
            flag = self.flags.get((home, called.method)) if home is not None else None
            yield kind, flag.arg.arg if flag else None, _given(called.node, *_place(flag)) if flag else None

    def goes(self, called: Called) -> ast.expr | None:
        """The argument of a call that goes: all modules that it may be of have the mode for it."""
        found = list(self.targets(called))
        values = {id(value): value for _, _, value in found}
        value = next(iter(values.values()), None)
        fixed = any(argument.arg is None for argument in called.node.keywords)
        starred = any(isinstance(argument, ast.Starred) for argument in called.node.args)
        if len(values) != 1 or value is None or any(name is None for _, name, _ in found) or fixed or starred:
            return None
        return value

    def handed_on(self, flag: Flag) -> Iterator[tuple[Called, ast.expr, bool]]:
        """The arguments that hand a flag on and go, each with the value that it has in training."""
        for called in self.calls[flag.cls, flag.method]:
            value = self.goes(called)
            direct = flag.value_of(value)
            if value is None or direct is None:
                continue
            for kind, _, _ in self.targets(called):
                inner = False if isinstance(kind, str) else self.inner(kind, called.method).training
                if inner is not None:
                    yield called, value, inner if direct else not inner

    def inner(self, cls: Written, method: str) -> Flag:
        home = cls.defining(method)
        assert home is not None
        return self.flags[home, method]

    def others(self, flag: Flag) -> list[ast.Name]:
        """The uses of a flag that are not handed on."""
        gone = {id(node) for _, value, _ in self.handed_on(flag) for node in ast.walk(value)}
        gone |= {id(node) for node in ast.walk(flag.merge)} if flag.merge is not None else set()
        return [use for use in flag.uses if id(use) not in gone]

    def moved(self, cls: Written) -> dict[ast.Call, tuple[ast.keyword, list[ast.Call]]]:
        """Constructors of layers with a constant flag, which modes would change: it moves to the calls of the layer."""
        found: dict[ast.Call, tuple[ast.keyword, list[ast.Call]]] = {}
        for call, keyword in fixed_flags(cls):
            calls = self.calls_with_constant(cls, call, keyword)
            if calls is not None:
                found[call] = (keyword, calls)
        return found

    def calls_with_constant(self, cls: Written, call: ast.Call, keyword: ast.keyword) -> list[ast.Call] | None:
        """The calls of a layer whose constructor has a constant flag; None where they are not all known."""
        statement = cls.facts.names.parent(call)
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
        if not own or not isinstance(keyword.value, ast.Constant) or len(cls.family) > 1:
            return None
        name = target.attr  # type: ignore[union-attr]
        every = [n for n in ast.walk(cls.node) if isinstance(n, ast.Attribute) and n.attr == name]
        stores, reads = ([n for n in every if isinstance(n.ctx, kind)] for kind in (ast.Store, ast.Load))
        calls = [cls.facts.names.parent(read) for read in reads]
        plain = [c for c, read in zip(calls, reads) if isinstance(c, ast.Call) and c.func is read and not has_comment(c, cls)]
        free = all(keyword.arg not in [k.arg for k in c.keywords] and len(c.args) < 2 for c in plain)
        return plain if len(stores) == 1 and len(plain) == len(reads) and free and not has_comment(call, cls) else None


def modes_of(classes: Sequence[Written], without: Mapping[int, str] = MappingProxyType({})) -> Modes:
    """The flags of these classes that become modes; those in `without`, by the id of their node, keep them for a reason."""
    found = Modes(list(classes), without)
    for cls in classes:
        for name, method in cls.methods.items():
            found.calls[cls, name] = calls_of(cls, method)
    _collect(found)
    _give_values(found)
    while True:
        refused = [(flag, reason) for flag in found.flags.values() if (reason := _problem(flag, found))]
        if not refused:
            return found
        for flag, reason in refused:
            del found.flags[flag.cls, flag.method]
            found.kept.setdefault(flag.cls, f"line {flag.line}: `{flag.arg.arg}` stays an argument: {reason}")


def _collect(modes: Modes) -> None:
    """Parameters with the name of a flag, and those that are handed to one."""
    every: dict[tuple[Written, str], list[Flag]] = {}
    for cls in modes.classes:
        for name, method in cls.methods.items():
            every[cls, name] = [_flag(cls, name, arg) for arg in [*method.args.args[1:], *method.args.kwonlyargs]]
    changed = True
    while changed:
        changed = False
        for key, candidates in every.items():
            chosen = [flag for flag in candidates if flag.arg.arg in TRAINS or _reaches(flag, modes)]
            if key not in modes.flags and len(chosen) == 1:
                modes.flags[key], changed = chosen[0], True
            elif len(chosen) > 1:
                names = " and ".join(f"`{flag.arg.arg}`" for flag in chosen)
                modes.kept.setdefault(key[0], f"line {chosen[0].line}: {names} stay arguments, since a mode is one flag")
                modes.flags.pop(key, None)
                every[key], changed = [], True
                break


def _reaches(flag: Flag, modes: Modes) -> bool:
    for called in modes.calls[flag.cls, flag.method]:
        if any(flag.value_of(value) is not None for _, _, value in modes.targets(called)):
            return True
    return False


def _flag(cls: Written, name: str, arg: ast.arg) -> Flag:
    method = cls.methods[name]
    merged = f"{arg.arg} = {arg.arg} if {arg.arg} is not None else self.{arg.arg}"
    merge = next((s for s in method.body if isinstance(s, ast.Assign) and ast.unparse(s) == merged), None)
    flag = Flag(cls, name, arg, [], merge)
    for node in ast.walk(method):
        if isinstance(node, ast.Name) and node.id == arg.arg and isinstance(node.ctx, ast.Load):
            binding = cls.facts.names.binding(node)
            own = binding is not None and (binding.node is arg or merge is not None and binding.value is merge.value)
            if own:
                flag.uses.append(node)
    return flag


def _give_values(modes: Modes) -> None:
    """What each flag is in training: as what it reaches says, else as its name does."""
    for by_name in (False, True):
        changed = True
        while changed:
            changed = False
            for flag in modes.flags.values():
                votes = {training for _, _, training in modes.handed_on(flag)}
                value = votes.pop() if len(votes) == 1 else TRAINS.get(flag.arg.arg) if by_name and not votes else None
                if flag.training is None and value is not None:
                    flag.training, changed = value, True


# ---- why a flag stays -----------------------------------------------------------------------------------------------


def _problem(flag: Flag, modes: Modes) -> str | None:
    cls, name, method = flag.cls, flag.arg.arg, flag.function
    if id(cls.plan.cls.node) in modes.without:
        return modes.without[id(cls.plan.cls.node)]
    stores = [n for n in ast.walk(method) if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)]
    if flag.training is None or any(training is not flag.training for _, _, training in modes.handed_on(flag)):
        return "what it is in training cannot be told"
    if TRAINS.get(name, flag.training) is not flag.training:
        return "its name says the opposite of what it does"
    if len(stores) > (flag.merge is not None):
        return "the method gives it another value"
    if method.args.posonlyargs or any("static_arg" in ast.unparse(decorator) for decorator in method.decorator_list):
        return "the decorator counts the arguments"
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
    none = isinstance(parameter, ast.Constant) and parameter.value is None
    if len(cls.family) > 1 or len(reads) != len(stores) or len(stores) != 1 or not none:
        return f"the class is also made with `{name}=`, which it keeps"
    for user in modes.classes:
        for call in ast.walk(user.init) if user.init is not None else ():
            if isinstance(call, ast.Call) and cls in user.named.get(ast.unparse(call.func).removeprefix("self."), ()):
                place = [arg.arg for arg in cls.init.args.args].index(name) - 1 if cls.init is not None else 0
                if _given(call, name, place) is not None or any(k.arg is None for k in call.keywords):
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


def fixed_flags(cls: Written) -> Iterator[tuple[ast.Call, ast.keyword]]:
    """The flags that its constructor gives to layers, or to partials of them."""
    for node in ast.walk(cls.init) if cls.init is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("self.") not in _of_run(cls):
            yield from ((node, keyword) for keyword in node.keywords if keyword.arg in SET_BY_MODES)


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


def _of_run(cls: Written) -> set[str]:
    return {name for name, kinds in cls.named.items() if all(isinstance(kind, Written) for kind in kinds)} | {"super().__init__"}


# ---- small questions ------------------------------------------------------------------------------------------------


def stored(cls: Written) -> set[str]:
    """The attributes that the class gives a value."""
    return {
        node.attr for node in ast.walk(cls.node)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }


def defaults(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr | None]]:
    spec = function.args
    plain = [None] * (len(spec.args) - len(spec.defaults)) + list(spec.defaults)
    yield from zip([arg.arg for arg in spec.args], plain)
    yield from zip([arg.arg for arg in spec.kwonlyargs], spec.kw_defaults)


def _place(flag: Flag) -> tuple[str, int | None]:
    names = [arg.arg for arg in flag.function.args.args[1:]]
    return flag.arg.arg, names.index(flag.arg.arg) if flag.arg.arg in names else None


def _given(call: ast.Call, name: str | None, place: int | None) -> ast.expr | None:
    """What a call gives an argument."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name and name is not None), None)
    return named if named is not None or place is None or len(call.args) <= place else call.args[place]


def _statement(node: ast.AST, cls: Written) -> ast.AST:
    return cls.facts.names.enclosing(node, ast.stmt) or node


def has_comment(node: ast.stmt | ast.expr, cls: Written, last: int | None = None) -> bool:
    """Whether a comment stands inside of a node of several lines."""
    end = node.end_lineno if last is None else last
    return end is not None and end > node.lineno and cls.facts.text.has_comment(node.lineno, end)
