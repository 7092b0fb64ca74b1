"""What `deploy/` holds, read as the tools that it is for would read it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from observer.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose" / "docker-compose.yaml"
KUBERNETES = DEPLOY / "kubernetes"
UNIT = DEPLOY / "systemd" / "crm-observer.service"
PROMETHEUS = DEPLOY / "prometheus"
RULES = PROMETHEUS / "rules" / "observer.yml"
SLO_RULES = PROMETHEUS / "slo-rules.yaml"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
GUIDE = ROOT / "docs" / "operations.md"


@cache
def documents(file: Path) -> list[Any]:
    """Every YAML document of the file; read once, so not to be changed."""
    return list(yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader))


def document(file: Path) -> Any:
    """The only YAML document of the file."""
    (only,) = documents(file)
    return only


def compose() -> dict[str, Any]:
    read: dict[str, Any] = document(COMPOSE)
    return read


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def manifests() -> dict[str, dict[str, Any]]:
    """Kind → object, of what `kubectl apply -k` reads and the example Secret."""
    names = [*document(KUBERNETES / "kustomization.yaml")["resources"], "secret.example.yaml"]
    return {(one := document(KUBERNETES / name))["kind"]: one for name in names}


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = manifests()["Deployment"]["spec"]["template"]["spec"]
    return spec


def container() -> dict[str, Any]:
    (only,) = pod()["containers"]
    found: dict[str, Any] = only
    return found


def unit() -> dict[str, list[str]]:
    """Directive → its values in order, sections together: no directive of ours stands in two."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def setting_names() -> dict[tuple[str, ...], object]:
    """Name of every setting as the file has it, `("ticks", "freshness")`, and its default."""
    found: dict[tuple[str, ...], object] = {}
    for field in fields(Settings):
        value = getattr(Settings(), field.name)
        if is_dataclass(value):
            found |= {(field.name, inner.name): getattr(value, inner.name) for inner in fields(value)}
        elif field.name not in {"file", "digest"}:
            found[(field.name,)] = value
    return found


def make_secrets(folder: Path) -> None:
    """Run the script that makes what docker-compose.yaml mounts."""
    script = COMPOSE.parent / "secrets.sh"
    subprocess.run(["sh", str(script), str(folder)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


def anchors(page: Path) -> set[str]:
    """What a link into the page may end in, made of its headings as GitHub makes it."""
    found: set[str] = set()
    fenced = False
    for line in page.read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        if not fenced and (heading := re.match(r"#+ (.+)", line)):
            found.add(re.sub(r"[^\w\- ]", "", heading[1].strip().lower()).replace(" ", "-"))
    return found
