"""What makes another revision of a service level, and what a duration is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from observer.config.openslo.revision import revision_of
from observer.config.openslo.spans import BadSpan, span_of
from observer.contracts.model import Contract
from observer.jobs.lint_contracts import load_for_run
from observer.slo.burn import short_span
from tests.fakes.slo_files import CONTRACTS, FILL, SLO, one, read


@pytest.fixture(scope="module")
def contracts() -> tuple[Contract, ...]:
    return load_for_run([CONTRACTS])


# --- revisions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "is_new"),
    [
        ("0.995", "0.99", True),
        ("28d", "30d", True),
        ("within: 5m", "within: 10m", True),
        ("within: 5m", "within: 5m, rules: [required, format]", True),
        ("leads.email", "members.answer", True),
        ("duration: 28d", "duration: 4w", False),
        ("target: 0.995", "targetPercent: 99.5", False),
        ("within: 5m", "within: 5m, pollInterval: 1m, lookBack: 3d, grace: 1m, unknownLimit: 0.5", False),
        ("within: 5m", "within: 5m, rules: [required]", False),
        ("within: 5m", "within: 5m, rules: [required, required]", False),
        ("within: 5m", "within: 5m, history: {filledAt: filled_at}", False),
        ("{name: emails}", "{name: emails, displayName: Emails, labels: {team: a}}", False),
    ],
)
def test_a_revision_changes_with_what_is_counted_or_allowed(before, after, is_new, tmp_path, contracts):
    first = one(read(tmp_path, contracts)).revision
    text = SLO.replace("SPEC", FILL)
    assert before in text
    second = one(read(tmp_path, contracts, text.replace(before, after))).revision
    assert (first != second) is is_new


def test_the_order_of_rules_makes_no_revision(tmp_path, contracts):
    orders = ("[required, format]", "[format, required]")
    found = [one(read(tmp_path, contracts, spec=FILL.replace("5m", f"5m, rules: {order}"))) for order in orders]
    assert found[0].revision == found[1].revision
    assert found[0].indicator.checks == ("crm.leads.email.format", "crm.leads.email.required")


def test_a_revision_changes_with_the_rule_of_the_contract_that_it_names(tmp_path, contracts):
    first = one(read(tmp_path, contracts)).revision
    (contract,) = contracts

    def changed(**values):
        objects = [
            replace(obj, properties=tuple(replace(p, **values) if p.name == "email" else p for p in obj.properties))
            for obj in contract.objects
        ]
        return one(read(tmp_path, (replace(contract, objects=tuple(objects)),))).revision

    assert changed(placeholders=("n/a", "?")) != first
    assert changed(description="How we reach them", unique=False) == first


def test_texts_and_alerts_change_no_revision(tmp_path, contracts):
    slo = one(read(tmp_path, contracts, spec="{kind: run-success, contract: crm}"))
    assert revision_of(replace(slo, description="x", alerts=True), slo.counted) == slo.revision


# --- durations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "span"), [("90m", timedelta(minutes=90)), ("2w", timedelta(days=14)), ("1Q", timedelta(days=90))]
)
def test_a_capital_m_is_a_month_and_a_small_one_a_minute(text, span):
    assert span_of(text) == span
    assert (span_of("1m"), span_of("1M")) == (timedelta(minutes=1), timedelta(days=30))


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "1.5h", "5min", "0m", "5s", "9999999999m", "999999Y", "٥m"]
)
def test_what_is_no_duration_of_openslo_is_refused(text):
    with pytest.raises(BadSpan):
        span_of(text)


@pytest.mark.parametrize("text", ["1s", "90s", "5m", "36h", "28d"])
def test_a_span_is_told_as_it_may_be_written(text):
    assert short_span(span_of(text, "smhd")) == text
