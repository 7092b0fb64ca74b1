"""`failures/<check>.csv`."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from observer.reports.failures import render_failures
from tests.fakes import audits

SECTOR = "sales-crm.accounts.sector.enum.csv"
STAGE = "sales-crm.sales_pipeline.deal_stage.enum.csv"
ids = st.text(st.characters(exclude_categories=()), max_size=300)


def rows_of(name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(render_failures(audits.sales_audit())[name], newline="")))


def test_there_is_one_file_for_every_broken_check_with_keys_and_no_other() -> None:
    assert len(render_failures(audits.sales_audit())) == 9
    assert render_failures(audits.green_audit()) == {}


def test_the_header_names_the_key_columns_and_the_link() -> None:
    assert rows_of(SECTOR)[0] == ["account", "region_id"]
    assert rows_of(STAGE)[0] == ["opportunity_id", "record_url"]


def test_every_key_that_was_gathered_is_in_the_file() -> None:
    assert len(rows_of("sales-crm.sales_pipeline.product.products.product.csv")) == 1001


def test_a_cell_that_a_spreadsheet_would_run_is_defused() -> None:
    assert rows_of(STAGE)[1][0] == "'=HYPERLINK001000"
    assert rows_of(SECTOR)[2] == ["'=1+1", "-3"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_every_start_of_a_formula_is_defused(start: str) -> None:
    audit = audits.sales_audit()
    part = audit.contracts[0]
    odd = replace(part.evidence[0], keys=((f"{start}cmd|' /C calc'!A0", None),), key_columns=(f"{start}a", "b"))
    text = render_failures(replace(audit, contracts=(replace(part, evidence=(odd,)),)))[SECTOR]
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header[0] == f"'{start}a"
    assert row == [f"'{start}cmd|' /C calc'!A0", ""]


def test_quotes_and_commas_stay_in_their_cell() -> None:
    assert rows_of(SECTOR)[3] == ['Müller, "Söhne" & Co', ""]


def test_a_key_column_that_is_called_like_the_link_keeps_its_name() -> None:
    audit = audits.sales_audit()
    part = audit.contracts[0]
    odd = replace(part.evidence[0], key_columns=("record_url", "b"), keys=((1, True),), urls=("https://x",))
    text = render_failures(replace(audit, contracts=(replace(part, evidence=(odd,)),)))[SECTOR]
    assert list(csv.reader(io.StringIO(text))) == [["record_url", "b", "record_url_"], ["1", "true", "https://x"]]
