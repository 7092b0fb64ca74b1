"""`observer.toml` and the environment as settings; every mistake at once, with its place; no secret in any message."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from observer.config.known_settings import READERS, SECRETS
from observer.config.settings import load_settings
from observer.errors import InputError
from observer.settings import Settings

CANARY = "canary-4711-do-not-show"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of this repository is read."""
    monkeypatch.chdir(tmp_path)


def toml(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "given.toml"
    file.write_text(content, encoding="utf-8")
    return file


def problems(file: Path | None, environment: dict[str, str]) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_settings(file, environment)
    said = [str(problem) for problem in caught.value.problems]
    assert CANARY not in " ".join([*said, str(caught.value)])
    assert all("Fix: " in line for line in said)
    return said


def test_nothing_given_means_the_defaults():
    assert replace(load_settings(None, {}), digest="") == Settings()


def test_a_file_says_everything_in_tables(tmp_path: Path):
    (tmp_path / "url").write_text("postgresql://reader:pw@db/crm\n")
    (tmp_path / "key").write_text("k" * 40 + "\n")
    file = toml(
        tmp_path,
        f"""
        source_file = "{tmp_path}/url"
        state = "sqlite:///x.db"
        contracts = ["a", "b.odcs.yaml"]
        token_key_file = "{tmp_path}/key"
        statement_timeout = "5min"
        connect_timeout = 2.5
        schedule.every = "15min"
        [workers]
        count = 3
        memory_mb = 1024
        [ticks]
        keep = "7d"
        [web]
        port = 9000
        token = "{"t" * 16}"
        [log]
        format = "JSON"
        """,
    )
    found = load_settings(file, {})
    assert found.source == "postgresql://reader:pw@db/crm"
    assert (found.state, found.token_key, found.file) == ("sqlite:///x.db", b"k" * 40, file)
    assert found.contracts == (Path("a"), Path("b.odcs.yaml"))
    assert (found.statement_timeout, found.connect_timeout) == (timedelta(minutes=5), timedelta(seconds=2.5))
    assert (found.workers.count, found.workers.memory_mb, found.ticks.keep) == (3, 1024, timedelta(days=7))
    assert (found.schedule.every, found.web.port, found.web.token) == (timedelta(minutes=15), 9000, "t" * 16)
    assert found.log.format == "json"
    assert "pw" not in repr(found) and "tttt" not in repr(found) and "kkkk" not in repr(found)


def test_the_environment_outranks_the_file_and_secrets_may_be_files(tmp_path: Path):
    (tmp_path / "url").write_text("postgresql://reader:pw@db/crm\n")
    file = toml(tmp_path, 'source = "sqlite:///other.db"\nconnect_timeout = 3\n[ticks]\nvolume = "1h"')
    found = load_settings(
        file,
        {
            "OBSERVER_SOURCE_FILE": str(tmp_path / "url"),
            "OBSERVER_CONTRACTS": "one:two",
            "OBSERVER_TOKEN_KEY": "k" * 32,
            "OBSERVER_STATEMENT_TIMEOUT": "90",
            "OBSERVER_CONNECT_TIMEOUT": "2.5",
            "OBSERVER_TICKS_FRESHNESS": "30s",
            "OBSERVER_DAEMON_GRACE": "0",
            "OBSERVER_STATE": "",
            "OTHER_VARIABLE": "left alone",
        },
    )
    assert found.source == "postgresql://reader:pw@db/crm"
    assert found.contracts == (Path("one"), Path("two"))
    assert (found.state, found.token_key) == (Settings.state, b"k" * 32)
    assert (found.statement_timeout, found.connect_timeout) == (timedelta(seconds=90), timedelta(seconds=2.5))
    assert (found.ticks.freshness, found.ticks.volume) == (timedelta(seconds=30), timedelta(hours=1))
    assert found.daemon.grace == timedelta()


def test_the_file_is_the_one_named_else_the_one_of_the_environment_else_the_one_that_is_here(tmp_path: Path):
    here, there, named = (tmp_path / name for name in ("observer.toml", "there.toml", "named.toml"))
    for number, file in enumerate((here, there, named), start=1):
        file.write_text(f"[workers]\ncount = {number}")
    environment = {"OBSERVER_CONFIG": str(there)}
    assert [
        load_settings(*given).workers.count for given in ((None, {}), (None, environment), (named, environment))
    ] == [
        1,
        2,
        3,
    ]


def test_every_mistake_of_file_and_environment_is_told_at_once_with_its_place(tmp_path: Path):
    file = toml(
        tmp_path,
        f"""sorce = "postgresql://u:{CANARY}@h/d"
connect_timeout = "soon"
[tick]
freshness = "1min"
[ticks]
fresness = "1min"
volume = "5m"
[web]
port = 70000
token = "{CANARY[:5]}"
[schedule]
zone = "Europe/Berln"
""",
    )
    environment = {"OBSERVER_TOKENKEY": CANARY, "OBSERVER_WORKERS_COUNT": "0", "OBSERVER_LOG_FORMAT": "xml"}
    said = problems(file, environment)
    assert [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in said[:7]] == [
        "given.toml:1:1",
        "given.toml:3:2",
        "given.toml:6:1",
        "environment",
        "given.toml:2:1",
        "given.toml:7:1",
        "given.toml:9:1",
    ]
    text = "\n".join(said)
    for part in (
        "sorce: there is no such setting. Fix: write `source`.",
        "tick: there is no such setting. Fix: write `[ticks]`.",
        "ticks.fresness: there is no such setting. Fix: write `ticks.freshness`.",
        "OBSERVER_TOKENKEY: there is no such setting. Fix: write `OBSERVER_TOKEN_KEY`.",
        "connect_timeout: it is `soon`",
        "ticks.volume: it is `5m`: unit `m` may be minutes or months",
        "web.port: it is `70000`. Fix: write a whole number from 0 to 65535",
        "web.token: it is too short to protect anything. Fix: use at least 16 random characters.",
        "schedule.zone: it is `Europe/Berln`, which is no time zone. Fix: write `Europe/Berlin`.",
        "OBSERVER_WORKERS_COUNT: it is `0`. Fix: write a whole number from 1 to 256.",
        "OBSERVER_LOG_FORMAT: it is `xml`. Fix: write console or json.",
    ):
        assert part in text
    assert len(said) == 11


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"OBSERVER_SOURCE_FILE": "/nowhere/at/all"}, "OBSERVER_SOURCE_FILE: it names `/nowhere/at/all`, which cannot"),
        ({"OBSERVER_SOURCE_FILE": "/nowhere\0"}, "which cannot be read"),
        ({"OBSERVER_SOURCE_FILE": "x", "OBSERVER_SOURCE": CANARY}, "`OBSERVER_SOURCE` is given too"),
        ({"OBSERVER_TOKEN_KEY": "short"}, "OBSERVER_TOKEN_KEY: it is too short to protect anything"),
        ({"OBSERVER_STATEMENT_TIMEOUT": "soon"}, "OBSERVER_STATEMENT_TIMEOUT: it is `soon`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "-1"}, "OBSERVER_CONNECT_TIMEOUT: it is `-1`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "nan"}, "OBSERVER_CONNECT_TIMEOUT: it is `nan`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "1e400"}, "OBSERVER_CONNECT_TIMEOUT: it is `1e400`"),
        ({"OBSERVER_CONNECT_TIMEOUT": "999999"}, "from 0.001s to 1d"),
        ({"OBSERVER_WEB_PORT": "tcp://10.0.0.1:8484"}, "enableServiceLinks: false"),
        ({"OBSERVER_CONTRACTS": "a::b"}, "write a list of paths"),
        ({"OBSERVER_CONFIG": "/nowhere.toml"}, "/nowhere.toml: the file cannot be read"),
        ({"OBSERVER_PORT": "8484"}, "OBSERVER_PORT: there is no such setting. Fix: write `OBSERVER_WEB_PORT`."),
    ],
)
def test_a_wrong_variable_names_itself_and_its_remedy(environment, says):
    assert says in " ".join(problems(None, environment))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("web = 3", "given.toml:1:1: web: `web` is no table. Fix: write [web] with its settings below."),
        ("source = 3", "source: it is no text"),
        ('state = ""', "state: it is no text"),
        ('[web]\nfreshness = "1s"', "given.toml:2:1: web.freshness: there is no such setting"),
        ("[workers]\ncount = true", "workers.count: it is `true`"),
        ("[workers]\ncount = 1.5", "workers.count: it is `1.5`"),
        ("[workers]\ncount = [1]", "workers.count: it is a list"),
        ("contracts = 'one'\nexec = \"x\"", "given.toml:2:1: exec: there is no such setting"),
        ("[web\nport = 1", "given.toml:1:5: not TOML: "),
        ("port = 1\nport = 2\n", "given.toml:2:9: not TOML: "),
        (f"[web]\n{CANARY} {CANARY}", "not TOML"),
        ("workers.count = " + "9" * 6000, "not TOML: a number or a nesting is beyond measure"),
        ("workers.count = 0x" + "f" * 6000, "workers.count: it is beyond measure"),
        ("contracts = " + "[" * 6000 + "]" * 6000, "not TOML: a number or a nesting is beyond measure"),
    ],
)
def test_a_wrong_line_of_the_file_names_itself_and_its_remedy(tmp_path: Path, content: str, says: str):
    assert says in " ".join(problems(toml(tmp_path, content), {}))


def test_a_file_that_is_no_utf8_says_so(tmp_path: Path):
    (tmp_path / "latin.toml").write_bytes(b'source = "\xfc"')
    assert "is not UTF-8" in problems(tmp_path / "latin.toml", {})[0]


def test_texts_of_several_lines_cost_the_line_numbers_only(tmp_path: Path):
    said = problems(toml(tmp_path, 'source = """\nport = 1\n"""\nprot = 2'), {})
    assert "given.toml: prot: there is no such setting" in said[0]


def test_variables_that_kubernetes_makes_of_a_service_are_none_of_ours():
    links = {
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "OBSERVER_SERVICE_HOST": "10.0.0.2",
        "OBSERVER_SERVICE_PORT": "8484",
        "OBSERVER_SERVICE_PORT_HTTP": "8484",
        "OBSERVER_PORT": "tcp://10.0.0.2:8484",
        "OBSERVER_PORT_8484_TCP": "tcp://10.0.0.2:8484",
        "OBSERVER_PORT_8484_TCP_ADDR": "10.0.0.2",
    }
    assert load_settings(None, links).web.port == Settings().web.port
    del links["KUBERNETES_SERVICE_HOST"]
    assert len(problems(None, links)) == 6


def test_the_digest_changes_with_a_setting_and_holds_no_secret(tmp_path: Path):
    base = {"OBSERVER_SOURCE": f"postgresql://u:{CANARY}@h/d"}
    digests = {
        load_settings(None, environment).digest
        for environment in (
            base,
            base | {"OBSERVER_WEB_PORT": "1"},
            base | {"OBSERVER_SOURCE": "sqlite:///x"},
            base | {"OBSERVER_TOKEN_KEY": "k" * 32},
        )
    }
    assert len(digests) == 4
    file = toml(tmp_path, f'source = "postgresql://u:{CANARY}@h/d"')
    assert load_settings(file, {}).digest == load_settings(None, base).digest in digests


def test_every_field_of_every_section_can_be_set():
    wanted = set()
    for setting in fields(Settings):
        if setting.name in ("file", "digest"):
            continue
        value = getattr(Settings(), setting.name)
        if is_dataclass(value):
            wanted |= {(setting.name, inner.name) for inner in fields(value)}
        else:
            wanted.add((setting.name,))
    assert set(READERS) == wanted
    secret = {(f.name,) for f in fields(Settings) if not f.repr}
    for section in fields(Settings):
        value = getattr(Settings(), section.name)
        if is_dataclass(value):
            secret |= {(section.name, f.name) for f in fields(value) if not f.repr}
    assert set(SECRETS) == secret


def test_defaults_lie_within_their_own_limits():
    for name, read in READERS.items():
        value: object = Settings()
        for step in name:
            value = getattr(value, step)
        if isinstance(value, timedelta):
            value = value.total_seconds()
        if isinstance(value, time):
            value = f"{value:%H:%M}"
        if value is not None and not isinstance(value, tuple):
            assert read(value if isinstance(value, (int, float)) else str(value)) is not None
