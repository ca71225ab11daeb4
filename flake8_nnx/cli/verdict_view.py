"""A verdict on the terminal: what was shown, by which runs and proofs, at which cost, and which variable is which."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from flake8_nnx.cli import console

if TYPE_CHECKING:
    from flake8_nnx.verify import Verdict

FIGURES = ("max_abs", "max_rel", "max_ulp", "bound")
SHOWN_ELSEWHERE = ("proof", "initial values", "cases", "case")


def print_verdict(old: str, new: str, verdict: Verdict) -> None:
    """The verdict with its evidence, case by case where there are several."""
    out = console.stdout()
    out.print(headline(verdict.status, f"{old} -> {new}"), soft_wrap=True)
    out.print(Text(verdict.reason), soft_wrap=True)
    cases = verdict.evidence.get("cases")
    for number, case in enumerate(cases or (), 1):
        out.print()
        out.print(headline(case["status"], f"case {number}: {case['init'] or ''} .{case['method']}"), soft_wrap=True)
        out.print(Text(case["reason"]), soft_wrap=True)
        print_evidence(out, case["evidence"])
    if not cases:
        print_evidence(out, verdict.evidence)
    if verdict.variable_map:
        table = console.table("Linen variable", "NNX variable")
        for linen, nnx in verdict.variable_map.items():
            table.add_row(linen, str(nnx))
        out.print()
        out.print(table)


def headline(status: str, text: str) -> Text:
    return Text.assemble((status, console.VERDICT_STYLES[status]), f"  {text}")


def print_evidence(out: Console, evidence: Mapping[str, Any]) -> None:
    """Runs, proofs, initial values, costs and the rest of the evidence of one case."""
    if "case" in evidence:
        out.print(Text(f"case: {evidence['case']}"), soft_wrap=True)
    _print_runs(out, evidence)
    _print_proofs(out, evidence.get("proof", {}))
    _print_costs(out, evidence)
    initial = evidence.get("initial values")
    if initial is not None:
        out.print(Text(f"initial values: {initial['equal']} equal from the same random keys"), soft_wrap=True)
        for kind in ("differs", "not compared"):
            for path, why in initial[kind].items():
                out.print(Text(f"initial value of {path} {kind}: {why}"), soft_wrap=True)
    for name, found in evidence.items():
        if name not in SHOWN_ELSEWHERE and not isinstance(found, Mapping):
            out.print(Text(f"{name}: {shown(found)}"), soft_wrap=True)


def _print_runs(out: Console, evidence: Mapping[str, Any]) -> None:
    figures = {name: run for name, run in evidence.items() if isinstance(run, Mapping) and "bound" in run}
    if not figures:
        return
    table = console.table("run", *(name.replace("_", " ") for name in FIGURES))
    for name, run in figures.items():
        table.add_row(name, *(shown(run.get(figure, "")) for figure in FIGURES))
    out.print()
    out.print(table)
    for text in dict.fromkeys(str(run.get("bound_from", "")) for run in figures.values()):
        out.print(Text(f"bound: {text}"), soft_wrap=True)


def _print_proofs(out: Console, proofs: Mapping[str, Any]) -> None:
    if not proofs:
        return
    table = console.table("proof", "result", "any size of", "if", "rules")
    for name, proof in proofs.items():
        why = proof["reason"] if proof["proved"] else f"not proved: {proof['reason']}"
        lists = (proof["symbolic"], proof["conditions"], proof["rules"])
        table.add_row(name, why, *(", ".join(found) or "-" for found in lists))
    out.print()
    out.print(table)
    for proof in proofs.values():
        if proof["first_difference"]:
            out.print(Text(f"first operations that differ: {proof['first_difference']}"), soft_wrap=True)


def _print_costs(out: Console, evidence: Mapping[str, Any]) -> None:
    costs = {name: run for name, run in evidence.items() if isinstance(run, Mapping) and "ratio" in run}
    if not costs:
        return
    table = console.table("NNX / Linen, from XLA", *dict.fromkeys(key for run in costs.values() for key in run["ratio"]))
    for name, run in costs.items():
        table.add_row(name, *(shown(ratio) for ratio in run["ratio"].values()))
    out.print()
    out.print(table)
    for name, run in costs.items():
        if "note" in run:
            out.print(Text(f"{name}: {run['note']}", "yellow"), soft_wrap=True)


def shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
