"""One invalid file per rule: each says in its first line what lint has to find, and on which line of the file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.contracts.lint_rules import ERRORS, WARNINGS
from observer.contracts.problems import Level
from observer.jobs.lint_contracts import lint_contracts

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "data" / "invalid"
FILES = sorted(FOLDER.iterdir())
#: Rules about paths, sizes and several files at once; test_odcs.py and test_lint_command.py have their tests.
WITHOUT_FILE = {"file-not-found", "file-not-readable", "file-too-large", "no-contracts", "duplicate-contract"}
#: Settings have problems of their own, which are none of contracts.
SOURCES = [
    *(file for file in (ROOT / "observer" / "config").glob("*.py") if file.name != "settings.py"),
    *(ROOT / "observer" / "contracts").glob("lint*.py"),
    ROOT / "observer" / "checks" / "same_ids.py",
]
#: Functions that take the name of a rule first.
SAYING = {"error", "warning", "_problem", "_warning", "_refuse", "_twice"}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name.removesuffix(".odcs.yaml"))
def test_lint_finds_exactly_what_the_file_says(file: Path) -> None:
    said = re.search(rb"# expect: (.*)", file.read_bytes())
    assert said is not None
    report = lint_contracts([file])
    assert sorted(f"{p.rule}:{p.line}" for p in report.problems) == sorted(said[1].decode().split())
    for problem in report.problems:
        assert (problem.level is Level.WARNING) == (problem.rule in WARNINGS)
        assert problem.file == str(file)
        assert problem.column > 0
        assert problem.message and not problem.message.endswith(".")
        assert problem.fix and not problem.fix.endswith(".")
    assert len(report.contracts) == (0 if report.errors else 1)


def test_every_rule_has_a_file_and_every_file_a_rule() -> None:
    named = {f.name.removesuffix(".odcs.yaml").split("--")[0] for f in FILES}
    assert named == {*ERRORS, *WARNINGS} - WITHOUT_FILE


def rule_names(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        named = [k.value for k in node.keywords if k.arg == "rule"]
        if name in SAYING:
            named += node.args[:1]
        for value in named:
            choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (c.value for c in choices if isinstance(c, ast.Constant) and isinstance(c.value, str))


def test_the_code_says_only_what_is_listed_and_all_of_it() -> None:
    said = {name for source in SOURCES for name in rule_names(source)}
    assert said == {*ERRORS, *WARNINGS}


def test_the_guide_has_a_row_for_every_rule() -> None:
    guide = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9.-]+)` \| (.+) \|$", guide, re.MULTILINE))
    assert {name: meaning for name, meaning in rows.items() if name in {*ERRORS, *WARNINGS}} == {**ERRORS, **WARNINGS}
