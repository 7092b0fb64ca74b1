"""Suites from contracts: written, the same again, stale when the contract changes, gone when it goes."""

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
