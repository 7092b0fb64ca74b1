"""`observer lint` as the shell and GitHub see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from observer.cli.lint import lint
from observer.cli.problems import github_text
from observer.contracts.problems import Problem
from observer.errors import InputError
from observer.jobs.lint_contracts import lint_contracts, load_for_run

DATA = Path(__file__).resolve().parents[2] / "data"
VALID = DATA / "valid"
ERROR = DATA / "invalid" / "unknown-key.odcs.yaml"
WARNING = DATA / "invalid" / "no-primary-key.odcs.yaml"


@pytest.mark.parametrize(
    ("paths", "code", "last"),
    [
        ([VALID], 0, "2 contracts, 0 errors, 0 warnings"),
        ([WARNING], 2, "1 contract, 0 errors, 1 warning"),
        ([ERROR], 3, "1 contract, 1 error, 0 warnings"),
        ([VALID, "no/such/folder"], 3, "2 contracts, 1 error, 0 warnings"),
    ],
)
def test_the_exit_code_and_the_last_line_sum_up(paths: list[Path], code: int, last: str) -> None:
    result = CliRunner().invoke(lint, [str(p) for p in paths])
    assert result.exit_code == code
    assert result.output.splitlines()[-1] == last


def test_a_problem_is_one_line_with_place_path_and_fix() -> None:
    result = CliRunner().invoke(lint, [str(ERROR)])
    assert result.output.splitlines()[0] == (
        f"{ERROR}:12:22: schema[0].properties[2].requird: ODCS knows no `requird` here. "
        "Fix: write `required`. [unknown-key]"
    )


@pytest.mark.parametrize(
    ("file", "start"),
    [
        (WARNING, f"::warning file={WARNING},line=8,col=5,title=no-primary-key::schema[0]: "),
        (ERROR, f"::error file={ERROR},line=12,col=22,title=unknown-key::schema[0].properties[2].requird: "),
    ],
)
def test_github_gets_annotations(file: Path, start: str) -> None:
    result = CliRunner().invoke(lint, ["--format", "github", str(file)])
    assert result.output.splitlines()[0].startswith(start)


def test_an_annotation_cannot_break_out_of_its_line() -> None:
    text = github_text(Problem(rule="r", message="50%\n::error::x", fix="f", file="a,b:c.yaml", line=1, column=2))
    assert text == "::error file=a%2Cb%3Ac.yaml,line=1,col=2,title=r::50%25%0A::error::x. Fix: f."


def test_json_is_for_programs() -> None:
    result = CliRunner().invoke(lint, ["--format", "json", str(ERROR)])
    found = json.loads(result.output)
    assert found["summary"] == {"contracts": 1, "errors": 1, "warnings": 0}
    (problem,) = found["problems"]
    assert problem["rule"] == "unknown-key"
    assert (problem["line"], problem["column"], problem["level"]) == (12, 22, "error")
    assert problem["path"] == "schema[0].properties[2].requird"


def test_two_files_with_one_id_are_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.odcs.yaml").write_bytes((VALID / "people.odcs.yaml").read_bytes())
    (problem,) = lint_contracts([tmp_path]).problems
    assert problem.rule == "duplicate-contract"
    assert problem.file.endswith("b.odcs.yaml") and "a.odcs.yaml" in problem.message


_SMALL = """apiVersion: v3.2.0
kind: DataContract
id: {id}
version: 1.0.0
status: active
schema:
  - name: {table}
    properties:
      - {{name: id, logicalType: integer, primaryKey: true}}
      - {{name: at, logicalType: timestamp, logicalTypeOptions: {{timezone: true}}}}
      - name: score
        logicalType: integer
        quality: [{{id: {rule}, metric: nullValues, mustBe: 0}}]
slaProperties:
  - {{property: freshness, value: 1, unit: h, element: {table}.at}}
"""


def test_contracts_whose_checks_would_have_one_id_are_an_error(tmp_path: Path) -> None:
    other = tmp_path / "b.odcs.yaml"
    (tmp_path / "a.odcs.yaml").write_text(_SMALL.format(id="crm", table="leads", rule="rows"))
    other.write_text(_SMALL.format(id="crm.leads", table="deals", rule="filled"))
    assert lint_contracts([tmp_path]).errors == (), "their ids only look alike"

    other.write_text(_SMALL.format(id="crm.leads", table="score", rule="filled"))
    (problem,) = lint_contracts([tmp_path]).problems
    assert (problem.rule, problem.file, problem.line) == ("duplicate-check", str(other), 3)
    assert problem.message == "check id `crm.leads.score.rows` is one of contract `crm` too"
    assert [c.id for c in lint_contracts([tmp_path]).contracts] == ["crm"]


def test_contracts_with_errors_are_not_run() -> None:
    with pytest.raises(InputError) as caught:
        load_for_run([VALID, ERROR])
    assert [p.rule for p in caught.value.problems] == ["unknown-key"]
    assert "observer lint" in str(caught.value)
    assert [c.id for c in load_for_run([VALID, WARNING])] == ["crm-people", "crm-sales", "crm"]


def test_lint_loads_nothing_heavy() -> None:
    """What makes it fast: no pydantic, pandas, SQLAlchemy or Great Expectations, and duckdb only for rare patterns."""
    code = (
        "import sys\n"
        "from observer.cli.lint import lint\n"
        f"lint.main([{str(VALID)!r}], standalone_mode=False)\n"
        "heavy = {'pydantic', 'pandas', 'sqlalchemy', 'great_expectations', 'jsonschema', 'duckdb', 'pyarrow',\n"
        "         'open_data_contract_standard'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
