"""The report as one HTML file that needs no network: jinja2 for the page, plotly for treemap and graph.

Texts of the user's code reach the page through autoescaping or as JSON data that scripts only ever show as text.
"""
from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
import networkx as nx
from plotly.offline import get_plotlyjs

from flake8_nnx import __version__
from flake8_nnx.report import effort, order
from flake8_nnx.report.model import STATES, ClassEntry, Report, packages, percent
from flake8_nnx.report.text import headline, hours, worst
from flake8_nnx.report.trend import Trend

TEMPLATES = Path(__file__).parent / "templates"
# Told apart by people who see no red or green as well; every mark has its name beside it.
COLOURS = {"nnx": "#3b6fd4", "verified": "#0f8a5f", "automatic": "#6cc38f", "review": "#e0a526", "manual": "#c8503c"}
CROWDED = 12
SWEEPS = 6
MOST_IN_GRAPH = 600  # more nodes than that are a picture of nothing


def page(report: Report, trend: Trend | None = None) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    summary = report.summary()
    total = summary["classes"]
    places = [
        {"name": name, "total": sum(count.values()), "states": count, "ready": _ready(count)}
        for name, count in packages(report.files).items()
    ]
    return environment.get_template("report.html.j2").render(
        version=__version__,
        report=report,
        title=", ".join(report.roots),
        headline=headline(report),
        summary=summary,
        states=STATES,
        colours=COLOURS,
        shares={state: percent(summary["states"][state], total) if total else 0 for state in STATES},
        packages=places,
        effort=hours(summary["minutes"]),
        basis=effort.BASIS,
        worst=lambda step: worst(report, step.classes),
        trend=trend,
        data=_script(_data(report)),
        plotly=get_plotlyjs().replace("</script", "<\\/script"),
        script=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def _ready(count: Any) -> float:
    return percent(sum(count.values()) - count["manual"] - count["review"], sum(count.values()))


def _script(value: Any) -> str:
    """JSON that cannot end its script element, nor open a comment in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(report: Report) -> dict[str, Any]:
    classes = list(report.classes)
    owners = {file.path: list(file.owners) for file in report.files}
    package = {file.path: file.package for file in report.files}
    number = {entry.id: k for k, entry in enumerate(classes)}
    step = {name: each.number for each in report.steps for name in each.classes}
    return {
        "states": dict(STATES),
        "colours": COLOURS,
        "classes": [
            {
                "id": entry.id,
                "name": entry.name,
                "file": entry.file,
                "line": entry.line,
                "lines": entry.lines,
                "package": package[entry.file],
                "owners": owners[entry.file],
                "state": entry.state,
                "blockers": list(entry.blockers),
                "depends": [number[other] for other in entry.depends],
                "verdict": entry.verdict,
                "codes": dict(entry.codes),
                "minutes": entry.minutes,
                "step": step.get(entry.id),
                "rows": list(side_by_side(entry)),
            }
            for entry in classes
        ],
        "graph": _graph(classes),
    }


def side_by_side(entry: ClassEntry) -> Iterator[tuple[str, str, str]]:
    """Rows of the Linen text and the proposed one: what kind of change, left, right; the left alone where nothing is proposed."""
    old, new = entry.source.splitlines(), entry.proposed.splitlines()
    if not new:
        yield from (("", line, "") for line in old)
        return
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for k in range(max(b - a, d - c)):
            left = old[a + k] if a + k < b else ""
            right = new[c + k] if c + k < d else ""
            yield ("" if kind == "equal" else "c"), left, right


def _graph(classes: Sequence[ClassEntry]) -> dict[str, Any] | None:
    """Places of the classes that need others or are needed, leaves at the bottom; None where there are too many to be seen."""
    whole = order.graph(classes)
    linked = [node for node in whole if whole.degree(node)]
    if not linked or len(linked) > MOST_IN_GRAPH:
        return None
    level = order.levels(classes)
    part = whole.subgraph(linked)
    rows: dict[int, list[str]] = {}
    for component in sorted(nx.weakly_connected_components(part), key=lambda names: (-len(names), min(names))):
        for name in sorted(component):
            rows.setdefault(level[name], []).append(name)
    at = _placed(part, rows)
    number = {entry.id: k for k, entry in enumerate(classes)}
    return {
        "nodes": [[number[name], round(x, 3), round(y, 3)] for name, (x, y) in at.items()],
        "edges": [[number[one], number[other]] for one, other in part.edges],
    }


def _placed(uses: nx.DiGraph, rows: dict[int, list[str]]) -> dict[str, tuple[float, float]]:
    """A place for each class in its row, near the middle of its neighbours, so that few lines cross."""
    widest = max(map(len, rows.values()))
    at: dict[str, tuple[float, float]] = {}
    for _ in range(SWEEPS):
        for height in sorted(rows):
            near = {
                name: sum(places) / len(places)
                for name in rows[height]
                if (places := [at[other][0] for other in nx.all_neighbors(uses, name) if other in at])
            }
            rows[height].sort(key=lambda name: near.get(name, 0.0))
            for k, name in enumerate(rows[height]):
                # Every other one of a crowded row stands a little lower.
                lower = (0.16 if k % 2 else -0.16) * (len(rows[height]) > CROWDED)
                at[name] = ((k + 0.5) * widest / len(rows[height]), height + lower)
    return at
