"""OpenLineage's own configuration decides where events go; what cannot be used is an error that shows no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from observer.errors import InputError
from observer.lineage.sender import LineageSender
from observer.runs.deliveries import Reason
from tests.fakes.lineage_receiver import Receiver, http_config
from tests.fakes.lineage_runs import an_event

PASSWORD = "canary-9b1c"


def test_nothing_configured_is_off(capfd: pytest.CaptureFixture[str]) -> None:
    sender = LineageSender()
    assert not sender.configured
    assert "off" in sender.describe()
    for failure in (sender.send(an_event()), sender.ping()):
        assert failure is not None
        assert failure.reason is Reason.NOT_CONFIGURED
    sender.close()
    assert capfd.readouterr() == ("", "")


def test_a_disabled_one_is_off_whatever_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    assert LineageSender().configured
    monkeypatch.setenv("OPENLINEAGE_DISABLED", " True ")
    assert not LineageSender().configured


def test_what_is_off_does_not_import_the_client() -> None:
    code = (
        "import sys; from observer.lineage.sender import LineageSender; assert not LineageSender().configured;"
        "assert not {'openlineage', 'requests', 'yaml', 'great_expectations'} & set(sys.modules);"
        "import observer.daemon.serve, observer.daemon.run_in_worker, observer.jobs.run_contract, observer.jobs.audit;"
        "assert not {'openlineage', 'requests', 'great_expectations'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_a_url_in_the_environment_is_enough_and_the_environment_stays_as_it_was(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)
    monkeypatch.setenv("OPENLINEAGE_ENDPOINT", "lineage/here")
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "key")
    before = dict(os.environ)
    sender = LineageSender()
    assert sender.describe() == f"http to {receiver.url}/lineage/here"
    assert sender.send(an_event()) is None
    assert receiver.headers[-1]["authorization"] == "Bearer key"
    assert dict(os.environ) == before


def test_variables_may_say_everything(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", receiver.url)
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__CUSTOM_HEADERS", '{"X-Team": "revops"}')
    assert LineageSender().send(an_event()) is None
    assert receiver.headers[-1]["x-team"] == "revops"


@pytest.mark.parametrize("place", ["openlineage.yml", "home/.openlineage/openlineage.yml", "elsewhere/ol.yml"])
def test_a_file_may_say_everything(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"transport:\n  type: http\n  url: {receiver.url}\n")
    if place.startswith("elsewhere"):
        monkeypatch.setenv("OPENLINEAGE_CONFIG", str(file))
    assert LineageSender().send(an_event()) is None
    assert len(receiver.events) == 1


def test_retries_of_the_configuration_are_kept(receiver: Receiver) -> None:
    receiver.answers(500)
    sender = LineageSender(http_config(receiver.url, retry={"total": 2, "backoff_factor": 0.001}))
    failure = sender.send(an_event())
    assert len(receiver.headers) == 3
    assert failure is not None
    assert failure.reason is Reason.SERVER_ERROR


@pytest.mark.parametrize(
    ("transport", "says"),
    [
        ({"type": "http"}, "URL"),
        ({"type": "http", "url": f"ada:{PASSWORD}@marquez"}, "URL"),
        ({"type": "http", "url": "ftp://marquez"}, "URL"),
        ({"type": "http", "url": "http://marquez:many"}, "URL"),
        ({"type": "http", "url": "http://marquez", "auth": PASSWORD}, "auth"),
        ({"type": "http", "url": "http://marquez", "auth": {"type": "api_key", "key": PASSWORD}}, "apiKey"),
        ({"type": "http", "url": "http://marquez", "auth": {"type": PASSWORD}}, "http"),
        ({"type": "http", "url": "http://marquez", "compression": "zip"}, "zip"),
        ({"type": "carrier-pigeon"}, "carrier-pigeon"),
        ({"type": "os.path"}, "os.path"),
        ({"type": "file"}, "log_file_path"),
        ({"type": "composite"}, "composite"),
        ({"type": "composite", "transports": [{"type": "http"}]}, "URL"),
    ],
)
def test_a_transport_that_cannot_be_made_is_an_error(transport: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        LineageSender({"transport": transport})
    assert says in caught.value.message
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "transport: [", "transport:\n", "- 1\n", "tags: {job: {a: b}}\n"])
def test_a_file_that_names_no_transport_is_an_error_and_not_silence(tmp_path: Path, text: str) -> None:
    (tmp_path / "openlineage.yml").write_text(text)
    with pytest.raises(InputError):
        LineageSender()


def test_a_named_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(tmp_path / "absent.yml"))
    with pytest.raises(InputError, match=r"absent\.yml"):
        LineageSender()


def test_a_secret_that_is_no_json_is_neither_shown_nor_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://marquez")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__AUTH", "{type: api_key, apiKey: " + PASSWORD + "}")
    with pytest.raises(InputError) as caught:
        LineageSender()
    assert PASSWORD not in str(caught.value) + caplog.text
