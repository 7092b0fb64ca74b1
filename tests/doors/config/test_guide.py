"""The guide's own example is a contract without a problem, and its small pieces are YAML."""

from __future__ import annotations

import re
from pathlib import Path

from observer.config.yaml_text import read_yaml
from observer.jobs.lint_contracts import lint_contracts

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "contracts.md"


def test_the_example_of_the_guide_is_clean(tmp_path: Path) -> None:
    example, *pieces = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "guide.odcs.yaml"
    file.write_text(example, encoding="utf-8")
    assert [str(p) for p in lint_contracts([file]).problems] == []
    assert len(pieces) >= 3
    for piece in pieces:
        assert read_yaml(piece.encode()).problems == ()
