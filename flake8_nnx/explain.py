"""One rule as text for the terminal, as a Markdown page or as JSON.

All three say what the rule's own docstring and examples say.
"""
from __future__ import annotations

import difflib
import re
import textwrap
from typing import Any

from flake8_nnx.rule import Example, Rule

FIXES = {
    "safe": "rewritten by `flake8-nnx migrate`",
    "review": "rewritten by `flake8-nnx migrate`, to be looked at",
    "manual": "by hand",
}
SECTION = re.compile(r"\*\*(?P<title>[^*]+)\.\*\*\s+|(?P<source>Source):\s+")


def find(code: str) -> Rule:
    """The rule with this code or name, in any case.

    Raises:
        LookupError: there is none; the message names the nearest ones.
    """
    from flake8_nnx.rules import RULES

    known = {key.lower(): rule for rule in RULES for key in (rule.code, rule.name)}
    rule = known.get(code.strip().lower())
    if rule is not None:
        return rule
    likeness = {key: difflib.SequenceMatcher(None, key, code.strip().lower()).ratio() for key in known}
    near = [known[key] for key in sorted(known, key=lambda key: -likeness[key])[:3] if likeness[key] >= 0.5]
    codes = list(dict.fromkeys(f"{rule.code} ({rule.name})" for rule in near))
    advice = f"did you mean {' or '.join(codes)}?" if codes else f"the codes run from {RULES[0].code} to {RULES[-1].code}"
    raise LookupError(f"no rule is called {code!r}; {advice}")


def sections(rule: Rule) -> dict[str, str]:
    """The parts of a rule's docstring by title: Title, Summary, What it flags, Why, Caveats, Source."""
    title, summary, *rest = rule.doc.strip().split("\n\n")
    found = {"Title": title.rstrip("."), "Summary": summary}
    current = "Summary"
    for paragraph in rest:
        match = SECTION.match(paragraph)
        if match is None:
            found[current] += "\n\n" + paragraph
            continue
        current = match.group("title") or match.group("source")
        found[current] = paragraph[match.end():]
    return found


def explain(code: str) -> str:
    """The page of a rule as plain text, 88 columns wide.

    Raises:
        LookupError: no rule has this code or name.
    """
    rule = find(code)
    parts = sections(rule)
    lines = [f"{rule.code} {rule.name}: {parts.pop('Title')}", "", _filled(parts.pop("Summary"))]
    for title, text in parts.items():
        lines += ["", title, textwrap.indent(_filled(text, 84), "    ")]
    lines += ["", "Fix", f"    {FIXES[rule.fix]}"]
    for number, example in enumerate(rule.examples, 1):
        count = f" {number}" if len(rule.examples) > 1 else ""
        for name, source in zip(sides(rule), (example.linen, example.nnx)):
            lines += ["", f"Example{count}, {name}", textwrap.indent(source.strip("\n"), "    ")]
    return "\n".join(lines) + "\n"


def sides(rule: Rule) -> tuple[str, str]:
    """What the two programs of an example are called: a trap has no Linen side."""
    return ("Trap", "Repair") if rule.code.startswith("NNX8") else ("Linen", "NNX")


def explain_markdown(rule: Rule) -> str:
    """The page of a rule in the documentation."""
    parts = sections(rule)
    lines = [f"# {rule.code}: {rule.name}", "", f"**{parts.pop('Title')}.** {parts.pop('Summary')}"]
    lines += ["", f"Fix: {FIXES[rule.fix]} (`{rule.fix}`)."]
    for title, text in parts.items():
        lines += ["", f"## {title}", "", text]
    for number, example in enumerate(rule.examples, 1):
        count = f" {number}" if len(rule.examples) > 1 else ""
        old, new = sides(rule)
        lines += ["", f"## Example{count}", "", f"{old}:", "", _fenced(example.linen), "", f"{new}:", "", _fenced(example.nnx)]
        if example.init:
            lines += ["", f"Verified equal: `{_call(example)}`."]
    return "\n".join(lines) + "\n"


def explain_json(rule: Rule) -> dict[str, Any]:
    """The page of a rule as what `json.dumps` takes."""
    parts = sections(rule)
    return {
        "code": rule.code,
        "name": rule.name,
        "title": parts["Title"],
        "summary": parts["Summary"],
        "message": rule.message,
        "fix": rule.fix,
        "what": parts["What it flags"],
        "why": parts["Why"],
        "caveats": parts["Caveats"],
        "source": parts["Source"],
        "examples": [
            {"linen": example.linen.strip("\n"), "nnx": example.nnx.strip("\n"), "also": list(example.also)}
            for example in rule.examples
        ],
    }


def _filled(text: str, width: int = 88) -> str:
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return "\n\n".join(textwrap.fill(p, width, break_long_words=False, break_on_hyphens=False) for p in paragraphs)


def _fenced(source: str) -> str:
    return f"```python\n{source.strip(chr(10))}\n```"


def _call(example: Example) -> str:
    """`MLP(features=8)(f32[2,4], train=False)`."""
    given = [*map(str, example.args), *(f"{name}={value}" for name, value in example.kwargs.items())]
    return f"{example.init}({', '.join(given)})"
