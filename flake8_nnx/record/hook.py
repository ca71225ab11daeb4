"""The hook in the program: looks at each call of a Linen module from outside it, and records those not seen before.

A call that was seen costs one look-up; whatever goes wrong in here is counted and the program never sees it.
"""
from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import inspect
import itertools
import linecache
import os
import re
import sys
import sysconfig
import threading
from collections.abc import Callable, Mapping
from types import FrameType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from flake8_nnx.record.abstract import Node, describe, key
from flake8_nnx.record.recorder import Recorder
from flake8_nnx.record.spell import Speller, Unspellable
from flake8_nnx.record.store import Record

MOST_PER_CLASS = 64
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIBRARIES = tuple(
    {os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {PACKAGE + os.sep}
)


@dataclasses.dataclass
class Class:
    """What there is to know of a class of the program.

    Args:
        names: the globals of its file.
        kinds: of the name and code of each function that runs: a "method", the "inside" of one decorated with nn.scan or the
            like, or "foreign".
        seen: the record of every key, None of calls that are being recorded.
    """

    cls: type
    path: str
    source: str
    fields: tuple[str, ...]
    names: Mapping[str, Any]
    kinds: dict[Any, str] = dataclasses.field(default_factory=dict)
    seen: dict[Any, Record | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(eq=False)
class Open:
    """A call that is being recorded, with what is only known when it returns.

    A function that is no method of the class, such as the body of nn.RNN, is open too, with the `depth` of the module stack
    inside: what it calls is called from outside.
    """

    of: Class
    key: Any
    method: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    depth: int = -1
    streams: dict[str, None] = dataclasses.field(default_factory=dict)
    tables: dict[tuple[int, ...], int] = dataclasses.field(default_factory=dict)


class Hook:
    """The hook of one process.

    Args:
        linen: the module `flax.linen.module`.
        everything: record classes of installed packages too.
    """

    def __init__(self, linen: ModuleType, recorder: Recorder, everything: bool = False) -> None:
        self.linen, self.recorder, self.everything = linen, recorder, everything
        self._classes: WeakKeyDictionary[type, Class | None] = WeakKeyDictionary()  # nn.scan makes a class for every call
        self._files: dict[str, bool] = {}
        self._local = threading.local()

    def install(self) -> None:
        """Put the hook around every call of a module and every draw from a random stream."""
        module, recorder = self.linen.Module, self.recorder
        call, make_rng = module._call_wrapped_method, module.make_rng

        def _call_wrapped_method(self: Any, fun: Any, args: Any, kwargs: Any) -> Any:
            try:
                opened = enter(self, fun, args, kwargs)
            except Exception as error:
                recorder.error(error)
                opened = None
            if opened is None:
                return call(self, fun, args, kwargs)
            try:
                result = call(self, fun, args, kwargs)
            except BaseException:
                leave(self, opened, False)
                raise
            leave(self, opened, True)
            return result

        def recorded_make_rng(self: Any, name: str = "params") -> Any:
            for opened in calls():
                opened.streams[name] = None
            return make_rng(self, name)

        exclude = getattr(sys.modules.get("flax.traceback_util"), "register_exclusion", None)
        if exclude is not None:
            exclude(__file__)  # tracebacks are those of the program
        enter, leave, calls = self._enter, self._leave, self._open
        module._call_wrapped_method = _call_wrapped_method
        module.make_rng = recorded_make_rng

    def _open(self) -> list[Open]:
        """The calls of this thread that are being recorded, the innermost last."""
        try:
            return self._local.calls
        except AttributeError:
            self._local.calls = []
            return self._local.calls

    # ---- a call -----------------------------------------------------------------------------------------------

    def _enter(self, module: Any, fun: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Open | None:
        """A call begins; None when there is nothing to record."""
        cls = type(module)
        if cls not in self._classes:
            self._classes[cls] = self._learn(cls)
        known = self._classes[cls]
        if known is None:
            calls = self._open()
            if calls and cls.__name__ == "Embed" and args and hasattr(args[0], "shape"):
                size, shape = vars(module)["num_embeddings"], tuple(args[0].shape)
                for opened in calls:
                    opened.tables[shape] = min(size, opened.tables.get(shape, size))
            return None
        method = getattr(fun, "__name__", "") or getattr(getattr(fun, "func", None), "__name__", "")
        stack = self.linen._context.module_stack
        calls = self._open()
        if module.scope is None or method == "setup":
            return None
        if stack and stack[-1] is module and not (calls and calls[-1].depth == len(stack)):
            return None  # called from inside: part of a call that is seen already
        code = (method, getattr(fun, "__code__", None))  # the function itself may be made anew for every call
        if code not in known.kinds:
            known.kinds[code] = kind(inspect.getattr_static(known.cls, method, None), fun)
        if known.kinds[code] == "foreign":
            calls.append(Open(known, None, method, (), {}, len(stack) + 1))
            return calls[-1]
        if known.kinds[code] == "inside":  # cases call the method from outside
            outer = outer_arguments(known.cls, sys._getframe(2))
            if outer is None:
                return None
            args, kwargs = outer
        own = vars(module)
        scope = module.scope
        identity = (
            method,
            tuple([key(own.get(name)) for name in known.fields]),
            tuple(map(key, args)),
            tuple([(name, key(value)) for name, value in kwargs.items()]) if kwargs else (),
            self.is_init(module),
            mutable_key(scope.mutable),
        )
        seen = known.seen
        if identity in seen:
            record = seen[identity]
            if record is not None:
                record.calls += 1
                self.recorder.idle()
            return None
        if len(seen) >= MOST_PER_CLASS:
            return None
        seen[identity] = None
        opened = Open(known, identity, method, args, kwargs)
        calls.append(opened)
        return opened

    def _leave(self, module: Any, opened: Open, returned: bool) -> None:
        """The call is over; only one that returned is recorded."""
        try:
            calls = self._open()
            if opened in calls:
                del calls[calls.index(opened):]
            if returned and opened.key is not None:
                record = self._record(module, opened)
                if not record.init and "<locals>" in record.class_name:
                    self._classes[type(module)] = None  # one line says so; more would say the same
                opened.of.seen[opened.key] = record
                self.recorder.add(record)
            else:
                opened.of.seen.pop(opened.key, None)
            if not calls:
                self.recorder.idle()
        except Exception as error:
            self.recorder.error(error)

    def _record(self, module: Any, opened: Open) -> Record:
        known, initialising = opened.of, self.is_init(module)
        record = Record(
            path=known.path,
            class_name=known.cls.__qualname__,
            source=known.source,
            method=opened.method,
            phase="init" if initialising else "apply",
            streams=[name for name in opened.streams if not (initialising and name == "params")],
            place=self._place(),
        )
        record.collections, record.mutable = collections(module.scope)
        try:
            record.init = Speller(known.names, self.linen.Module).construct(known.cls, vars(module))
            record.args, record.kwargs, record.flags = arguments(
                getattr(known.cls, opened.method), opened.args, opened.kwargs, opened.tables.get
            )
        except Unspellable as error:
            record.problem = str(error)
        return record

    def is_init(self, module: Any) -> bool:
        return bool(module.scope.get_flag("initializing", False))

    # ---- files ------------------------------------------------------------------------------------------------

    def _learn(self, cls: type) -> Class | None:
        """What there is to know of a class, None when it is not to be recorded."""
        # The classes that nn.scan(Block) and the like make are among these: inside of them Block itself is called.
        if cls.__module__ == "flax" or cls.__module__.startswith("flax."):
            return None
        home = sys.modules.get(cls.__module__)
        names: Mapping[str, Any] = vars(home) if home is not None else {}
        path = class_file(cls, names)
        if path is None or not (self.everything or self._of_program(path)):
            return None
        if cls.__module__ == "__main__":
            names = {name: value for name, value in names.items() if name not in guarded(path)}
        fields = tuple(f.name for f in dataclasses.fields(cls) if f.init and f.name not in ("parent", "name"))
        return Class(cls, os.path.realpath(path), source_key(cls, path), fields, names)

    def _of_program(self, file: str) -> bool:
        if file not in self._files:
            path = os.path.realpath(file)
            self._files[file] = not path.startswith(LIBRARIES) and os.path.exists(path)
        return self._files[file]

    def _place(self) -> str:
        """File and line of the program from which the call comes."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not self._of_program(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return ""
        path = os.path.realpath(frame.f_code.co_filename)
        relative = os.path.relpath(path, self.recorder.root)
        return f"{os.path.basename(path) if relative.startswith('..') else relative}:{frame.f_lineno}"


def kind(attribute: Any, fun: Any) -> str:
    """What a function is for a class that has this attribute of the same name."""
    if attribute is None:
        return "foreign"
    return "method" if getattr(attribute, "__wrapped__", fun) is fun else "inside"


def outer_arguments(cls: type, frame: FrameType | None) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """What the decorated method around an inner call was called with; None when it is not found.

    Args:
        frame: the caller of the hook; the calls up to the next module method belong to the decorators.
    """
    found = None
    while frame is not None and frame.f_code.co_name != "_call_wrapped_method":
        if frame.f_code.co_name == "wrapped_fn" and isinstance(frame.f_locals.get("self"), cls):
            found = frame.f_locals["args"], frame.f_locals["kwargs"]
        frame = frame.f_back
    return found


def class_file(cls: type, names: Mapping[str, Any]) -> str | None:
    """The file that defines a class."""
    file = names.get("__file__")
    if file is None:
        try:
            file = inspect.getfile(cls)
        except (TypeError, OSError):
            return None
    return str(file)


@functools.lru_cache(maxsize=1)
def guarded(path: str) -> frozenset[str]:
    """Names that a script binds only when it is run: what imports the file does not have them."""
    body = ast.parse("".join(linecache.getlines(path))).body
    guards = [node for node in body if isinstance(node, ast.If) and "__name__" in ast.dump(node.test)]
    return frozenset(bound(guards) - bound([node for node in body if node not in guards]))


def bound(statements: list[Any]) -> set[str]:
    """Names that statements bind, with those of the functions in them."""
    found = set()
    for node in (inner for statement in statements for inner in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return found


def source_key(cls: type, path: str) -> str:
    """Tells one text of a class from another, so that records of an older text can be dropped; empty for local classes."""
    if "." in cls.__qualname__:
        return ""
    lines = linecache.getlines(path)  # inspect.getsource would parse the whole file for every class
    start = re.compile(rf"class\s+{cls.__name__}\b")
    first = next((number for number, line in enumerate(lines) if start.match(line)), len(lines))
    rest = itertools.takewhile(lambda line: not line.strip() or line[0] in " \t#)", lines[first + 1:])
    text = "".join([*lines[first:first + 1], *rest]).rstrip()
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def mutable_key(mutable: Any) -> Any:
    if isinstance(mutable, (bool, str)):
        return mutable
    return frozenset(mutable) if isinstance(mutable, (list, tuple, set, frozenset)) else type(mutable)


def collections(scope: Any) -> tuple[list[str], list[str]]:
    """The collections in which a module has variables, and those of them that the call may update."""
    names, root = [], scope
    while root.parent is not None:
        names.append(root.name)
        root = root.parent
    found = []
    for collection, node in root._variables.items():
        for name in reversed(names):
            node = node.get(name) if isinstance(node, Mapping) else None
        if node:
            found.append(str(collection))
    return sorted(found), sorted(name for name in found if scope.is_mutable_collection(name))


def arguments(
    method: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], bound: Callable[[tuple[int, ...]], int | None]
) -> tuple[list[Node], dict[str, Node], dict[str, bool]]:
    """Positional and keyword nodes of a call, and the boolean parameters it leaves at their default.

    Constants at the end of the positional arguments become keywords, so that calls which differ in a flag can be compared.

    Raises:
        Unspellable: an argument has no text.
    """
    parameters = list(inspect.signature(method).parameters.values())[1:]
    named = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][:len(args)]
    plain = len(named) == len(args)
    nodes: list[Node] = []
    names = [p.name for p in named] + [""] * (len(args) - len(named))
    for name, value in zip(names, args):
        nodes.append(_node(value, bound, name))
    keywords = {name: _node(value, bound, name) for name, value in kwargs.items()}
    while plain and nodes and nodes[-1][0] == "value":
        node = nodes.pop()
        keywords = {names[len(nodes)]: node, **keywords}
    given = {p.name for p in named[:len(nodes)]} | set(keywords)
    flags = {p.name: p.default for p in parameters if isinstance(p.default, bool) and p.name not in given}
    return nodes, keywords, flags


def _node(value: Any, bound: Callable[[tuple[int, ...]], int | None], name: str) -> Node:
    try:
        return describe(value, bound, name)
    except Unspellable as error:
        raise Unspellable(f"argument {name or '?'}: {error}") from None
