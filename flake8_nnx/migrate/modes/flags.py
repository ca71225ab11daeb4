"""Flags of methods that may become modes, what reaches them, and what they are in training.

Parameters with the names of flags, and those that are handed to one; `flake8_nnx.migrate.modes.agreed` says which of them go.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flake8_nnx.migrate.modes.written import Called, Kind, Written
from flake8_nnx.rules.nnx827_flag_over_mode import TRAINS

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
    clear: bool = True  # whether it is known where the name stands for it

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
                yield kind, name, given_to(called.node, name, place)
                continue
            home = kind.defining(called.method)
            flag = self.flags.get((home, called.method)) if home is not None else None
            yield kind, flag.arg.arg if flag else None, given_to(called.node, *_place(flag)) if flag else None

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


def collect(modes: Modes) -> None:
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
            if binding is not None and (binding.node is arg or merge is not None and binding.value is merge.value):
                flag.uses.append(node)
            elif binding is None or binding.kind != "param":
                flag.clear = False
    return flag


def give_values(modes: Modes) -> None:
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


def fixed_flags(cls: Written) -> Iterator[tuple[ast.Call, ast.keyword]]:
    """The flags that its constructor gives to layers, or to partials of them."""
    for node in ast.walk(cls.init) if cls.init is not None else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("self.") not in _of_run(cls):
            yield from ((node, keyword) for keyword in node.keywords if keyword.arg in SET_BY_MODES)


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


def given_to(call: ast.Call, name: str | None, place: int | None) -> ast.expr | None:
    """What a call gives an argument."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name and name is not None), None)
    return named if named is not None or place is None or len(call.args) <= place else call.args[place]


def has_comment(node: ast.stmt | ast.expr, cls: Written, last: int | None = None) -> bool:
    """Whether a comment stands inside of a node of several lines."""
    end = node.end_lineno if last is None else last
    return end is not None and end > node.lineno and cls.facts.text.has_comment(node.lineno, end)
