"""URLs: which source they open, what is said of those that open none, and that no password is ever shown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from observer.errors import SourceError
from observer.sources.addresses import libpq_uri, scrub, secrets_of, shown, shown_raw
from tests.doors.sources.reading import opened


@pytest.mark.parametrize(
    ("url", "kind", "dialect"),
    [
        ("postgresql://u:p@h/db", "postgresql", "postgres"),
        ("postgres://u:p@h/db", "postgresql", "postgres"),
        ("postgresql+psycopg://u:p@h/db", "postgresql", "postgres"),
        ("mysql://u:p@h/db", "mysql", "mysql"),
        ("mariadb+pymysql://u:p@h/db", "mysql", "mysql"),
    ],
)
def test_a_scheme_opens_its_source(url: str, kind: str, dialect: str) -> None:
    source = opened(url)
    assert (source.kind, source.dialect) == (kind, dialect)
    assert source.display_url.endswith("://u:***@h/db")
    source.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuchthing://u:hush@h/db", "no SQLAlchemy dialect is installed for nosuchthing://"),
        ("oracle://u:hush@h/db", "the driver .* is not installed"),
        ("crm.db", "is no source URL"),
        ("//u:hush@h/db", "is no source URL"),
        ("postgresql://u:hush@h:port/db", "is no source URL"),
        ("", "is no source URL"),
    ],
)
def test_a_url_that_opens_nothing_says_why_without_its_password(url: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        opened(url)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(caught.value.__context__) or caught.value.__suppress_context__


def test_a_path_given_as_url_is_told_how_to_be_written(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="write it as file:"):
        opened(str(tmp_path))
    (tmp_path / "crm.db").touch()
    with pytest.raises(SourceError, match="write sqlite:///"):
        opened(str(tmp_path / "crm.db"))


@given(password=st.text(min_size=6, alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF)))
def test_no_form_of_a_password_survives(password: str) -> None:
    url = make_url("postgresql://host/db").set(username="ada", password=password)
    secrets = secrets_of(url)
    assert shown(url) == "postgresql://ada:***@host/db"
    for text in (f"failed for {password}", url.render_as_string(hide_password=False), libpq_uri(url)):
        assert password not in scrub(text, secrets).replace("***", "")


def test_passwords_in_parameters_are_masked_too() -> None:
    url = make_url("snowflake://ada@host/db?token=hush&warehouse=w")
    assert "hush" not in shown(url)
    assert secrets_of(url) == ("hush",)
    assert shown_raw("what:ever@host") == "host"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ada:hu@sh@host/db", "'postgresql://***@host/db' is no source URL"),
        ("mysql://ada:hu@sh/x@host:3306/db", "'mysql://***@host:3306/db' is no source URL"),
        ("postgresql://ada:hu@sh:sh/x@host/db", "'postgresql://***@host/db' is no source URL"),
        ("postgresql://ada:hu@sh?sh@host/db", "'postgresql://***@host/db' is no source URL"),
        ("postgresql://ada:sh", "'postgresql://***' is no source URL"),
        ("host=db user=ada password=sh", "'***' is no source URL"),
    ],
)
def test_no_part_of_a_password_that_is_not_encoded_is_shown(url: str, told: str) -> None:
    with pytest.raises(SourceError) as caught:
        opened(url)
    assert caught.value.message == told
    assert "sh" not in caught.value.message
    assert ("write @ as %40" in caught.value.fix) == ("@" in url)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        source = opened(f"{scheme}://ada:hush@127.0.0.1:{mute.getsockname()[1]}/db", seconds=600, connect_seconds=1)
        with pytest.raises(SourceError, match=r"did not answer in time.*OBSERVER_CONNECT_TIMEOUT"):
            source.ping()
        source.close()


def test_an_at_sign_elsewhere_is_no_mistake() -> None:
    opened("postgresql://ada%40corp:p%40ss@host/db?application_name=a%40b").close()
    opened("postgresql://ada@corp:secret@host/db").close()
