"""pytest plugin: a fixture `assert_equivalent`, and `--nnx-verify`, which makes a test of every configured pair of classes.

Loaded in every pytest run where flake8-nnx is installed, so it imports nothing but pytest until it is used.
"""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flake8_nnx.verify import Case, Verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("flake8-nnx")
    group.addoption(
        "--nnx-verify",
        action="store_true",
        help="verify every [[tool.flake8_nnx.case]] of pyproject.toml that names its NNX class (new = \"path.py::Class\")",
    )
    group.addoption("--nnx-device", metavar="NAME", help="verify on this device or platform only: cpu, gpu, tpu, gpu:1")
    group.addoption("--nnx-timeout", type=float, default=120.0, metavar="S", help="seconds for one verification (default 120)")


@pytest.fixture
def assert_equivalent(request: pytest.FixtureRequest) -> Callable[..., Verdict]:
    """Fails the test unless an NNX class computes what a Linen class does: `assert_equivalent(old, new, init=…, args=…)`.

    Both are classes, or both `path/to/file.py::Class`. Give a `flake8_nnx.verify.Case`, or its fields as keywords; without
    any a case is synthesised for files. Returns the verdict.
    """
    from flake8_nnx.verify import Case, verify

    def check(
        old: str | type, new: str | type, case: Case | None = None, variable_map: Any = None, **fields: Any
    ) -> Verdict:
        __tracebackhide__ = True
        if case is not None and fields:
            raise TypeError(f"give a case or its fields, not both: {', '.join(fields)}")
        if case is None and (fields or not isinstance(old, str)):
            case = Case(old if isinstance(old, str) else f"{old.__module__}:{old.__name__}", **fields)
        limits = {"device": request.config.getoption("--nnx-device"), "timeout": request.config.getoption("--nnx-timeout")}
        verdict = verify(old, new, case, variable_map, **limits)
        if not verdict.good:
            pytest.fail(verdict.explained(old, new), pytrace=False)
        return verdict

    return check


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--nnx-verify"):
        return
    from flake8_nnx.verify.origins import configured_cases

    try:
        cases = configured_cases(Path(config.rootpath) / "pyproject.toml")
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    for case in cases:
        if case.new is not None:
            name = f"{case.target} == {case.new}" + ("" if case.method == "__call__" else f" [{case.method}]")
            items.append(EquivalenceItem.from_parent(session, name=name, case=case))


class EquivalenceItem(pytest.Item):
    """One configured pair of classes."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case

    def runtest(self) -> None:
        from flake8_nnx.verify import verify

        place = Path(self.config.rootpath)
        old, new = (str(place / target) for target in (self.case.target, self.case.new or ""))
        limits = {"device": self.config.getoption("--nnx-device"), "timeout": self.config.getoption("--nnx-timeout")}
        verdict = verify(old, new, self.case, None, **limits)
        if not verdict.good:
            pytest.fail(verdict.explained(self.case.target, self.case.new), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return Path(self.config.rootpath) / "pyproject.toml", None, self.name
