"""Which methods a verdict is about: those that its cases call and those that run inside of them.

A class is more than its `__call__`; what no case has run is named, so that nobody takes it for checked.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import flax.linen as nn

from flake8_nnx.verify.verdict import Verdict


def public(cls: type) -> list[str]:
    """The methods of a Linen class that others may call, those of its bases included, in the order of the source."""
    if not issubclass(cls, nn.Module):
        return []
    bases = cls.__mro__[: cls.__mro__.index(nn.Module)]
    own = [base for base in reversed(bases) if not base.__module__.startswith("flax.")]
    every = {name: value for base in own for name, value in vars(base).items()}
    fields = getattr(cls, "__dataclass_fields__", {})  # a function may be the default of one
    named = [name for name, value in every.items() if inspect.isfunction(value) and name not in ("setup", *fields)]
    return [name for name in named if name == "__call__" or not name.startswith("_")]


@contextmanager
def noted(cls: type, ran: set[str], also: Callable[[Any, str, Any], None] = lambda module, method, args: None) -> Iterator[None]:
    """Adds the methods that run on an outermost module of a class; `also` sees every call of any module, before it is made."""

    def note(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        module: Any = context.module
        if module.scope is not None and not module.path and type(module) is cls:
            ran.update({context.method_name} - {"setup"})
        also(module, context.method_name, args)
        return call(*args, **kwargs)

    with nn.intercept_methods(note):
        yield


def not_run(cls: type, verdicts: Sequence[Verdict]) -> list[str]:
    """The public methods that ran in no case."""
    ran = {name for verdict in verdicts for name in verdict.evidence.get("methods", ())}
    return [name for name in public(cls) if name not in ran]


def with_not_run(verdict: Verdict, missing: Sequence[str]) -> Verdict:
    """A good verdict says which methods it is not about."""
    if not verdict.good or not missing:
        return verdict
    names = ", ".join(f"`{name}`" for name in missing)
    reason = f"{verdict.reason}; not run: {names} (give a case with that method)"
    return replace(verdict, reason=reason, evidence={**verdict.evidence, "not run": list(missing)})
