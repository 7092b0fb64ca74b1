"""Suites as text: deterministic, standard, and run by plain GX without our code."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.checks import rules
from observer.checks.judge import meets
from observer.contracts.model import Comparison, Condition, LogicalType, Operator, Unit
from observer.gx.context import context
from observer.gx.suites import expectation_for, mostly_of, suite_name, suite_text
from tests.doors.gx.crm import AT_LEAST_ONE, check, plan_of, table_plan

EVERY_KIND = (
    check("type", rules.HasType(column="id", logical_type=LogicalType.INTEGER)),
    check("physical", rules.HasPhysicalType(column="id", physical_type="INTEGER")),
    check("present", rules.Present(column="email")),
    check("filled", rules.Present(column="email", placeholders=("n/a",))),
    check("set", rules.InSet(column="status", values=("new", "wön"))),
    check("pattern", rules.MatchesPattern(column="email", pattern="@")),
    check("range", rules.InRange(column="score", minimum=0, maximum=100, exclusive_maximum=True)),
    check("length", rules.LengthInRange(column="status", maximum=3)),
    check("multiple", rules.MultipleOf(column="score", factor=0.5)),
    check("unique", rules.Unique(columns=("email",))),
    check("compound", rules.Unique(columns=("status", "score"))),
    check("reference", rules.References(columns=("owner",), to_table="users", to_columns=("id",))),
    check("references", rules.References(columns=("owner", "id"), to_table="users", to_columns=("id", "id"))),
    check("rows", rules.RowCount(), threshold=AT_LEAST_ONE),
    check("sql", rules.SqlValue(query="SELECT 1"), threshold=AT_LEAST_ONE),
    check("custom", rules.Expectation(type="expect_column_mean_to_be_between", kwargs={"column": "score"})),
    check("fresh", rules.Fresh(columns=("created",), limit=timedelta(minutes=15))),
    check("fresh_of", rules.Fresh(columns=("updated", "created"), limit=timedelta(minutes=15))),
    check("kept", rules.Kept(columns=("created",), limit=timedelta(days=1))),
    check("kept_of", rules.Kept(columns=("updated", "created"), limit=timedelta(days=1))),
    check("lag", rules.Lag(since="created", until="updated", limit=timedelta(hours=1))),
)
PLAN = plan_of([table_plan(["id", "email"])], EVERY_KIND)


def test_the_same_plan_gives_the_same_bytes_and_one_expectation_per_check_in_plan_order() -> None:
    text = suite_text(PLAN, "leads")
    assert text == suite_text(PLAN, "leads")
    document = json.loads(text)
    assert document["name"] == suite_name(PLAN, "leads") == "crm.leads"
    assert [e["meta"]["check"] for e in document["expectations"]] == [spec.id for spec in EVERY_KIND]
    assert {e["severity"] for e in document["expectations"]} == {"critical"}
    assert "wön" in text
    assert text.endswith("}\n")


def test_making_suites_does_not_import_great_expectations() -> None:
    code = "import sys, observer.gx.suites, observer.gx.runner; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_negated_condition_lets_null_in_and_gx_can_read_it() -> None:
    when = (
        Condition(column="status", values=("won", "lost"), negated=True),
        Condition(column="open", values=(True, None)),
    )
    _, kwargs = expectation_for(check("x", rules.Present(column="email"), when=when))
    condition = kwargs["row_condition"]
    assert condition["type"] == "or"
    assert [c["type"] for c in condition["conditions"]] == ["and"] * 4
    context()
    from great_expectations.expectations.row_conditions import deserialize_row_condition, validate_row_condition

    validate_row_condition(deserialize_row_condition(condition))


def test_placeholders_of_the_tested_column_need_no_or() -> None:
    when = (Condition(column="email", values=("n/a",), negated=True),)
    _, kwargs = expectation_for(check("x", rules.MatchesPattern(column="email", pattern="@"), when=when))
    assert kwargs["row_condition"] == {
        "type": "comparison",
        "column": {"name": "email"},
        "operator": "!=",
        "parameter": "n/a",
    }


@pytest.mark.parametrize(
    ("operator", "operand", "unit", "mostly"),
    [
        (Operator.MUST_BE_LESS_OR_EQUAL_TO, 0.5, Unit.PERCENT, 0.995),
        (Operator.MUST_BE_LESS_OR_EQUAL_TO, 5, Unit.ROWS, None),
        (Operator.MUST_BE, 0, Unit.PERCENT, None),
        (Operator.MUST_BE_GREATER_THAN, 5, Unit.PERCENT, None),
    ],
)
def test_mostly_says_at_most_so_many_percent_and_nothing_else(
    operator: Operator, operand: float, unit: Unit, mostly: float | None
) -> None:
    assert mostly_of(Comparison(operator=operator, operands=(operand,), unit=unit)) == mostly


@settings(max_examples=100, deadline=None)
@given(
    tested=st.integers(1, 10**7),
    limit=st.decimals(0, 100, places=3, allow_nan=False).filter(lambda limit: limit > 0),
    beside=st.integers(-1, 1),
    operator=st.sampled_from([Operator.MUST_BE_LESS_OR_EQUAL_TO, Operator.MUST_BE_LESS_THAN]),
)
def test_gx_judges_a_share_as_we_do_even_at_its_very_limit(
    tested: int, limit: Decimal, beside: int, operator: Operator
) -> None:
    context()
    from great_expectations.expectations.expectation import _mostly_success

    failed = min(max(math.floor(tested * limit / 100) + beside, 0), tested)
    threshold = Comparison(operator=operator, operands=(float(limit),), unit=Unit.PERCENT)
    mostly = mostly_of(threshold)
    assert mostly is not None and 0 <= mostly <= 1
    assert _mostly_success(tested, failed, mostly) == meets(threshold, Fraction(failed * 100, tested))


_PLAIN = """
import json, sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "observer":
            raise ImportError(name)
sys.meta_path.insert(0, Block())
import great_expectations as gx, pandas as pd
from datetime import datetime
document = json.load(open(sys.argv[1]))
suite = gx.ExpectationSuite(**document)
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
frame = pd.DataFrame({
    "id": [1, 2], "email": ["a@b", None], "status": ["new", "old"], "score": [5.0, 200.0], "owner": [1, 2],
    "created": [datetime(2026, 1, 1)] * 2, "updated": [datetime(2026, 1, 2)] * 2,
})
batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
parameters = {p: datetime(2020, 1, 1) for p in suite.suite_parameter_options}
result = batch.get_batch({"dataframe": frame}).validate(suite, expectation_parameters=parameters)
out = {}
for r in result.results:
    assert not any("Traceback" in str(v) for v in (r.exception_info or {}).values()), r
    out[r.expectation_config.meta["check"].rpartition(".")[2]] = r.success
print(json.dumps(out))
"""


def test_plain_gx_without_our_code_runs_every_built_in_of_the_suite(tmp_path) -> None:
    path = tmp_path / "suite.json"
    path.write_text(suite_text(PLAN, "leads"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", _PLAIN, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    verdicts = json.loads(done.stdout.strip().splitlines()[-1])
    assert set(verdicts) == {
        *("physical", "present", "set", "pattern", "range", "length", "unique", "compound"),
        *("rows", "custom", "fresh", "kept"),
    }
    assert verdicts["unique"] and verdicts["fresh"] and verdicts["kept"] and verdicts["compound"]
    assert not verdicts["present"] and not verdicts["set"] and not verdicts["range"]
