"""`failures/<check>.csv`."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.reports.failures import FILE_NAME, file_name, render_failures
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


def test_a_clean_id_keeps_its_name() -> None:
    assert file_name("crm.leads.email.required") == "crm.leads.email.required.csv"


@pytest.mark.parametrize("odd", ["../../etc/passwd", "a/b", "CON", "nul.txt", "", ".", "a b", "Ä", "x" * 300, "a\x00b"])
def test_an_odd_id_gets_a_safe_name(odd: str) -> None:
    name = file_name(odd)
    assert re.fullmatch(r"[a-z0-9_-][a-z0-9._-]*~[0-9a-f]{16}\.csv", name)
    assert len(name) < 200


@given(ids)
def test_every_name_is_safe_and_known_as_ours(check_id: str) -> None:
    assert FILE_NAME.fullmatch(file_name(check_id))
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)\..*", file_name(check_id))


@given(ids, ids)
def test_different_ids_never_share_a_file(one: str, two: str) -> None:
    assert (file_name(one).lower() == file_name(two).lower()) is (one == two)


def test_names_differ_where_the_file_system_ignores_case() -> None:
    assert file_name("crm.Leads.x").lower() != file_name("crm.leads.x").lower()
