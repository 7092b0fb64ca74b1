"""Tables are called as OpenLineage's naming conventions call them, whatever the source is, and without its login."""

from __future__ import annotations

from pathlib import Path

import pytest

from observer.contracts.model import Contract, Server
from observer.lineage.datasets import source_name
from tests.fakes.contracts import contract, table


def bare(*servers: Server) -> Contract:
    made = contract(table("leads"))
    return Contract(
        id=made.id, name=made.name, version="1", api_version="v3.2.0", status="active", objects=(), servers=servers
    )


@pytest.mark.parametrize(
    ("kind", "url", "written", "namespace", "name"),
    [
        ("postgresql", "postgresql://ada:***@db:5433/crm", "leads", "postgres://db:5433", "crm.public.leads"),
        ("postgresql", "postgresql://db/crm", "sales.leads", "postgres://db:5432", "crm.sales.leads"),
        ("postgresql", "postgresql://db/crm", "crm.sales.leads", "postgres://db:5432", "crm.sales.leads"),
        ("postgresql", "postgresql://ada@[::1]:5433/crm", "leads", "postgres://[::1]:5433", "crm.public.leads"),
        ("postgresql", "postgresql:///crm?host=/run/pg", "leads", "postgres://localhost:5432", "crm.public.leads"),
        ("postgresql", "postgresql:///crm?host=a:5434&host=b", "leads", "postgres://a:5434", "crm.public.leads"),
        ("postgresql", "postgresql://ada@db", "leads", "postgres://db:5432", "public.leads"),
        ("mysql", "mysql://ada:***@db/crm", "leads", "mysql://db:3306", "crm.leads"),
        ("mysql", "mysql://db:3307/crm", "sales.leads", "mysql://db:3307", "sales.leads"),
        ("mariadb", "mariadb://db/crm", "leads", "mysql://db:3306", "crm.leads"),
        ("sqlite", "sqlite:////var/crm.db", "leads", "file", "/var/crm.db/leads"),
        ("duckdb", "duckdb:////var/crm.duckdb", "sales.leads", "file", "/var/crm.duckdb/sales.leads"),
        ("file", "file:/exports/march", "leads.csv", "file", "/exports/march/leads.csv"),
        ("snowflake", "snowflake://ada:***@acme/crm", "leads", "snowflake://acme", "crm.leads"),
    ],
)
def test_a_table_is_called_as_others_call_it(kind: str, url: str, written: str, namespace: str, name: str) -> None:
    source = source_name(kind, url, bare())
    assert (source.namespace, source.table(written)) == (namespace, name)
    assert "ada" not in source.uri
    assert "?" not in source.uri


@pytest.mark.parametrize("url", ["", "no url", "pigeon://ada:***@loft:many/crm", "pigeon:ada:***"])
def test_a_source_whose_url_nobody_reads_has_its_kind_for_a_name(url: str) -> None:
    source = source_name("pigeon", url, bare())
    assert (source.namespace, source.table("leads")) == ("pigeon", "leads")


def test_a_relative_file_is_called_by_its_whole_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert source_name("sqlite", "sqlite:///crm.db", bare()).table("leads") == f"{tmp_path}/crm.db/leads"


def test_the_schema_that_the_contract_names_is_that_of_tables_which_name_none() -> None:
    server = Server(name="production", type="postgres", schema="sales")
    assert source_name("postgresql", "postgresql://db/crm", bare(server)).table("leads") == "crm.sales.leads"
