"""The report for a terminal and as the Markdown of a job summary.

Both show the same: where the code base stands, which packages, what comes next, what is not known.
"""
from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flake8_nnx.report import effort
from flake8_nnx.report.model import STATES, Report, State, packages
from flake8_nnx.report.trend import Trend

STYLES: dict[State, str] = {
    "nnx": "blue", "verified": "bold green", "automatic": "green", "review": "yellow", "manual": "red"
}  # fmt: skip
BAR = 50
MOST_STEPS, MOST_PACKAGES = 10, 20


def terminal(report: Report, trend: Trend | None = None) -> RenderableType:
    """Tables for `rich`."""
    summary = report.summary()
    parts: list[RenderableType] = [Text(headline(report)), _bar(report), Text()]
    states = _table("state", "classes", *(["change"] if trend else []))
    for state, about in STATES.items():
        change = [f"{trend.states[state]:+d}"] if trend else []
        states.add_row(Text(about, STYLES[state]), str(summary["states"][state]), *change)
    parts += [states, Text()]
    places = _table("package", *STATES)
    for name, count in list(packages(report.files).items())[:MOST_PACKAGES]:
        places.add_row(name, *(str(count[state] or "") for state in STATES))
    parts += [places, Text()]
    plan = _table("step", "class", "state", "min", "wrap meanwhile")
    for step in report.steps[:MOST_STEPS]:
        state = worst(report, step.classes)
        plan.add_row(str(step.number), ", ".join(step.classes), Text(state, STYLES[state]), str(step.minutes), _few(step.bridge))
    parts += [plan, Text(f"{len(report.steps)} steps, {hours(summary['minutes'])} ({effort.BASIS})", "dim")]
    parts += [Text(line, "red") for line in (trend.regressions if trend else ())]
    return Group(*parts)


def headline(report: Report) -> str:
    """One line on the whole."""
    summary = report.summary()
    text = (
        f"{summary['classes']} module classes in {len(report.files)} files: {summary['ready']}% ready "
        f"(NNX or automatic), {summary['done']}% NNX already, {summary['findings']} findings"
    )
    unread = f", {summary['unread']} files could not be read" if summary["unread"] else ""
    return f"{'PARTIAL, interrupted: ' if report.partial else ''}{text}{unread}"


def markdown(report: Report, trend: Trend | None = None) -> str:
    """The summary of a job, as GitHub and GitLab show it."""
    summary = report.summary()
    change = [" change |", "---:|"] if trend else ["", ""]
    lines = ["# NNX readiness", "", headline(report) + ".", "", f"| state | classes |{change[0]}", f"|---|---:|{change[1]}"]
    for state, about in STATES.items():
        moved = f" {trend.states[state]:+d} |" if trend else ""
        lines.append(f"| {about} | {summary['states'][state]} |{moved}")
    if trend:
        lines += ["", f"Readiness {trend.ready:+.1f} points since the report it is compared with."]
        lines += ["", "## Regressions", "", *(f"- {_escaped(line)}" for line in trend.regressions)] if trend.regressions else []
    lines += ["", "## Next steps", "", "| step | classes | state | minutes | wrap meanwhile |", "|---:|---|---|---:|---|"]
    for step in report.steps[:MOST_STEPS]:
        names = ", ".join(f"`{_escaped(name)}`" for name in step.classes)
        wrapped = _escaped(_few(step.bridge))
        lines.append(f"| {step.number} | {names} | {worst(report, step.classes)} | {step.minutes} | {wrapped} |")
    lines += ["", f"{len(report.steps)} steps, {hours(summary['minutes'])}; {effort.BASIS}."]
    if report.errors:
        lines += ["", "## Not read", "", *(f"- {_escaped(error)}" for error in report.errors)]
    return "\n".join(lines) + "\n"


def worst(report: Report, names: tuple[str, ...]) -> State:
    """The state of a step: that of its hardest class."""
    wanted = set(names)
    states = [entry.state for entry in report.classes if entry.id in wanted]
    return max(states, key=list(STATES).index)


def hours(minutes: int) -> str:
    return f"about {minutes} min" if minutes < 120 else f"about {minutes / 60:.0f} h"


def _bar(report: Report) -> Text:
    count = report.summary()["states"]
    total = sum(count.values())
    bar = Text()
    for state, width in _widths(count, total):
        bar.append("█" * width, STYLES[state])
    return bar


def _widths(count: dict[State, int], total: int) -> Iterator[tuple[State, int]]:
    done = shown = 0
    for state in STATES:
        done += count[state]
        width = round(BAR * done / total) - shown if total else 0
        shown += width
        yield state, width


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _few(names: tuple[str, ...], most: int = 3) -> str:
    short = [name.rpartition("::")[2] for name in names]
    return ", ".join(short[:most]) + (f" and {len(short) - most} more" if len(short) > most else "")


def _escaped(text: str) -> str:
    for character in "\\`*_|<>[]":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
