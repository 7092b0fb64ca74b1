"""deploy/kubernetes: selectors meet labels, probes meet routes, mounts meet volumes, secrets meet keys."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from observer.daemon.following_files import FileWatch
from observer.jobs.lint_contracts import load_for_run
from tests.doors.deploy.files import KUBERNETES, container, document, manifests, pod

LABELS = {"app.kubernetes.io/name": "crm-observer"}


def test_every_manifest_is_named_in_the_kustomization_or_is_the_example() -> None:
    listed = set(document(KUBERNETES / "kustomization.yaml")["resources"])
    there = {f.name for f in KUBERNETES.glob("*.yaml")}
    assert there == listed | {"kustomization.yaml", "secret.example.yaml"}
    for generator in document(KUBERNETES / "kustomization.yaml")["configMapGenerator"]:
        assert all((KUBERNETES / file).is_file() for file in generator["files"])


def test_the_kinds_are_complete() -> None:
    assert set(manifests()) == {
        "Namespace", "ServiceAccount", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Secret",
    }  # fmt: skip
    for kind, one in manifests().items():
        assert one["apiVersion"] in {"v1", "apps/v1", "policy/v1", "networking.k8s.io/v1"}, kind
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", one["metadata"]["name"]), kind


def test_every_selector_selects_the_pods() -> None:
    found = manifests()
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels == LABELS
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    (spread,) = pod()["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels


def test_probes_ask_routes_that_the_web_face_has() -> None:
    routes = "\n".join(f.read_text(encoding="utf-8") for f in (KUBERNETES.parents[1] / "observer" / "web").glob("*.py"))
    for probe, route in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        asked = container()[probe]["httpGet"]
        assert asked == {"path": route, "port": "http"}
        assert f'"{route}"' in routes
    annotations = manifests()["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert f'"{annotations["prometheus.io/path"]}"' in routes


def test_one_port_is_spoken_of_everywhere() -> None:
    (port,) = container()["ports"]
    (served,) = manifests()["Service"]["spec"]["ports"]
    (let_in,) = manifests()["NetworkPolicy"]["spec"]["ingress"]
    annotations = manifests()["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert port["name"] == served["targetPort"] == "http"
    assert {port["containerPort"], served["port"], let_in["ports"][0]["port"]} == {8484}
    assert annotations["prometheus.io/port"] == "8484"


def test_the_policy_lets_out_to_names_databases_and_lineage_only() -> None:
    policy = manifests()["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    out = {(p["port"], p["protocol"]) for rule in policy["egress"] for p in rule["ports"]}
    assert out == {(53, "UDP"), (53, "TCP"), (5432, "TCP"), (5000, "TCP"), (443, "TCP")}


def test_the_pods_meet_the_restricted_profile_of_the_namespace() -> None:
    assert manifests()["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    whole, own = pod()["securityContext"], container()["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["automountServiceAccountToken"] is False
    assert manifests()["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod()["serviceAccountName"] == manifests()["ServiceAccount"]["metadata"]["name"]


def test_the_pods_run_as_the_user_of_the_image() -> None:
    image = (KUBERNETES.parents[1] / "Dockerfile").read_text(encoding="utf-8")
    user = re.search(r"^USER (\d+):(\d+)$", image, flags=re.MULTILINE)
    assert user
    context = pod()["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert context["fsGroup"] == int(user[2])


def test_every_mount_has_its_volume_and_every_volume_its_source() -> None:
    volumes = {v["name"]: v for v in pod()["volumes"]}
    mounted = [m["name"] for m in container()["volumeMounts"]]
    assert sorted(mounted) == sorted(volumes)
    assert not [m for m in container()["volumeMounts"] if "subPath" in m], "a subPath never changes"
    paths = [Path(m["mountPath"]) for m in container()["volumeMounts"]]
    assert not [a for a in paths for b in paths if b in a.parents], "nothing can be mounted into a read-only volume"
    generated = {g["name"] for g in document(KUBERNETES / "kustomization.yaml")["configMapGenerator"]}
    assert {v["configMap"]["name"] for v in volumes.values() if "configMap" in v} == generated
    assert volumes["secrets"]["secret"]["secretName"] == manifests()["Secret"]["metadata"]["name"]


def test_the_example_secret_has_exactly_the_keys_that_the_pods_read() -> None:
    (mount,) = (m["mountPath"] for m in container()["volumeMounts"] if m["name"] == "secrets")
    read = {Path(e["value"]).name for e in container()["env"] if e["value"].startswith(mount)}
    assert set(manifests()["Secret"]["stringData"]) == read


def test_the_example_contract_is_one() -> None:
    (contract,) = load_for_run((KUBERNETES / "contracts",))
    assert contract.id == "crm-leads"


def test_draining_a_node_leaves_a_daemon() -> None:
    replicas = manifests()["Deployment"]["spec"]["replicas"]
    assert 0 < manifests()["PodDisruptionBudget"]["spec"]["minAvailable"] < replicas


def test_the_component_replaces_the_volume_of_snapshots() -> None:
    component = document(KUBERNETES / "components" / "shared-snapshots" / "kustomization.yaml")
    (patch,) = component["patches"]
    operations = yaml.safe_load(patch["patch"])
    place = int(operations[0]["path"].split("/")[-2])
    assert pod()["volumes"][place]["name"] == operations[0]["value"] == "snapshots"
    claim = document(KUBERNETES / "components" / "shared-snapshots" / "persistentvolumeclaim.yaml")
    new = operations[1]["value"]["persistentVolumeClaim"]["claimName"]
    assert new == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_a_changed_config_map_reaches_a_running_daemon(tmp_path: Path) -> None:
    """The kubelet writes a new folder and turns one symbolic link around: a change of the files all the same."""
    contracts, config = tmp_path / "contracts", tmp_path / "config"
    for folder, file in ((contracts, "leads.odcs.yaml"), (config, "observer.toml")):
        folder.mkdir()
        as_the_kubelet_writes(folder, file, "old")
    for folder, file in ((contracts, "leads.odcs.yaml"), (config, "observer.toml")):
        seen: queue.SimpleQueue[str] = queue.SimpleQueue()

        def look(at: Path = folder / file, into: queue.SimpleQueue[str] = seen) -> None:
            into.put(at.read_text())

        files = FileWatch(lambda: (config / "observer.toml", contracts), look)
        files.start()
        try:
            deadline = time.monotonic() + 20
            # The watch may begin after the first change, so there is another one until one is seen.
            for number in count():
                as_the_kubelet_writes(folder, file, f"new {number}")
                with suppress(queue.Empty):
                    if seen.get(timeout=3).startswith("new"):
                        break
                assert time.monotonic() < deadline, f"no change of {file} was seen"
        finally:
            files.stop()


def as_the_kubelet_writes(folder: Path, file: str, content: str) -> None:
    """A volume of a ConfigMap with one file: file → ..data/file, ..data → a folder that is replaced as a whole."""
    before = folder / "..data"
    old = before.resolve() if before.exists() else None
    new = Path(tempfile.mkdtemp(prefix="..2026_", dir=folder))
    (new / file).write_text(content)
    (folder / "..data_tmp").symlink_to(new.name)
    (folder / "..data_tmp").rename(before)
    if old is None:
        (folder / file).symlink_to(f"..data/{file}")
    else:
        shutil.rmtree(old)


def test_kustomize_builds_it_with_and_without_the_component(tmp_path: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed; the tests above look at the same files")
    shutil.copytree(KUBERNETES, tmp_path / "k")
    kustomization = tmp_path / "k" / "kustomization.yaml"
    plain = built(kubectl, kustomization.parent)
    kustomization.write_text(kustomization.read_text().replace("# components:", "components:"))
    shared = built(kubectl, kustomization.parent)
    assert len(shared) == len(plain) + 1
    assert "observer-snapshots" in json.dumps(shared)
    (workload,) = (d for d in plain if d["kind"] == "Deployment")
    assert workload["spec"]["template"]["spec"]["containers"][0]["image"].endswith("/crm-observer:0.1")
    assert {d["metadata"].get("namespace", "crm-observer") for d in plain} == {"crm-observer"}


def built(kubectl: str, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))
