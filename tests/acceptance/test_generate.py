"""Suites from contracts, rules from levels: written, the same again, stale when these change, gone when they go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes.terminal import observer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "expectations" / "contracts", tmp_path / "expectations" / "contracts")
    return tmp_path


def test_the_committed_suites_are_those_of_the_committed_contracts():
    assert observer("generate", "--check", cwd=ROOT).code == 0


def test_suites_are_written_once_and_then_up_to_date(project: Path):
    assert observer("generate", "--check", cwd=project).code == 1
    first = observer("generate", cwd=project)
    assert (first.code, first.out.count("wrote ")) == (0, 6)
    held = {file.name: file.read_bytes() for file in (project / "expectations" / "suites").iterdir()}
    again = observer("generate", cwd=project)
    assert again.out == "6 suites, 0 changed.\n"
    assert {file.name: file.read_bytes() for file in (project / "expectations" / "suites").iterdir()} == held
    assert observer("generate", "--check", cwd=project).code == 0


def test_a_changed_contract_makes_its_suite_stale_and_the_diff_reads_like_a_review(project: Path):
    observer("generate", cwd=project)
    contract = project / "expectations" / "contracts" / "users.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    assert "maxLength: 120" in text
    contract.write_text(text.replace("maxLength: 120", "maxLength: 99"), encoding="utf-8")
    ran = observer("generate", "--check", cwd=project)
    assert ran.code == 1
    assert '-        "max_value": 120\n' in ran.out
    assert '+        "max_value": 99\n' in ran.out
    assert "stale: 1 of 6 suites. Fix: run `observer generate` and commit." in ran.err


def test_a_suite_whose_table_is_gone_is_removed_and_other_files_stay(project: Path):
    observer("generate", cwd=project)
    (project / "expectations" / "contracts" / "users.odcs.yaml").unlink()
    for name in ("leads", "opportunities", "accounts", "crm_events"):
        (project / "expectations" / "contracts" / f"{name}.odcs.yaml").unlink()
    shutil.copy(ROOT / "expectations" / "contracts" / "users.odcs.yaml", project / "expectations" / "contracts")
    (project / "expectations" / "suites" / "README.md").write_text("mine")
    (project / "expectations" / "suites" / "package.json").write_text('{"meta": {"contract": "x"}}')
    ran = observer("generate", cwd=project)
    assert ran.out.count("removed ") == 5
    left = sorted(file.name for file in (project / "expectations" / "suites").iterdir())
    assert left == ["README.md", "crm-users.users.json", "package.json"]


def test_generating_one_contract_leaves_the_suites_of_the_others_alone(project: Path):
    observer("generate", cwd=project)
    ran = observer("generate", "-c", "expectations/contracts/users.odcs.yaml", cwd=project)
    assert ran.out == "1 suite, 0 changed.\n"
    assert len(list((project / "expectations" / "suites").iterdir())) == 6


def test_broken_contracts_generate_nothing(project: Path):
    contract = project / "expectations" / "contracts" / "users.odcs.yaml"
    contract.write_text(contract.read_text(encoding="utf-8") + "\nnonsense: 1\n", encoding="utf-8")
    ran = observer("generate", cwd=project)
    assert ran.code == 3
    assert "users.odcs.yaml:" in ran.err
    assert not (project / "expectations" / "suites").exists()


def test_every_suite_is_json_that_names_its_checks(project: Path):
    observer("generate", cwd=project)
    for file in (project / "expectations" / "suites").glob("*.json"):
        suite = json.loads(file.read_text(encoding="utf-8"))
        ids = [expectation["meta"]["check"] for expectation in suite["expectations"]]
        assert len(ids) == len(set(ids)) > 0
        assert all(i.startswith(suite["name"]) for i in ids)


# --- rules of service levels ------------------------------------------------------------------------------------------

RULES = Path("deploy") / "prometheus" / "slo-rules.yaml"


@pytest.fixture
def levels(project: Path) -> Path:
    """A project with service levels, everything generated."""
    shutil.copy(ROOT / "slo.yaml", project)
    ran = observer("generate", cwd=project)
    assert "wrote deploy/prometheus/slo-rules.yaml\n" in ran.out
    assert ran.out.endswith("6 suites and 1 rule file, 7 changed.\n")
    return project


def test_rules_are_those_that_are_committed_and_then_up_to_date(levels: Path):
    assert (levels / RULES).read_bytes() == (ROOT / RULES).read_bytes()
    assert observer("generate", cwd=levels).out == "6 suites and 1 rule file, 0 changed.\n"
    checked = observer("generate", "--check", cwd=levels)
    assert (checked.code, checked.out) == (0, "up to date: 6 suites and 1 rule file.\n")


def test_a_changed_objective_makes_the_rules_stale_and_the_diff_says_how(levels: Path):
    file = levels / "slo.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("target: 0.995}", "target: 0.99}"), encoding="utf-8")
    ran = observer("generate", "--check", cwd=levels)
    assert ran.code == 1
    assert "-    expr: vector(0.995)\n+    expr: vector(0.99)\n" in ran.out
    assert "stale: 1 of 6 suites and 1 rule file. Fix: run `observer generate` and commit." in ran.err
    assert observer("generate", "-c", "expectations/contracts/users.odcs.yaml", "--check", cwd=levels).code == 0


def test_rules_go_with_their_levels_and_a_file_of_somebody_else_stays(levels: Path):
    (levels / "slo.yaml").unlink()
    (levels / "mine.yaml").write_text("groups: []\n")
    assert observer("generate", "--rules", "mine.yaml", cwd=levels).out == "6 suites, 0 changed.\n"
    assert "removed deploy/prometheus/slo-rules.yaml\n" in observer("generate", cwd=levels).out
    assert not (levels / RULES).exists()


def test_broken_levels_generate_nothing(levels: Path):
    file = levels / "slo.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("within: 5m", "within: 5x"), encoding="utf-8")
    before = (levels / RULES).read_bytes()
    ran = observer("generate", cwd=levels)
    assert ran.code == 3
    assert "slo.yaml:" in ran.err
    assert (levels / RULES).read_bytes() == before
