"""What a user receives: the wheel, the locks, the image and the commands that the docs speak of."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from observer.settings import WebSettings
from tests.real_parts import free_port

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- the wheel -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in the wheel, built without network from what is in the tree."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*build, "--disable-pip-version-check", "--wheel-dir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("crm_observer-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_package(wheel_names: set[str]) -> None:
    package = ROOT / "observer"
    files = {f.relative_to(ROOT).as_posix() for f in package.rglob("*") if f.is_file() and "__pycache__" not in f.parts}
    assert files - wheel_names == set()


def test_the_wheel_is_typed_and_carries_templates_and_migrations(wheel_names: set[str]) -> None:
    assert "observer/py.typed" in wheel_names
    assert any(re.match(r"observer/reports/.*\.(html|jinja|j2)", name) for name in wheel_names), "no report template"
    assert any(re.match(r"observer/store/migrations/versions/\w+\.py", name) for name in wheel_names), "no migration"


def test_the_wheel_holds_what_the_demo_is_made_of(wheel_names: set[str]) -> None:
    contracts = {f"observer/demo/contracts/{file.name}" for file in (ROOT / "expectations" / "contracts").iterdir()}
    assert {*contracts, "observer/demo/slo.yaml"} <= wheel_names


def test_the_wheel_holds_the_licence_and_nothing_of_the_tests(wheel_names: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)
    strangers = {n for n in wheel_names if not n.startswith("observer/") and ".dist-info/" not in n}
    assert strangers == set()


# --- the locks -------------------------------------------------------------------------------------------------------


def locked_lines(lock: str) -> list[str]:
    """Requirements of a lock file, one logical line each, comments dropped."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def locked_versions(lock: str) -> dict[str, str]:
    """Distribution → version; a package locked per platform keeps its last."""
    pins = (re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", line) for line in locked_lines(lock))
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    assert locked_lines(lock), f"{lock} is empty"
    for line in locked_lines(lock):
        assert re.match(r"[A-Za-z0-9._-]+==[^ ;]+", line), line[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    for address in ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", " @ "):
        assert address not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_at_a_version_it_allows(lock: str) -> None:
    wanted = list(PYPROJECT["project"]["dependencies"])
    if lock == "requirements-dev.lock":
        wanted += PYPROJECT["dependency-groups"]["dev"]
    versions = locked_versions(lock)
    for text in wanted:
        requirement = Requirement(text)
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}: run make lock"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{text} is locked at {version}: run make lock"
        )


# --- the image -------------------------------------------------------------------------------------------------------


def dockerfile_stages() -> list[list[tuple[str, str]]]:
    """Stages of the Dockerfile, each a list of (INSTRUCTION, arguments) that begins with FROM."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", " ")
    stages: list[list[tuple[str, str]]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, arguments = line.partition(" ")
        if instruction.upper() == "FROM":
            stages.append([])
        if stages:  # an ARG may stand before the first FROM
            stages[-1].append((instruction.upper(), " ".join(arguments.split())))
    return stages


def arguments_of(stage: list[tuple[str, str]], instruction: str) -> list[str]:
    return [arguments for name, arguments in stage if name == instruction]


def test_the_image_has_a_builder_and_a_last_stage() -> None:
    stages = dockerfile_stages()
    assert len(stages) >= 2
    assert stages[0][0][1].endswith(" AS builder")
    assert "slim" in (ROOT / "Dockerfile").read_text(encoding="utf-8").split("PYTHON_IMAGE=", 2)[-1].splitlines()[0]


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    (user,) = arguments_of(dockerfile_stages()[-1], "USER")
    uid = user.split(":")[0]
    assert uid.isdigit(), "a name cannot be checked by runAsNonRoot"
    assert int(uid) >= 10_000


def test_the_last_stage_installs_nothing_and_takes_only_the_venv() -> None:
    last = dockerfile_stages()[-1]
    for command in arguments_of(last, "RUN"):
        assert not re.search(r"\b(apt|apt-get|apk|gcc|make|build-essential|curl|wget)\b", command), command
        assert not re.search(r"\bpip3? (install|wheel|download)\b", command), command
    assert arguments_of(last, "COPY") == ["--from=builder /opt/observer /opt/observer"]
    assert arguments_of(last, "ADD") == []


def asks_whether_it_lives(port: int) -> int:
    """Exit code of the image's own health check, run here against that port."""
    (health,) = arguments_of(dockerfile_stages()[-1], "HEALTHCHECK")
    command = json.loads(health[health.index("CMD ") + len("CMD ") :])
    assert command[0] == "python"
    environment = {**os.environ, "OBSERVER_WEB_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run(
        [sys.executable, *command[1:]], capture_output=True, stdin=subprocess.DEVNULL, env=environment, timeout=30
    ).returncode


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_image_is_healthy_exactly_when_the_daemon_says_that_it_lives(status: int, healthy: bool) -> None:
    asked: list[str] = []

    class Daemon(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Daemon) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert (asks_whether_it_lives(server.server_port) == 0) is healthy
    assert asked == ["/healthz"]


def test_the_image_is_not_healthy_when_nobody_answers() -> None:
    assert asks_whether_it_lives(free_port()) == 1


def test_the_image_serves_unless_told_otherwise() -> None:
    last = dockerfile_stages()[-1]
    assert arguments_of(last, "ENTRYPOINT") == ['["observer"]']
    assert arguments_of(last, "CMD") == ['["serve"]']
    assert arguments_of(last, "EXPOSE") == [str(WebSettings().port)]
    assert arguments_of(last, "STOPSIGNAL") == ["SIGTERM"]
    assert "OBSERVER_WEB_HOST=0.0.0.0" in " ".join(arguments_of(last, "ENV"))


def test_the_builder_checks_every_hash_and_compiles_bytecode() -> None:
    runs = arguments_of(dockerfile_stages()[0], "RUN")
    installs = [run for run in runs if " install " in run and "--no-deps" not in run]
    assert installs
    assert all("--require-hashes" in run for run in installs)
    assert any("-r requirements.lock" in run for run in installs)
    assert any("compileall" in run for run in runs)


def test_the_image_copies_only_what_exists_and_what_the_engine_is_sent() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in ignore if line.startswith("!")}
    assert "*" in ignore, "everything is left out unless named"
    copied: set[str] = set()
    for arguments in arguments_of(dockerfile_stages()[0], "COPY"):
        copied |= set(arguments.split()[:-1])
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
    assert copied == sent


# --- the docs --------------------------------------------------------------------------------------------------------


def observer(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command, as a person would."""
    command = [str(Path(sys.executable).parent / "observer"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def subcommands() -> list[str]:
    """What `observer --help` lists."""
    listed = observer("--help").stdout.split("Commands:\n", 1)[-1].split("\n\n", 1)[0]
    return re.findall(r"^  ([a-z][a-z-]*)", listed, flags=re.MULTILINE)


def documented_commands() -> list[tuple[str, list[str]]]:
    """(place, words after `observer`) of every command in a code fence of the README and the docs."""
    found: list[tuple[str, list[str]]] = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        fenced = False
        lines = page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        for line in lines:
            if line.lstrip().startswith("```"):
                fenced = not fenced
            command = re.match(r"\s*(?:\$ )?(?:\S*/bin/)?observer ([^|&>;]+)", line)
            if fenced and command:
                words = shlex.split(command[1].replace("…", "").replace("[", "").replace("]", ""), comments=True)
                found.append((f"{page.relative_to(ROOT)}: {line.strip()}", words))
    return found


def help_of(name: str) -> str:
    """The help of a command; of a group, that of its commands too."""
    text = observer(name, "--help").stdout
    inside = re.findall(r"^  ([a-z][a-z-]*)", text.partition("Commands:\n")[2], flags=re.MULTILINE)
    return text + "".join(observer(name, command, "--help").stdout for command in inside)


def test_the_docs_show_no_command_and_no_option_that_does_not_exist() -> None:
    known = subcommands()
    assert known, "observer --help lists no command"
    helps = {name: help_of(name) for name in known} | {"": observer("--help").stdout}
    wrong = []
    for place, words in documented_commands():
        name = words[0] if words and not words[0].startswith("-") else ""
        if name not in helps:
            wrong.append(f"{place}: no command {name}")
            continue
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        wrong += [f"{place}: {name} has no {option}" for option in options if option not in helps[name]]
    assert wrong == []


def test_every_command_is_shown_somewhere_in_the_docs() -> None:
    shown = {words[0] for _, words in documented_commands() if words}
    assert set(subcommands()) - shown == set()
