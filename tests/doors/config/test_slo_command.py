"""`observer slo lint` as the shell and GitHub see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from observer.cli.slo import slo
from observer.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"
CONTRACTS = ("--contract", str(DATA / "slo_contracts"))
ERROR = DATA / "invalid_slo" / "unknown-field.slo.yaml"
WARNING = DATA / "invalid_slo" / "low-target.slo.yaml"


@pytest.mark.parametrize(
    ("words", "code", "last"),
    [
        ((), 0, "6 sound SLOs, 0 errors, 0 warnings"),
        ((str(WARNING), *CONTRACTS), 2, "1 sound SLO, 0 errors, 1 warning"),
        ((str(ERROR), *CONTRACTS), 3, "0 sound SLOs, 1 error, 0 warnings"),
        ((str(WARNING), "no/such/file", *CONTRACTS), 3, "1 sound SLO, 1 error, 1 warning"),
    ],
)
def test_the_exit_code_and_the_last_line_sum_up(words, code, last, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(slo, ["lint", *words])
    assert result.exit_code == code
    assert result.output.splitlines()[-1] == last


def test_the_files_that_the_daemon_counts_are_those_that_are_linted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "observer.toml").write_text(f'slos = ["{ERROR}"]\n')
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(slo, ["lint", *CONTRACTS])
    assert (result.exit_code, result.output.splitlines()[-1]) == (3, "0 sound SLOs, 1 error, 0 warnings")


def test_a_problem_is_one_line_with_place_path_and_fix() -> None:
    result = CliRunner().invoke(slo, ["lint", str(ERROR), *CONTRACTS])
    assert result.output.splitlines()[0] == (
        f"{ERROR}:20:55: spec.indicator.spec.ratioMetric.good.metricSource.spec.field: "
        "leads has no property `emial`. Fix: write `email`. [unknown-field]"
    )


def test_github_gets_annotations_and_programs_json() -> None:
    result = CliRunner().invoke(slo, ["lint", "--format", "github", str(ERROR), *CONTRACTS])
    assert result.output.splitlines()[0].startswith(f"::error file={ERROR},line=20,col=55,title=unknown-field::")
    result = CliRunner().invoke(slo, ["lint", "--format", "json", str(ERROR), *CONTRACTS])
    found = json.loads(result.output)
    assert found["summary"] == {"slos": 0, "errors": 1, "warnings": 0}
    assert (found["problems"][0]["rule"], found["problems"][0]["line"]) == ("unknown-field", 20)


def test_service_levels_on_contracts_with_errors_are_not_judged() -> None:
    broken = DATA / "invalid" / "unknown-key.odcs.yaml"
    result = CliRunner().invoke(slo, ["lint", str(ERROR), "--contract", str(broken)])
    assert isinstance(result.exception, InputError)
    assert "observer lint" in str(result.exception)


def test_lint_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from observer.cli.slo import slo\n"
        f"slo.main(['lint', {str(WARNING)!r}, '--contract', {CONTRACTS[1]!r}], standalone_mode=False)\n"
        "heavy = {'pydantic', 'pandas', 'sqlalchemy', 'great_expectations', 'duckdb', 'pyarrow', 'rich', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
