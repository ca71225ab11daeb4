"""The findings as SARIF 2.1.0, for code scanning of GitHub, GitLab and others.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""
from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from flake8_nnx import __version__
from flake8_nnx.report.model import FileEntry, Issue, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TRAPS = "NNX8"


def sarif(report: Report) -> dict[str, Any]:
    """One run with a result for every finding; traps are warnings, Linen code is a note."""
    from flake8_nnx.explain import explain_markdown, sections
    from flake8_nnx.rules import RULES

    codes = {issue.code for file in report.files for issue in file.findings}
    rules = [rule for rule in RULES if rule.code in codes]
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "flake8-nnx",
                        "version": __version__,
                        "rules": [
                            {
                                "id": rule.code,
                                "name": "".join(word.capitalize() for word in rule.name.split("-")),
                                "shortDescription": {"text": sections(rule)["Title"]},
                                "help": {"text": sections(rule)["Summary"], "markdown": explain_markdown(rule)},
                                "defaultConfiguration": {"level": level(rule.code)},
                            }
                            for rule in rules
                        ],
                    }
                },
                "columnKind": "utf16CodeUnits",
                "results": [_result(file, issue, numbers) for file in report.files for issue in file.findings],
                "invocations": [
                    {
                        "executionSuccessful": not report.partial,
                        "toolExecutionNotifications": [
                            {"level": "warning", "message": {"text": error}} for error in report.errors
                        ],
                    }
                ],
            }
        ],
    }


def level(code: str) -> str:
    return "warning" if code.startswith(TRAPS) else "note"


def _result(file: FileEntry, issue: Issue, numbers: dict[str, int]) -> dict[str, Any]:
    print_of = hashlib.sha256(f"{file.path}\0{issue.code}\0{issue.message}".encode()).hexdigest()[:32]
    return {
        "ruleId": issue.code,
        "ruleIndex": numbers.get(issue.code, -1),
        "level": level(issue.code),
        "message": {"text": issue.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(file.path)},
                    "region": {
                        "startLine": issue.line,
                        "startColumn": issue.column,
                        "endLine": issue.end_line,
                        "endColumn": issue.end_column,
                    },
                }
            }
        ],
        "partialFingerprints": {"messageInFile/v1": print_of},
    }
