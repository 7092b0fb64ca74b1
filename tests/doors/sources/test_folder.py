"""A folder of CSV and Parquet files: what is read, what is assumed and said, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import os
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observer.errors import SourceError
from tests.doors.sources.reading import opened, plan, read, rows_of


def folder(tmp_path: Path, **files: str | bytes) -> str:
    """`leads="…"` becomes leads.csv."""
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return f"file:{tmp_path}"


def refusal(url: str, name: str, *columns: str) -> str:
    """Why the table cannot be read, from its shape or from its rows."""
    with opened(url).session() as session:
        table = plan(name, *columns)
        shape = session.shape(table)
        if shape.error is not None:
            return shape.error
        with pytest.raises(SourceError) as caught:
            list(session.stream(table, shape))
        return str(caught.value)


def test_csv_is_text_and_a_field_of_nothing_is_null(tmp_path: Path) -> None:
    url = folder(tmp_path, leads='id,email,note\n01,,"x, ""y""\nz"\n2,"", \n')
    shape, rows = read(opened(url), plan("leads", "note", "id", "email", "phone"))
    assert rows.to_pydict() == {"note": ['x, "y"\nz', " "], "id": ["01", "2"], "email": [None, None]}
    assert [c.type for c in shape.columns] == ["", "", ""]
    assert (shape.missing, shape.unique_keys, shape.notes, shape.others) == (("phone",), (), (), ())


def test_columns_out_of_contract_are_named_and_not_read(tmp_path: Path) -> None:
    shape, rows = read(opened(folder(tmp_path, leads="id,Email,note\n1,a@b.c,x\n")), plan("leads", "email", "mail"))
    assert (shape.missing, shape.others, rows.schema.names) == (("mail",), ("id", "note"), ["email"])


def test_names_are_found_in_any_case_and_with_or_without_a_schema(tmp_path: Path) -> None:
    url = folder(tmp_path, Leads="id\n1\n")
    (tmp_path / "sales.Deals.CSV").write_text("id\n2\n")
    (tmp_path / "Old.csv.gz").write_bytes(gzip.compress(b"id\n3\n"))
    with opened(url).session() as session:
        assert rows_of(session, plan("LEADS", "ID"))[1].to_pydict() == {"ID": ["1"]}
        assert rows_of(session, plan("crm.leads", "id"))[1].to_pydict() == {"id": ["1"]}
        assert rows_of(session, plan("Sales.deals", "id"))[1].to_pydict() == {"id": ["2"]}
        assert rows_of(session, plan("old", "id"))[1].to_pydict() == {"id": ["3"]}
        assert not session.one_instant
        assert "did you mean 'leads'" in (session.shape(plan("leds", "id")).error or "")


@pytest.mark.parametrize(("separator", "name"), [(";", "';'"), ("\t", "tab"), ("|", "'|'")])
def test_other_separators_are_found_and_said(tmp_path: Path, separator: str, name: str) -> None:
    text = separator.join(("id", "note")) + "\n" + separator.join(("1", "1,5 a,b,c")) + "\n"
    shape, rows = read(opened(folder(tmp_path, t=text)), plan("t", "id", "note"))
    assert rows.to_pylist() == [{"id": "1", "note": "1,5 a,b,c"}]
    assert shape.notes == (f"separated by {name}",)


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", ()),
        ("utf-8-sig", ()),
        ("utf-16", ("read as UTF-16",)),
        ("utf-16-le", ("read as UTF-16 (little-endian)",)),
        ("utf-16-be", ("read as UTF-16 (big-endian)",)),
        ("cp1252", ("line 2 is not UTF-8: read as Windows-1252",)),
    ],
)
def test_encodings_are_found_and_said(tmp_path: Path, encoding: str, note: tuple[str, ...]) -> None:
    url = folder(tmp_path, t="name,city\nZoë,Zürich\n".encode(encoding))
    shape, rows = read(opened(url), plan("t", "name", "city"))
    assert rows.to_pylist() == [{"name": "Zoë", "city": "Zürich"}]
    assert shape.notes == note


def test_mixed_encodings_are_refused_with_both_lines(tmp_path: Path) -> None:
    url = folder(tmp_path, t="name\nZoë\n".encode() + "Zoë\n".encode("latin-1"))
    assert "t.csv mixes encodings: line 2 is UTF-8, line 3 is not" in refusal(url, "t", "name")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3,secret@example.com,extra", "t.csv, line 3: 3 fields where the header has 2"),
        ("3", "t.csv, line 3: 1 fields where the header has 2"),
        ('3,"secret@example.com', "t.csv, line 3: a quote is opened and not closed"),
    ],
)
def test_a_shifted_row_stops_the_table_and_names_its_line_without_its_values(
    tmp_path: Path, row: str, message: str
) -> None:
    said = refusal(folder(tmp_path, t=f"id,email\n1,a@b.c\n{row}\n4,d@e.f\n"), "t", "id", "email")
    assert message in said
    assert "secret" not in said


def test_a_shifted_row_far_down_in_a_column_that_is_not_read_stops_the_table(tmp_path: Path) -> None:
    url = folder(tmp_path, t="id,a,b\n" + "1,2,3\n" * 100_000 + "1,2\n")
    assert "line 100002: 2 fields where the header has 3" in refusal(url, "t", "id")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv is empty"),
        ("\n\n", "t.csv is empty"),
        ("id,email,email\n1,a,b\n", "more than one column named 'email'"),
        ("a,b\n1,2\n", "none of the contracted columns of 't' exists"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str, message: str) -> None:
    assert message in refusal(folder(tmp_path, t=content), "t", "id", "email")


def test_a_header_alone_is_a_table_of_no_rows(tmp_path: Path) -> None:
    for content in ("id,email\n", "id,email", "id,email\r\n"):
        _, rows = read(opened(folder(tmp_path, t=content)), plan("t", "id", "email"))
        assert (rows.num_rows, rows.schema.names) == (0, ["id", "email"])


def test_two_files_for_one_table_are_refused(tmp_path: Path) -> None:
    url = folder(tmp_path, t="id\n1\n", T="id\n2\n")
    assert "both hold the table 't'" in refusal(url, "t", "id")


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2]),
            "amount": pa.array([Decimal("1.50"), None], pa.decimal128(12, 2)),
            "at": pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None], pa.timestamp("us", "Europe/Berlin")),
            "tags": pa.array([["a"], None]),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "deals.parquet")
    shape, rows = read(opened(f"file:{tmp_path}"), plan("deals", *table.schema.names))
    assert [c.type for c in shape.columns] == [
        *("BIGINT", "DECIMAL(12,2)", "TIMESTAMP WITH TIME ZONE", "VARCHAR[]", "VARCHAR"),
    ]
    assert rows.to_pylist()[0] == {
        "id": 1,
        "amount": Decimal("1.50"),
        "at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "tags": '["a"]',
        "kind": "x",
    }


def test_a_parquet_file_cut_in_half_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "deals.parquet"
    pq.write_table(pa.table({"id": list(range(10_000))}), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(os.urandom(10_000))[:5_000])
    with opened(folder(tmp_path, leads="id\n1\n")).session() as session:
        assert "deals.parquet is no whole Parquet file" in (session.shape(plan("deals", "id")).error or "")
        assert "broken.csv.gz is cut off or damaged" in (session.shape(plan("broken", "id")).error or "")
        assert rows_of(session, plan("leads", "id"))[1].num_rows == 1


def test_an_old_dump_is_as_old_as_it_is(tmp_path: Path) -> None:
    url = folder(tmp_path, a="id\n1\n")
    os.utime(tmp_path / "a.csv", (1_000_000_000, 1_000_000_000))
    before = dt.datetime.now(dt.UTC)
    with opened(url).session() as session:
        assert before <= session.source_time <= dt.datetime.now(dt.UTC)


def test_a_folder_that_is_missing_or_holds_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no folder"):
        opened(f"file:{tmp_path}/nowhere")
    with pytest.raises(SourceError, match="holds no table"), opened(f"file:{tmp_path}").session():
        pass
    (tmp_path / "t.csv").write_text("id\n1\n")
    with pytest.raises(SourceError, match="is a file, not a folder"):
        opened(f"file:{tmp_path}/t.csv")


CELLS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r\ufeff", exclude_categories=("Cs",)), max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), separator=st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_is_what_is_read(
    tmp_path: Path, rows: list[tuple[str, str, str]], separator: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("first", "second", "third"), *rows])
    _, seen = read(opened(folder(tmp_path, t=written.getvalue())), plan("t", "first", "second", "third"))
    assert [tuple(row.values()) for row in seen.to_pylist()] == [tuple(cell or None for cell in row) for row in rows]
