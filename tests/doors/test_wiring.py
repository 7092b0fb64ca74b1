"""What the environment says: settings, secrets in files, and mistakes that name their variable."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from observer.errors import InputError
from observer.wiring import DEFAULT_STATE, opened_source, opened_store, read_settings


def test_an_empty_environment_means_the_defaults():
    settings = read_settings({})
    assert settings.source is None
    assert settings.state == DEFAULT_STATE
    assert settings.token_key is None
    assert settings.connect_timeout == timedelta(seconds=10)


def test_settings_come_from_the_environment_and_secrets_from_files(tmp_path: Path):
    (tmp_path / "url").write_text("postgresql://reader:pw@db/crm\n")
    settings = read_settings(
        {
            "OBSERVER_SOURCE_FILE": str(tmp_path / "url"),
            "OBSERVER_STATE": "sqlite:///x.db",
            "OBSERVER_TOKEN_KEY": "k" * 32,
            "OBSERVER_STATEMENT_TIMEOUT": "90",
            "OBSERVER_CONNECT_TIMEOUT": "2.5",
        }
    )
    assert settings.source == "postgresql://reader:pw@db/crm"
    assert settings.state == "sqlite:///x.db"
    assert settings.token_key == b"k" * 32
    assert (settings.statement_timeout, settings.connect_timeout) == (timedelta(seconds=90), timedelta(seconds=2.5))


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"OBSERVER_SOURCE_FILE": "/nowhere/at/all"}, "OBSERVER_SOURCE_FILE names /nowhere/at/all"),
        ({"OBSERVER_TOKEN_KEY": "short"}, "OBSERVER_TOKEN_KEY is too short"),
        ({"OBSERVER_STATEMENT_TIMEOUT": "soon"}, "OBSERVER_STATEMENT_TIMEOUT is `soon`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "-1"}, "OBSERVER_CONNECT_TIMEOUT is `-1`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "nan"}, "OBSERVER_CONNECT_TIMEOUT is `nan`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "999999"}, "above 0 and below 86400"),
    ],
)
def test_a_wrong_setting_names_itself_and_its_remedy(environment, says):
    with pytest.raises(InputError) as caught:
        read_settings(environment)
    assert says in str(caught.value)
    assert "Fix: " in str(caught.value)
    assert "short" not in str(caught.value).replace("too short", "")


def test_doors_are_opened_and_closed(tmp_path: Path):
    (tmp_path / "leads.csv").write_text("id\n1\n")
    with opened_source(f"file:{tmp_path}", read_settings({})) as source:
        assert source.display_url.startswith("file:")
    with opened_store(read_settings({"OBSERVER_STATE": f"sqlite:///{tmp_path}/state.db"})) as store:
        assert store.runs() == ()
