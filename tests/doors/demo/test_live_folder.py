"""The folder of a living demo: contracts that differ in their limits only, a secret of its own, a port that is free."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from observer.checks.changes import plan_changes
from observer.checks.plan import plan_contract
from observer.config.openslo import load_slos
from observer.config.settings import load_settings
from observer.contracts.model import Contract
from observer.demo import demo_contracts
from observer.demo import live_folder as live
from observer.demo.build import demo_slos
from observer.demo.enrichment import DEADLINE, FLAGSHIP
from observer.demo.faults import LATER_OUTAGE, OUTAGE, SILENCE
from observer.demo.live_folder import LIVE_LIMITS, LiveFolder, free_port
from observer.demo.living import LEADS
from observer.errors import InputError
from observer.jobs.lint_contracts import load_for_run
from observer.jobs.live_demo import FIRST_LOOK
from observer.slo.alerts import alerts_of
from observer.slo.budget import Counts
from observer.slo.model import Slo, TimeToFill


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Contract, ...]:
    folder = LiveFolder(path=tmp_path_factory.mktemp("live") / "demo")
    folder.renew()
    return load_for_run((folder.contracts,))


def test_the_live_contracts_hold_the_same_checks_as_the_usual_ones(contracts: tuple[Contract, ...]) -> None:
    usual = load_for_run((demo_contracts(),))

    ids = [
        [check.id for contract in loaded for check in plan_contract(contract, loaded).checks]
        for loaded in (contracts, usual)
    ]
    assert ids[0] == ids[1]
    for file in demo_contracts().glob("*.yaml"):
        changed = [limit for limit in LIVE_LIMITS if limit.file == file.name]
        text = file.read_text(encoding="utf-8")
        assert all(text.count(limit.usual) == 1 for limit in changed), file.name


@pytest.fixture(scope="module")
def slos(contracts: tuple[Contract, ...], tmp_path_factory: pytest.TempPathFactory) -> tuple[Slo, ...]:
    folder = LiveFolder(path=tmp_path_factory.mktemp("levels") / "demo")
    folder.renew()
    loaded = load_slos((folder.slos,), contracts)
    assert loaded.problems == ()
    return loaded.slos


def test_the_live_levels_are_the_usual_ones_but_for_the_deadline_of_the_flagship(
    slos: tuple[Slo, ...], contracts: tuple[Contract, ...]
) -> None:
    (usual_flagship, *usual), (flagship, *others) = load_slos((demo_slos(),), contracts).slos, slos

    assert others == usual
    assert flagship.name == FLAGSHIP
    assert flagship.target == usual_flagship.target
    assert flagship.burn_rules == usual_flagship.burn_rules
    assert isinstance(flagship.indicator, TimeToFill)
    assert flagship.indicator.deadline == DEADLINE
    assert flagship.indicator.poll <= DEADLINE / 5
    words = f"{FLAGSHIP} {flagship.display_name}"
    assert f"{DEADLINE.total_seconds():.0f}s" in words
    assert "5m" not in words


@pytest.mark.parametrize(
    ("leads", "bad"),
    [
        pytest.param(LEADS * FIRST_LOOK.total_seconds(), OUTAGE, id="the first outage, however slow"),
        pytest.param(LEADS * 3_600, LATER_OUTAGE, id="an outage of later rounds"),
    ],
)
def test_an_outage_burns_the_budget_of_the_flagship(slos: tuple[Slo, ...], leads: float, bad: int) -> None:
    window = Counts(good=round(leads), bad=bad)

    alerts = alerts_of(slos[0], window, lambda _: window, open_now=())

    assert alerts[0].name == "burn-1h/5m"


def test_the_event_bus_is_silent_for_longer_than_the_live_limit(contracts: tuple[Contract, ...]) -> None:
    (events,) = (contract for contract in contracts if contract.id == "crm-events")
    (fresh,) = (sla for sla in events.slas if sla.id == "events_fresh")

    assert fresh.limit * 2 < SILENCE


def test_every_check_that_a_fault_names_is_planned(contracts: tuple[Contract, ...]) -> None:
    planned: set[str] = set()
    for contract in contracts:
        plan = plan_contract(contract, contracts)
        planned |= {check.id for check in (*plan.checks, *plan_changes(contract, plan))}
    source = (Path(live.__file__).parent / "faults.py").read_text(encoding="utf-8")
    stage = "crm-opportunities.opportunities.opportunity_stage"
    named = {word for word in source.replace("{_STAGE}", stage).split('"') if word.startswith("crm-") and word != stage}

    assert len(named) >= 8
    assert named - planned == set()


def test_a_contract_that_lost_the_place_of_a_limit_is_told(tmp_path: Path) -> None:
    lost = live.LiveLimit(file="leads.odcs.yaml", usual="no such words", live="other words")

    with pytest.raises(InputError, match=r"leads\.odcs\.yaml has no place for a limit"):
        live.write_live_contracts(tmp_path / "contracts", (lost,))


def test_what_an_earlier_demo_remembered_is_gone_but_its_secrets_stay(tmp_path: Path) -> None:
    folder = LiveFolder(path=tmp_path / "demo")
    folder.renew()
    first = folder.settings("sqlite:///crm.db")
    (folder.snapshots / "crm-leads").mkdir(parents=True)
    for file in (folder.state, folder.lineage, folder.log):
        file.write_text("old")
    folder.renew()

    again = folder.settings("sqlite:///crm.db")
    assert sorted(path.name for path in folder.path.iterdir()) == ["contracts", "slo.yaml", "token.key", "web.token"]
    for secret in ("token.key", "web.token"):
        assert (folder.path / secret).stat().st_mode & 0o777 == 0o600
    assert again == first
    assert len(first.token_key or b"") == 64
    assert str(first.token_key) not in repr(first)
    assert str(first.web.token) not in repr(first)


def test_other_commands_read_the_same_settings_from_the_file_but_no_password(tmp_path: Path) -> None:
    folder = LiveFolder(path=tmp_path / "demo")
    folder.renew()
    own = folder.settings(f"sqlite:///{tmp_path}/crm.db")

    folder.write_settings(f"sqlite:///{tmp_path}/crm.db")
    read = load_settings(folder.settings_file, {})
    assert (read.source, read.state, read.contracts, read.slos) == (own.source, own.state, own.contracts, own.slos)
    assert read.token_key == own.token_key

    folder.write_settings("postgresql://ana:secret@db/crm")
    assert load_settings(folder.settings_file, {}).source is None
    assert "secret" not in folder.settings_file.read_text(encoding="utf-8")


def test_the_settings_stay_within_the_folder(tmp_path: Path) -> None:
    folder = LiveFolder(path=tmp_path / "demo")
    folder.renew()

    settings = folder.settings("sqlite:///crm.db")

    places: list[str | Path] = [
        settings.state.removeprefix("sqlite:///"),
        settings.snapshots.folder,
        *settings.contracts,
        *settings.slos,
    ]
    assert all(Path(place).is_relative_to(folder.path) for place in places)
    assert settings.web.host == "127.0.0.1"


def test_lineage_goes_into_the_folder_by_the_clients_own_variables(tmp_path: Path) -> None:
    environment: dict[str, str] = {}

    LiveFolder(path=tmp_path).send_lineage_to_file(environment)

    assert environment == {
        "OPENLINEAGE__TRANSPORT__TYPE": "file",
        "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(tmp_path / "lineage.jsonl"),
        "OPENLINEAGE__TRANSPORT__APPEND": "true",
    }


def test_a_port_in_use_is_passed_over() -> None:
    port = free_port()
    with closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()

        assert port < free_port() < live.FIRST_PORT + live.PORTS


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")

    with pytest.raises(InputError, match="--out"):
        LiveFolder(path=tmp_path / "demo").renew()
