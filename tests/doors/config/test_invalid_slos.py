"""One invalid file per rule: each says in its first line what lint of service levels finds, and on which line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.config.openslo import load_slos
from observer.config.openslo.lint_rules import ERRORS, WARNINGS
from observer.contracts.model import Contract
from observer.contracts.problems import Level
from observer.jobs.lint_contracts import load_for_run

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "data" / "invalid_slo"
FILES = sorted(FOLDER.iterdir())
#: Rules about paths and sizes; test_openslo.py has their tests.
WITHOUT_FILE = {"file-not-found", "file-not-readable", "file-too-large"}
CONFIG = ROOT / "observer" / "config"
SOURCES = [*(CONFIG / "openslo").glob("*.py"), CONFIG / "files.py", CONFIG / "yaml_text.py"]


@pytest.fixture(scope="module")
def contracts() -> tuple[Contract, ...]:
    return load_for_run([ROOT / "tests" / "data" / "slo_contracts"])


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name.removesuffix(".slo.yaml"))
def test_lint_finds_exactly_what_the_file_says(file: Path, contracts: tuple[Contract, ...]) -> None:
    said = re.search(rb"# expect: (.*)", file.read_bytes())
    assert said is not None
    loaded = load_slos(file, contracts)
    assert sorted(f"{p.rule}:{p.line}" for p in loaded.problems) == sorted(said[1].decode().split())
    for problem in loaded.problems:
        assert (problem.level is Level.WARNING) == (problem.rule in WARNINGS)
        assert problem.file == str(file)
        assert problem.column > 0
        assert problem.message and not problem.message.endswith(".")
        assert problem.fix and not problem.fix.endswith(".")
        assert "s3cret" not in str(problem)
    if not loaded.errors:
        assert len(loaded.slos) == 1


def test_every_rule_has_a_file_and_every_file_a_rule() -> None:
    named = {f.name.removesuffix(".slo.yaml").split("--")[0] for f in FILES}
    assert named == {*ERRORS, *WARNINGS} - WITHOUT_FILE


def rule_names(source: Path) -> Iterator[str]:
    """What is said by `element.error("rule", …)`, or stands as `rule="rule"`."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            values = [k.value for k in node.keywords if k.arg == "rule"]
            values += node.args[:1] if name in {"error", "warning", "_refuse"} else []
        yield from (v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str) and v.value)


def test_the_code_says_only_what_is_listed_and_all_of_it() -> None:
    said = {name for source in SOURCES for name in rule_names(source)}
    assert said - {"yaml-documents"} == {*ERRORS, *WARNINGS}


def test_the_guide_has_a_row_for_every_rule() -> None:
    guide = (ROOT / "docs" / "slo.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9.-]+)` \| (.+) \|$", guide, re.MULTILINE))
    assert {name: meaning for name, meaning in rows.items() if name in {*ERRORS, *WARNINGS}} == {**ERRORS, **WARNINGS}
