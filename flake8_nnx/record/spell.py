"""Values as text: constructor calls and fields that evaluate to the same in the file of the class.

What has no such text (a lambda, a large array, a local class) raises `Unspellable` with the reason; nothing is guessed.
"""
from __future__ import annotations

import builtins
import dataclasses
import enum
import functools
import inspect
import math
import sys
import types
from collections.abc import Mapping
from typing import Any

ATOMS = (type(None), bool, int, str, bytes, type(...))
LARGEST_ARRAY, LONGEST_TEXT, DEEPEST = 64, 10_000, 12
# Where functions are looked up that the file itself does not name.
PUBLIC = ("jax", "jax.numpy", "jax.nn", "jax.nn.initializers", "jax.lax", "jax.random", "flax.linen", "numpy", "functools")


class Unspellable(Exception):
    """There is no text for a value; says why."""


@dataclasses.dataclass(frozen=True)
class Speller:
    """Spells values for one file.

    Args:
        names: the globals of that file.
        module: the base class of Linen modules.
    """

    names: Mapping[str, Any]
    module: type = type(None)

    def construct(self, cls: type, fields: Mapping[str, Any], depth: int = 0) -> str:
        """`Class(features=8)`: the call that makes a dataclass with these fields; those with their default are left out.

        Raises:
            Unspellable: the class or a field has no text.
        """
        name = self.reference(cls)
        if name is None:
            raise Unspellable(f"{cls.__qualname__} has no name at the top of a file")
        given = []
        for field in dataclasses.fields(cls):
            if not field.init or field.name in ("parent", "name") and issubclass(cls, self.module):
                continue
            value = fields.get(field.name, getattr(cls, field.name, dataclasses.MISSING))
            if value is dataclasses.MISSING or same(value, field.default):
                continue
            try:
                given.append(f"{field.name}={self.spell(value, depth + 1)}")
            except Unspellable as error:
                raise Unspellable(f"{cls.__name__}.{field.name}: {error}") from None
        text = f"{name}({', '.join(given)})"
        if len(text) > LONGEST_TEXT:
            raise Unspellable(f"the constructor call of {cls.__name__} would be {len(text)} characters long")
        return text

    def spell(self, value: Any, depth: int = 0) -> str:
        """The text of a value.

        Raises:
            Unspellable: it has none.
        """
        if depth > DEEPEST:
            raise Unspellable("it is nested too deeply")
        kind = type(value)
        if kind in ATOMS:
            return repr(value)
        if kind in (float, complex):
            return number(value)
        if kind in (tuple, list, set, frozenset):
            return self._sequence(value, depth)
        if kind is dict or kind.__name__ == "FrozenDict":  # Linen freezes dictionaries by itself
            return "{" + ", ".join(f"{self.spell(k, depth + 1)}: {self.spell(v, depth + 1)}" for k, v in value.items()) + "}"
        if isinstance(value, enum.Enum):
            member = value.name in kind.__members__  # several flags at once have no name of their own
            return f"{self._named(kind)}.{value.name}" if member else f"{self._named(kind)}({value.value!r})"
        if isinstance(value, functools.partial):
            parts = [self.spell(part, depth + 1) for part in (value.func, *value.args)]
            parts += [f"{name}={self.spell(part, depth + 1)}" for name, part in value.keywords.items()]
            return f"{self._named(functools.partial)}({', '.join(parts)})"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value, depth)
        return self._named_value(value, depth)

    def _dataclass(self, value: Any, depth: int) -> str:
        try:
            return self.construct(type(value), vars(value) if hasattr(value, "__dict__") else slots(value), depth)
        except Unspellable:
            found = self.reference(value)  # a constant of the file
            if found is None:
                raise
            return found

    def _sequence(self, value: Any, depth: int) -> str:
        items = ", ".join(self.spell(item, depth + 1) for item in value)
        if isinstance(value, tuple):
            return f"({items},)" if len(value) == 1 else f"({items})"
        if isinstance(value, list):
            return f"[{items}]"
        return f"{type(value).__name__}([{items}])"

    def _named_value(self, value: Any, depth: int) -> str:
        """Functions, classes, dtypes and arrays."""
        found = self.reference(value)
        if found is not None:
            return found
        kind = type(value)
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return f"{self._named(kind)}({', '.join(self.spell(item, depth + 1) for item in value)})"
        if isinstance(value, types.FunctionType) and value.__closure__ is not None:
            return self._made_by_library(value, depth)
        if kind.__module__ == "numpy" or kind.__module__.startswith("numpy.dtypes"):
            if hasattr(value, "num") and hasattr(value, "itemsize") and hasattr(value, "name"):
                return f"{self._named(sys.modules['numpy'].dtype)}({value.name!r})"
        if hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "tolist"):
            return self._array(value)
        if kind.__name__ in ("ConfigDict", "FrozenConfigDict") and hasattr(value, "to_dict"):
            return f"{self._named(kind)}({self.spell(value.to_dict(), depth + 1)})"
        if hasattr(value, "to_diff_dict"):  # configurations of transformers
            return f"{self._named(kind)}(**{self.spell(value.to_diff_dict(), depth + 1)})"
        raise Unspellable(what(value))

    def _named(self, value: Any) -> str:
        found = self.reference(value)
        if found is None:
            raise Unspellable(what(value))
        return found

    def _array(self, value: Any) -> str:
        if value.size > LARGEST_ARRAY:
            raise Unspellable(f"an array of {value.size} numbers")
        make = "jax.numpy" if type(value).__module__.startswith("jax") else "numpy"
        array = self._named(sys.modules[make].array)
        try:
            numbers = self.spell(value.tolist())
        except Unspellable:
            raise
        except Exception:
            raise Unspellable("a traced array") from None
        return f"{array}({numbers}, {str(value.dtype)!r})"

    def _made_by_library(self, value: types.FunctionType, depth: int) -> str:
        """A function made inside a function of jax or flax, such as `normal(0.02)`: the call that makes it again."""
        code = value.__code__
        path = getattr(code, "co_qualname", value.__qualname__).split(".<locals>.")
        home = value.__globals__
        factory = home.get(path[0])
        if len(path) != 2 or not str(home.get("__name__")).startswith(("jax.", "flax.")) or factory is None:
            raise Unspellable(what(value))
        known = dict(zip(code.co_freevars, (cell.cell_contents for cell in value.__closure__ or ())))
        inner = inspect.signature(value, follow_wrapped=False).parameters
        given = []
        for name, parameter in inspect.signature(factory).parameters.items():
            found = known.get(name, inner[name].default if name in inner else parameter.empty)
            if found is parameter.empty:
                raise Unspellable(what(value))
            if not same(found, parameter.default):
                given.append(f"{name}={self.spell(found, depth + 1)}")
        return f"{self._named(factory)}({', '.join(given)})"

    def reference(self, value: Any) -> str | None:
        """The shortest dotted name of an object in the file, or an import expression where another module has it."""
        for name, found in list(self.names.items()):
            if found is value and name.isidentifier() and not name.startswith("__"):
                return name
        if not hasattr(type(value), "__dataclass_fields__"):  # asking a module for an attribute may run its setup
            return self._by_qualified_name(value)
        return None

    def _by_qualified_name(self, value: Any) -> str | None:
        words = str(getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or "").split(".")
        if not all(word.isidentifier() for word in words):
            return None
        if attribute(self.names, words) is value or words[0] not in self.names and attribute(vars(builtins), words) is value:
            return ".".join(words)
        modules = {name: found for name, found in list(self.names.items()) if isinstance(found, types.ModuleType)}
        for name, found in modules.items():
            if attribute(vars(found), words) is value:
                return ".".join((name, *words))
        for name, found in modules.items():
            for part, inner in list(vars(found).items()):
                if isinstance(inner, types.ModuleType) and not part.startswith("_") and attribute(vars(inner), words) is value:
                    return ".".join((name, part, *words))
        for name in (*PUBLIC, str(getattr(value, "__module__", None))):
            if name in sys.modules and name != "__main__" and attribute(vars(sys.modules[name]), words) is value:
                return ".".join((f"__import__('importlib').import_module({name!r})", *words))
        return None


def attribute(names: Mapping[str, Any], words: list[str]) -> Any:
    """What a dotted name stands for, without running any `__getattr__`; None when there is no such thing."""
    found = names.get(words[0])
    for word in words[1:]:
        found = vars(found).get(word) if hasattr(found, "__dict__") else None
    return found


def same(value: Any, default: Any) -> bool:
    """Whether a value is certainly its default."""
    if value is default:
        return True
    return type(value) is type(default) and isinstance(value, (bool, int, float, str)) and value == default


def number(value: float | complex) -> str:
    parts = (value.real, value.imag)
    if all(map(math.isfinite, parts)):
        return repr(value)
    return f"float({str(value)!r})" if isinstance(value, float) else f"complex({str(value)!r})"


def slots(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def what(value: Any) -> str:
    """A value that cannot be spelled, in words."""
    name = getattr(value, "__qualname__", None)
    if name is None:
        return f"a {type(value).__module__}.{type(value).__name__}, which has no constructor text"
    if "<lambda>" in name:
        return "a lambda, which has no name"
    if "<locals>" in name:
        return f"{name.split('.')[-1]}, which is made inside {name.split('.<locals>')[0]} and has no name in the file"
    return f"{name}, which has no name in the file"
