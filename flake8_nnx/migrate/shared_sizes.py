"""Sizes that the source does not tell and that several layers need: one parameter for all, named after their variable.

After the first layer instead, where the variable has several such values or is an argument whose size is asked for as well.
A size that only one layer needs is a parameter of that layer, see `sizes`.
"""
from __future__ import annotations

from collections.abc import Mapping

from flake8_nnx.migrate.attributes import Attributes
from flake8_nnx.migrate.sizes import OTHERWISE, TOLD
from flake8_nnx.source.events import Trace
from flake8_nnx.source.features import site_sizes
from flake8_nnx.source.sizes import OPEN, Size
from flake8_nnx.source.values import Site


def names(found: Trace, attributes: Attributes, outside: frozenset[int], asked: set[str], taken: set[str]) -> dict[str, str]:
    """The parameter of each open size that several layers of the class need, one of which tells it by its variables."""
    sizes = {site: site_sizes(site, outside) for site in found.sites if site.ref is not None}
    users: dict[str, list[Site]] = {}
    for site, needed in sizes.items():
        for symbol in dict.fromkeys(match.group() for size in needed.values() for match in OPEN.finditer(str(size))):
            users.setdefault(symbol, []).append(site)
    variables = [OPEN.sub(r"\1", symbol) for symbol in users]
    chosen: dict[str, str] = {}
    for symbol, variable in zip(users, variables):
        first = next((site for site in users[symbol] if _tells(site, sizes[site], symbol)), None)
        if len(users[symbol]) < 2 or first is None:
            continue
        size = next(name for name, text in sizes[first].items() if text == symbol)
        clear = variables.count(variable) == 1 and variable not in asked
        name = f"{variable}_features" if clear and f"{variable}_features" not in taken else f"{attributes.stem_of(first)}_{size}"
        if name not in taken and name not in chosen.values():
            chosen[symbol] = name
    return chosen


def _tells(site: Site, sizes: Mapping[str, Size], symbol: str) -> bool:
    """Whether the variables of the layer say what this size is."""
    assert site.ref is not None
    whole = [name for name, size in sizes.items() if size == symbol]
    if site.ref.linen is None:
        return bool(whole)
    return TOLD.get(site.ref.linen, ("",))[0] in whole and not set(site.keywords) & OTHERWISE and not site.loops
