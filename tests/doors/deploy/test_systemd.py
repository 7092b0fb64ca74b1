"""deploy/systemd: systemd itself reads the unit, and says how exposed it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.doors.deploy.files import UNIT, unit

#: By systemd's own count; 10 is a service that is held back by nothing.
MOST_EXPOSED = 2.0


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def test_systemd_knows_every_directive(tmp_path: Path) -> None:
    """All but the program itself, which is not installed there."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/crm-observer/bin/observer", "/bin/true"))
    done = analyze("verify", "--man=no", str(copy))
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_the_service_well_confined() -> None:
    done = analyze("security", "--offline=true", str(UNIT))
    level = re.search(r"Overall exposure level for crm-observer\.service: ([\d.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) <= MOST_EXPOSED


def test_a_worker_that_is_killed_for_want_of_memory_does_not_stop_the_daemon() -> None:
    assert unit()["OOMPolicy"] == ["continue"]
    assert unit()["KillMode"] == ["mixed"]


def test_it_is_started_again_for_ever_and_reloads_on_a_hangup() -> None:
    assert unit()["Restart"] == ["always"]
    assert unit()["StartLimitIntervalSec"] == ["0"]
    assert unit()["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert unit()["ExecStart"] == ["/opt/crm-observer/bin/observer serve"]


def test_every_credential_is_loaded_and_used() -> None:
    loaded = {line.partition(":")[0] for line in unit()["LoadCredential"]}
    used = set(re.findall(r"=%d/(\w+)$", "\n".join(unit()["Environment"]), flags=re.MULTILINE))
    assert loaded == used == {"source", "token_key", "web_token"}
