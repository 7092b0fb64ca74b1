"""The guides' own examples have no problem, and their small pieces are YAML."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from observer.config.openslo import load_slos
from observer.config.openslo.spans import span_of
from observer.config.yaml_text import read_yaml
from observer.jobs.lint_contracts import lint_contracts, load_for_run
from observer.slo.burn import RULES

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "contracts.md"
SLO_GUIDE = GUIDE.with_name("slo.md")


def test_the_example_of_the_guide_is_clean(tmp_path: Path) -> None:
    example, *pieces = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "guide.odcs.yaml"
    file.write_text(example, encoding="utf-8")
    assert [str(p) for p in lint_contracts([file]).problems] == []
    assert len(pieces) >= 3
    for piece in pieces:
        assert read_yaml(piece.encode()).problems == ()


def test_the_example_of_the_guide_to_service_levels_is_clean(tmp_path: Path) -> None:
    example, *pieces = re.findall(r"```yaml\n(.*?)```", SLO_GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "slo.yaml"
    file.write_text(example, encoding="utf-8")
    contracts = load_for_run([SLO_GUIDE.parents[1] / "expectations" / "contracts"])
    assert [str(p) for p in load_slos(file, contracts).problems] == []
    assert len(pieces) >= 6
    for piece in pieces:
        assert read_yaml(piece.encode()).problems == ()


def test_the_thresholds_of_the_guide_are_those_of_the_burn_rules() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| (\d+) % \| (.+) \|$", SLO_GUIDE.read_text(), re.MULTILINE)
    assert [(span_of(row[0]), span_of(row[1]), row[2], int(row[3])) for row in rows] == [
        (rule.long, rule.short, rule.urgency, rule.share * 100) for rule in RULES
    ]
    for row, rule in zip(rows, RULES, strict=True):
        factors = [float(rule.factor(timedelta(days=days))) for days in (7, 28, 30)]
        assert [float(number) for number in row[4].split(" | ")] == [round(factor, 2) for factor in factors]
