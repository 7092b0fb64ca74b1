"""Every deployment configures the program as it is: no setting that it does not know, no secret outside a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from observer.config.known_settings import SECRETS as KNOWN_SECRETS
from observer.config.settings import environment_name, load_settings
from observer.jobs.lint_contracts import load_for_run
from observer.jobs.load_slos import slos_for_run
from observer.settings import Settings
from tests.doors.deploy.files import (
    COMPOSE,
    DEPLOY,
    KUBERNETES,
    container,
    document,
    make_secrets,
    manifests,
    pod,
    services,
    setting_names,
    unit,
)

SECRETS = ("source", "state", "token_key", "web_token")


def compose_environment(folder: Path) -> dict[str, str]:
    """What the daemons of docker-compose.yaml get, secrets made and read from `folder`."""
    make_secrets(folder)
    environment: dict[str, str] = services()["observer-1"]["environment"]
    return {name: text.replace("/run/secrets", str(folder)) for name, text in environment.items()}


def kubernetes_environment(folder: Path) -> dict[str, str]:
    """What the pods get, with the example Secret unpacked into `folder`."""
    for name, text in manifests()["Secret"]["stringData"].items():
        (folder / name).write_text(text)
    (mount,) = (m["mountPath"] for m in container()["volumeMounts"] if m["name"] == "secrets")
    environment = {entry["name"]: entry["value"] for entry in container()["env"]}
    environment["OBSERVER_CONFIG"] = str(KUBERNETES / Path(environment["OBSERVER_CONFIG"]).name)
    return {name: text.replace(mount, str(folder)) for name, text in environment.items()}


def systemd_environment(folder: Path) -> dict[str, str]:
    """What the unit sets, its credentials in `folder`."""
    for credential in unit()["LoadCredential"]:
        (folder / credential.partition(":")[0]).write_text("postgresql://reader@crm-db/crm-of-64-characters")
    given = dict(line.split("=", 1) for line in unit()["Environment"])
    (folder / "observer.toml").write_text("")
    given["OBSERVER_CONFIG"] = str(folder / Path(given["OBSERVER_CONFIG"]).name)
    return {
        name: text.replace("%d", str(folder)).replace("%S", "/var/lib").replace("%E", "/etc")
        for name, text in given.items()
    }


@pytest.fixture(params=[compose_environment, kubernetes_environment, systemd_environment])
def deployed(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return load_settings(None, request.param(tmp_path))


def test_the_settings_of_every_deployment_are_read_without_a_problem(deployed: Settings) -> None:
    assert deployed.source is not None
    assert deployed.token_key is not None
    assert deployed.web.token is not None
    assert deployed.web.port == Settings().web.port
    assert deployed.log.format == "json"
    assert deployed.snapshots.folder.is_absolute()


def test_two_daemons_share_a_state_in_postgresql(tmp_path: Path) -> None:
    for environment in (compose_environment(tmp_path), kubernetes_environment(tmp_path)):
        assert load_settings(None, environment).state.startswith("postgresql://")


def test_containers_listen_on_all_addresses_and_publish_on_loopback(tmp_path: Path) -> None:
    for environment in (compose_environment(tmp_path), kubernetes_environment(tmp_path)):
        assert load_settings(None, environment).web.host == "0.0.0.0"
    for name, service in services().items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"


def test_systemd_leaves_the_web_face_on_loopback(tmp_path: Path) -> None:
    assert load_settings(None, systemd_environment(tmp_path)).web.host == "127.0.0.1"


def test_no_name_that_begins_like_a_setting_is_anything_else() -> None:
    """In comments too: each name that a person may copy is one that the program reads."""
    known = {"OBSERVER_CONFIG", *map(environment_name, setting_names())}
    known |= {f"{environment_name(name)}_FILE" for name in KNOWN_SECRETS}
    # What Kubernetes would set; deployment.yaml says so.
    known.add("OBSERVER_PORT")
    for file in sorted(f for f in DEPLOY.rglob("*") if f.is_file() and f.parent.name != "secrets"):
        used = set(re.findall(r"OBSERVER_[A-Z0-9_]+", file.read_text(encoding="utf-8")))
        assert used - known == set(), file


def test_slack_is_added_to_compose_and_kubernetes_by_the_same_two_secrets(tmp_path: Path) -> None:
    for name, token in (("slack_token", "xoxb-1"), ("slack_app_token", "xapp-1")):
        (tmp_path / name).write_text(token)
    overlay = document(COMPOSE.with_name("slack.yaml"))
    assert set(overlay["services"]) == {"observer-1", "observer-2"}
    assert set(overlay["secrets"]) == set(overlay["services"]["observer-1"]["secrets"])
    of_compose = overlay["services"]["observer-2"]["environment"]
    (patch,) = document(KUBERNETES / "components" / "slack" / "kustomization.yaml")["patches"]
    added = [operation["value"] for operation in yaml.safe_load(patch["patch"])]
    (mount,) = (m["mountPath"] for m in container()["volumeMounts"] if m["name"] == "secrets")
    of_kubernetes = {entry["name"]: entry["value"].replace(mount, "/run/secrets") for entry in added}
    assert of_kubernetes == of_compose
    environment = {name: path.replace("/run/secrets", str(tmp_path)) for name, path in of_compose.items()}
    found = load_settings(None, {**compose_environment(tmp_path), **environment})
    assert (found.slack.token, found.slack.app_token) == ("xoxb-1", "xapp-1")
    assert found.alertmanager.url == "http://alertmanager:9093"
    commented = (KUBERNETES / "secret.example.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"^  # (slack_\w+): ", commented, re.MULTILINE)) == set(overlay["secrets"])


def test_no_secret_stands_in_the_environment_itself() -> None:
    for given in (
        services()["observer-1"]["environment"],
        {entry["name"]: entry["value"] for entry in container()["env"]},
        dict(line.split("=", 1) for line in unit()["Environment"]),
    ):
        assert {f"OBSERVER_{name.upper()}" for name in SECRETS}.isdisjoint(given)
    for name, service in services().items():
        for variable, text in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|KEY|SECRET", variable):
                assert text.startswith("/run/secrets/"), f"{name}: {variable}"


def test_a_stop_has_more_time_than_the_daemon_takes() -> None:
    grace = Settings().daemon.grace.total_seconds()
    assert float(services()["observer-1"]["stop_grace_period"].removesuffix("s")) >= grace + 30
    assert pod()["terminationGracePeriodSeconds"] >= grace + 30
    assert float(unit()["TimeoutStopSec"][0].removesuffix("s")) >= grace + 30


def test_the_memory_limit_leaves_room_for_every_worker_and_the_daemon(tmp_path: Path) -> None:
    limits_mib = {
        compose_environment: 2048,
        kubernetes_environment: 2304,
        systemd_environment: 5 * 1024,
    }
    assert services()["observer-1"]["mem_limit"] == "2g"
    assert container()["resources"]["limits"]["memory"] == "2304Mi"
    assert unit()["MemoryMax"] == ["5G"]
    for environment, limit in limits_mib.items():
        workers = load_settings(None, environment(tmp_path)).workers
        assert workers.count * workers.memory_mb + 512 <= limit, environment.__name__


def test_the_folder_of_kept_snapshots_is_on_a_volume(tmp_path: Path) -> None:
    folder = load_settings(None, compose_environment(tmp_path)).snapshots.folder
    targets = {v["target"] for v in services()["observer-1"]["volumes"] if v["type"] == "volume"}
    assert any(folder.is_relative_to(target) for target in targets)
    folder = load_settings(None, kubernetes_environment(tmp_path)).snapshots.folder
    writable = {m["mountPath"] for m in container()["volumeMounts"] if not m.get("readOnly")}
    assert any(folder.is_relative_to(target) for target in writable)
    assert "/var/lib/observer" in (DEPLOY.parent / "Dockerfile").read_text(encoding="utf-8")


def test_contracts_are_mounted_where_the_settings_look_for_them(tmp_path: Path) -> None:
    (found,) = load_settings(None, compose_environment(tmp_path)).contracts
    (mount,) = (v for v in services()["observer-1"]["volumes"] if v["target"] == str(found))
    assert list((COMPOSE.parent / mount["source"]).resolve().glob("*.odcs.yaml"))
    (found,) = load_settings(None, kubernetes_environment(tmp_path)).contracts
    assert str(found) in {m["mountPath"] for m in container()["volumeMounts"]}
    listed = document(KUBERNETES / "kustomization.yaml")["configMapGenerator"][1]["files"]
    assert sorted(listed) == sorted(f"contracts/{f.name}" for f in (KUBERNETES / "contracts").glob("*.yaml"))


def test_service_levels_are_mounted_where_the_settings_look_for_them_and_are_sound(tmp_path: Path) -> None:
    (found,) = load_settings(None, compose_environment(tmp_path)).slos
    (mount,) = (v for v in services()["observer-1"]["volumes"] if v["target"] == str(found))
    assert (COMPOSE.parent / mount["source"]).resolve() == DEPLOY.parent / "slo.yaml"
    (found,) = load_settings(None, kubernetes_environment(tmp_path)).slos
    assert str(found) in {m["mountPath"] for m in container()["volumeMounts"]}
    folder = KUBERNETES / "contracts"
    assert slos_for_run((folder,), load_for_run((folder,)))
