"""docs/operations.md: what it says of settings, events, alerts, links and SQL is so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import psycopg
import pytest

from observer.config.settings import environment_name
from observer.contracts.durations import parse_span
from observer.daemon.daemon import _AT_START
from observer.daemon.minding import _LOGGED
from observer.jobs.receivers import RECEIVERS
from tests.doors.deploy.files import GUIDE, ROOT, RULES, anchors, document, setting_names
from tests.doors.deploy.test_prometheus import exposed
from tests.real_parts import new_postgres_database

TEXT = GUIDE.read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """Cells of the table whose header line begins like that."""
    lines = TEXT.split(f"\n| {header}", 1)[1].splitlines()[2:]
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def blocks(language: str, containing: str) -> list[str]:
    fenced = re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)
    return [block for block in fenced if containing in block]


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = {cells[0].strip("`"): cells[1].strip("`") for cells in rows("setting | default")}
    known = setting_names()
    assert list(told) == [".".join(name) for name in known]
    for name, default in known.items():
        assert as_default(told[".".join(name)], default) == default, name


def as_default(told: str, default: object) -> object:
    """The text of the table as a value of the default's kind."""
    if told == "–":
        return () if default == () else None
    match default:
        case time():
            return time.fromisoformat(told)
        case (str(),):
            return (told,)
        case timedelta():
            return parse_span(told)
        case bool() | int():
            return int(told)
        case Path():
            return Path(told)
        case tuple():
            return (Path(told),)
    return told


def test_the_settings_that_wait_for_a_restart_are_those_of_the_daemon() -> None:
    (sentence,) = re.findall(r"((?:`\S+`,?\s(?:and\s)?)+)are read at the start only", TEXT)
    assert set(re.findall(r"`\[?(\w+)\]?`", sentence)) == set(_AT_START)


def test_every_name_of_the_environment_is_one() -> None:
    known = {"OBSERVER_CONFIG"}
    for name in setting_names():
        known |= {environment_name(name), f"{environment_name(name)}_FILE"}
    assert set(re.findall(r"OBSERVER_[A-Z_]+", TEXT)) <= known


def test_every_event_of_the_log_is_in_the_table_and_no_other() -> None:
    told = {name for cells in rows("event | level") for name in re.findall(r"`(\w+)`", cells[0])}
    assert told == {*events_of_the_daemon(), *_LOGGED.values(), "library_said"}


def events_of_the_daemon() -> Iterator[str]:
    """First words of `log.info("…")` and its like, in what a daemon runs."""
    for room in ("daemon", "web", "metrics", "lineage", "slack", "receivers", "jobs", "store", "snapshots", "sources"):
        for file in sorted((ROOT / "observer" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                    on = node.func.value
                    if isinstance(on, ast.Name) and on.id.strip("_").lower() == "log":
                        yield from (c.value for c in ast.walk(node.args[0]) if is_event(c))


def is_event(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch("[a-z_]+", node.value) is not None
    )


def test_every_door_that_can_be_in_trouble_is_named() -> None:
    found = {"lineage", *RECEIVERS}
    for file in (ROOT / "observer" / "daemon").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r'(?:report|watched|_as_leader)\(\s*"([\w ]+)"', text))
        found |= {f"{kind} RECEIVER" for kind in re.findall(r'_as_leader\(f"([^"{]+) \{', text)}
        found |= {f"{kind} CONTRACT" for kind in re.findall(r'on_(?:trouble|its_own)\(f"([^{"]+) \{', text)}
    for file in (ROOT / "observer" / "slack").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r'(?:tell\(|none\(|^DOOR = )"([\w ]+)"', text, re.MULTILINE))
        found |= {f"{kind} CHANNEL" for kind in re.findall(r'(?:tell|none)\(f"([^"{]+) \{', text)}
    (sentence,) = re.findall(r"names its reasons by door: (.*?); and the scheduler", TEXT, flags=re.DOTALL)
    assert set(re.findall(r"`([^`]+)`", sentence)) == found


def test_every_alert_is_spoken_of_and_no_other() -> None:
    alerts = {rule["alert"] for group in document(RULES)["groups"] for rule in group["rules"]}
    assert set(re.findall(r"\bObserver[A-Z]\w+", TEXT)) == alerts


def test_every_metric_that_it_names_is_shown() -> None:
    assert set(re.findall(r"`(observer_\w+)`", TEXT)) <= exposed()


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("http"):
            continue
        page, _, anchor = target.partition("#")
        file = (GUIDE.parent / page).resolve() if page else GUIDE
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_failure_leads_to_its_paragraph() -> None:
    table = rows("failure | the daemon")
    assert len(table) > 10
    for cells in table:
        assert re.fullmatch(r"\[[^]]+\]\(#[a-z-]+\)", cells[0]), cells[0]
        assert len(cells) == 4


def test_the_role_of_the_guide_reads_everything_and_writes_nothing(postgres_server_url: str) -> None:
    (script,) = blocks("sql", "CREATE ROLE crm_reader")
    # Roles are of the whole server, which other tests share.
    script = script.replace("crm_reader", "guide_reader")
    database = new_postgres_database(postgres_server_url)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("CREATE TABLE before (id int)")
        owner.execute(script.replace("…", "a-password").encode())
        owner.execute("CREATE TABLE later (id int)")
    reader_url = re.sub("//.*@", "//guide_reader:a-password@", database)
    with psycopg.connect(reader_url, autocommit=True) as reader:
        for table in ("before", "later"):
            assert reader.execute(f"SELECT * FROM {table}".encode()).fetchall() == []
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("INSERT INTO later VALUES (1)")
