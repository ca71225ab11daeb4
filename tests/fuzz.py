"""Real code with random accidents, linted and migrated: nothing may crash, write on the tree, or give text that does not compile.

`python tests/fuzz.py [--seconds N] [--seed N]` splices expressions, statements and classes of the corpora into one another;
`python tests/fuzz.py --all DIRECTORY…` takes every file below some directories as it is, such as all of site-packages.
"""
from __future__ import annotations

import argparse
import ast
import copy
import io
import random
import sys
import time
import tokenize
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from corpus import corpus, python_files  # noqa: E402

from flake8_nnx.lint import lint_tree  # noqa: E402
from flake8_nnx.migrate.file import plan_file, rewrite  # noqa: E402
from flake8_nnx.migrate.sound import BROKEN  # noqa: E402
from flake8_nnx.plugin import Plugin  # noqa: E402
from flake8_nnx.source.read import SourceError  # noqa: E402

CORPORA = ("flax", "transformers", "diffusers")
OWN = Path(__file__).parent


def seeds() -> list[ast.Module]:
    """Parsed files that mention flax: the corpora, and what our own tests lint and migrate."""
    folders = [corpus(name) for name in CORPORA]
    paths = [path for folder in folders for path in python_files(folder)]
    paths += [*OWN.glob("lint/*.py"), *OWN.glob("migrate/*/*.py")]
    found = []
    for path in paths:
        source = path.read_text(encoding="utf-8", errors="replace")
        if "flax" in source and len(source) < 100_000:
            try:
                found.append(ast.parse(source))
            except SyntaxError:
                continue
    return found


def places(tree: ast.Module) -> list[tuple[ast.AST, str, int | None]]:
    """Where an expression or a statement stands: its parent, the field, and the index in a list."""
    found: list[tuple[ast.AST, str, int | None]] = []
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, (ast.expr, ast.stmt)):
                found.append((node, name, None))
            elif isinstance(value, list):
                found += [(node, name, i) for i, item in enumerate(value) if isinstance(item, (ast.expr, ast.stmt))]
    return found


def at(place: tuple[ast.AST, str, int | None]) -> ast.AST:
    node, name, index = place
    value = getattr(node, name)
    return value if index is None else value[index]


def put(place: tuple[ast.AST, str, int | None], new: ast.AST) -> None:
    node, name, index = place
    if index is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[index] = new


def part(tree: ast.Module, rng: random.Random) -> ast.Module:
    """A few statements of a file, its imports first: small texts find more in the same time."""
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    others = [node for node in tree.body if node not in imports] or imports
    return copy.deepcopy(ast.Module([*imports, *rng.sample(others, min(len(others), rng.randint(1, 4)))], []))


def spliced(trees: list[ast.Module], rng: random.Random) -> str | None:
    """Two parts of files, with some nodes of one in the place of nodes of the other; None when that is no Python."""
    tree, donor = part(rng.choice(trees), rng), part(rng.choice(trees), rng)
    if rng.random() < 0.5:
        tree.body += copy.deepcopy(donor.body)
    taken = places(donor)
    for _ in range(rng.randint(1, 6)):
        given = places(tree)
        if not given:
            return None
        place = rng.choice(given)
        kind = ast.expr if isinstance(at(place), ast.expr) else ast.stmt
        same = [other for other in taken if isinstance(at(other), kind)]
        action = rng.random()
        if action < 0.7 and same:
            put(place, copy.deepcopy(at(rng.choice(same))))
        elif action < 0.85 and place[2] is not None and len(getattr(place[0], place[1])) > 1:
            del getattr(place[0], place[1])[place[2]]
        else:
            put(place, copy.deepcopy(at(rng.choice([other for other in given if isinstance(at(other), kind)]))))
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
        compile(text, "fuzz.py", "exec")  # some errors are found behind the parser
        return remarked(text, rng) if rng.random() < 0.5 else text
    except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError, KeyError):
        return None


def remarked(text: str, rng: random.Random) -> str:
    """The text with comments above, beside and below some of its statements."""
    lines = text.splitlines()
    numbers = iter(range(1, 10**6))
    for token in reversed([*tokenize.generate_tokens(io.StringIO(text).readline)]):
        if token.type == tokenize.NEWLINE and rng.random() < 0.15:
            row = token.start[0] - 1
            margin = lines[row][: len(lines[row]) - len(lines[row].lstrip())] if token.line == f"{lines[row]}\n" else ""
            place = rng.choice(("above", "beside", "below"))
            note = f"# remark {next(numbers)}"
            if place == "beside":
                lines[row] += f"  {note}"
            elif margin or not lines[row].startswith((" ", '"', "'")):
                lines.insert(row + (place == "below"), margin + note)
    found = "\n".join(lines) + "\n"
    try:
        same = ast.dump(ast.parse(found)) == ast.dump(ast.parse(text))
    except SyntaxError:
        same = False
    return found if same else text


def comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def judge(text: str, migrate: bool = True) -> str:
    """`findings`, `none`, `rewritten` or `refused`.

    Raises:
        Exception: whatever our code raises, and an AssertionError when it breaks a promise.
    """
    tree = ast.parse(text)
    before = ast.dump(tree, include_attributes=True)
    found = lint_tree(tree, "fuzz.py")
    lines = text.splitlines(keepends=True)
    assert sorted(found) == found and all(1 <= finding.line <= len(lines) for finding in found), "findings outside of the file"
    list(Plugin(tree, lines, "stdin").run())
    assert ast.dump(tree, include_attributes=True) == before, "the tree was written on"
    if not migrate:
        return "findings" if found else "none"
    planned = plan_file(text, "fuzz.py")
    new = rewrite(planned)
    assert not any(BROKEN in refusal.reason for plan in planned.plans for refusal in plan.refusals), "the result is no Python"
    if new == text:
        return "refused" if found else "none"
    compile(new, "fuzz.py", "exec")
    assert not comments(text) - comments(new), f"lost: {comments(text) - comments(new)}"
    assert rewrite(plan_file(new, "fuzz.py")) == new, "a second run changes the result"
    return "rewritten"


def texts(options: argparse.Namespace) -> Iterator[tuple[str, str, bool]]:
    """Name, text and whether to migrate it as well."""
    if options.all:
        for folder in options.all:
            for path in sorted(Path(folder).rglob("*.py")):
                try:
                    yield str(path), path.read_text(encoding="utf-8"), False
                except (OSError, UnicodeDecodeError):
                    continue
        return
    trees = seeds()
    end, number = time.monotonic() + options.seconds, 0
    while time.monotonic() < end:
        number += 1
        text = spliced(trees, random.Random(f"{options.seed} {number}"))
        if text is not None:
            yield f"seed {options.seed}, number {number}", text, True


def main() -> int:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", nargs="+", metavar="DIRECTORY", help="lint every file below these instead")
    parser.add_argument("--keep", type=Path, help="write texts that fail to this folder")
    options = parser.parse_args()
    counts, failed = Counter[str](), 0
    for name, text, migrate in texts(options):
        try:
            counts[judge(text, migrate)] += 1
        except Exception as error:
            if isinstance(error, (SourceError, SyntaxError, RecursionError)) or "null bytes" in str(error):
                counts["no Python, or nested too deeply"] += 1
                continue
            failed += 1
            counts[f"failed: {type(error).__name__}"] += 1
            print(f"{name}:", *traceback.format_exception(error)[-3:], sep="\n")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{failed}.py").write_text(text)
    print(f"{sum(counts.values())} texts: {dict(counts)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
